"""The queue with transports that misbehave: each try counts, none is made twice at once, a slow server is waited for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiosmtplib import SMTP

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.mailflow.transport import RecipientReply, RelayJob, RelayResult
from mss_sim.smtp.outbound import _hand_over
from tests.clients import HOSPITAL, PRACTICE, Person
from tests.conftest import StartSimulator


class Broken:
    """A transport with a defect."""

    tries = 0

    async def carry(self, job: RelayJob) -> RelayResult:
        """Raises, which no transport should."""
        self.tries += 1
        raise RuntimeError(f"a defect with {job.receiver.name}")


class Slow:
    """A transport that takes the letter when it is let."""

    def __init__(self) -> None:
        self.tries = 0
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def carry(self, job: RelayJob) -> RelayResult:
        """Waits, then takes it."""
        self.tries += 1
        self.begun.set()
        await self.go_on.wait()
        return RelayResult({one.address: RecipientReply("2.0.0", "250 2.0.0 taken") for one in job.envelope.recipients}, dsn=True)


@pytest.fixture
async def world(start: StartSimulator, clock: ManualClock, database: str | None) -> AsyncIterator[Simulator]:
    async with start(clock=clock, relay="smtp", database_url=database) as running:
        yield running


async def _kinds(world: Simulator) -> list[str]:
    newest = (await Person(world, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    return [event["kind"] for event in newest["recipients"][0]["events"]]


async def _until(world: Simulator, clock: ManualClock, kind: str, step: timedelta) -> None:
    for _ in range(200):
        if (await _kinds(world))[-1] == kind:
            return
        clock.advance(step)
        await asyncio.sleep(0.02)
    raise AssertionError(await _kinds(world))


async def test_a_try_that_raises_counts_and_the_letter_grows_old(world: Simulator, clock: ManualClock) -> None:
    broken = Broken()
    world.core.queue.transport = broken
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
    await _until(world, clock, "delayed", timedelta(minutes=20))
    assert broken.tries > 1
    await _until(world, clock, "failed", timedelta(hours=6))
    assert await _kinds(world) == ["submitted", "delayed", "failed"]


async def test_a_clock_that_jumps_does_not_make_a_second_try_beside_the_first(world: Simulator, clock: ManualClock) -> None:
    slow = Slow()
    world.core.queue.transport = slow
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
    await asyncio.wait_for(slow.begun.wait(), 10)
    clock.advance(timedelta(hours=1))  # past the lease
    await asyncio.sleep(0.3)
    slow.go_on.set()
    await _until(world, clock, "delivered", timedelta(0))
    assert slow.tries == 1


@asynccontextmanager
async def _server(pause_seconds: float) -> AsyncIterator[int]:
    """A mail server that thinks for a while after the final dot."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        while line := await reader.readline():
            if line.startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(pause_seconds)
            writer.write(b"250 ok\r\n")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    await asyncio.wait_for(gone.wait(), 10)
    server.close()
    await server.wait_closed()


async def test_a_server_that_thinks_after_the_dot_is_waited_for_longer_than_a_connection() -> None:
    async with _server(1.0) as port:
        client = SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=0.3)
        await client.connect()
        await client.ehlo()
        carried = await _hand_over(client, Envelope(HOSPITAL, (Addressee(PRACTICE),)), b"Subject: x\r\n\r\nx\r\n")
        client.close()
    assert carried.answers[PRACTICE] == RecipientReply("2.0.0", "250 ok", "127.0.0.1")


async def test_a_letter_that_comes_as_the_simulator_stops_does_not_keep_it_up(simulator: Simulator) -> None:
    """Woken and cancelled in one turn of the loop, the queue went on for ever, and the simulator never stopped."""
    woken = asyncio.Event()
    queue = Queue(simulator.world, Delivery(simulator.world, woken.set), woken, None)
    for _ in range(3):
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(0.2)  # it waits for something to do by now
        woken.set()
        running.cancel()
        _, pending = await asyncio.wait([running], timeout=2)
        assert not pending, "it did not hear that it was cancelled"
        assert running.cancelled()
