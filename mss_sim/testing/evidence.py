"""What a failed test is shown of its world: the sessions that matter, and what was waited for in vain.

Of the sessions those that had a refusal, or, when none had, the newest; of each the refusals with what led to them, and its end.
Credentials are masked where they are kept; what is shown here is masked once more, by all passwords and keys that the ready document tells.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from itertools import chain, islice
from urllib.parse import urlencode

from mss_sim.testing.asking import RestRefused, ask, control
from mss_sim.testing.documents import Ready
from mss_sim.testing.results import Session, TranscriptLine, WaitedInVain
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionVerdict

_LOOKED_AT = 50
_SHOWN = 3
_BEFORE = 2
_CHARS_MAX = 200
_MASK = "********"
_REFUSED_MAIL, _REFUSED_IMAP = re.compile(r"[45][0-9][0-9][ -]"), re.compile(r"\S+ (?:NO|BAD)\b")
_REFUSED_HTTP = re.compile(r"HTTP/1\.1 [45][0-9][0-9]")
_REFUSED_LDAP = re.compile(r"\d+ \w+ (?!0 |5 |6 )\d+ ")
_REFUSED = {Door.IMAP: _REFUSED_IMAP, Door.SMTP: _REFUSED_MAIL, Door.MX: _REFUSED_MAIL, Door.LDAP: _REFUSED_LDAP}
_EVENTS = ("the TLS handshake failed", "a TLS handshake on a port", "refused:", "fault ")
_CAPABILITIES = re.compile(r"250-|\* CAPABILITY|\S+ OK CAPABILITY|\S+ CAPABILITY$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one world: the sessions that matter, the oldest first, how many more there were, waits that were not met."""

    world: str
    sessions: tuple[Session, ...]
    more: int
    in_vain: tuple[WaitedInVain, ...]
    roles: dict[str, str]
    """Who plays which role, by idNat."""
    secrets: tuple[str, ...]


async def sessions(ready: Ready, *, door: str | None = None, who: str | None = None, limit: int = _LOOKED_AT) -> list[Session]:
    """The newest sessions with their lines, the newest first."""
    asked = urlencode({"limit": limit, **{name: value for name, value in (("door", door), ("who", who)) if value is not None}})
    found = []
    for one in (await ask(control(ready, "GET", f"/evidence?{asked}")))["items"]:
        try:
            found.append(Session.read(await ask(control(ready, "GET", f"/evidence/{one['id']}"))))
        except RestRefused:  # the oldest are forgotten first
            continue
    return found


async def gather(world: str, ready: Ready, in_vain: Sequence[WaitedInVain], after: str = "") -> Evidence:
    """What there is to show of a world; nothing of its sessions when it answers no more."""
    try:
        found = [one for one in await sessions(ready) if one.id > after]
    except (OSError, HTTPException, RestRefused):
        found = []
    refused = [one for one in found if one.verdict is not SessionVerdict.CLEAN]
    shown = (refused or found)[:_SHOWN]
    psc = ready["psc"]["client_secret"]
    secrets = {psc, ready["control_key"] or "", *(one["password"] for one in ready["personas"])} - {""}
    roles = {one["idnat"]: one["role"] for one in ready["personas"]}
    ordered = tuple(sorted(secrets, key=len, reverse=True))
    return Evidence(world, tuple(reversed(shown)), len(found) - len(shown), tuple(in_vain), roles, ordered)


def is_refusal(door: Door, line: TranscriptLine) -> bool:
    """Whether a line refuses something, or tells of something that went wrong."""
    if line.side == "-":
        return line.text.startswith(_EVENTS)
    return line.side == "S" and bool(_REFUSED.get(door, _REFUSED_HTTP).match(line.text))


def sections(found: Evidence, lines: int) -> list[tuple[str, str]]:
    """Title and text of what a report shows, of at most so many lines of sessions."""
    shown = []
    if found.in_vain:
        shown.append((f"mss-sim: waited for in vain in {found.world}", masked("\n".join(map(str, found.in_vain[-_SHOWN:])), found.secrets)))
    if found.sessions and lines > 0:
        each = max(1, lines // len(found.sessions))
        told = [line for one in found.sessions for line in _told(one, found.roles, each)]
        told += [f"({found.more} more sessions: world.sessions(), or GET /control/evidence)"] if found.more else []
        shown.append((f"mss-sim: what was said in {found.world}", masked("\n".join(told), found.secrets)))
    return shown


def _told(one: Session, roles: dict[str, str], most: int) -> list[str]:
    """A session: who it was, then the lines that matter, with `…` where some are left out."""
    who = roles.get(one.who, one.who) if one.who else "nobody logged in"
    facts = ", ".join([one.tls or "no TLS", *filter(None, (one.client, one.mailbox))])
    told, before = [f"{one.door.value} from {one.peer} at {one.opened_at:%H:%M:%S}: {who} ({facts})"], -1
    for at in _chosen(one, most):
        if at != before + 1:
            told.append("    …")
        line, before = one.lines[at], at
        text = line.text if len(line.text) <= _CHARS_MAX else f"{line.text[:_CHARS_MAX]}…"
        told.append(f"    {line.side} {text}")
    return told


def _chosen(one: Session, most: int) -> list[int]:
    """Which lines matter: refusals with those before them, the newest first; then the last ones."""
    plain = [at for at, line in enumerate(one.lines) if not _CAPABILITIES.match(line.text)]
    refused = [at for at, line in enumerate(one.lines) if is_refusal(one.door, line)]
    wanted = [near for at in reversed(refused) for near in range(at, max(-1, at - _BEFORE - 1), -1)]
    return sorted(islice(dict.fromkeys(chain(wanted, reversed(plain))), most))


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text without these."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return text
