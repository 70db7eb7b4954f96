"""What is in a JSON body is of the type that the document says, letter by letter: "1" is not a number, and 1 is not yes."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.worlds import Worlds
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person
from tests.conftest import StartSimulator
from tests.documented import document, operations
from tests.journeys.test_rest_routes import filled

_JSON = "application/json"
_WRONG: dict[str, list[Any]] = {
    "integer": ["1", True, 1.5, "", [1]],
    "number": ["1", True, "", [1]],
    "boolean": ["true", 1, 0, "", "yes"],
    "string": [1, True, 1.5, ["x"], {}],
    "date-time": [1, "1", "1767600000", True, "2026-01-05 noon"],
    "array": ["x", {}, 1],
}


def _types(schema: dict[str, Any]) -> Iterator[str]:
    """The types that a field may have, as far as the table above knows them."""
    if "$ref" in schema:
        yield from _types(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _types(one)
    elif schema.get("type") != "null":
        yield "date-time" if schema.get("format") == "date-time" else str(schema.get("type"))


def _wrong_bodies(schema: dict[str, Any], example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The example with one field of another type, for each field and each such type."""
    if "$ref" in schema or "anyOf" in schema:
        target = schema.get("$ref") or next(one["$ref"] for one in schema["anyOf"] if "$ref" in one)
        schema = document()["components"]["schemas"][target.rpartition("/")[2]]
    for name, field in schema.get("properties", {}).items():
        kinds = set(_types(field))
        if len(kinds) == 1 and kinds <= set(_WRONG):
            yield from ({**example, name: value} for value in _WRONG[kinds.pop()])
    if "propertyNames" in schema:
        for service, inner in example.items():
            yield from ({service: one} for one in _wrong_bodies(schema["additionalProperties"], inner))


async def test_a_number_in_quotes_was_a_number_and_one_was_yes(simulator: Simulator) -> None:
    tried = 0
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=("camille.martin", "cabinet-2026"), timeout=20) as client:
        for method, path, operation in operations():
            shown = operation.get("requestBody", {}).get("content", {}).get(_JSON)
            for body in _wrong_bodies(shown["schema"], shown["example"]) if shown else ():
                answer = await client.request(method, filled(path), json=body)
                assert answer.status_code == (400 if path.startswith("/mailpit/") else 422), (method, path, body, answer.text)
                tried += 1
    assert tried > 400


async def test_an_example_is_true_of_the_seed_without_any_change(tmp_path: Path) -> None:
    """Sent as the documentation shows it, by the persona that it names, under the settings that nobody touched: 404 for an id alone."""
    async with Worlds(Settings(data_dir=tmp_path / "data", submission_port=0, mx_port=0, imap_port=0, http_port=0)) as worlds:
        client = httpx.AsyncClient(base_url=worlds.first.ready()["http"], auth=("camille.martin", "cabinet-2026"), timeout=20)
        async with client:
            for method, path, operation in operations():
                examples = {one["name"]: one["example"] for one in operation.get("parameters", ()) if one["in"] == "path"}
                for media_type, shown in operation.get("requestBody", {}).get("content", {}).items():
                    if media_type == "application/zip":  # a snapshot cannot be written down
                        continue
                    assert (await client.post("/control/reset")).status_code == 204
                    body = {"json": shown["example"]} if media_type == _JSON else {"content": shown["example"]}
                    answer = await client.request(method, path.format(**examples), headers={"Content-Type": media_type}, **body)
                    wanted = (404,) if _of_an_id(path) else (200, 201, 204)
                    assert answer.status_code in wanted, (method, path, media_type, answer.text)


@pytest.mark.parametrize(("count", "status"), [(100, 201), (101, 422)], ids=["as many as are taken", "one more"])
async def test_a_letter_has_so_many_headers_of_its_own(simulator: Simulator, count: int, status: int) -> None:
    headers = {f"X-Of-Ours-{number}": "a" for number in range(count)}
    answer = await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE], headers=headers)
    assert answer.status_code == status, answer.text
    assert status == 201 or "At most 100 headers of your own" in answer.text


def _of_an_id(path: str) -> bool:
    return any(f"{{{name}}}" in path for name in ("message_id", "folder_id", "recipient_id", "serial", "webhook_id"))


_CREDENTIALS = [
    "é".encode(),
    "é".encode("latin-1"),
    base64.b64encode("camille.martin:é".encode("latin-1")),
    base64.b64encode("camille.martin:é".encode()),
    base64.b64encode(b"camille\0martin:x"),
    base64.b64encode("camille\ud800:x".encode("utf-8", "surrogatepass")),
    b"====",
]


@pytest.mark.parametrize("octets", _CREDENTIALS)
async def test_credentials_outside_ascii_are_wrong_and_break_nothing(start: StartSimulator, database: str | None, octets: bytes) -> None:
    async with start(database_url=database) as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        header = {b"Authorization": b"Basic " + octets}
        assert (await client.get("/api/v1/me", headers=header)).status_code == 401
        token = "/auth/realms/esante-wallet/protocol/openid-connect/token"
        answer = await client.post(token, headers={**header, b"Content-Type": b"application/x-www-form-urlencoded"})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("text", ["é", "abc", "AA=", "====", "AAAA\n", "\ud800", "\0", "QUJ\u00a0D"])
async def test_base64_outside_ascii_is_refused_and_breaks_nothing(simulator: Simulator, text: str) -> None:
    attached = [{"filename": "a.bin", "content_base64": text}]
    body, header = json.dumps({"to": [DOCTOR], "attachments": attached}), {"Content-Type": _JSON}
    answer = await Person(simulator, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/messages", content=body, headers=header)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


def test_the_control_key_is_a_scheme_that_the_documentation_asks_for() -> None:
    scheme = document()["components"]["securitySchemes"]["ControlKey"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-Control-Key")
    wanted = {"/control/": {"ControlKey"}, "/api/": {"HTTPBasic", "HTTPBearer"}, "/mailpit/api/": {"ControlKey", "ControlKeyAsPassword"}}
    for _, path, operation in operations():
        asked = {name for one in operation.get("security", ()) for name in one}
        assert asked == next((names for begins, names in wanted.items() if path.startswith(begins)), set()), path


def test_each_operation_has_one_tag_that_says_what_it_groups() -> None:
    described = {one["name"]: one["description"] for one in document()["tags"]}
    assert all(described.values())
    assert {tuple(operation["tags"]) for _, _, operation in operations()} == {(name,) for name in described}


async def test_a_control_key_outside_ascii_is_wrong_and_breaks_nothing(start: StartSimulator) -> None:
    async with start(control_key="a-key-of-mine") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        assert (await client.get("/control/state", headers={b"X-Control-Key": "é".encode()})).status_code == 403
        assert (await client.get("/control/state", headers={"X-Control-Key": "a-key-of-mine"})).status_code == 200


@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE"])
async def test_a_wish_for_another_protocol_is_passed_over_and_the_body_read(simulator: Simulator, name: str) -> None:
    """Java's client wishes to go on in HTTP/2 with every request in clear (ref: rfc9110#7.8)."""
    where = httpx.URL(simulator.ready()["http"])
    reader, writer = await asyncio.open_connection(where.host, where.port)
    wish = f"Connection: Upgrade, HTTP2-Settings\r\n{name}: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
    for text in (b'{"name": "none"}', b'{"name": "cabinet"}'):
        head = f"POST /control/reset HTTP/1.1\r\nHost: {where.host}\r\n{wish}Content-Type: application/json\r\nContent-Length: {len(text)}"
        writer.write(head.encode() + b"\r\n\r\n" + text)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
    writer.close()
    await writer.wait_closed()


async def test_what_stands_in_a_body_is_left_as_it_is(simulator: Simulator) -> None:
    head = f"From: {HOSPITAL}\r\nTo: {PRACTICE}\r\nUpgrade: h2c\r\nSubject: x\r\n\r\n"
    assert (await Person(simulator, "hospital").post_raw(HOSPITAL, head.encode() + b"Upgrade: h2c\r\n")).status_code == 201
    doctor = Person(simulator, "doctor")
    [letter] = await doctor.inbox(PRACTICE)
    raw = (await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages/{letter['id']}/raw")).content
    assert raw.count(b"\r\nUpgrade: h2c\r\n") == 2
