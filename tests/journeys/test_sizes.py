"""How large a message may be: the sender's limit counts, then each recipient's, the same at every door."""

import json
from email.policy import SMTP

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Peer, Person, control, letter
from tests.conftest import StartSimulator

OPERATOR = {"name": "Clinique du Lac", "domains": ["lac.sim.mssante.fr"], "message_size_bytes_max": 30_000}
ROUX = "roux@lac.sim.mssante.fr"


async def _clinic(simulator: Simulator) -> None:
    """A new operator that takes more than the others, and its one doctor, who also works at the practice."""
    doctor = Person(simulator, "doctor")
    for path, body in (
        ("/operators", OPERATOR),
        ("/mailboxes", {"address": ROUX, "kind": "PER", "owner_idnat": doctor.idnat, "quota_bytes": 1_000_000}),
    ):
        assert (await control(simulator, "POST", path, body)).status_code == 201


def _of(size_bytes: int, sender: str, to: str) -> bytes:
    """A letter of exactly that many bytes."""
    raw = letter(sender, to, text="x").as_bytes(policy=SMTP)
    rest = size_bytes - len(raw)
    lines, left = divmod(rest, 80)
    return raw + b"".join([b"y" * 78 + b"\r\n"] * (lines - 1)) + b"z" * (78 + left) + b"\r\n"


@pytest.mark.parametrize(("size", "accepted"), [(30_000, True), (30_001, False)], ids=["exactly the limit", "one byte more"])
async def test_an_operator_with_a_larger_limit_sends_as_much_through_every_door(start: StartSimulator, size: int, accepted: bool) -> None:
    async with start(message_size_bytes_max=10_000) as simulator:
        await _clinic(simulator)
        doctor = Person(simulator, "doctor")
        raw = _of(size, ROUX, ROUX)
        assert len(raw) == size
        reply = await doctor.smtp(ROUX, ROUX, raw)
        assert (reply.code, reply.enhanced) == ((250, "2.0.0") if accepted else (552, "5.3.4"))
        answer = await doctor.post_raw(ROUX, _of(size, ROUX, ROUX))
        assert answer.status_code == (201 if accepted else 413), answer.text
        assert len(await doctor.inbox(ROUX)) == (2 if accepted else 0)


@pytest.mark.parametrize("beyond", [0, 1], ids=["exactly the limit", "one byte more"])
async def test_a_request_has_half_as_much_again_as_the_letter_and_a_megabyte(start: StartSimulator, beyond: int) -> None:
    async with start(message_size_bytes_max=10_000) as simulator:
        body = json.dumps({"to": [PRACTICE], "subject": "Bonjour", "text": "Bonjour."}).encode().ljust(1_015_000 + beyond)
        answer = await Person(simulator, "doctor").rest(
            "POST", f"/mailboxes/{DOCTOR}/messages", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == (413 if beyond else 201), answer.text


async def test_the_recipients_limit_counts_without_the_trace_that_is_written_on_top(start: StartSimulator) -> None:
    async with start(message_size_bytes_max=10_000) as simulator:
        await _clinic(simulator)
        assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], _of(10_000, HOSPITAL, PRACTICE))).code == 250
        refused = await Peer(simulator).send(HOSPITAL, [PRACTICE], _of(10_001, HOSPITAL, PRACTICE))
        assert (refused.code, refused.enhanced) == (552, "5.3.4")
        assert (await Peer(simulator).send(HOSPITAL, [ROUX], _of(30_000, HOSPITAL, ROUX))).code == 250


@pytest.mark.parametrize(("size", "code"), [(10_000, 250), (10_001, 552)], ids=["exactly the limit", "one byte more"])
async def test_a_letter_of_the_largest_size_arrives_with_the_trace_that_others_wrote_on_top(
    start: StartSimulator, size: int, code: int
) -> None:
    async with start(message_size_bytes_max=10_000) as simulator:
        largest = await control(simulator, "PATCH", "/operators/Laboratoire%20du%20Parc", {"message_size_bytes_max": 10_000})
        assert largest.status_code == 200
        assert (await Peer(simulator).extensions())["size"] == "10000"
        traced = b"Received: from a.example by b.example; Mon, 2 Mar 2026 10:00:00 +0100\r\n" * 100
        assert (await Peer(simulator).send(HOSPITAL, [PRACTICE], traced + _of(size, HOSPITAL, PRACTICE))).code == code


async def test_an_operator_without_a_limit_has_that_of_the_settings(start: StartSimulator) -> None:
    async with start(message_size_bytes_max=10_000) as simulator:
        await _clinic(simulator)
        assert (await control(simulator, "POST", "/operators", {"name": "Sans", "domains": ["sans.sim.mssante.fr"]})).status_code == 201
        to = "roux@sans.sim.mssante.fr"
        mailbox = {"address": to, "kind": "PER", "owner_idnat": Person(simulator, "doctor").idnat}
        assert (await control(simulator, "POST", "/mailboxes", mailbox)).status_code == 201
        refused = await Peer(simulator).send(HOSPITAL, [to], _of(10_001, HOSPITAL, to))
        assert (refused.code, refused.enhanced) == (552, "5.3.4")
        assert (await Peer(simulator).send(HOSPITAL, [to], _of(10_000, HOSPITAL, to))).code == 250


async def test_the_servers_announce_what_the_largest_operator_takes(start: StartSimulator) -> None:
    async with start() as simulator:
        assert (await Peer(simulator).extensions())["size"] == "25000000"
        assert (await control(simulator, "POST", "/operators", {**OPERATOR, "message_size_bytes_max": 30_000_000})).status_code == 201
        assert (await Peer(simulator).extensions())["size"] == "30000000"
