"""How a letter leaves for another operator: the interface between the queue and an SMTP client.

The core declares the protocol, `smtp/outbound.py` implements it, `app/simulator.py` connects them.
"""

from dataclasses import dataclass
from typing import Protocol

from mss_sim.core.mailflow.letter import Envelope
from mss_sim.store.operators import Operator
from mss_sim.words.sentence import Sentence, joined, say


@dataclass(frozen=True, slots=True)
class RelayJob:
    """One letter for the mailboxes of one operator, from another; `raw` as it goes out. `limit_seconds` bounds the whole attempt."""

    sender: Operator
    receiver: Operator
    envelope: Envelope
    raw: bytes
    limit_seconds: float


@dataclass(frozen=True, slots=True)
class RecipientReply:
    """The outcome for one recipient: the SMTP reply on one line (`550 5.1.1 ...`), its enhanced status, and the replying server.

    `wait_seconds`: when the next try is, where a fault says so.
    """

    status: str
    reply: Sentence
    host: str | None = None
    wait_seconds: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the other server has accepted it."""
        return self.status.startswith("2")

    @property
    def final(self) -> bool:
        """Whether another attempt would be useless."""
        return not self.status.startswith("4")


def ours(code: int, status: str, why: Sentence, host: str | None = None) -> RecipientReply:
    """What stands for a reply where no server gave one; `why` in our own words."""
    return RecipientReply(status, joined((f"{code} {status} ", why)), host)


DELIVERED = ours(250, "2.1.5", say("Delivered"))


@dataclass(frozen=True, slots=True)
class RelayResult:
    """One answer per recipient; `dsn`: the other server took over what the sender wants to hear (ref: rfc3461#5.2.1)."""

    answers: dict[str, RecipientReply]
    dsn: bool = False


class Transport(Protocol):
    """Carries letters between operators."""

    async def carry(self, job: RelayJob) -> RelayResult:
        """Try once; every failure is an answer, none is raised."""
