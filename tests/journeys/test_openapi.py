"""The OpenAPI document tells the truth: its requests can be sent, everything has an example, what is refused is declared.

That every answer of every other test is declared is checked by the fixture `only_declared_answers`.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import TypeAdapter

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.worlds import Worlds
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, Person, base64_of, control, letter
from tests.documented import answers, complaint, document, operations
from tests.relying_party import DOCTOR as DOCTOR_IDNAT
from tests.relying_party import RelyingParty

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_FILES = {
    "/control/indicators": ["text/csv", _JSON],
    "/control/indicators.csv": ["text/csv"],
    "/control/indicators/refusals": ["text/csv", _JSON],
    "/control/indicators/refusals.csv": ["text/csv"],
    "/control/evidence/clients": ["text/csv", _JSON],
    "/control/evidence/clients.csv": ["text/csv"],
    "/control/evidence/{session_id}/file": ["text/plain"],
    "/control/evidence/{session_id}/report": ["application/zip"],
    "/api/v1/mailboxes/{address}/messages/{message_id}/raw": ["message/rfc822"],
    "/api/v1/mailboxes/{address}/messages/{message_id}/attachments/{part}": ["application/octet-stream", "*/*"],
    "/api/v1/mailboxes/{address}/sent/{submission_id}/reports/{event_id}": ["message/rfc822"],
    "/api/v1/mailboxes/{address}/certificates/{serial}/pem": ["application/x-pem-file"],
    "/api/v1/events": ["text/event-stream", _JSON],
    "/control/events": ["text/event-stream", _JSON],
    "/api/v1/mailboxes/{address}/watch-list": ["text/csv", _JSON],
    "/api/v1/mailboxes/{address}/watch-list.csv": ["text/csv"],
    "/api/v1/mailboxes/{address}/journal": ["text/csv", _JSON],
    "/api/v1/mailboxes/{address}/journal.csv": ["text/csv"],
    "/api/v1/journal": ["text/csv", _JSON],
    "/api/v1/journal.csv": ["text/csv"],
    "/control/journal": ["text/csv", _JSON],
    "/control/journal.csv": ["text/csv"],
    "/control/ca.pem": ["application/x-pem-file"],
    "/control/messages/{letter_id}/raw": ["message/rfc822"],
    "/ca.pem": ["application/x-pem-file"],
    "/truststore.p12": ["application/x-pkcs12"],
    "/control/certificates/{serial}/{form}": [
        *("application/x-pem-file", "application/pkix-cert", "application/x-pkcs12", "application/x-pkcs7-certificates")
    ],
    "/control/snapshots/{snapshot}/file": ["application/zip"],
    "/control/scenarios/stories/{story}": ["application/yaml"],
    "/control/scenarios/recording": ["application/yaml"],
    "/control/seeds/{seed}/file": ["application/zip"],
    "/metrics": ["text/plain"],
    "/mailpit/livez": ["text/plain"],
    "/mailpit/readyz": ["text/plain"],
    "/mailpit/api/v1/message/{ID}/raw": ["text/plain"],
    "/mailpit/api/v1/message/{ID}/part/{PartID}": ["application/octet-stream", "*/*"],
    "/listeblanchemssante.xml": ["application/xml"],
    "/checksum": ["text/plain"],
    "/mail/config-v1.1.xml": ["application/xml"],
    "/.well-known/autoconfig/mail/config-v1.1.xml": ["application/xml"],
    "/AC/Chaine_de_certification-IGC-Sante.p7b": ["application/x-pkcs7-certificates", "text/html"],
    "/AC/{label}.cer": ["application/pkix-cert", "text/html"],
    "/CRL/{label}.crl": ["application/pkix-crl", "text/html"],
    "/ocsp": ["application/ocsp-response", "text/html"],
    "/ocsp/{text}": ["application/ocsp-response", "text/html"],
}
_MAILPIT = "/mailpit/"
"""What is below speaks as Mailpit does: it says `ok`, and refuses, in plain text."""
_IGC = ("/AC/", "/CRL/", "/ocsp")
"""Below are the services of the authority, which refuse as a web server does when they are told to."""


def _ids(operation: Any) -> str:
    return str(operation) if isinstance(operation, str) else ""


@pytest.mark.parametrize(("method", "path", "operation"), operations(), ids=_ids)
def test_everything_has_an_example(method: str, path: str, operation: dict[str, Any]) -> None:
    assert all(parameter.get("example") not in (None, "") for parameter in operation.get("parameters", ()))
    for carrier in (operation.get("requestBody", {}), *operation["responses"].values()):
        for shown in carrier.get("content", {}).values():
            assert shown.get("example") is not None or shown.get("examples"), shown
    successes = {status: shown for status, shown in operation["responses"].items() if status.startswith("2")}
    assert len(successes) == 1
    [(status, success)] = successes.items()
    files = _FILES.get(path, [_JSON]) if method != "put" else [_JSON]
    wanted = files if method == "get" or status != "204" else []
    if path.startswith(_MAILPIT) and method != "get":
        wanted = ["text/plain"]
    assert list(success.get("content", {})) == wanted


@pytest.mark.parametrize(("model", "example"), answers())
def test_every_example_of_an_answer_is_one_that_its_route_may_give(model: Any, example: Any) -> None:
    TypeAdapter(model).validate_json(json.dumps(example))


@pytest.mark.parametrize(("method", "path", "operation"), operations(), ids=_ids)
def test_every_refusal_is_a_problem_document(method: str, path: str, operation: dict[str, Any]) -> None:
    refused = {status: shown for status, shown in operation["responses"].items() if not status.startswith("2")}
    for status, shown in refused.items():
        if path.startswith(_IGC) and status == "403":
            assert list(shown["content"]) == ["text/plain"]
            continue
        if path.startswith(_MAILPIT):
            assert list(shown["content"]) == ["text/plain"]
            assert all(f"code: {code}" in one["value"] for code, one in shown["content"]["text/plain"]["examples"].items())
            continue
        assert list(shown["content"]) == [_PROBLEM]
        content = shown["content"][_PROBLEM]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert all(str(example["value"]["status"]) == status for example in content["examples"].values())
        assert all(example["value"].get("code", code) == code for code, example in content["examples"].items())
    assert ("401" in refused) is path.startswith(("/api/", "/mailpit/api/"))


async def _real_ids(simulator: Simulator) -> dict[str, str]:
    """Ids of a small life of the practice, to stand where the examples only show their form."""
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    file = {"filename": "a.pdf", "content_type": "application/pdf", "content_base64": base64_of(b"%PDF-1.7")}
    await hospital.send(HOSPITAL, to=[PRACTICE], subject="Compte rendu", attachments=[file], request_read_receipt=True)
    sent = (await doctor.send(PRACTICE, to=[PATIENT], request_delivery_receipt=True)).json()
    timeline = await doctor.get(f"/mailboxes/{PRACTICE}/sent/{sent['submission_id']}")
    reported = [event["id"] for event in timeline["recipients"][0]["events"] if event["report_url"]]
    await hospital.smtp(HOSPITAL, DOCTOR, letter(HOSPITAL, DOCTOR))
    await hospital.send(HOSPITAL, to=["contact@clinique-pins.sim.mssante.fr"])  # nobody knows how to reach it: it waits
    await hospital.send(HOSPITAL, to=[PATIENT], attachments=[file])
    patient = Person(simulator, "patient")
    await doctor.send(PRACTICE, to=["personne@hopital-ormes.sim.mssante.fr"])
    folder = (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/folders", json={"name": "Ancien"})).json()
    await control(simulator, "POST", f"/mailboxes/{LABORATORY}/grants", {"grantee": DOCTOR_IDNAT, "rights": ["see"]})
    async with RelyingParty.of(simulator) as party:
        await party.post(
            "ext/ciba/auth", scope="openid scope_all", login_hint=DOCTOR_IDNAT, binding_message="42", channel="CARD", acr_values="eidas1"
        )
    return {
        "message_id": (await doctor.inbox(PRACTICE, subject="Compte rendu"))[0]["id"],
        "sent_id": sent["id"],
        "letter_id": sent["email_id"],
        "submission_id": sent["submission_id"],
        "event_id": reported[0],
        "recipient_id": (await control(simulator, "GET", "/queue")).json()[0]["id"],
        "watched_id": (await doctor.get(f"/mailboxes/{PRACTICE}/watch-list"))["items"][0]["id"],
        "folder_id": folder["id"],
        "grant_id": (await doctor.get(f"/mailboxes/{PRACTICE}/grants"))[0]["id"],
        "conversation_id": (await doctor.get(f"/mailboxes/{PRACTICE}/messages/{sent['id']}"))["conversation_id"],
        "serial": (await control(simulator, "GET", "/certificates")).json()[0]["serial"],
        "own_serial": (await doctor.get(f"/mailboxes/{LABORATORY}/certificates"))[0]["serial"],
        "request_id": (await control(simulator, "GET", "/psc/ciba")).json()[0]["id"],
        "rule_id": (await control(simulator, "POST", "/faults", {"point": "clock", "action": {"kind": "skew", "seconds": 1}})).json()["id"],
        "patients_id": (await patient.inbox(PATIENT, has_attachment="true"))[0]["id"],
        "mask_id": (await patient.rest("PUT", f"/mailboxes/{PATIENT}/masks/correspondents/{DOCTOR}")).json()["id"],
        "webhook_id": (await control(simulator, "POST", "/webhooks", {"url": "http://127.0.0.1:9/"})).json()["id"],
        "play_id": (await control(simulator, "POST", "/scenarios", {"story": "patient"})).json()["id"],
        "session_id": (await control(simulator, "GET", "/evidence")).json()["items"][0]["id"],
    }


async def _send_examples(client: httpx.AsyncClient, method: str, path: str, operation: dict[str, Any], ids: dict[str, str]) -> None:
    """Send the request as the document shows it, once for each body that it shows."""
    known = {**ids, "message_id": ids["sent_id"]} if path.endswith("/timeline") else ids
    if path.startswith("/api/v1/mailboxes/{address}/certificates/"):
        known = {**ids, "address": LABORATORY, "serial": ids["own_serial"]}
    if "/watch-list/" in path:
        known = {**ids, "recipient_id": ids["watched_id"]}
    if method == "delete" and path.endswith("/closing"):
        await client.post(path.replace("{address}", PRACTICE))
    asker: dict[str, Any] = {}
    if path.startswith("/api/v1/mailboxes/{address}/masks"):  # which only a patient may
        known = {**ids, "address": PATIENT, "message_id": ids["patients_id"]}
        asker["auth"] = ("claire.fontaine", "patient-2026")
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    url = path
    for parameter in operation.get("parameters", ()):
        name, value = parameter["name"], parameter["example"]
        if parameter["in"] == "path":
            url = url.replace(f"{{{name}}}", quote(known.get(name, value), safe="@/"))
        else:
            (query if parameter["in"] == "query" else headers)[name] = value
    bodies = operation.get("requestBody", {}).get("content", {None: {}})
    for media_type, shown in bodies.items():
        options: dict[str, Any] = {"json": shown["example"]} if media_type == _JSON else {"content": shown.get("example")}
        if media_type == "application/zip":
            options["content"] = (await client.get(url)).content
        if media_type:
            options["headers"] = {**headers, "Content-Type": media_type}
            headers = {name: f"{value}-again" for name, value in headers.items()}
        answer = await client.request(method, url, params=query, **options, **asker)
        assert answer.is_success, (method, url, media_type, answer.text)


@pytest.mark.timeout(600)  # the seed is planted anew after each request that changes something
async def test_every_example_of_a_request_is_accepted(tmp_path: Path) -> None:
    ports = {"submission_port": 0, "mx_port": 0, "imap_port": 0, "http_port": 0}
    settings = Settings(data_dir=tmp_path / "data", relay="direct", queue_poll_seconds=0.02, **ports)
    async with Worlds(settings) as worlds:  # what one example did to the trust space must not hold up the next: no relay
        simulator = worlds.first
        for path, body in (("/snapshots", {"name": "before-closure"}), ("/worlds", {"name": "world-1", "seed": "none"})):
            assert (await control(simulator, "POST", path, body)).status_code == 201
        account = Person(simulator, "doctor").account
        auth = (account["login"], account["password"])
        order = {"get": 0, "post": 1, "patch": 1, "put": 2, "delete": 3}
        ids = await _real_ids(simulator)
        dirty = False
        async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=auth, timeout=20) as client:
            for method, path, operation in sorted(operations(), key=lambda one: order[one[0]]):
                if dirty:
                    await client.post("/control/reset")
                    ids = await _real_ids(simulator)
                await _send_examples(client, method, path, operation, ids)
                dirty = method != "get"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/mailboxes/{HOSPITAL}", None, 404),
        ("GET", f"/mailboxes/{PRACTICE}?sort=date", None, 422),
        ("GET", f"/mailboxes/{PRACTICE}/messages/0000000000000", None, 404),
        ("POST", f"/mailboxes/{PRACTICE}/folders", b'{"name": "\xff"}', 422),
        ("POST", f"/mailboxes/{PRACTICE}/folders", b'{"name": ', 422),
        ("POST", f"/mailboxes/{PRACTICE}/folders", b'{"name": "INBOX"}', 409),
        ("POST", f"/mailboxes/{PRACTICE}/messages", b'{"to": ["x@example.org"]}', 422),
        ("POST", f"/mailboxes/{HOSPITAL}/messages", b'{"to": ["x@example.org"]}', 403),
        ("PUT", f"/mailboxes/{PRACTICE}/responsible", b'{"idnat": "899700420013"}', 409),
    ],
)
async def test_what_is_refused_is_declared(simulator: Simulator, method: str, path: str, body: bytes | None, status: int) -> None:
    headers = {"Content-Type": _JSON} if body else {}
    answer = await Person(simulator, "doctor").rest(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, _PROBLEM), answer.text
    assert answer.json()["code"]
    assert complaint(answer) is None


async def test_an_answer_that_is_not_declared_is_noticed(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").rest(
        "POST", f"/mailboxes/{PRACTICE}/messages", content=b"x", headers={"Content-Type": "a/b"}
    )
    assert answer.status_code == 415
    answer.status_code = 418
    assert "418" in (complaint(answer) or "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"days": 5}', None),
        (b'{"days": null}', None),
        (b'{"days": "five"}', "days: Input should be a valid integer"),
        (b"{}", "days: Field required"),
        (b'{"days": 5, "weeks": 1}', "weeks: Extra inputs are not permitted"),
    ],
)
def test_an_answer_of_another_shape_than_the_declared_one_is_noticed(content: bytes, said: str | None) -> None:
    request = httpx.Request("GET", f"http://localhost/control/mailboxes/{PRACTICE}/retention")
    told = complaint(httpx.Response(200, content=content, headers={"Content-Type": _JSON}, request=request))
    assert (told is None) if said is None else said in (told or "")


def test_no_schema_of_the_framework_is_left() -> None:
    assert {"HTTPValidationError", "ValidationError"}.isdisjoint(document()["components"]["schemas"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "clients"), ("post", "clients"), ("delete", "clients/{client_id}"), ("get", "personas"), ("post", "personas")],
)
def test_what_the_provider_keeps_in_the_store_may_be_unavailable(method: str, path: str) -> None:
    assert "503" in document()["paths"][f"/control/psc/{path}"][method]["responses"]


_EVERYWHERE = {"host-unknown", "message-too-large", "invalid-request"}
_LOGGED_IN = {"authentication-required", "authentication-failed", "authorization-failed", "too-many-passwords", "store-unavailable"}
_IN_A_MAILBOX = {"right-missing", "not-found", "mailbox-closed"}
_TAKING = {
    *("unknown-mailbox", "mailbox-closed", "mailbox-suspended", "mailbox-full", "domain-outside-trust-space", "message-too-large"),
    *("patient-not-qualified", "not-invited", "conversation-closed", "pharmacy-never-visited", "pharmacy-visit-too-old"),
    *("not-a-pharmacy", "no-published-org-mailbox"),
}
_SENDING = {
    *("send-not-allowed", "malformed-message", "no-recipient", "bad-address", "too-many-recipients", "idempotency-key-reused"),
    "receipt-already-sent",
}
_RECEIPT = {"receipt-not-requested", "receipt-already-sent", "receipt-needs-confirmation", "receipt-option-unknown"}
_IN_MEMORY = (
    "/control/faults",
    "/control/evidence",
    "/control/traps",
    "/control/psc",
    "/control/certificates/behaviour",
    "/control/certificates/fetches",
)
"""What the control plane answers without the store; below the provider only what it keeps there."""


def _declared(operation: dict[str, Any]) -> dict[str, Any]:
    """The examples of refusals by their codes."""
    contents = (shown.get("content", {}).get(_PROBLEM, {}) for shown in operation["responses"].values())
    return {code: example["value"] for content in contents for code, example in content.get("examples", {}).items()}


@pytest.mark.parametrize(("method", "path", "operation"), operations(), ids=_ids)
def test_what_any_client_may_meet_is_declared_everywhere(method: str, path: str, operation: dict[str, Any]) -> None:
    declared = _declared(operation).keys()
    if path.startswith("/api/"):
        assert declared >= _EVERYWHERE | _LOGGED_IN | (_IN_A_MAILBOX if "{address}" in path else set())
    elif path.startswith("/control"):
        assert declared >= _EVERYWHERE | {"control-forbidden"} | (set() if path.startswith(_IN_MEMORY) else {"store-unavailable"})
        assert not declared & (_LOGGED_IN - {"store-unavailable"})


@pytest.mark.parametrize(("path", "codes"), [("messages", _TAKING | _SENDING), ("messages/{message_id}/receipt", _TAKING | _RECEIPT)])
def test_all_that_a_letter_is_refused_by_is_declared_with_the_recipients_where_it_is_one_of_them(path: str, codes: set[str]) -> None:
    declared = _declared(document()["paths"][f"/api/v1/mailboxes/{{address}}/{path}"]["post"])
    assert declared.keys() - _EVERYWHERE - _LOGGED_IN - _IN_A_MAILBOX - {"media-type"} == codes - _EVERYWHERE - _IN_A_MAILBOX
    of_one = {code for code, value in declared.items() if "recipients" in value}
    assert of_one == _TAKING - {"mailbox-closed", "mailbox-suspended", "message-too-large"}


_EMPTY = {
    *("answer", "answers_to", "birth_name", "birth_place", "given_names", "address_line", "city", "postal_code", "sector"),
    *("added", "changed", "removed", "code", "control_key", "folder_id", "grant", "mx", "needs", "note", "reply", "responsible_name"),
    *("return_path", "role", "rule", "seed", "seeds", "snapshot", "submission_id", "timeline_url", "to"),
}
"""Fields whose example may be a text without a letter."""


def test_the_other_examples_say_something() -> None:
    found: set[str] = set()

    def look(name: str, value: Any) -> None:
        if value == "":
            found.add(name)
        for inner, one in value.items() if isinstance(value, dict) else ((name, one) for one in (value if isinstance(value, list) else ())):
            look(inner, one)

    for name, schema in document()["components"]["schemas"].items():
        if not name.startswith("Mailpit"):
            look(name, schema.get("examples", []))
    assert found == _EMPTY
