"""Text in requests: wherever it stands, whatever it holds, it is taken as text or refused with words, and never a defect."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, Person, control
from tests.conftest import StartSimulator, fresh_database
from tests.documented import operations


@pytest.mark.parametrize("label", ["a\u009bb", "a\r\nBcc: x@y.fr", "a\u2028b", "a\tb", "\u0000"])
async def test_a_label_is_one_line_of_printable_text_at_every_door(simulator: Simulator, label: str) -> None:
    doctor = Person(simulator, "doctor")
    before = (await doctor.get(f"/mailboxes/{PRACTICE}"))["label"]
    by_holder = await doctor.rest("PATCH", f"/mailboxes/{PRACTICE}", json={"label": label})
    by_control = await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"label": label})
    new = {"address": "n@cabinet.sim.mssante.fr", "kind": "CAB", "owner_idnat": doctor.idnat, "label": label}
    created = await control(simulator, "POST", "/mailboxes", new)
    named = await control(simulator, "PATCH", f"/identities/{doctor.idnat}", {"given_name": label})
    person = {"idnat": "899700429999", "kind": "professional", "family_name": label}
    persona = await control(simulator, "POST", "/psc/personas", person)
    for answer in (by_holder, by_control, created, named, persona):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), answer.text
    assert (await doctor.get(f"/mailboxes/{PRACTICE}"))["label"] == before


async def test_base64_beyond_ascii_is_refused_with_words(simulator: Simulator) -> None:
    for wrong in ("é", "AAAA\u2028", "////\U0001f600", "AA", "A A="):
        file = {"filename": "a.pdf", "content_base64": wrong}
        answer = await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], attachments=[file])
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), answer.text
        assert "content_base64 of a.pdf is not base64" in answer.json()["detail"]
    for value in (b"\xc3\xa9", b"\xff", b"YTpi\xe2\x80\xa8", b"a", b"//8="):
        async with httpx.AsyncClient() as client:
            url = simulator.ready()["http"] + "/api/v1/me"
            answer = await client.get(url, headers={b"Authorization": b"Basic " + value})
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication-failed"), value
        assert "WWW-Authenticate" in answer.headers


_WITH_SLASHES = ("idnat", "client_id", "text", "name")
"""Parameters that take the rest of a path, as far as its line goes: beyond there is no route."""
HOSTILE_TEXTS = ["a\0b\u001b[2J\u009b\u2028", "\ud800", "=?utf-8?q?=0D=0A?=\r\nX-Evil: 1", ""]


def _strings(node: Any, put: Any) -> list[Any]:
    """The node once for each text in it, that text replaced; names of members too."""
    if isinstance(node, str):
        return [put]
    if isinstance(node, list):
        return [[*node[:at], one, *node[at + 1 :]] for at, value in enumerate(node) for one in _strings(value, put)]
    if isinstance(node, dict):
        found = [{**node, key: one} for key, value in node.items() for one in _strings(value, put)]
        return [*found, {**node, put: "x"}]
    return []


def _requests(method: str, path: str, operation: dict[str, Any], put: str) -> list[tuple[str, bytes | None]]:
    """(path with query, body) of each request that has a hostile text in one place, the rest being as the examples."""
    parameters = operation.get("parameters", ())
    escaped = quote(put.encode("utf-8", "surrogatepass"), safe="")
    places = [one["name"] for one in parameters if one["in"] == "path" and ("\n" not in put or one["name"] not in _WITH_SLASHES)]
    known = {one["name"]: quote(str(one["example"]), safe="@") for one in parameters if one["in"] == "path"}
    plain = path.format(**known)
    found: list[tuple[str, bytes | None]] = [(path.format(**{**known, place: escaped}), None) for place in places if escaped]
    found += [(f"{plain}?{quote(one['name'])}={escaped}", None) for one in parameters if one["in"] == "query"]
    found.append((f"{plain}?{escaped}=1", None))
    example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    found += [(plain, json.dumps(body).encode()) for body in _strings(example, put)]
    return found


async def _walk(simulator: Simulator, put: str) -> None:
    """Send every request of the document with that text in each place, the rest being as the examples."""
    minted = await control(simulator, "POST", "/tokens", {"who": Person(simulator, "doctor").idnat, "lifetime_seconds": 3_600})
    bearer = {"Authorization": f"Bearer {minted.json()['access_token']}", "Accept": "application/json"}  # events: a page of them
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers=bearer, timeout=20) as client:
        for method, path, operation in operations():
            if path in ("/control/reset", "/ocsp") or "/behaviour" in path:
                continue
            changed = False
            for url, body in _requests(method, path, operation, put):
                headers = {"Content-Type": "application/json"} if body is not None else {}
                answer = await client.request(method, url, content=body, headers=headers)
                assert answer.status_code < 500, (method, url, body, answer.text)
                assert all(value.isprintable() for value in answer.headers.values()), (url, answer.headers)
                changed |= method != "get" and answer.is_success
            if changed:
                assert (await control(simulator, "POST", "/reset")).status_code == 204


@pytest.mark.parametrize("put", HOSTILE_TEXTS, ids=ascii)
async def test_no_text_in_any_place_of_any_request_is_a_defect(simulator: Simulator, put: str) -> None:
    await _walk(simulator, put)


async def test_no_nul_in_any_place_of_any_request_is_a_defect_of_postgresql(start: StartSimulator, postgresql: str) -> None:
    for url in fresh_database(postgresql):
        async with start(database_url=url) as simulator:
            await _walk(simulator, HOSTILE_TEXTS[0])


async def test_a_nul_is_refused_in_every_body(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    grant = {"grantee": Person(simulator, "newcomer").idnat, "rights": ["see"], "reason": "a\0b"}
    answers = [
        await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=grant),
        await doctor.rest("POST", f"/mailboxes/{PRACTICE}/folders", json={"name": "a\0b"}),
        await doctor.send(PRACTICE, to=[HOSPITAL], text="a\0b"),
        await doctor.send(PRACTICE, to=[HOSPITAL], headers={"X-Note": "a\0b"}),
        await control(simulator, "PATCH", f"/identities/{doctor.idnat}", {"login": "a\0b", "password": "x"}),
        await control(simulator, "POST", "/seed", {"name": "a\0b"}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "invalid-request")] * len(answers)
