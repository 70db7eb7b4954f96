"""The REST API in the hands of a client: sending safely, finding, keeping order."""

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from mss_sim.api import schemas
from mss_sim.app.simulator import Simulator
from mss_sim.control import certificate_schemas, psc_schemas, trust_space
from mss_sim.control import schemas as admin_schemas
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, Peer, Person, base64_of, control, letter


async def test_the_same_key_sends_once(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    body = {"to": [PRACTICE], "subject": "Une fois", "text": "x"}
    headers = {"Idempotency-Key": "retry-1"}
    path = f"/mailboxes/{DOCTOR}/messages"
    answers = await asyncio.gather(*(doctor.rest("POST", path, json=body, headers=headers) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
    assert sorted(answer.json()["replayed"] for answer in answers) == [False, True, True, True, True]
    assert len({(answer.json()["message_id"], answer.json()["id"]) for answer in answers}) == 1
    assert len({answer.json()["submission_id"] for answer in answers}) == 1
    assert len(await Person(simulator, "secretary").inbox(PRACTICE)) == 1
    other = await doctor.rest("POST", path, json={**body, "subject": "Autre"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_one_refused_recipient_stops_the_whole_letter_and_each_is_told(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE, "nobody@medecin.sim.mssante.fr", "x@example.org"])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    told = {one["address"]: one["code"] for one in answer.json()["recipients"]}
    assert told == {"nobody@medecin.sim.mssante.fr": "unknown-mailbox", "x@example.org": "domain-outside-trust-space"}
    assert await Person(simulator, "secretary").inbox(PRACTICE) == []


async def test_a_whole_message_is_sent_as_it_is(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    raw = letter(DOCTOR, PRACTICE, "Entier").as_bytes()
    headers = {"Content-Type": "message/rfc822"}
    answer = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages", content=raw, headers=headers)
    assert answer.status_code == 201, answer.text
    item = (await Person(simulator, "secretary").inbox(PRACTICE))[0]
    stored = (await Person(simulator, "secretary").rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).content
    assert stored.endswith(raw)
    bare = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages", content=raw.replace(b"\r\n", b"\n"), headers=headers)
    assert (bare.status_code, bare.json()["code"]) == (400, "malformed-message")
    forged = letter(HOSPITAL, PRACTICE).as_bytes()
    refused = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages", content=forged, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "send-not-allowed")


@pytest.mark.parametrize(
    ("role", "author", "raw"),
    [
        ("patient", PRACTICE, b""),
        ("hospital", HOSPITAL, b""),
        ("hospital", PRACTICE, b"Sender: x\r\n"),
        ("assistant", PRACTICE, b""),
        ("hospital", PRACTICE, b"X: \n"),
    ],
    ids=["patient", "own-author", "forged", "reader", "malformed"],
)
async def test_who_may_not_send_from_a_mailbox_leaves_no_line_in_its_journal(
    simulator: Simulator, role: str, author: str, raw: bytes
) -> None:
    headers = {"Content-Type": "message/rfc822"}
    whole = raw + letter(author, DOCTOR).as_bytes()
    answer = await Person(simulator, role).rest("POST", f"/mailboxes/{PRACTICE}/messages", content=whole, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "send-not-allowed")
    lines = (await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/journal"))["items"]
    assert [line for line in lines if line["act"].startswith("message.")] == []


async def test_a_mailbox_whose_name_is_not_ascii_writes_and_is_written_to(simulator: Simulator) -> None:
    zoe = "zoé@hopital-ormes.sim.mssante.fr"
    hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
    mailbox = {"address": zoe, "kind": "PER", "owner_idnat": hospital.idnat, "label": "Dr Zoé DURAND"}
    assert (await control(simulator, "POST", "/mailboxes", mailbox)).status_code == 201
    sent = await hospital.send(zoe, to=[PRACTICE], cc=[zoe], request_read_receipt=True, request_delivery_receipt=True)
    assert sent.status_code == 201, sent.text
    item = (await doctor.inbox(PRACTICE))[0]
    assert (item["from"], item["cc"]) == ([{"name": "Dr Zoé DURAND", "address": zoe}], [{"name": "", "address": zoe}])
    raw = (await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).content
    assert f" <{zoe}>\r\n".encode() in raw  # the address as it is, the name in encoded words
    answer = await doctor.send(PRACTICE, to=[{"name": "Zoé", "address": zoe}], in_reply_to=item["id"], request_read_receipt=True)
    assert answer.status_code == 201, answer.text
    received = next(one for one in await hospital.inbox(zoe) if one["from"][0]["address"] == PRACTICE)
    assert (await hospital.open(zoe, received["id"]))["to"] == [{"name": "Zoé", "address": zoe}]
    assert (await hospital.rest("POST", f"/mailboxes/{zoe}/messages/{received['id']}/receipt")).status_code == 201
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")).status_code == 201
    for who, person, one in ((zoe, hospital, sent), (PRACTICE, doctor, answer)):
        timeline = await person.get(f"/mailboxes/{who}/sent/{one.json()['submission_id']}")
        assert timeline["recipients"][0]["state"] == "displayed"
    assert {item["subject"] for item in await hospital.inbox(zoe)} >= {"Delivered message"}


async def test_blind_copies_stay_blind(simulator: Simulator) -> None:
    await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE], bcc=[LABORATORY])
    for role, mailbox in (("secretary", PRACTICE), ("application", LABORATORY)):
        raw = (await _raw_of_newest(simulator, role, mailbox)).replace(f"for <{mailbox}>", "")  # the one it was brought to, in its trace
        assert LABORATORY not in raw
        assert PRACTICE in raw.partition("To: ")[2]


async def _raw_of_newest(simulator: Simulator, role: str, mailbox: str) -> str:
    person = Person(simulator, role)
    item = (await person.inbox(mailbox))[0]
    return (await person.rest("GET", f"/mailboxes/{mailbox}/messages/{item['id']}/raw")).text


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"to": []}, 422, "no-recipient"),
        ({"to": ["not an address"]}, 422, "bad-address"),
        ({"to": [PRACTICE], "attachments": [{"filename": "a", "content_base64": "***"}]}, 422, "invalid-request"),
        ({"to": [PRACTICE], "subject": "a\r\nBcc: x@example.org"}, 422, "invalid-request"),
        ({"to": [PRACTICE], "headers": {"From": HOSPITAL}}, 422, "invalid-request"),
        ({"to": [PRACTICE], "headers": {"X-A\r\nBcc": "x"}}, 422, "invalid-request"),
        ({"to": [PRACTICE], "headers": {"X-A": "x\r\nBcc: y"}}, 422, "invalid-request"),
        ({"to": [PRACTICE], "sujet": "x"}, 422, "invalid-request"),
        ({"to": [PRACTICE], "in_reply_to": "0000000000000"}, 404, "not-found"),
        ({"to": [PRACTICE], "send_mode": "send_as"}, 403, "send-not-allowed"),
        ({"to": [f"p{n}@medecin.sim.mssante.fr" for n in range(101)]}, 422, "too-many-recipients"),
    ],
    ids=[
        "nobody",
        "address",
        "base64",
        "subject-injection",
        "own-header",
        "name-injection",
        "value-injection",
        "misspelt",
        "parent",
        "mode",
        "many",
    ],
)
async def test_a_letter_that_cannot_be_sent_says_why(simulator: Simulator, fields: dict[str, Any], status: int, code: str) -> None:
    answer = await Person(simulator, "secretary").send(PRACTICE, **fields)
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.json()["detail"]


async def test_lists_are_filtered_and_paged(simulator: Simulator) -> None:
    hospital, secretary = Person(simulator, "hospital"), Person(simulator, "secretary")
    for number in range(7):
        files = [{"filename": "a.pdf", "content_type": "application/pdf", "content_base64": "JVBERg=="}] if number % 2 else []
        await hospital.send(HOSPITAL, to=[PRACTICE], subject=f"Hémoglobine {number}", text=f"Résultat {number}", attachments=files)
    path = f"/mailboxes/{PRACTICE}/messages"
    seen: list[str] = []
    cursor = None
    while True:
        page = await secretary.get(path, limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [item["subject"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Hémoglobine {number}" for number in reversed(range(7))]
    newest = (await secretary.get(path, limit=1))["items"][0]["id"]
    doctor = Person(simulator, "doctor")
    assert (await doctor.rest("PATCH", f"{path}/{newest}", json={"add": ["\\Answered"]})).status_code == 200
    for filters, count in (
        ({"subject": "HEMOGLOBINE 3"}, 1),
        ({"text": "resultat 4"}, 1),
        ({"text": "100%"}, 0),
        ({"from": "durand"}, 7),
        ({"to": "tilleuls"}, 7),
        ({"has_attachment": True}, 3),
        ({"has_attachment": False}, 4),
        ({"unread": False}, 0),
        ({"since": "2020-01-01T00:00:00Z"}, 7),
        ({"since": "2120-01-01T00:00:00Z"}, 0),
        ({"until": "2120-01-01T00:00:00Z"}, 7),
        ({"until": "2020-01-01T00:00:00Z"}, 0),
        ({"answered": True}, 1),
        ({"answered": False}, 6),
        ({"folder": "archive?"}, None),
    ):
        answer = await secretary.rest("GET", path, params=filters)
        if count is None:
            assert answer.status_code == 404
        else:
            assert len(answer.json()["items"]) == count, filters
    assert (await secretary.rest("GET", path, params={"cursor": "nonsense"})).status_code == 422
    assert (await secretary.rest("GET", path, params={"limit": 0})).json()["code"] == "invalid-request"


async def test_a_cursor_is_good_for_its_own_list_only(simulator: Simulator) -> None:
    for number in range(3):
        await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], subject=str(number))
    doctor = Person(simulator, "doctor")
    lists: dict[str, tuple[str, dict[str, str]]] = {
        "messages of all folders": (f"/mailboxes/{PRACTICE}/messages", {}),
        "messages of one folder": (f"/mailboxes/{PRACTICE}/messages", {"folder": "INBOX"}),
        "conversations": (f"/mailboxes/{PRACTICE}/conversations", {}),
        "journal": (f"/mailboxes/{PRACTICE}/journal", {}),
    }
    cursors = {name: (await doctor.get(path, limit=1, **params))["next_cursor"] for name, (path, params) in lists.items()}
    lists["letters sent"] = f"/mailboxes/{PRACTICE}/sent", {}
    for name, (path, params) in lists.items():
        for other, cursor in cursors.items():
            answer = await doctor.rest("GET", path, params={**params, "cursor": cursor})
            if name == other:
                assert answer.status_code == 200, answer.text
            else:
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
                said = f"The cursor is of the {other}, this list is of the {name}; start again without it."
                assert answer.json()["detail"] == said
    for wrong in ("f", "0" * 13, "f" + "z" * 13, cursors["journal"][1:]):
        answer = await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages", params={"cursor": wrong})
        assert (answer.status_code, answer.json()["detail"]) == (422, "The cursor is not one that was given; start again without it.")


async def test_flags_moves_and_deletions_keep_the_counters_true(simulator: Simulator) -> None:
    await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))
    doctor = Person(simulator, "doctor")
    item = (await doctor.inbox(PRACTICE))[0]
    path = f"/mailboxes/{PRACTICE}/messages/{item['id']}"

    async def counters() -> dict[str, tuple[int, int]]:
        return {one["name"]: (one["exists"], one["unseen"]) for one in await doctor.get(f"/mailboxes/{PRACTICE}/folders")}

    assert (await counters())["INBOX"] == (1, 1)
    flagged = await doctor.rest("PATCH", path, json={"add": ["\\Seen", "\\Flagged", "urgent"]})
    assert (flagged.json()["flags"], flagged.json()["keywords"]) == (["\\Seen", "\\Flagged"], ["urgent"])
    assert flagged.json()["modseq"] > item["modseq"]
    assert (await counters())["INBOX"] == (1, 0)
    cleared = await doctor.rest("PATCH", path, json={"remove": ["\\Seen", "urgent"]})
    assert (cleared.json()["seen"], cleared.json()["keywords"]) == (False, [])
    moved = await doctor.rest("POST", f"{path}/move", json={"folder": "Archive"})
    assert (moved.json()["id"], moved.json()["folder"]) == (item["id"], "Archive")
    assert (await counters())["INBOX"] == (0, 0)
    assert (await counters())["Archive"] == (1, 1)
    assert (await doctor.rest("DELETE", path)).status_code == 204
    assert (await counters())["Archive"] == (0, 0)
    assert (await doctor.rest("GET", path)).status_code == 404
    mailbox = await doctor.get(f"/mailboxes/{PRACTICE}")
    assert mailbox["used_bytes"] == 0
    for bad in (["\\Recent"], ["a b"], [""], ["é"]):
        answer = await doctor.rest("PATCH", path, json={"add": bad})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), "asked before the message is looked for"


async def test_folders_are_made_renamed_and_deleted(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    path = f"/mailboxes/{PRACTICE}/folders"
    made = (await doctor.rest("POST", path, json={"name": "Résultats/2026/Janvier"})).json()
    names = [one["name"] for one in await doctor.get(path)]
    assert {"Résultats", "Résultats/2026", "Résultats/2026/Janvier"} <= set(names)
    assert names[0] == "INBOX"
    parent = next(one for one in await doctor.get(path) if one["name"] == "Résultats")
    renamed = await doctor.rest("PATCH", f"{path}/{parent['id']}", json={"name": "Labo"})
    assert renamed.json()["name"] == "Labo"
    assert "Labo/2026/Janvier" in [one["name"] for one in await doctor.get(path)]
    assert (await doctor.rest("DELETE", f"{path}/{parent['id']}")).status_code == 409
    assert (await doctor.rest("DELETE", f"{path}/{made['id']}")).status_code == 204
    again = (await doctor.rest("POST", path, json={"name": "Labo/2026/Janvier"})).json()
    assert again["uid_validity"] > made["uid_validity"]
    inbox = next(one for one in await doctor.get(path) if one["name"] == "INBOX")
    assert (await doctor.rest("DELETE", f"{path}/{inbox['id']}")).status_code == 409
    for bad in ("inbox", "a//b", "/a", "a/", " a", "a%b", "a*", "", "x" * 300, "a\x00b"):
        assert (await doctor.rest("POST", path, json={"name": bad})).status_code == (409 if bad == "inbox" else 422), bad


async def test_tokens_and_refusals_of_log_in(simulator: Simulator) -> None:
    ready = simulator.ready()
    async with httpx.AsyncClient(base_url=ready["http"]) as client:
        token = (await client.post("/control/tokens", json={"who": "sophie.petit"})).json()["access_token"]
        good = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert good.json()["name"] == "Sophie PETIT"
        for header in (
            {},
            {"Authorization": "Bearer " + token[:-4] + "AAAA"},
            {"Authorization": "Bearer x"},
            {"Authorization": "Basic !!!"},
            {"Authorization": "Basic " + base64_of(b"no colon")},
            {"Authorization": "Basic " + base64_of("zoé:mot de passe".encode())},
            {"Authorization": "Basic"},
            {"Authorization": "Digest x"},
        ):
            answer = await client.get("/api/v1/me", headers=header)
            assert answer.status_code == 401, header
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] in ("authentication-required", "authentication-failed"), header
            assert {"Basic", "Bearer"} <= set(answer.headers["www-authenticate"].split()), header
        old = (await client.post("/control/tokens", json={"who": "sophie.petit", "lifetime_seconds": 1})).json()["access_token"]
        await asyncio.sleep(1.1)
        assert (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {old}"})).status_code == 401


async def test_health_metrics_and_documentation_need_no_other_machine(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        assert (await client.get("/healthz")).json() == {"status": "alive"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        metrics = (await client.get("/metrics")).text
        assert "mss_sim_mailboxes 8.0" in metrics
        page = (await client.get("/docs")).text
        assert "https://" not in page
        assert (await client.get("/docs-files/swagger-ui-bundle.js")).status_code == 200
        schema = (await client.get("/openapi.json")).json()
        assert schema["openapi"].startswith("3.1")
        assert "/api/v1/mailboxes/{address}/messages" in schema["paths"]
        assert (await client.get("/nowhere")).headers["content-type"] == "application/problem+json"


async def test_a_misspelt_filter_is_refused_and_not_ignored(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").rest("GET", f"/mailboxes/{DOCTOR}/messages?unraed=true")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert "unread" in answer.json()["detail"]


_HAND_OVER = {"from": "590000010000017/SEC0001", "to": "590000010000017/SEC0002"}


@pytest.mark.parametrize(
    ("role", "method", "path", "body", "told"),
    [
        ("doctor", "GET", "/me", None, {PRACTICE}),
        ("doctor", "GET", "/mailboxes", None, {PRACTICE}),
        ("secretary", "GET", "/me", None, {PRACTICE}),
        ("secretary", "GET", "/mailboxes", None, {PRACTICE}),
        ("secretary", "GET", "/grants", None, {PRACTICE}),
        ("doctor", "GET", f"/mailboxes/{PRACTICE}", None, {PRACTICE}),
        ("doctor", "GET", f"/mailboxes/{DOCTOR}", None, None),
        ("doctor", "GET", f"/mailboxes/{DOCTOR}/messages", None, None),
        ("doctor", "GET", f"/mailboxes/{DOCTOR}/grants", None, None),
        ("doctor", "POST", f"/mailboxes/{DOCTOR}/messages", {"to": [PRACTICE]}, None),
        ("doctor", "POST", "/grants/hand-over", _HAND_OVER, None),
        ("doctor", "POST", "/grants/hand-over", {**_HAND_OVER, "mailbox": DOCTOR}, None),
        ("doctor", "POST", "/grants/hand-over", {**_HAND_OVER, "mailbox": PRACTICE}, {PRACTICE}),
    ],
)
async def test_who_logs_in_for_one_mailbox_reaches_that_one_alone(
    simulator: Simulator, role: str, method: str, path: str, body: Any, told: set[str] | None
) -> None:
    account = Person(simulator, role).account
    auth = (f"{PRACTICE}*{account['login']}", account["password"])
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=auth) as client:
        answer = await client.request(method, f"/api/v1{path}", json=body)
    if told is None:
        assert (answer.status_code, answer.json()["code"], answer.json()["reference"]) == (403, "right-missing", "quirks#acting-for")
        return
    assert answer.is_success, answer.text
    shown = answer.json()
    if path == "/me":
        assert shown["acting_for"] == PRACTICE
    rows = shown if isinstance(shown, list) else shown.get("mailboxes") or shown.get("created") or [shown]
    assert {row.get("address") or row["mailbox"] for row in rows} == told


_SHAPES = (schemas, admin_schemas, certificate_schemas, trust_space, psc_schemas)


async def test_every_shape_of_the_documentation_has_an_example_that_it_accepts(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        shown = (await client.get("/openapi.json")).json()["components"]["schemas"]
    kinds = [(name, kind) for module in _SHAPES for name, kind in vars(module).items()]
    models = {name: kind for name, kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)}
    checked = 0
    for name, schema in shown.items():
        if name not in models:
            continue
        assert schema["examples"], name
        models[name].model_validate(schema["examples"][0])
        checked += 1
    assert checked > 70


async def test_an_attachment_never_becomes_a_page_of_this_site(simulator: Simulator) -> None:
    page = {"filename": "../../evil.html", "content_type": "text/html", "content_base64": "PHNjcmlwdD4="}
    await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT], attachments=[page])
    patient = Person(simulator, "patient")
    item = (await patient.inbox(PATIENT))[0]
    attachment = (await patient.open(PATIENT, item["id"]))["attachments"][0]
    assert attachment["filename"] == "evil.html"
    answer = await patient.rest("GET", attachment["url"].removeprefix("/api/v1"))
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''evil.html"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_attached_text_is_not_the_text_of_the_letter_which_is_no_attachment(simulator: Simulator) -> None:
    note = {"filename": "note.txt", "content_type": "text/plain", "content_base64": "bm90ZQ=="}
    page = {"filename": "page.html", "content_type": "text/html", "content_base64": "PHA+"}
    doctor = Person(simulator, "doctor")
    assert (await doctor.send(DOCTOR, to=[DOCTOR], text="", attachments=[note, page])).status_code == 201
    assert (await doctor.send(DOCTOR, to=[DOCTOR], text="Bonjour.", attachments=[note])).status_code == 201
    with_text, without = [await doctor.open(DOCTOR, item["id"]) for item in await doctor.inbox(DOCTOR)]
    assert (with_text["text"].strip(), with_text["html"]) == ("Bonjour.", None)
    assert (without["text"].strip(), without["html"]) == ("", None)
    parts = {one["filename"]: one["part"] for one in without["attachments"]}
    assert parts.keys() == {"note.txt", "page.html"}
    for part in ("1", "9", "x"):
        answer = await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages/{without['id']}/attachments/{part}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
