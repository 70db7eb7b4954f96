"""Nothing is done in a mailbox that one may not see, and what may not be read is shown nowhere, not even in the answer to a change."""

from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PATIENT, PRACTICE, Person, control, letter

_NOWHERE = "nobody@cabinet.sim.mssante.fr"


async def _grant(simulator: Simulator, *rights: str) -> Person:
    """The newcomer, with these rights over the practice's mailbox and no others."""
    newcomer = Person(simulator, "newcomer")
    given = await control(simulator, "POST", f"/mailboxes/{PRACTICE}/grants", {"grantee": newcomer.idnat, "rights": rights})
    assert given.status_code == 201
    return newcomer


async def _filled(simulator: Simulator) -> tuple[str, str]:
    """(letter in INBOX, conversation with a patient) of the practice's mailbox."""
    await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], text="Le texte que seul un lecteur voit.")
    await Person(simulator, "doctor").send(PRACTICE, to=[PATIENT], subject="Votre bilan")
    doctor = Person(simulator, "doctor")
    found = (await doctor.get(f"/mailboxes/{PRACTICE}/conversations"))["items"]
    return (await doctor.inbox(PRACTICE))[0]["id"], next(one["id"] for one in found if one["patients"])


async def _state(simulator: Simulator) -> list[Any]:
    """All that a holder can see of the practice's mailbox."""
    doctor = Person(simulator, "doctor")
    parts = ("messages", "folders", "conversations", "grants", "sent", "journal", "holders")
    return [await doctor.get(f"/mailboxes/{PRACTICE}"), *[await doctor.get(f"/mailboxes/{PRACTICE}/{part}") for part in parts]]


def _told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.text.replace(PRACTICE, _NOWHERE)


_ACTS = [
    ("mark", "PATCH", "/messages/{message}", {"add": ["\\Seen"]}),
    ("read", "GET", "/messages/{message}", None),
    ("read", "GET", "/messages/{message}/raw", None),
    ("read", "POST", "/messages/{message}/receipt", {}),
    ("delete", "DELETE", "/messages/{message}", None),
    ("file", "POST", "/messages/{message}/move", {"folder": "Archive"}),
    ("file", "POST", "/folders", {"name": "Autre"}),
    ("close", "POST", "/conversations/{conversation}/close", None),
    ("close", "POST", "/conversations/{conversation}/reopen", None),
    ("manage", "GET", "/journal", None),
    ("manage", "GET", "/grants", None),
    ("manage", "POST", "/grants", {"grantee": "899700420039", "rights": ["manage"]}),
    ("manage", "PATCH", "", {"label": "Autre"}),
    ("send_as", "GET", "/grants", None),
]


async def test_without_see_nothing_is_done_and_the_mailbox_is_not_there(simulator: Simulator) -> None:
    message, conversation = await _filled(simulator)
    for right, method, step, body in _ACTS:
        newcomer = await _grant(simulator, right)
        (grant,) = [one for one in await newcomer.get("/grants") if one["in_force"]]
        before = await _state(simulator)
        path = step.format(message=message, conversation=conversation)
        answer = await newcomer.rest(method, f"/mailboxes/{PRACTICE}{path}", body)
        unknown = await newcomer.rest(method, f"/mailboxes/{_NOWHERE}{path}", body)
        assert (answer.status_code, *_told(answer)) == (404, *_told(unknown)), (right, method, step)
        assert await _state(simulator) == before, (right, method, step)
        await newcomer.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{grant['id']}")


async def test_without_see_a_grant_is_neither_taken_back_nor_handed_over(simulator: Simulator) -> None:
    newcomer = await _grant(simulator, "manage", "read")
    rows = (await control(simulator, "GET", f"/mailboxes/{PRACTICE}/grants")).json()
    other = next(row["id"] for row in rows if row["grantee"]["idnat"] != newcomer.idnat)
    before = await _state(simulator)
    assert (await newcomer.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{other}")).status_code == 404
    order = {"from": Person(simulator, "assistant").idnat, "to": Person(simulator, "secretary").idnat, "mailbox": PRACTICE}
    assert (await newcomer.rest("POST", "/grants/hand-over", order)).status_code == 404
    assert await _state(simulator) == before


async def test_a_grant_without_see_is_renounced_by_who_holds_it(simulator: Simulator) -> None:
    newcomer = await _grant(simulator, "read")
    (own,) = await newcomer.get("/grants")
    renounced = await newcomer.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{own['id']}")
    assert (renounced.status_code, renounced.json()["in_force"]) == (200, False)


@pytest.mark.parametrize("right", ["send_as", "send_on_behalf"])
async def test_sending_needs_no_see(simulator: Simulator, right: str) -> None:
    newcomer = await _grant(simulator, right)
    sent = await newcomer.send(PRACTICE, to=[HOSPITAL])
    assert sent.status_code == 201
    assert (sent.json()["url"], sent.json()["timeline_url"]) == (None, None)
    assert (await newcomer.smtp(PRACTICE, HOSPITAL, letter(PRACTICE, HOSPITAL))).code == 250
    assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 2


async def test_a_letter_that_closes_needs_see_as_every_closure(simulator: Simulator) -> None:
    _, conversation = await _filled(simulator)
    newcomer = await _grant(simulator, "send_as", "close")
    before = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/conversations/{conversation}"))["patients"]
    by_rest = await newcomer.send(PRACTICE, to=[PATIENT], subject="[FIN]")
    assert (by_rest.status_code, by_rest.json()["code"]) == (403, "right-missing")
    assert "The right see over" in by_rest.json()["detail"]
    by_smtp = await newcomer.smtp(PRACTICE, PATIENT, letter(PRACTICE, PATIENT, "[FIN]"))
    assert (by_smtp.code, by_smtp.enhanced) == (550, "5.7.1")
    after = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/conversations/{conversation}"))["patients"]
    assert [side["may_answer"] for side in before] == [True]
    assert after == before


async def test_who_may_not_read_is_shown_no_text_in_the_answer_to_a_change(simulator: Simulator) -> None:
    message, _ = await _filled(simulator)
    newcomer = await _grant(simulator, "see", "mark", "file")
    path = f"/mailboxes/{PRACTICE}/messages/{message}"
    flagged = (await newcomer.rest("PATCH", path, {"add": ["\\Flagged"]})).json()
    moved = (await newcomer.rest("POST", f"{path}/move", {"folder": "Archive"})).json()
    assert (flagged["flags"], flagged["preview"]) == (["\\Flagged"], "")
    assert (moved["folder"], moved["preview"]) == ("Archive", "")
    reader = (await Person(simulator, "doctor").rest("PATCH", path, {"remove": ["\\Flagged"]})).json()
    assert reader["preview"] == "Le texte que seul un lecteur voit."


async def test_no_list_shows_text_to_who_may_not_read(simulator: Simulator) -> None:
    message, conversation = await _filled(simulator)
    newcomer = await _grant(simulator, "see", "close", "manage")
    closed = await newcomer.rest("POST", f"/mailboxes/{PRACTICE}/conversations/{conversation}/close")
    paths = ("messages", "conversations", f"conversations/{conversation}", "sent", "journal", "folders")
    shown = [closed.text, *[(await newcomer.rest("GET", f"/mailboxes/{PRACTICE}/{path}")).text for path in paths]]
    assert message in shown[1]
    assert not any("seul un lecteur" in text or "Bonjour." in text for text in shown)


async def test_who_may_delete_sets_deleted_and_nothing_else(simulator: Simulator) -> None:
    """As over IMAP, where the letter `t` is all that it takes (ref: rfc4314#4)."""
    message, _ = await _filled(simulator)
    newcomer = await _grant(simulator, "see", "delete")
    path = f"/mailboxes/{PRACTICE}/messages/{message}"
    assert (await newcomer.rest("PATCH", path, {"add": ["\\Deleted"]})).json()["flags"] == ["\\Deleted"]
    both = await newcomer.rest("PATCH", path, {"remove": ["\\Deleted"], "add": ["\\Flagged"]})
    assert (both.status_code, both.json()["code"]) == (403, "right-missing")
