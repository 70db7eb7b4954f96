"""How far a letter came, as lists tell it in few words."""

import pytest

from mss_sim.core.mailflow.sent_letters import Sent
from mss_sim.store.submissions import Event, RecipientRow, SentLetter
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import TimelineKind as Kind
from mss_sim.web.receipt_states import state, states

_LETTER = SentLetter(1, 1, 1, None, None, None, "", None, False, 0)


def _events(*kinds: Kind, failed: bool = False) -> tuple[Event, ...]:
    return tuple(Event(number, 1, kind, number, "", None, failed) for number, kind in enumerate(kinds))


def _sent(*recipients: tuple[Event, ...]) -> Sent:
    people = [RecipientRow(number, 1, f"{number}@demo.sim.mssante.fr", frozenset(), None) for number in range(len(recipients))]
    return Sent(_LETTER, None, "", tuple((one, events, None) for one, events in zip(people, recipients, strict=True)))


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ((), ("accepted", False, False)),
        (_events(Kind.SUBMITTED, Kind.RELAYED), ("handed on", False, False)),
        (_events(Kind.SUBMITTED, Kind.DELIVERED, Kind.DISPLAYED), ("read", False, False)),
        (_events(Kind.SUBMITTED, Kind.DELAYED), ("delayed", False, True)),
        (_events(Kind.SUBMITTED, Kind.FAILED), ("not delivered", True, False)),
        (_events(Kind.PROCESSED, failed=True), ("processed", True, False)),
    ],
)
def test_the_last_event_says_where_a_recipient_stands(events: tuple[Event, ...], told: tuple[str, bool, bool]) -> None:
    found = state(events)
    assert (found.word.in_language(Language.EN), found.failed, found.late) == told


def test_each_state_stands_once_with_its_number_and_what_went_wrong_comes_first() -> None:
    read, lost, late = _events(Kind.DISPLAYED), _events(Kind.FAILED), _events(Kind.DELAYED)
    found = states(_sent(read, read, late, lost))
    assert [(one.word.in_language(Language.EN), one.number) for one in found] == [("not delivered", 1), ("delayed", 1), ("read", 2)]
    assert states(_sent()) == []
