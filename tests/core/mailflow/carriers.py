"""Who carries letters out of a town: a server that answers as it is told."""

import asyncio
from dataclasses import dataclass, field

from mss_sim.core.mailflow.outbound_interface import RecipientReply, RelayJob, RelayResult
from mss_sim.words.sentence import quoted

TAKEN = RecipientReply("2.0.0", quoted("250 2.0.0 taken"), "mx.example")
LATER = RecipientReply("4.4.1", quoted("421 4.4.1 busy"), "mx.example")
NEVER = RecipientReply("5.1.1", quoted("550 5.1.1 nobody here"), "mx.example")


@dataclass
class Carrier:
    """Takes what it is given, and keeps it; `answers` by address where they are not all `usual`."""

    usual: RecipientReply = TAKEN
    dsn: bool = True
    answers: dict[str, RecipientReply] = field(default_factory=dict)
    jobs: list[RelayJob] = field(default_factory=list)

    async def carry(self, job: RelayJob) -> RelayResult:
        """Answer for each recipient."""
        self.jobs.append(job)
        return RelayResult({one.address: self.answers.get(one.address, self.usual) for one in job.envelope.recipients}, self.dsn)


class Slow:
    """A transport that takes the letter when it is let."""

    def __init__(self, answer: str = "250 2.0.0 taken") -> None:
        self.tries = 0
        self.answer = RecipientReply(answer.split()[1], quoted(answer))
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def carry(self, job: RelayJob) -> RelayResult:
        """Waits, then takes it."""
        self.tries += 1
        self.begun.set()
        await self.go_on.wait()
        return RelayResult({one.address: self.answer for one in job.envelope.recipients}, dsn=True)
