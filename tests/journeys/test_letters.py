"""Who tests looks at every letter of the world: by filters, page by page, octet for octet, without leaving a trace."""

from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator


async def _letters(simulator: Simulator, query: str = "") -> list[dict[str, Any]]:
    answer = await control(simulator, "GET", f"/messages{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_one_letter_is_followed_from_its_sender_to_where_it_lies(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    message = letter(DOCTOR, [PRACTICE, PATIENT], "Compte rendu", text="Bonjour Claire.")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="compte rendu.pdf")
    assert (await doctor.smtp(DOCTOR, [PRACTICE, PATIENT], message, rcpt="NOTIFY=SUCCESS")).code == 250
    while await simulator.core.queue.work():
        pass
    arrived, left = await _letters(simulator, "?subject=compte+rendu&has_document=true")
    assert "text" not in left
    assert (left["message_id"], arrived["message_id"]) == (message["Message-ID"], message["Message-ID"])
    opened = (await control(simulator, "GET", f"/messages/{left['id']}")).json()
    assert [(copy["mailbox"], copy["folder"]) for copy in opened["lies_in"]] == [(PRACTICE, "INBOX"), (DOCTOR, "Sent")]
    assert {one["address"]: one["state"] for one in opened["sent"][0]["recipients"]} == {PRACTICE: "delivered", PATIENT: "delivered"}
    assert opened["called_alike"] == [arrived["id"]]
    [place] = (await control(simulator, "GET", f"/messages/{arrived['id']}")).json()["lies_in"]
    assert place["mailbox"] == PATIENT

    copy = next(one for one in opened["lies_in"] if one["mailbox"] == PRACTICE)
    assert copy["url"].startswith("/api/v1")
    raw = await control(simulator, "GET", f"/messages/{left['id']}/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert (await doctor.rest("GET", copy["url"].removeprefix("/api/v1") + "/raw")).content == raw.content
    parts = (await control(simulator, "GET", f"/messages/{left['id']}/mime")).json()
    assert (parts["part"], parts["content_type"]) == (None, "multipart/mixed")
    text, file = parts["parts"]
    assert (text["part"], text["charset"], file["part"]) == ("1", "utf-8", "2")
    assert (file["filename"], file["encoding"], file["decoded_bytes"]) == ("compte rendu.pdf", "base64", 8)
    report = next(event["report_url"] for event in opened["sent"][0]["recipients"][0]["events"] if event["report_url"])
    assert b"multipart/report" in (await control(simulator, "GET", report.removeprefix("/control"))).content


async def test_looking_leaves_no_trace(simulator: Simulator) -> None:
    sent = (await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT], request_read_receipt=True)).json()
    while await simulator.core.queue.work():
        pass
    found = await _letters(simulator)
    assert len(found) == 2
    for one in found:
        for view in ("", "/raw", "/mime"):
            assert (await control(simulator, "GET", f"/messages/{one['id']}{view}")).status_code == 200
    [copy] = await Person(simulator, "patient").inbox(PATIENT)
    assert (copy["seen"], copy["first_read"]) == (False, None)
    told = await Person(simulator, "doctor").get(f"/mailboxes/{DOCTOR}/sent/{sent['submission_id']}")
    assert [event["kind"] for event in told["recipients"][0]["events"]][-1] == "delivered"


async def test_pages_follow_one_another_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        hospital = Person(simulator, "hospital")
        for number in range(5):
            fields: dict[str, Any] = {"headers": {"X-MSS-NIL": f"DEV{number % 2}"}, "subject": f"Lettre {number}"}
            assert (await hospital.send(HOSPITAL, to=[HOSPITAL], **fields)).status_code == 201
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await control(simulator, "GET", f"/messages?limit=2{cursor and f'&cursor={cursor}'}")).json()
            seen += [one["subject"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [f"Lettre {number}" for number in (4, 3, 2, 1, 0)]
        assert [one["subject"] for one in await _letters(simulator, "?header=x-mss-nil:dev1&limit=1")] == ["Lettre 3"]
        assert len(await _letters(simulator, f"?mailbox={HOSPITAL.upper()}&text=bonjour")) == 5
        one = (await _letters(simulator, "?subject=lettre+2"))[0]
        assert [found["id"] for found in await _letters(simulator, f"?message_id={one['message_id']}&since=2020-01-01T00:00:00Z")] == [
            one["id"]
        ]
        assert await _letters(simulator, "?until=2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/messages?form=x", 422, "invalid-request"),
        ("/messages?limit=0", 422, "invalid-request"),
        ("/messages?cursor=zzz", 422, "invalid-request"),
        ("/messages?cursor=s0am6c38w5xc01", 422, "invalid-request"),
        ("/messages?header=nothing", 422, "invalid-request"),
        ("/messages?header=:x", 422, "invalid-request"),
        ("/messages?mailbox=nobody", 422, "invalid-request"),
        ("/messages?mailbox=nobody@nowhere.sim.mssante.fr", 404, "not-found"),
        ("/messages?mailbox=%00@nowhere.sim.mssante.fr", 422, "invalid-request"),
        ("/messages?since=soon", 422, "invalid-request"),
        ("/messages?since=0001-01-01T00:00:00%2B14:00", 200, None),
        (f"/messages?subject={'a' * 1_001}", 422, "limit-reached"),
        ("/messages?message_id=%00", 422, "invalid-request"),
        ("/messages?header=%00:%00", 422, "invalid-request"),
        ("/messages?header=X%20MSS:x", 422, "invalid-request"),
        ("/messages?header=X-MSS:%00", 200, None),
        ("/messages/x", 404, "not-found"),
        ("/messages/0000000000000", 404, "not-found"),
        ("/messages/7zzzzzzzzzzzz/raw", 404, "not-found"),
        ("/messages/0000000000000/mime", 404, "not-found"),
    ],
)
async def test_bad_input_is_told(start: StartSimulator, database: str | None, path: str, status: int, code: str | None) -> None:
    async with start(database_url=database) as simulator:
        answer = await control(simulator, "GET", path)
        assert answer.status_code == status, answer.text
        assert answer.json().get("code") == code


async def test_each_filter_alone_leaves_out_what_it_does_not_name(simulator: Simulator) -> None:
    hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
    file = {"filename": "a.pdf", "content_type": "application/pdf", "content_base64": "JVBERi0xLjc="}
    one = (await hospital.send(HOSPITAL, to=[HOSPITAL], subject="Éléonore", text="Premier.", headers={"X-MSS-NIL": "DEV1"})).json()
    moved = await control(simulator, "POST", "/clock/advance", {"by": "PT1H"})
    two = (await doctor.send(DOCTOR, to=[DOCTOR], cc=[PRACTICE], subject="Zoé", text="Second.", attachments=[file])).json()
    at = quote(moved.json()["now"])
    wanted: list[tuple[str, list[str]]] = [
        ("", ["Zoé", "Éléonore"]),
        *(
            (query, ["Éléonore"])
            for query in ("from=DURAND", "to=hopital-ormes", "subject=eleon", "text=premier", "header=X-MSS-NIL:%20dev")
        ),
        *((query, ["Éléonore"]) for query in ("header=x-mss-nil:", f"until={at}", "has_document=false", f"mailbox={HOSPITAL}")),
        (f"message_id={quote(one['message_id'])}", ["Éléonore"]),
        *((query, ["Zoé"]) for query in ("from=camille", "to=tilleuls", "subject=zoe", "text=second", f"since={at}", "has_document=true")),
        *((query, ["Zoé"]) for query in (f"mailbox={PRACTICE}", f"message_id={quote(two['message_id'])}")),
        *((query, []) for query in ("from=nobody", "to=nobody", "header=X-MSS-NIL:%20dev2", "message_id=x")),
    ]
    for query, subjects in wanted:
        assert [row["subject"] for row in await _letters(simulator, f"?{query}")] == subjects, query


async def test_a_letter_in_pieces_is_looked_at_all_the_same(simulator: Simulator) -> None:
    broken = EmailMessage()
    broken["From"], broken["To"], broken["Subject"] = DOCTOR, DOCTOR, "Morceaux"
    raw = (
        broken.as_bytes().replace(b"\n", b"\r\n")
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nX"
    )
    assert (await Person(simulator, "doctor").smtp(DOCTOR, DOCTOR, raw + b"\r\n")).code == 250
    [one] = await _letters(simulator)
    assert (await control(simulator, "GET", f"/messages/{one['id']}/mime")).status_code == 200
