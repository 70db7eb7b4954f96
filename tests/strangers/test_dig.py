"""dig asks the simulated DNS, over UDP and TCP."""

import asyncio
import shutil
import socket
import subprocess

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.faults.actions import Reply, Truncate
from mss_sim.vocabulary.faults import Point
from tests.conftest import StartSimulator


async def _dig(simulator: Simulator, *question: str) -> str:
    assert shutil.which("dig"), "install bind9-dnsutils: make strangers does"
    port = simulator.ready()["dns"]["port"]
    command = ["dig", "@127.0.0.1", "-p", str(port), "+noall", "+comments", "+answer", "+tries=1", "+time=5", *question]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
async def test_a_client_finds_its_servers_from_the_domain_alone(start: StartSimulator, transport: str) -> None:
    async with start(dns_port=0) as simulator:
        ready = simulator.ready()
        for name, kind, expected in (
            ("cabinet.sim.mssante.fr", "MX", "10 mail.sim.mssante.fr."),
            ("mail.sim.mssante.fr", "A", "127.0.0.1"),
            ("autoconfig.cabinet.sim.mssante.fr", "A", "127.0.0.1"),
            ("_imap._tcp.Cabinet.sim.mssante.fr", "SRV", f"0 1 {ready['imap']['port']} mail.sim.mssante.fr."),
            ("_submission._tcp.cabinet.sim.mssante.fr", "SRV", f"0 1 {ready['submission']['port']} mail.sim.mssante.fr."),
            ("_imaps._tcp.cabinet.sim.mssante.fr", "SRV", "0 0 0 ."),
        ):
            said = await _dig(simulator, transport, name, kind)
            assert "status: NOERROR" in said
            assert " aa" in said
            assert said.strip().endswith(expected), said
        asked = [(one.transport, one.name, one.kind) for one in simulator.dns.asked]
        assert (transport.removeprefix("+").replace("notcp", "udp"), "_imap._tcp.Cabinet.sim.mssante.fr", "SRV") in asked


async def test_what_is_cut_short_is_asked_for_again_over_tcp(start: StartSimulator) -> None:
    """dig takes the answer for one of its own only if it repeats the question (ref: rfc1035#4.1.1)."""
    async with start(dns_port=0) as simulator:
        simulator.world.faults.add(Point.DNS, Truncate(0))
        said = await _dig(simulator, "+additional", "cabinet.sim.mssante.fr", "MX")
        assert "Truncated, retrying in TCP mode" in said
        assert said.strip().endswith("10 mail.sim.mssante.fr."), said
        assert [one.transport for one in simulator.dns.asked] == ["udp", "tcp"]


@pytest.mark.parametrize("code", ["NXDOMAIN", "NOTIMP"])
async def test_a_failure_is_of_the_question_that_was_put(start: StartSimulator, code: str) -> None:
    async with start(dns_port=0) as simulator:
        simulator.world.faults.add(Point.DNS, Reply(code))
        said = await _dig(simulator, "+additional", "+question", "cabinet.sim.mssante.fr", "MX")
        assert f"status: {code}" in said
        assert ";cabinet.sim.mssante.fr." in said
        assert "(fault " in said
        assert "mismatch" not in said


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("example.org", "A", "REFUSED"),
        ("sim.mssante.fr", "MX", "REFUSED"),
        ("nulle-part.cabinet.sim.mssante.fr", "A", "NXDOMAIN"),
        ("cabinet.sim.mssante.fr", "TXT", "NOERROR"),
        ("_tcp.cabinet.sim.mssante.fr", "A", "NOERROR"),
    ],
)
async def test_what_is_not_there_is_told_apart(start: StartSimulator, name: str, kind: str, status: str) -> None:
    async with start(dns_port=0) as simulator:
        said = await _dig(simulator, name, kind)
        assert f"status: {status}" in said
        assert "ANSWER: 0" in said


async def test_noise_is_answered_or_dropped_and_the_server_stays(start: StartSimulator) -> None:
    async with start(dns_port=0) as simulator:
        where = ("127.0.0.1", simulator.ready()["dns"]["port"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
            for noise in (b"", b"x", b"\xff" * 11, b"\xff" * 600, b"\x00\x01\x00\x00\xff\xff" + b"\x00" * 6, bytes(range(256))):
                noisy.sendto(noise, where)
        assert "127.0.0.1" in await _dig(simulator, "mail.sim.mssante.fr", "A")
