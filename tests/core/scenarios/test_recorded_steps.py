"""Lines of the journal as steps: each kind of line, and what is told as a note."""

from dataclasses import replace
from typing import Any

import pytest

from mss_sim.clock import SECOND
from mss_sim.core.scenarios.recorded_steps import LetterSeen, Line, Recorder, in_order
from mss_sim.core.world.store_types import GrantRow, Identity
from mss_sim.scenarios import deeds
from mss_sim.scenarios.model import Step
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import IdentityKind, Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE

_LETTER = LetterSeen(1, 10, "<a@b>", "Bonjour", "un\r\ndeux\r\n\x07", receipt=True)


def _person(id_: int, given: str = "Élodie", family: str = "D'ARC") -> Identity:
    return Identity(
        id=id_,
        idnat=f"8{id_}",
        kind=IdentityKind.PROFESSIONAL,
        family_name=family,
        given_name=given,
        title="",
        profession="",
        structure="",
        anonymous_card=False,
        enabled=True,
        created_at=0,
    )


def _line(act: Act, **given: Any) -> Line:
    values: dict[str, Any] = {"actor": _person(1), "mailbox": PRACTICE, "letter": _LETTER, **given}
    return Line(values.pop("at", 0), act, values.pop("door", Door.REST), values.pop("detail", {}), **values)


_SUBMITTED = _line(Act.SUBMITTED, detail={"to": [DOCTOR]})


def _steps(*lines: Line, recorder: Recorder | None = None) -> list[Step]:
    made = recorder or Recorder()
    return [step for line in lines for step in made.steps(line)]


def _deeds(*lines: Line) -> list[deeds.Deed]:
    return [step.deed for step in _steps(*lines)]


def test_a_letter_is_sent_as_it_was_written() -> None:
    [step] = _steps(_SUBMITTED)
    assert step.deed == deeds.Send((DOCTOR,), "Bonjour", "un\ndeux", PRACTICE, receipt=True)
    assert (step.actor, step.called) == ("elodie-d-arc", "letter-1")
    assert (step.tells.en, step.tells.fr) == (
        f"Élodie D'ARC sends “Bonjour” to {DOCTOR}",
        f"Élodie D'ARC envoie « Bonjour » à {DOCTOR}",
    )


@pytest.mark.parametrize(
    ("act", "detail", "deed", "said"),
    [
        (Act.READ, {}, deeds.Open("letter-1", PRACTICE), "reads “Bonjour”"),
        (Act.DELETED, {}, deeds.Delete("letter-1", PRACTICE), "deletes “Bonjour”"),
        (
            Act.FLAGGED,
            {"add": ["\\Seen"], "remove": ["x"]},
            deeds.Mark("letter-1", PRACTICE, ("\\Seen",), ("x",)),
            "marks “Bonjour”",
        ),
        (Act.MOVED, {"to": "Archive/2026"}, deeds.Move("letter-1", PRACTICE, "Archive/2026"), "puts “Bonjour” into Archive/2026"),
        (Act.MOVED, {}, deeds.Move("letter-1", PRACTICE, "Archive"), "puts “Bonjour” into Archive"),
        (Act.RECEIPT_SENT, {}, deeds.Receipt("letter-1", PRACTICE), "sends the read receipt of “Bonjour”"),
    ],
)
def test_what_is_done_with_a_letter_names_it(act: Act, detail: dict[str, Any], deed: deeds.Deed, said: str) -> None:
    [step] = _steps(_SUBMITTED, _line(act, detail=detail))[1:]
    assert (step.deed, step.tells.en) == (deed, f"Élodie D'ARC {said}")
    assert _deeds(_line(act, detail=detail)) == [deeds.Note()], "a letter of which nothing is known"


def test_a_letter_that_comes_is_waited_for_and_known_from_then_on() -> None:
    received = _line(Act.RECEIVED, actor=None, mailbox=DOCTOR)
    assert _deeds(_SUBMITTED, received)[1:] == [deeds.Wait(letter="letter-1", mailbox=DOCTOR)]
    report = replace(received, letter=LetterSeen(2, 11, "<c@d>", "Read: Bonjour"))
    first, second = _steps(report, replace(report, act=Act.READ, actor=_person(1)))
    assert (first.deed, first.called) == (deeds.Wait(mailbox=DOCTOR, subject="Read: Bonjour"), "letter-1")
    assert second.deed == deeds.Open("letter-1", DOCTOR)
    assert _deeds(replace(received, letter=None)) == []


def test_an_answer_names_what_it_answers() -> None:
    answer = _line(Act.SUBMITTED, detail={"to": [HOSPITAL]}, letter=LetterSeen(2, 10, "<c@d>", "Re: Bonjour", answers="<a@b>", closes=True))
    [_, deed] = _deeds(_SUBMITTED, answer)
    assert isinstance(deed, deeds.Send)
    assert (deed.answers, deed.closes) == ("letter-1", True)


def test_a_patients_receipt_is_not_repeated() -> None:
    assert _deeds(_SUBMITTED, _line(Act.RECEIPT_SENT, mailbox=PATIENT))[1:] == []


def test_conversations_are_known_by_a_letter() -> None:
    both = [_line(act, letter=None, thread_id=10) for act in (Act.CLOSED, Act.REOPENED)]
    assert _deeds(_SUBMITTED, *both)[1:] == [deeds.Close("letter-1", PRACTICE), deeds.Reopen("letter-1", PRACTICE)]
    assert _deeds(_line(Act.CLOSED, letter=None, thread_id=99)) == [deeds.Note()]


def test_a_grant_lasts_as_long_as_it_did() -> None:
    row = GrantRow(5, 1, 2, frozenset({Right.SEE, Right.READ}), 0, 90 * SECOND + 500_000, "Congés\n", 1, 0)
    granted = _line(Act.GRANTED, letter=None, grant=row, grantee=_person(2))
    first, second, third = _steps(granted, replace(granted, act=Act.REVOKED), replace(granted, act=Act.RENOUNCED, grant=replace(row, id=6)))
    rights = (Right.READ, Right.SEE)
    assert first.deed == deeds.Grant("elodie-d-arc", rights, PRACTICE, None, "PT90.500000S", "Congés ")
    assert first.tells.en == f"Élodie D'ARC delegates {PRACTICE} to Élodie D'ARC"
    assert (first.actor, second.deed, third.deed) == ("elodie-d-arc-2", deeds.Revoke("grant-1"), deeds.Note())


def test_what_a_mailbox_does_by_itself_is_to_be_seen_again() -> None:
    automatic = _line(Act.AUTO_REPLIED, actor=None, door=Door.SYSTEM)
    assert _deeds(automatic) == [deeds.Journal((Act.AUTO_REPLIED,), mailbox=PRACTICE)]


def test_what_is_refused_and_what_the_control_plane_did_is_told() -> None:
    told = _steps(
        _line(Act.REFUSED, detail={"rule": "not-invited"}), _line(Act.MAILBOX_CHANGED, actor=None, door=Door.CONTROL, mailbox=None)
    )
    assert [step.deed for step in told] == [deeds.Note()] * 2
    assert told[0].tells.en.endswith("(not-invited)")
    assert told[1].tells.fr.startswith("Non rejoué : Le plan de contrôle")


@pytest.mark.parametrize(("pause", "count"), [(None, 0), (60 * SECOND, 1), (1, 2)])
def test_time_that_passed_is_told_where_somebody_moved_it(pause: int | None, count: int) -> None:
    lines = [replace(_SUBMITTED, at=at) for at in (0, 0, SECOND, 86_401 * SECOND)]
    made = [step.deed for step in _steps(*lines, recorder=Recorder(pause)) if isinstance(step.deed, deeds.Advance)]
    assert made[count - 1 :] == ([deeds.Advance("PT86400S")] if count else [])
    assert len(made) == count


def test_actors_have_names_that_a_file_can_hold() -> None:
    recorder = Recorder()
    people = [_person(1), _person(2), _person(3, "", "1er"), _person(4, "李", "")]
    for number, one in enumerate(people):
        _steps(replace(_SUBMITTED, actor=one, letter=replace(_LETTER, message_id=f"<{number}@x>")), recorder=recorder)
    assert list(recorder.roles) == ["elodie-d-arc", "elodie-d-arc-2", "a-1er", "somebody"]


def test_a_receipt_stands_before_what_followed_from_it() -> None:
    report = replace(_LETTER, id=2, message_id="<c@d>")
    came = [_line(act, actor=None, letter=report) for act in (Act.RECEIVED, Act.RECEIPT_MATCHED)]
    sent, of_the_letter = _line(Act.RECEIPT_SENT), _line(Act.RECEIVED, actor=None)
    assert in_order([of_the_letter, *came, sent]) == [of_the_letter, sent, *came]
    assert in_order([replace(came[0], at=-1), sent]) == [replace(came[0], at=-1), sent]
    assert in_order([sent, *came]) == [sent, *came]
