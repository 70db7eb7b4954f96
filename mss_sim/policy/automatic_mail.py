"""What a mailbox does by itself with a letter that arrives: answer that nobody is there, or pass it on.

The first row that fits speaks (ref: rfc3834#2, rfc5230#4.6):

| the letter                                                       | is answered       | is forwarded    |
|------------------------------------------------------------------|-------------------|-----------------|
| has no return path, or is a report or a receipt                  | no: `report`      | no: `report`    |
| says Auto-Submitted, and not `no`                                | no: `automatic`   | no: `automatic` |
| has a List- field, or Precedence `bulk`, `junk` or `list`        | no: `list`        | yes             |
| comes from `mailer-daemon`, `owner-…`, `…-request` and the like  | no: `list`        | yes             |
| comes from the mailbox itself                                    | no: `own`         | yes             |
| names the mailbox neither in To nor in Cc                        | no: `not-named`   | yes             |
| comes from somebody who was answered in this period              | no: `answered`    | yes             |
| was forwarded by this mailbox or by the target before            | yes               | no: `loop`      |
| was forwarded so often, or went through so many servers, already | yes               | no: `loop`      |
| any other                                                        | yes               | yes             |
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from mss_sim.clock import DAY, Micros
from mss_sim.vocabulary.mail import Silence

_ROBOTS = frozenset({"mailer-daemon", "listserv", "majordomo"})
_SERVERS_MAX = 100  # ref: rfc5321#6.3


@dataclass(frozen=True, slots=True)
class Arrival:
    """A letter as it arrives in a mailbox. `sender` is the return path, empty for the null one; `named` are the people of To and Cc.

    `passed` are the mailboxes that forwarded it, `hops` the servers that took it.
    """

    mailbox: str
    sender: str
    named: Collection[str] = ()
    is_report: bool = False
    automatic: bool = False
    bulk: bool = False
    passed: Collection[str] = field(default=())
    hops: int = 0


def silence(letter: Arrival, answered_at: Micros | None, at: Micros, days: int) -> Silence | None:
    """Why no out-of-office answer is due now; None when one is. `answered_at`: when this sender was last answered."""
    common = _of_machines(letter)
    if common is not None:
        return common
    if letter.bulk or _is_robot(letter.sender):
        return Silence.LIST
    if letter.sender == letter.mailbox:
        return Silence.OWN
    if letter.mailbox not in letter.named:
        return Silence.NOT_NAMED
    return Silence.ANSWERED if answered_at is not None and at < answered_at + days * DAY else None


def not_forwarded(letter: Arrival, target: str, hops_max: int) -> Silence | None:
    """Why a letter is not passed on to `target`; None when it is. `hops_max`: how often one letter is forwarded at most."""
    common = _of_machines(letter)
    if common is not None:
        return common
    looping = letter.mailbox in letter.passed or target in letter.passed
    return Silence.LOOP if looping or len(letter.passed) >= hops_max or letter.hops >= _SERVERS_MAX else None


def _of_machines(letter: Arrival) -> Silence | None:
    if not letter.sender or letter.is_report:
        return Silence.REPORT
    return Silence.AUTOMATIC if letter.automatic else None


def _is_robot(sender: str) -> bool:
    local = sender.rpartition("@")[0]
    return local in _ROBOTS or local.startswith("owner-") or local.endswith("-request")
