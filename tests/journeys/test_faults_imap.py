"""IMAP that fails on purpose, as a mail program meets it."""

import asyncio
import imaplib
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, ImapClient, Person, control, letter
from tests.faulty import fail, fired, lift, preset, transcribed

_LOGIN = (f"{PRACTICE}*sophie.petit", "cabinet-2026")


async def played(simulator: Simulator, play: Callable[[imaplib.IMAP4], Any]) -> Any:
    """What imaplib got, in a thread of its own, logged in."""
    ready = simulator.ready()

    def run() -> Any:
        client = imaplib.IMAP4("localhost", ready["imap"]["port"], timeout=10)
        try:
            client.starttls(ssl.create_default_context(cafile=ready["ca_file"]))
            client.login(*_LOGIN)
            return play(client)
        finally:
            client.shutdown()

    return await asyncio.to_thread(run)


@pytest.fixture
async def filled(simulator: Simulator) -> Simulator:
    """A world whose practice has one letter of some size."""
    answer = await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE], subject="Essai", text="mot " * 500)
    assert answer.status_code == 201
    await simulator.core.queue.work()
    return simulator


# The first line, and the answers


async def test_the_first_line_says_bye_or_nothing(simulator: Simulator) -> None:
    rule = await fail(simulator, "imap", "reply", match={"verb": "GREETING"}, code="BYE", status="UNAVAILABLE", text="full")
    await fail(simulator, "imap", "drop", match={"verb": "GREETING"})
    with pytest.raises(imaplib.IMAP4.error):
        await played(simulator, lambda client: None)
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        await played(simulator, lambda client: None)
    await played(simulator, lambda client: None)
    assert await transcribed(simulator, rule)


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        ("NOOP", "NOOP"),
        ("SELECT", "SELECT INBOX"),
        ("LIST", 'LIST "" *'),
        ("STATUS", "STATUS INBOX (MESSAGES)"),
        ("UID FETCH", "UID FETCH 1 (FLAGS)"),
        ("STORE", "STORE 1 +FLAGS (\\Flagged)"),
        ("IDLE", "IDLE"),
    ],
)
async def test_a_verb_answers_no_once(filled: Simulator, verb: str, command: str) -> None:
    client = await ImapClient.open(filled, *_LOGIN)
    await client.ask("SELECT INBOX")
    match = {"verb": verb, "identity": "sophie.petit", "address": PRACTICE}
    rule = await fail(filled, "imap", "reply", match=match, code="NO", status="UNAVAILABLE", text="try later")
    assert await client.ask(command) == [f"NO [UNAVAILABLE] try later (fault {rule})"]
    if verb == "IDLE":
        await client.idle()
        await client.done()
    else:
        assert (await client.ask(command))[-1].startswith("OK")
    await client.close()
    assert await fired(filled, rule) == 1


async def test_a_log_in_fails_for_one_person_alone(simulator: Simulator) -> None:
    await fail(simulator, "imap", "reply", match={"verb": "LOGIN", "identity": "paul.durand"}, code="NO", count=None)
    await fail(simulator, "imap", "reply", match={"verb": "LOGIN", "identity": "sophie.petit"}, code="NO", status="INUSE")
    with pytest.raises(imaplib.IMAP4.error, match="INUSE"):
        await played(simulator, lambda client: None)
    await played(simulator, lambda client: None)


async def test_authenticate_fails_for_one_person_alone(simulator: Simulator) -> None:
    """Who logs in is known when the exchange is over, with an initial response or without."""

    def plain(client: imaplib.IMAP4) -> Any:
        client.authenticate("PLAIN", lambda _: b"\0sophie.petit\0cabinet-2026")

    async def authenticate() -> None:
        ready = simulator.ready()

        def run() -> None:
            client = imaplib.IMAP4("localhost", ready["imap"]["port"], timeout=10)
            try:
                client.starttls(ssl.create_default_context(cafile=ready["ca_file"]))
                plain(client)
            finally:
                client.shutdown()

        await asyncio.to_thread(run)

    match = {"verb": "AUTHENTICATE"}
    other = await fail(simulator, "imap", "reply", match={**match, "identity": "paul.durand"}, code="NO", count=None)
    rule = await fail(simulator, "imap", "reply", match={**match, "identity": "sophie.*"}, code="NO", status="INUSE")
    with pytest.raises(imaplib.IMAP4.error, match=f"INUSE.*{rule}"):
        await authenticate()
    await authenticate()
    assert (await fired(simulator, other), await fired(simulator, rule)) == (0, 1)
    assert await transcribed(simulator, rule)


async def test_a_connection_ends_with_bye_and_another_without(filled: Simulator) -> None:
    client = await ImapClient.open(filled, *_LOGIN)
    rule = await fail(filled, "imap", "reply", match={"verb": "NOOP"}, code="BYE", text="going away")
    client.writer.write(b"a NOOP\r\n")
    assert await client.line() == f"* BYE going away (fault {rule})"
    with pytest.raises(EOFError):
        await client.line()
    for moment, heard in (("before", []), ("unanswered", []), ("answered", ["a OK completed"])):
        await fail(filled, "imap", "drop", match={"verb": "NOOP"}, moment=moment)
        client = await ImapClient.open(filled, *_LOGIN)
        client.writer.write(b"a NOOP\r\na NOOP\r\n")
        assert (await client.reader.read()).decode().splitlines() == heard


async def test_a_flag_is_set_though_its_answer_never_comes(filled: Simulator) -> None:
    client = await ImapClient.open(filled, *_LOGIN)
    await client.ask("SELECT INBOX")
    await fail(filled, "imap", "drop", match={"verb": "STORE"}, moment="unanswered")
    with pytest.raises(EOFError):
        await client.ask("STORE 1 +FLAGS (\\Flagged)")
    again = await ImapClient.open(filled, *_LOGIN)
    await again.ask("SELECT INBOX")
    assert "\\Flagged" in (await again.ask("FETCH 1 (FLAGS)"))[0]
    await again.close()


async def test_answers_are_late_trickle_or_make_no_sense(filled: Simulator) -> None:
    client = await ImapClient.open(filled, *_LOGIN)
    await client.ask("SELECT INBOX")
    await fail(filled, "imap", "delay", match={"verb": "NOOP"}, seconds=0.4)
    await fail(filled, "imap", "throttle", match={"verb": "FETCH"}, bytes_per_second=5_000)
    rule = await fail(filled, "imap", "malformed", match={"verb": "CHECK"})
    begun = time.monotonic()
    await client.ask("NOOP")
    assert time.monotonic() - begun >= 0.4
    begun = time.monotonic()
    assert (await client.ask("FETCH 1 (BODY.PEEK[])"))[-1].startswith("OK")
    assert time.monotonic() - begun >= 0.4  # over 2,000 bytes
    assert await client.ask("CHECK") == [f"?? (fault {rule})"]
    assert (await client.ask("CHECK"))[-1].startswith("OK")
    await client.close()


# Untagged data


async def test_data_is_cut_doubled_or_malformed(filled: Simulator) -> None:
    def fetched(client: imaplib.IMAP4) -> Any:
        client.select("INBOX")
        return client.fetch("1", "(RFC822.SIZE BODY.PEEK[])")[1]

    whole = (await played(filled, fetched))[0][1]
    await fail(filled, "imap-data", "truncate", match={"size_min": 1_000}, after_bytes=100)
    assert (await played(filled, fetched))[0][1] == whole[:100]
    await fail(filled, "imap-data", "duplicate", match={"address": PRACTICE})
    assert [part[1] for part in await played(filled, fetched) if isinstance(part, tuple)] == [whole, whole]
    client = await ImapClient.open(filled, *_LOGIN)
    await client.ask("SELECT INBOX")
    rule = await fail(filled, "imap-data", "malformed")
    assert await client.ask("FETCH 1 (FLAGS)") == [f"* 1 FETCH (((fault {rule})", "OK FETCH completed"]
    assert len(await client.ask("FETCH 1 (FLAGS)")) == 2
    await client.close()


async def test_a_connection_breaks_in_the_middle_of_a_letter(filled: Simulator) -> None:
    rule = await fail(filled, "imap-data", "drop", moment="middle", after_bytes=500)

    def fetched(client: imaplib.IMAP4) -> Any:
        client.select("INBOX")
        return client.fetch("1", "(BODY.PEEK[])")

    with pytest.raises(imaplib.IMAP4.abort):
        await played(filled, fetched)
    assert (await played(filled, fetched))[0] == "OK"
    assert await transcribed(filled, rule)


# Presets


async def test_append_to_sent_fails_and_to_drafts_does_not(simulator: Simulator) -> None:
    (rule,) = await preset(simulator, "append-to-sent-fails")
    raw = letter(PRACTICE, HOSPITAL).as_bytes()

    def filed(client: imaplib.IMAP4) -> list[Any]:
        return [client.append(folder, "", "", raw) for folder in ("Sent", "Drafts")]

    sent, drafts = await played(simulator, filed)
    assert sent == ("NO", [f"[UNAVAILABLE] the letter was not filed (fault {rule})".encode()])
    assert drafts[0] == "OK"


async def test_slow_imap(filled: Simulator) -> None:
    await preset(filled, "slow-imap", seconds=0.3, bytes_per_second=5_000)
    begun = time.monotonic()
    client = await ImapClient.open(filled, *_LOGIN)
    assert time.monotonic() - begun >= 0.6
    await client.close()


async def test_the_uidvalidity_changes_when_a_folder_is_selected_next(filled: Simulator) -> None:
    def selected(client: imaplib.IMAP4) -> int:
        client.select("INBOX")
        return int(client.response("UIDVALIDITY")[1][0])

    before = await played(filled, selected)
    await preset(filled, "uidvalidity-change", address=PRACTICE)
    changed = await played(filled, selected)
    assert changed > before
    assert await played(filled, selected) == changed
    told = await Person(filled, "doctor").get(f"/mailboxes/{PRACTICE}/folders")
    assert changed in [one["uid_validity"] for one in told]
    assert before not in [one["uid_validity"] for one in told]


async def test_a_poor_operator_offers_less_and_refuses_what_it_does_not_offer(simulator: Simulator) -> None:
    await preset(simulator, "poor-operator")
    client = await ImapClient.open(simulator, *_LOGIN)
    words = (await client.ask("CAPABILITY"))[0].split()
    assert not {"IDLE", "MOVE", "UIDPLUS", "CONDSTORE", "QRESYNC", "SORT", "ESEARCH"} & set(words)
    assert "IMAP4rev1" in words
    for command in ("IDLE", "NAMESPACE", "ENABLE CONDSTORE"):
        assert (await client.ask(command))[-1].startswith("BAD")
    await client.close()
    await lift(simulator)
    client = await ImapClient.open(simulator, *_LOGIN)
    assert "IDLE" in (await client.ask("CAPABILITY"))[0].split()
    await client.close()


async def test_a_hidden_starttls_is_refused(simulator: Simulator) -> None:
    await fail(simulator, "imap", "mask", words=["STARTTLS"])
    reader, writer = await asyncio.open_connection("localhost", simulator.ready()["imap"]["port"])
    assert b"STARTTLS" not in await reader.readline()
    writer.write(b"a STARTTLS\r\n")
    assert (await reader.readline()).startswith(b"a BAD")
    writer.close()


async def test_a_reset_world_has_no_faults(simulator: Simulator) -> None:
    await fail(simulator, "imap", "reply", code="NO", count=None)
    assert (await control(simulator, "POST", "/reset")).is_success
    assert (await control(simulator, "GET", "/faults")).json() == []
    await played(simulator, lambda client: client.noop())
