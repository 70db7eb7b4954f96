"""A message as it is stored: read once, with the row that lists show."""

import threading

import pytest

from mss_sim.core.mailbox.message_to_store import read_message, stored, without_holding
from mss_sim.errors import Rule
from mss_sim.mail.parse import parse
from tests.core.towns import OpenTown, Town, refused

RAW = (
    b"From: \xc3\x89lodie <a@b.fr>\r\nTo: B <b@c.fr>\r\nCc: c@d.fr\r\nSubject: R\xc3\xa9sultat\r\nMessage-ID: <1@test>\r\n"
    b"Date: Mon, 05 Jan 2026 09:00:00 +0100\r\nDisposition-Notification-To: a@b.fr\r\n\r\nBonjour\r\n"
)


def test_the_row_is_what_lists_and_searches_need_and_counts_what_was_put_on_top() -> None:
    whole, row, envelope, text = stored(7, RAW, parse(RAW), return_path="x@y.fr", fields=[("X-A", "b")], at=5)
    assert whole == b"X-A: b\r\n" + RAW
    assert (row.id, row.thread_id, row.size_bytes, row.received_at) == (7, 7, len(whole), 5)
    assert (row.rfc_message_id, row.subject, row.return_path) == ("<1@test>", "Résultat", "x@y.fr")
    assert (row.from_search, row.to_search, row.subject_search) == ("elodie a@b.fr", "b b@c.fr  c@d.fr", "resultat")
    assert (row.sent_at, row.has_attachments) == (1_767_600_000_000_000, False)
    assert b'"<1@test>"' in envelope
    assert (text.startswith("resultat elodie"), "bonjour" in text) == (True, True)


def test_without_fields_the_bytes_are_those_that_came() -> None:
    whole, row, *_ = stored(7, RAW, parse(RAW), return_path=None, fields=(), at=5)
    assert (whole, row.size_bytes, row.return_path) == (RAW, len(RAW), None)


@pytest.mark.parametrize("raw", [b"From: a@b.fr\r\n\r\na\x00b\r\n", b"Subject: \x00\r\n\r\nx\r\n"])
async def test_what_may_not_be_stored_is_refused(town: Town, raw: bytes) -> None:
    with refused(Rule.MALFORMED_MESSAGE, "The message is refused: "):
        await read_message(town.world, raw)


async def test_what_a_message_may_hold_is_a_setting(open_town: OpenTown) -> None:
    many = b"".join(b"X-%d: x\r\n" % number for number in range(20)) + b"\r\nx\r\n"
    async with open_town() as town:
        assert len((await read_message(town.world, many)).headers.all("X-7")) == 1
    async with open_town(message_header_count_max=10) as town:
        with refused(Rule.MALFORMED_MESSAGE):
            await read_message(town.world, many)


@pytest.mark.parametrize(("raw", "aside"), [(RAW, False), (RAW + b"x" * 2_000_000, True)])
async def test_what_takes_long_is_done_beside_the_loop(raw: bytes, aside: bool) -> None:
    thread = await without_holding(raw, threading.get_ident)
    assert (thread != threading.get_ident()) == aside
