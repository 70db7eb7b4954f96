"""A letter on its way: where it left from, whose mailboxes are local to it, what is written above it and answered to its sender."""

from typing import Any

import pytest

from mss_sim.core.mailflow.letter import (
    Addressee,
    Delivered,
    Envelope,
    FromPeer,
    Letter,
    Missed,
    OfServer,
    Origin,
    Relayed,
    RoutedLetter,
    Submitted,
    TriedAgain,
    answer_of,
    prepare,
    trace_fields,
)
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.parse import parse
from mss_sim.policy.delegation import SendAs
from mss_sim.policy.routing import Disposal
from mss_sim.store import mailboxes
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import SendMode
from mss_sim.words.sentence import quoted
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import OpenTown, Town

RAW = b"From: a@b.fr\r\nSubject: x\r\nMessage-ID: <1@test>\r\n\r\nBonjour\r\n"
PATH = "chemin@medecin.sim.mssante.fr"


def _letter(town: Town, origin: Origin, *, sender: str = PATH, to: tuple[str, ...] = (PRACTICE,)) -> Letter:
    envelope = Envelope(sender, tuple(map(Addressee, to)))
    return prepare(town.world, RAW, parse(RAW), envelope, origin, fields=[("X-A", "b")], door=Door.SMTP, at=town.clock.now())


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (Submitted(HOSPITAL, 7, 1), {"sent_from": HOSPITAL, "left_from": HOSPITAL, "operator_id": 7, "tried_before": False}),
        (FromPeer(), {"sent_from": None, "left_from": PATH, "operator_id": None, "tried_before": False, "trace_bytes": 0}),
        (FromPeer(HOSPITAL, None, 9), {"sent_from": None, "left_from": HOSPITAL, "trace_bytes": 9}),
        (OfServer(7), {"sent_from": None, "left_from": PATH, "operator_id": 7}),
        (TriedAgain(HOSPITAL), {"sent_from": HOSPITAL, "left_from": HOSPITAL, "operator_id": None, "tried_before": True}),
        (TriedAgain(None), {"sent_from": None, "left_from": PATH, "tried_before": True}),
    ],
)
async def test_where_a_letter_left_from_is_told_by_how_it_came(town: Town, origin: Origin, expected: dict[str, Any]) -> None:
    made = _letter(town, origin)
    assert {name: getattr(made, name) for name in expected} == expected
    assert made.submitted == (origin if isinstance(origin, Submitted) else None)


async def test_what_a_peer_brings_is_followed_by_nobody_here(town: Town) -> None:
    assert _letter(town, FromPeer()).submission_id is None
    made = _letter(town, Submitted(HOSPITAL, 7, 1))
    assert made.submission_id is not None
    assert (made.raw, made.row.id, made.row.return_path) == (b"X-A: b\r\n" + RAW, made.id, PATH)


async def test_the_server_writes_the_path_and_itself_above_a_letter_and_names_a_recipient_who_is_alone(open_town: OpenTown) -> None:
    one, two = (Envelope(PATH, tuple(map(Addressee, people))) for people in ([PRACTICE], [PRACTICE, DOCTOR]))
    async with open_town(hostname="mx.ici.fr") as town:
        first = trace_fields(town.world, one, protocol="ESMTPSA", peer="[192.0.2.1]", at=town.clock.now())
        assert first == [
            ("Return-Path", f"<{PATH}>"),
            ("Received", f"from [192.0.2.1]\r\n\tby mx.ici.fr with ESMTPSA\r\n\tfor <{PRACTICE}>;\r\n\tMon, 05 Jan 2026 08:00:00 +0000"),
        ]
        second = trace_fields(town.world, two, protocol="ESMTP", peer="x", at=town.clock.now())
        assert "for <" not in second[1][1]
    async with open_town(message_trace_headers=False) as silent:
        assert trace_fields(silent.world, one, protocol="ESMTP", peer="x", at=0) == []


async def test_what_is_answered_says_what_became_of_each_recipient(town: Town) -> None:
    box = (await town.world.store.read(mailboxes.lock_for_delivery, [PRACTICE]))[PRACTICE]
    refusal = Refusal(Rule.MAILBOX_FULL, quoted("full"))
    routed = RoutedLetter(_letter(town, Submitted(HOSPITAL, 7, 1)), 1, SendAs(SendMode.AS))
    routed.delivered.append(Delivered(Addressee("a"), box, elsewhere=False))
    routed.relayed.append(Relayed(Addressee("b")))
    routed.missed += [
        Missed(Addressee(name), way, refusal) for name, way in zip("cde", (Disposal.DEFER, Disposal.BOUNCE, Disposal.REFUSE), strict=True)
    ]
    told = answer_of(routed)
    kinds = {one.address: (one.kind, one.refusal) for one in told.outcomes}
    assert kinds == {
        "a": (TimelineKind.DELIVERED, None),
        "b": (TimelineKind.SUBMITTED, None),
        "c": (TimelineKind.RELAYED, refusal),
        "d": (TimelineKind.FAILED, refusal),
        "e": (TimelineKind.FAILED, refusal),
    }
    assert (told.mode, told.left_from, told.sent_in, told.rfc_message_id) == (SendMode.AS, HOSPITAL, None, "<1@test>")
    routed.sent_in = [box]
    assert answer_of(routed).sent_in == PRACTICE
