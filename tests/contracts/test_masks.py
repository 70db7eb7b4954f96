"""A masked thing changes no observable of the carer: complete answers and dialogues, beside those of a world where it never was.

Where a letter is masked after the carer may have seen it, the other world is the one where the patient deleted it.
"""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.mail import mdn
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.carers import PASSWORD, Carer, Names, let_in, make_carer, mask, observed_by_imap, observed_by_rest
from tests.clients import DOCTOR, HOSPITAL, PATIENT, ImapClient, Person, base64_of, control, letter
from tests.conftest import StartSimulator

Observed = list[tuple[str, str]]


@asynccontextmanager
async def _world(start: StartSimulator, clock: ManualClock) -> AsyncIterator[tuple[Simulator, Carer]]:
    async with start(clock=clock, relay="direct") as simulator:
        assert (await control(simulator, "POST", "/reset")).status_code == 204  # both worlds may have one database
        yield simulator, await make_carer(simulator)


async def _bring(simulator: Simulator, role: str, sender: str, name: str, **headers: str) -> None:
    """A letter to the patient whose Message-ID is known."""
    message = letter(sender, PATIENT, name, f"{name}: c'est un secret.", Message_ID=f"<{name}@test>", **headers)
    assert (await Person(simulator, role).smtp(sender, PATIENT, message)).code == 250


async def _observe(simulator: Simulator, carer: Carer) -> Observed:
    names = Names()
    return [*await observed_by_rest(carer, names), *await observed_by_imap(simulator, carer, names)]


async def _history(simulator: Simulator, clock: ManualClock, *, with_secret: bool) -> None:
    """Letters of the doctor, and between them the hospital's, which are the secret.

    They come to the patient, ask a receipt, stand in a common thread, are answered, read, flagged, moved, copied and deleted; what is sent
    to the hospital comes back, and it closes what it wrote.
    """
    minute = timedelta(minutes=1)
    patient = Person(simulator, "patient")
    await _bring(simulator, "doctor", DOCTOR, "bonjour")
    clock.advance(minute)
    if with_secret:
        await _bring(simulator, "hospital", HOSPITAL, "secret", Cc=DOCTOR, Disposition_Notification_To=HOSPITAL)
        answer = letter(PATIENT, HOSPITAL, "Re: secret", "secret", In_Reply_To="<secret@test>")
        assert (await patient.smtp(PATIENT, HOSPITAL, answer)).code == 250
        apart = letter(PATIENT, DOCTOR, "secret, apart", "secret")  # only its envelope names the hospital
        assert (await patient.smtp(PATIENT, HOSPITAL, apart)).code == 250
        [row] = [row for row in await patient.inbox(PATIENT) if row["subject"] == "secret"]
        await patient.open(PATIENT, row["id"])
        path = f"/mailboxes/{PATIENT}/messages/{row['id']}"
        assert (await patient.rest("PATCH", path, json={"add": ["\\Seen", "\\Flagged", "urgent"]})).status_code == 200
        client = await ImapClient.open(simulator, "claire.fontaine", "patient-2026")
        for command in ("SELECT INBOX", "COPY 2 Archive", "COPY 2 Archive"):
            assert (await client.ask(command))[-1].startswith("OK")
        await client.close()
        assert (await patient.rest("POST", f"{path}/move", json={"folder": "Trash"})).status_code == 200
    clock.advance(minute)
    await _bring(simulator, "doctor", DOCTOR, "suite", In_Reply_To="<secret@test>", References="<bonjour@test> <secret@test>")
    clock.advance(minute)
    if with_secret:
        await _bring(simulator, "hospital", HOSPITAL, "secret-2", In_Reply_To="<suite@test>")
        changed = await control(simulator, "PATCH", f"/mailboxes/{HOSPITAL}", {"state": "closed"})
        assert changed.status_code == 200, changed.text
        answer = letter(PATIENT, HOSPITAL, "Re: secret-2", "secret", In_Reply_To="<secret-2@test>")
        assert (await patient.smtp(PATIENT, HOSPITAL, answer)).code == 250
        assert (await patient.inbox(PATIENT))[0]["from"][0]["address"] == "mailer-daemon@patient.mssante.fr"  # it came back
        await control(simulator, "PATCH", f"/mailboxes/{HOSPITAL}", {"state": "active"})
        await _bring(simulator, "hospital", HOSPITAL, "secret-3")
        [row] = [row for row in await patient.inbox(PATIENT) if row["subject"] == "secret-3"]
        await patient.rest("DELETE", f"/mailboxes/{PATIENT}/messages/{row['id']}")
    answer = letter(PATIENT, DOCTOR, "Re: suite", "Merci.", In_Reply_To="<suite@test>", Message_ID="<merci@test>")
    assert (await patient.smtp(PATIENT, DOCTOR, answer)).code == 250
    clock.advance(minute)


async def _same_world_as_without(
    start: StartSimulator, prepare: Callable[[Simulator, Carer, ManualClock, bool], Awaitable[Observed]]
) -> None:
    """Whatever a carer observes is the same with the secret, which is masked, and without it."""
    seen: list[Observed] = []
    for with_secret in (False, True):
        clock = ManualClock()
        async with _world(start, clock) as (simulator, carer):
            seen.append(await prepare(simulator, carer, clock, with_secret))
    without, masked = seen
    assert len(without) > 60
    for was, now in zip(without, masked, strict=True):
        assert now == was
    assert "suite" in str(without)


async def test_a_correspondent_masked_before_he_writes_was_never_there(start: StartSimulator, database: str | None) -> None:
    async def prepare(simulator: Simulator, carer: Carer, clock: ManualClock, with_secret: bool) -> Observed:
        patient = Person(simulator, "patient")
        await let_in(patient, carer)
        await mask(patient, f"correspondents/{HOSPITAL}")
        await _history(simulator, clock, with_secret=with_secret)
        return await _observe(simulator, carer)

    await _same_world_as_without(partial(start, database_url=database), prepare)


async def test_what_was_masked_before_the_carer_came_was_never_there(start: StartSimulator, database: str | None) -> None:
    async def prepare(simulator: Simulator, carer: Carer, clock: ManualClock, with_secret: bool) -> Observed:
        patient = Person(simulator, "patient")
        await _history(simulator, clock, with_secret=with_secret)
        rows = (await patient.get(f"/mailboxes/{PATIENT}/messages", limit=50))["items"]
        for row in rows:
            if "secret" in row["subject"]:
                await mask(patient, f"messages/{row['id']}")
        await let_in(patient, carer)
        return await _observe(simulator, carer)

    await _same_world_as_without(partial(start, database_url=database), prepare)


async def test_what_is_masked_before_a_carers_eyes_is_gone_as_if_deleted_and_comes_back_as_new(
    start: StartSimulator, database: str | None
) -> None:
    """An open session, with IDLE, CONDSTORE and QRESYNC: the same dialogue as when the patient deletes, then gets the letter again."""
    seen: list[Observed] = []
    for masked in (False, True):
        clock = ManualClock()
        async with _world(partial(start, database_url=database), clock) as (simulator, carer):
            patient, names = Person(simulator, "patient"), Names()
            await let_in(patient, carer)
            for name in ("bonjour", "secret", "suite"):
                await _bring(simulator, "doctor", DOCTOR, name)
            client = await ImapClient.open(simulator, f"{PATIENT}*{carer.account['login']}", PASSWORD)
            dialogue = [(one, names.plain("\n".join(await client.ask(one)))) for one in ("ENABLE QRESYNC", "SELECT INBOX")]
            await client.idle()
            [letter_] = [row["id"] for row in await patient.inbox(PATIENT) if row["subject"] == "secret"]
            made = None
            if masked:
                made = await mask(patient, f"messages/{letter_}")
            else:
                assert (await patient.rest("DELETE", f"/mailboxes/{PATIENT}/messages/{letter_}")).status_code == 204
            dialogue.append(("IDLE", await client.line()))
            await client.done()
            after = ("NOOP", "UID SEARCH ALL", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)", "STATUS INBOX (MESSAGES UIDNEXT)")
            dialogue += [(one, "\n".join(await client.ask(one))) for one in after]
            dialogue += await observed_by_rest(carer, names)
            await client.idle()
            if made:
                assert (await patient.rest("DELETE", f"/mailboxes/{PATIENT}/masks/{made['id']}")).status_code == 204
            else:
                await _bring(simulator, "doctor", DOCTOR, "secret")
            dialogue.append(("IDLE", await client.line()))
            await client.done()
            dialogue += [(one, "\n".join(await client.ask(one))) for one in ("UID SEARCH ALL", "UID FETCH 1:* FLAGS")]
            await client.close()
            seen.append(dialogue)
    deleted, hidden = seen
    for was, now in zip(deleted, hidden, strict=True):
        assert now == was
    assert hidden[2][1] == "* VANISHED 2"
    assert ("IDLE", "* 3 EXISTS") in hidden
    assert "* SEARCH 1 3 4" in str(hidden[-2])


@pytest.mark.parametrize("what", ["the letter", "the correspondent", "the document"])
async def test_a_carer_who_guesses_is_answered_as_for_what_does_not_exist(start: StartSimulator, database: str | None, what: str) -> None:
    """Ids of the patient's own copies, of conversations, of letters sent, and Message-IDs: 404, and the words of 404."""
    async with _world(partial(start, database_url=database), ManualClock()) as (simulator, carer):
        patient = Person(simulator, "patient")
        await let_in(patient, carer)
        await _bring(simulator, "doctor", DOCTOR, "bonjour")
        file = {"filename": "bilan.txt", "content_type": "text/plain", "content_base64": base64_of(b"positif")}
        assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PATIENT], attachments=[file])).status_code == 201
        secret = (await patient.inbox(PATIENT))[0]
        answered = (await patient.send(PATIENT, to=[HOSPITAL], in_reply_to=secret["id"])).json()
        [seen] = [row for row in await carer.inbox(PATIENT) if row["subject"] == "Bonjour" and row["has_attachments"]]
        part = (await patient.open(PATIENT, secret["id"]))["attachments"][0]["part"]
        target = {"the letter": f"messages/{secret['id']}", "the correspondent": f"correspondents/{HOSPITAL}"}
        await mask(patient, target.get(what, f"messages/{secret['id']}/attachments/{part}"))
        nothing = "0am6c38w5xc01"

        async def told(path: str, id_: str) -> tuple[int, str]:
            answer = await carer.rest("GET", f"/mailboxes/{PATIENT}/{path.format(id_)}")
            return answer.status_code, answer.text.replace(id_, nothing)

        for id_ in (secret["id"], seen["id"], seen["email_id"]):
            for path in (
                "messages/{}",
                "messages/{}/raw",
                f"messages/{{}}/attachments/{part}",
                "messages/{}/diagnosis",
                "messages/{}/timeline",
            ):
                assert (await told(path, id_)) == await told(path, nothing)
                assert (await told(path, id_))[0] == 404
            receipts = [await carer.rest("POST", f"/mailboxes/{PATIENT}/messages/{one}/receipt") for one in (id_, nothing)]
            assert receipts[0].status_code == receipts[1].status_code == 404
            assert receipts[0].text == receipts[1].text
            answers = [await carer.send(PATIENT, to=[DOCTOR], in_reply_to=one) for one in (id_, nothing)]
            assert answers[0].status_code == 404
            assert answers[0].text == answers[1].text
        if what == "the correspondent":
            assert (await told("sent/{}", answered["submission_id"])) == await told("sent/{}", nothing)
            assert (await told("conversations/{}", seen["conversation_id"])) == await told("conversations/{}", nothing)


def _answer_to_rcpt(simulator: Simulator, carer: Carer) -> int:
    """What a carer who writes to the hospital is answered before there is any letter."""
    ready = simulator.ready()
    with smtplib.SMTP("localhost", ready["submission"]["port"], timeout=20) as client:
        client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        client.login(carer.account["login"], PASSWORD)
        assert client.docmd(f"MAIL FROM:<{PATIENT}>")[0] == 250
        return client.docmd(f"RCPT TO:<{HOSPITAL}>")[0]


async def test_a_carer_may_not_write_to_whom_only_a_masked_letter_allowed(start: StartSimulator, database: str | None) -> None:
    """The refusal is that of a patient who was never written to, at both doors; what he names as answered changes nothing."""
    async with _world(partial(start, database_url=database), ManualClock()) as (simulator, carer):
        patient = Person(simulator, "patient")
        await let_in(patient, carer)
        await _bring(simulator, "doctor", DOCTOR, "bonjour")
        before = await carer.send(PATIENT, to=[HOSPITAL])
        assert before.json()["recipients"][0]["code"] == "not-invited" or before.json()["code"] == "not-invited"
        by_smtp = await carer.smtp(PATIENT, HOSPITAL, letter(PATIENT, HOSPITAL))
        await _bring(simulator, "hospital", HOSPITAL, "secret")
        await mask(patient, f"correspondents/{HOSPITAL}")
        for fields in ({}, {"in_reply_to": "<secret@test>"}):
            after = await carer.send(PATIENT, to=[HOSPITAL], **fields)
            assert (after.status_code, after.json()) == (before.status_code, before.json())
        assert (await carer.smtp(PATIENT, HOSPITAL, letter(PATIENT, HOSPITAL, In_Reply_To="<secret@test>"))) == by_smtp
        assert await asyncio.to_thread(_answer_to_rcpt, simulator, carer) == 550
        assert (await patient.send(PATIENT, to=[HOSPITAL])).status_code == 201
        answer = letter(PATIENT, DOCTOR, "Re: secret", In_Reply_To="<secret@test>", References="<bonjour@test> <secret@test>")
        assert (await carer.smtp(PATIENT, DOCTOR, answer)).code == 250
        [got] = [row for row in await Person(simulator, "doctor").inbox(DOCTOR) if row["subject"] == "Re: secret"]
        [first] = [row for row in await carer.inbox(PATIENT) if row["subject"] == "bonjour"]
        assert got["conversation_id"] == first["conversation_id"]


async def test_a_carers_answer_to_a_conversation_whose_last_letter_is_masked(start: StartSimulator, database: str | None) -> None:
    async with _world(partial(start, database_url=database), ManualClock()) as (simulator, carer):
        patient, doctor = Person(simulator, "patient"), Person(simulator, "doctor")
        await let_in(patient, carer)
        await _bring(simulator, "doctor", DOCTOR, "bonjour")
        await _bring(simulator, "doctor", DOCTOR, "secret", In_Reply_To="<bonjour@test>")
        [last] = [row for row in await patient.inbox(PATIENT) if row["subject"] == "secret"]
        await mask(patient, f"messages/{last['id']}")
        [conversation] = (await carer.get(f"/mailboxes/{PATIENT}/conversations"))["items"]
        assert (conversation["message_count"], conversation["last_message"]["subject"]) == (1, "bonjour")
        [seen] = await carer.inbox(PATIENT)
        sent = await carer.send(PATIENT, to=[DOCTOR], subject="Re: bonjour", in_reply_to=seen["id"])
        assert sent.status_code == 201, sent.text
        opened = (await doctor.inbox(DOCTOR))[0]
        assert (await doctor.open(DOCTOR, opened["id"]))["references"] == ["<bonjour@test>"]
        own = (await carer.get(f"/mailboxes/{PATIENT}/messages", folder="Sent"))["items"][0]
        assert own["id"] in str(sent.json())


async def test_a_carers_new_letter_joins_no_conversation_that_is_masked(start: StartSimulator, database: str | None) -> None:
    """A letter of a patient that answers none joins the newest open conversation; for a carer, the newest that is shown."""
    async with _world(partial(start, database_url=database), ManualClock()) as (simulator, carer):
        patient = Person(simulator, "patient")
        await let_in(patient, carer)
        for name in ("bonjour", "secret"):
            await _bring(simulator, "doctor", DOCTOR, name)
        [secret, first] = await patient.inbox(PATIENT)
        await mask(patient, f"messages/{secret['id']}")
        assert (await carer.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR, "Question"))).code == 250
        [got] = [row for row in await Person(simulator, "doctor").inbox(DOCTOR) if row["subject"] == "Question"]
        assert got["conversation_id"] == first["conversation_id"]


async def test_a_carers_own_receipt_for_a_masked_letter_is_for_none(start: StartSimulator, database: str | None) -> None:
    """By a mail program: refused as for a letter that never came, and the patient's receipt is still to be sent."""

    def receipt(of: str) -> bytes:
        about = mdn.Receipt(PATIENT, "", ("", HOSPITAL), of, "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
        return mdn.compose(about, reporting_ua="x", message_id="<receipt@test>", at=10**15, language=Language.EN)

    async with _world(partial(start, database_url=database), ManualClock()) as (simulator, carer):
        patient = Person(simulator, "patient")
        await let_in(patient, carer)
        await mask(patient, f"correspondents/{HOSPITAL}")
        await _bring(simulator, "hospital", HOSPITAL, "secret", Disposition_Notification_To=HOSPITAL)
        told = [await carer.smtp("", HOSPITAL, receipt(f"<{name}@test>")) for name in ("secret", "nothing")]
        assert told[0] == told[1]
        assert told[0].code == 550
        [own] = await patient.inbox(PATIENT)
        await patient.open(PATIENT, own["id"])
        assert "displayed" in str(await Person(simulator, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))


async def test_what_a_masked_report_told_is_not_told_to_a_carer(start: StartSimulator, database: str | None) -> None:
    """The doctor's receipt for a letter that is shown: its event is gone from the timeline of the letter, and its bytes are."""
    async with _world(partial(start, database_url=database), ManualClock()) as (simulator, carer):
        patient, doctor = Person(simulator, "patient"), Person(simulator, "doctor")
        await let_in(patient, carer)
        await _bring(simulator, "doctor", DOCTOR, "bonjour")
        sent = (await patient.send(PATIENT, to=[DOCTOR], request_read_receipt=True)).json()
        [got] = await doctor.inbox(DOCTOR)
        assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages/{got['id']}/receipt", json={})).status_code == 201
        path = f"/mailboxes/{PATIENT}/sent/{sent['submission_id']}"
        before = (await carer.get(path))["recipients"][0]["events"]
        assert before[-1]["kind"] == "displayed"
        report = before[-1]["report_url"].removeprefix("/api/v1")
        assert (await carer.rest("GET", report)).status_code == 200
        [own] = [row for row in await patient.inbox(PATIENT) if row["subject"] != "bonjour"]
        await mask(patient, f"messages/{own['id']}")
        after = (await carer.get(path))["recipients"][0]["events"]
        assert after == before[:-1]
        gone, nothing = await carer.rest("GET", report), await carer.rest("GET", report[:-13] + "0am6c38w5xc01")
        assert (gone.status_code, gone.text) == (nothing.status_code, nothing.text)
        assert gone.status_code == 404
        assert len((await patient.get(path))["recipients"][0]["events"]) == len(before)


async def test_a_conversation_tells_a_carer_nothing_of_whom_a_masked_letter_invited(start: StartSimulator, database: str | None) -> None:
    """Both wrote in one thread; the carer sees the doctor's side of it alone."""
    async with _world(partial(start, database_url=database), ManualClock()) as (simulator, carer):
        patient = Person(simulator, "patient")
        await let_in(patient, carer)
        first = letter(DOCTOR, PATIENT, "bonjour", Message_ID="<bonjour@test>", Cc=HOSPITAL)
        assert (await Person(simulator, "doctor").smtp(DOCTOR, [PATIENT, HOSPITAL], first)).code == 250
        await _bring(simulator, "hospital", HOSPITAL, "secret", In_Reply_To="<bonjour@test>")
        [row] = [row for row in await patient.inbox(PATIENT) if row["subject"] == "secret"]
        path = f"/mailboxes/{PATIENT}/conversations/{row['conversation_id']}"
        assert {side["answers_to"] for side in (await carer.get(path))["patients"]} == {DOCTOR, HOSPITAL}
        await mask(patient, f"messages/{row['id']}")
        assert {side["answers_to"] for side in (await carer.get(path))["patients"]} == {DOCTOR}
        assert {side["answers_to"] for side in (await patient.get(path))["patients"]} == {DOCTOR, HOSPITAL}
