"""An event as plain data: whole or in outline."""

from mss_sim.core.feed.listening import Heard
from mss_sim.core.feed.plain_events import plain
from mss_sim.core.feed.reading_events import FeedEvent, last_position, read_events
from mss_sim.ids import decode, encode
from mss_sim.policy.hearing import Hearing
from mss_sim.vocabulary.events import RESET
from tests.clients import HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, Town

_WHOLE = ("who", "door", "grant", "detail")


async def test_the_outline_leaves_out_who_and_how(town: Town) -> None:
    begun = await last_position(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Résultats")
    event = next(one for one in (await read_events(town.world, begun, 10)).events if one.kind == "message.submitted")
    whole = plain(Heard(event, Hearing.WHOLE, event.letter_id))
    outline = plain(Heard(event, Hearing.OUTLINE, None))
    assert whole["who"]["idnat"] == IDNATS["hospital"]
    assert (whole["door"], whole["detail"]["to"]) == ("rest", [PRACTICE])
    assert decode(whole["message"]["id"]) == event.letter_id
    assert {name: outline[name] for name in _WHOLE} == dict.fromkeys(_WHOLE)
    assert outline["message"] == {"id": None, "subject": "Résultats", "message_id": event.message_id}
    assert {**whole, **dict.fromkeys(_WHOLE), "message": None} == {**outline, "message": None}


def test_what_befalls_the_world_has_no_instant_and_an_act_by_a_grant_names_it() -> None:
    reset = plain(Heard(FeedEvent(3, RESET, 0, None), Hearing.WHOLE, None))
    assert (reset["at"], reset["grant"], reset["message"], reset["detail"]) == (None, None, None, {})
    by_grant = FeedEvent(4, "message.read", 7, 0, grant_id=12)
    assert [plain(Heard(by_grant, how, None))["grant"] for how in (Hearing.WHOLE, Hearing.OUTLINE)] == [encode(12), None]
