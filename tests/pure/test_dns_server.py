"""The DNS responder, question by question: what it answers, what it writes down, and what a fault makes of either."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from dnslib import AAAA, CLASS, MX, QTYPE, RCODE, SRV, A, DNSRecord

from mss_sim.clock import ManualClock
from mss_sim.dns.server import Question, Responder
from mss_sim.faults.actions import Delay, Drop, Malformed, Reply, Truncate
from mss_sim.faults.faults import FaultLimits, Faults
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.faults import Point

_HOST, _CLIENT = "host.sim.mssante.fr", "127.0.0.1"
_MANY = 40
_RECORDS: dict[str, Sequence[tuple[str, str]] | bool] = {
    f"{_HOST}.": [
        ("MX", "10 mail.sim.mssante.fr."),
        ("SRV", "1 2 993 imap.sim.mssante.fr."),
        ("A", "127.0.0.1"),
        ("AAAA", "::1"),
    ],
    "empty.sim.mssante.fr.": True,
    "many.sim.mssante.fr.": [("A", f"127.0.0.{one}") for one in range(_MANY)],
    "maX.": [("A", "127.0.0.1")],
}


async def _zone(name: str) -> Sequence[tuple[str, str]] | bool:
    if not name.endswith((".sim.mssante.fr.", "X.")):
        raise LookupError(name)
    return _RECORDS.get(name, False)


class _World:
    """A responder with its clock and its faults."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.faults = Faults(self.clock, lambda: "7", FaultLimits(10, 60, 600, 60))
        self.responder = Responder(_zone, self.clock, faults=self.faults)

    def octets(self, kind: str, name: str = _HOST, *, transport: str = "udp", client: str = _CLIENT) -> bytes | None:
        query = DNSRecord.question(name, kind)
        query.header.id = 4711
        return asyncio.run(self.responder.answer(bytes(query.pack()), client, transport))

    def asked(self, kind: str, name: str = _HOST, **by: str) -> DNSRecord:
        """The answer, which repeats the question: resolvers drop one that does not as none of theirs."""
        octets = self.octets(kind, name, **by)
        assert octets is not None
        answer = DNSRecord.parse(octets)
        assert [(str(one.qname), QTYPE[one.qtype]) for one in answer.questions] == [(f"{name}.", kind)]
        return answer


@pytest.fixture
def world() -> _World:
    return _World()


def _head(answer: DNSRecord) -> dict[str, int]:
    return {name: getattr(answer.header, name) for name in ("id", "qr", "aa", "tc", "ra", "rcode")}


def _is(**differing: int) -> dict[str, int]:
    """The header of an answer from the zone itself, but for this."""
    return {"id": 4711, "qr": 1, "aa": 1, "tc": 0, "ra": 0, "rcode": RCODE.NOERROR, **differing}


@pytest.mark.parametrize(
    ("kind", "rdata"),
    [
        ("MX", MX("mail.sim.mssante.fr", 10)),
        ("SRV", SRV(1, 2, 993, "imap.sim.mssante.fr")),
        ("A", A("127.0.0.1")),
        ("AAAA", AAAA("::1")),
    ],
)
def test_a_record_is_told_field_by_field(world: _World, kind: str, rdata: Any) -> None:
    answer = world.asked(kind)
    assert _head(answer) == _is()
    assert [(str(one.rname), QTYPE[one.rtype], one.rdata, one.ttl) for one in answer.rr] == [(f"{_HOST}.", kind, rdata, 60)]
    assert not answer.auth


def test_who_asks_for_any_is_told_all(world: _World) -> None:
    assert [QTYPE[one.rtype] for one in world.asked("ANY").rr] == ["MX", "SRV", "A", "AAAA"]


@pytest.mark.parametrize(
    ("name", "head", "comes_from"),
    [
        (_HOST, _is(), True),
        ("empty.sim.mssante.fr", _is(), True),
        ("none.sim.mssante.fr", _is(rcode=RCODE.NXDOMAIN), True),
        ("example.org", _is(aa=0, rcode=RCODE.REFUSED), False),
    ],
    ids=["no record of that kind", "no record at all", "no such name", "not ours"],
)
def test_where_there_is_nothing_the_zone_says_so_and_how_long_that_holds(
    world: _World, name: str, head: dict[str, int], comes_from: bool
) -> None:
    answer = world.asked("TXT", name)
    assert (_head(answer), answer.rr) == (head, [])
    assert [str(one.rname) for one in answer.auth] == ([f"{name}."] if comes_from else [])
    for one in answer.auth:
        found = one.rdata
        assert (QTYPE[one.rtype], one.ttl, str(found.mname), str(found.rname)) == (
            "SOA",
            60,
            "ns.sim.mssante.fr.",
            "hostmaster.sim.mssante.fr.",
        )
        assert found.times == (1, 3_600, 600, 86_400, 60)


def test_what_is_longer_than_a_datagram_is_asked_for_again_over_tcp(world: _World) -> None:
    cut, whole = (world.asked("A", "many.sim.mssante.fr", transport=transport) for transport in ("udp", "tcp"))
    assert (_head(cut), len(cut.rr)) == (_is(tc=1), 0)
    assert (_head(whole), len(whole.rr)) == (_is(), _MANY)


@pytest.mark.parametrize(("letters", "tc"), [(14, 0), (15, 1)])
def test_a_datagram_has_512_bytes(letters: int, tc: int) -> None:
    """A header of 12 bytes, a question of 6 and the name, and 16 for each host: 512 in all, or 513 (ref: rfc1035#2.3.4)."""

    async def zone(_: str) -> Sequence[tuple[str, str]] | bool:
        return [("A", "127.0.0.1")] * 30

    query = bytes(DNSRecord.question("a" * letters, "A").pack())
    answer = asyncio.run(Responder(zone, ManualClock()).answer(query, _CLIENT, "udp"))
    assert answer is not None
    assert (DNSRecord.parse(answer).header.tc, len(answer)) == (tc, len(query) if tc else 512)


def test_another_kind_of_message_is_not_spoken(world: _World) -> None:
    """A STATUS, an UPDATE, anything that is no query (ref: rfc1035#4.1.1)."""
    for opcode in range(1, 16):
        octets = (4711).to_bytes(2) + bytes([opcode << 3]) + bytes(9)
        answer = asyncio.run(world.responder.answer(octets, _CLIENT, "udp"))
        assert answer is not None
        assert _head(DNSRecord.parse(answer)) == _is(aa=0, rcode=RCODE.NOTIMP)
    assert not world.responder.asked


def test_what_was_asked_is_written_down(world: _World) -> None:
    began = world.clock.now()
    world.asked("MX")
    world.clock.advance(timedelta(seconds=1))
    world.asked("A", "maX", transport="tcp", client="127.0.0.9")
    assert list(world.responder.asked) == [
        Question(began, _CLIENT, "udp", _HOST, "MX"),
        Question(began + 1_000_000, "127.0.0.9", "tcp", "maX", "A"),
    ]


def test_the_last_500_questions_are_kept(world: _World) -> None:
    for one in range(501):
        world.octets("A", f"h{one}.sim.mssante.fr")
    assert (len(world.responder.asked), world.responder.asked[0].name) == (500, "h1.sim.mssante.fr")


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "NXDOMAIN", "NOTIMP", "FORMERR"])
def test_a_fault_answers_with_a_code_and_its_name_beside_it(world: _World, code: str) -> None:
    world.faults.add(Point.DNS, Reply(code))
    answer = world.asked("MX")
    assert _head(answer) == _is(aa=0, rcode=getattr(RCODE, code))
    _names_the_rule(answer)
    assert _head(world.asked("MX")) == _is()


def _names_the_rule(answer: DNSRecord) -> None:
    (mark,) = answer.ar
    assert (str(mark.rname), QTYPE[mark.rtype], mark.rclass, mark.rdata.data, mark.ttl) == ("fault.", "TXT", CLASS.CH, [b"(fault 7)"], 0)


def test_a_fault_cuts_the_answer_short(world: _World) -> None:
    world.faults.add(Point.DNS, Truncate(0))
    answer = world.asked("MX")
    assert (_head(answer), answer.rr) == (_is(tc=1), [])
    _names_the_rule(answer)


def test_a_fault_answers_what_nobody_can_read(world: _World) -> None:
    whole = world.octets("MX")
    assert whole is not None
    world.faults.add(Point.DNS, Malformed())
    assert world.octets("MX") == whole[:12] + b"\xff\xff(fault 7)"


def test_a_fault_answers_nothing(world: _World) -> None:
    world.faults.add(Point.DNS, Drop())
    assert world.octets("MX") is None
    assert [one.kind for one in world.responder.asked] == ["MX"]


def test_a_fault_lets_the_client_wait_for_the_answer_as_it_is(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    whole = world.octets("MX")
    world.faults.add(Point.DNS, Delay(2.5))
    assert (world.octets("MX"), waited) == (whole, [2.5])


@pytest.mark.parametrize(
    ("match", "fires"),
    [
        (Match(verb="MX"), True),
        (Match(verb="A"), False),
        (Match(address=_HOST), True),
        (Match(address="other.sim.mssante.fr"), False),
        (Match(client=_CLIENT), True),
        (Match(client="127.0.0.9"), False),
    ],
)
def test_a_fault_is_for_a_kind_a_name_or_a_client(world: _World, match: Match, fires: bool) -> None:
    world.faults.add(Point.DNS, Drop(), match)
    assert (world.octets("MX") is None) == fires


def test_a_fault_may_name_a_name_that_ends_in_an_x(world: _World) -> None:
    world.faults.add(Point.DNS, Drop(), Match(address="maX"))
    assert world.octets("A", "maX") is None
