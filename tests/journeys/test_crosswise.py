"""What a path names inside a mailbox belongs to that mailbox: the ids of another one are not found there, as if they had never been given.

Every route of the REST API that names something inside a mailbox is tried with what lies in another, by who holds both, by who holds the
first, and as a control where it belongs.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD, Person
from tests.conftest import starter

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NEVER_GIVEN = "07cnpcr000000"
_ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "messages/{message_id}", None),
    ("GET", "messages/{message_id}/raw", None),
    ("GET", "messages/{message_id}/diagnosis", None),
    ("GET", "messages/{message_id}/charge", None),
    ("POST", "messages/{message_id}/charge", {"deed": "take"}),
    ("GET", "messages/{message_id}/attachments/{part}", None),
    ("GET", "messages/{sent_copy}/timeline", None),
    ("GET", "sent/{submission_id}", None),
    ("GET", "sent/{submission_id}/reports/{event_id}", None),
    ("GET", "conversations/{conversation_id}", None),
    ("GET", "conversations/{conversation_id}/why", None),
    ("POST", "watch-list/{recipient_id}/paper", None),
    ("DELETE", "watch-list/{recipient_id}/paper", None),
    ("POST", "conversations/{conversation_id}/close", None),
    ("POST", "conversations/{conversation_id}/reopen", None),
    ("PATCH", "messages/{message_id}", {"add": ["\\Flagged"]}),
    ("POST", "messages/{message_id}/receipt", None),
    ("POST", "messages/{message_id}/move", {"folder": "Archive"}),
    ("PATCH", "folders/{folder_id}", {"name": "Autre nom"}),
    ("DELETE", "folders/{folder_id}", None),
    ("GET", "grants/{grant_id}/end", None),
    ("DELETE", "grants/{grant_id}", None),
    ("DELETE", "messages/{message_id}", None),
]
_SAME = {"sent_copy": "message_id"}
_OF_OTHERS = {
    "/mailboxes/{address}/holders/{idnat}",
    "/mailboxes/{address}/certificates/{serial}",
    "/mailboxes/{address}/certificates/{serial}/pem",
    "/mailboxes/{address}/masks/{mask_id}",
    "/mailboxes/{address}/masks/correspondents/{correspondent}",
    "/mailboxes/{address}/masks/messages/{message_id}",
    "/mailboxes/{address}/masks/messages/{message_id}/attachments/{part}",
}
"""Persons, and what mailboxes of another kind have alone (test_visible_certificates.py and test_masks.py of tests/core)."""


@dataclass
class Things:
    """Ids of what lies in the practice's mailbox; `own` is the same of the doctor's."""

    simulator: Simulator
    ids: dict[str, str]
    own: dict[str, str]

    async def shown(self) -> list[Any]:
        """All that the practice's mailbox tells of what is in it."""
        doctor = Person(self.simulator, "doctor")
        return [await doctor.get(f"/mailboxes/{PRACTICE}/{what}") for what in ("messages", "folders", "grants", "conversations", "sent")]


async def _made(simulator: Simulator, mailbox: str, folder_name: str = "Vide") -> dict[str, str]:
    """One of each in a mailbox: a letter with a file that asks for a receipt, one sent to nobody, to a patient, a folder, a grant."""
    doctor, box = Person(simulator, "doctor"), f"/mailboxes/{mailbox}"
    file = {"filename": "a.pdf", "content_type": "application/pdf", "content_base64": "JVBERg=="}
    answer = await Person(simulator, "hospital").send(HOSPITAL, to=[mailbox], attachments=[file], request_read_receipt=True)
    assert answer.status_code == 201
    item = next(one for one in await doctor.inbox(mailbox) if one["has_attachments"])
    part = (await doctor.open(mailbox, item["id"]))["attachments"][0]["part"]
    sent = (await doctor.send(mailbox, to=["personne@hopital-ormes.sim.mssante.fr"])).json()
    events = (await doctor.get(f"{box}/sent/{sent['submission_id']}"))["recipients"][0]["events"]
    watched = (await doctor.get(f"{box}/watch-list"))["items"][0]["id"]
    written = (await doctor.send(mailbox, to=[PATIENT])).json()
    conversation = (await doctor.get(f"{box}/messages/{written['id']}"))["conversation_id"]
    folder = (await doctor.rest("POST", f"{box}/folders", json={"name": folder_name})).json()["id"]
    rights = {"grantee": Person(simulator, "newcomer").idnat, "rights": ["see"]}
    grant = (await doctor.rest("POST", f"{box}/grants", json=rights)).json()["id"]
    return {
        "message_id": item["id"],
        "part": part,
        "sent_copy": sent["id"],
        "submission_id": sent["submission_id"],
        "event_id": events[-1]["id"],
        "conversation_id": conversation,
        "recipient_id": watched,
        "folder_id": folder,
        "grant_id": grant,
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Things]:
    async with starter(tmp_path_factory.mktemp("crosswise") / "data")() as simulator:
        yield Things(simulator, await _made(simulator, PRACTICE), await _made(simulator, DOCTOR))


@pytest.mark.parametrize(("role", "mailbox"), [("doctor", DOCTOR), ("hospital_ward", WARD)], ids=["who holds both", "who holds one"])
@pytest.mark.parametrize(("method", "path", "body"), _ROUTES, ids=[f"{method} {path}" for method, path, _ in _ROUTES])
async def test_what_lies_in_another_mailbox_is_not_found(
    things: Things, role: str, mailbox: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    before = await things.shown()
    nowhere = dict.fromkeys(things.ids, _NEVER_GIVEN)
    person, paths = Person(things.simulator, role), [f"/mailboxes/{mailbox}/{path.format(**ids)}" for ids in (things.ids, nowhere)]
    answers = [await person.rest(method, one, json=body) for one in paths]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not-found")] * 2
    assert answers[0].json()["detail"] == answers[1].json()["detail"], "what exists elsewhere reads as what does not exist"
    assert await things.shown() == before


@pytest.mark.parametrize("what", ["submission_id", "event_id"])
async def test_a_report_belongs_to_the_letter_that_the_path_names(things: Things, what: str) -> None:
    ids = {**things.ids, what: things.own[what]}
    answer = await Person(things.simulator, "doctor").rest(
        "GET", f"/mailboxes/{PRACTICE}/sent/{ids['submission_id']}/reports/{ids['event_id']}"
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_a_folder_of_another_mailbox_is_no_place_to_look_into_or_to_move_to(things: Things) -> None:
    doctor, box = Person(things.simulator, "doctor"), f"/mailboxes/{DOCTOR}"
    before = await doctor.get(f"{box}/messages")
    listed = await doctor.rest("GET", f"{box}/messages", params={"folder": things.ids["folder_id"]})
    moved = await doctor.rest("POST", f"{box}/messages/{things.own['message_id']}/move", json={"folder_id": things.ids["folder_id"]})
    for answer in (listed, moved):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert await doctor.get(f"{box}/messages") == before


async def test_a_letter_of_another_mailbox_is_not_answered(things: Things) -> None:
    doctor = Person(things.simulator, "doctor")
    answer = await doctor.send(DOCTOR, to=[HOSPITAL], in_reply_to=things.ids["message_id"])
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert len((await doctor.get(f"/mailboxes/{DOCTOR}/sent"))["items"]) == 2


async def test_the_table_holds_every_route_that_names_something_in_a_mailbox(things: Things) -> None:
    async with httpx.AsyncClient(base_url=things.simulator.ready()["http"]) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    inside = {(method.upper(), path.removeprefix("/api/v1")) for path, verbs in paths.items() for method in verbs}
    inside = {(method, path) for method, path in inside if path.startswith("/mailboxes/{address}/") and path.count("{") > 1}
    tried = {(method, f"/mailboxes/{{address}}/{re.sub('{(.*?)}', _named, path)}") for method, path, _ in _ROUTES}
    assert {row for row in inside if row[1] not in _OF_OTHERS} == tried


def _named(found: re.Match[str]) -> str:
    return f"{{{_SAME.get(found[1], found[1])}}}"


async def test_where_they_belong_all_of_them_are_found(things: Things) -> None:
    """The control of this file: what was refused elsewhere is done here, with things of its own."""
    doctor, ids = Person(things.simulator, "doctor"), await _made(things.simulator, PRACTICE, "Vide aussi")
    for method, path, body in _ROUTES:
        answer = await doctor.rest(method, f"/mailboxes/{PRACTICE}/{path.format(**ids)}", json=body)
        assert answer.is_success, (method, path, answer.text)
