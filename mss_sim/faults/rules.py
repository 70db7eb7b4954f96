"""A rule: where, when, what. Matching is by exact value or by a pattern with one `*`; there are no regular expressions."""

import re
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.faults.actions import Action, Duplicate, Mask, Renew, Reply, bad, check, kind_of, within
from mss_sim.vocabulary.faults import END_OF_DATA, GREETING, VERBS, FaultKind, Point
from mss_sim.words.sentence import say

_K = FaultKind
_WIRE = frozenset({_K.REPLY, _K.DELAY, _K.THROTTLE, _K.DROP, _K.MALFORMED})
_HTTP = _WIRE | {_K.TRUNCATE}

CAN: dict[Point, frozenset[FaultKind]] = {
    Point.SUBMISSION: _WIRE | {_K.MASK, _K.DUPLICATE},
    Point.MX: _WIRE | {_K.MASK, _K.DUPLICATE},
    Point.IMAP: _WIRE | {_K.MASK, _K.RENEW},
    Point.IMAP_DATA: frozenset({_K.DROP, _K.DUPLICATE, _K.TRUNCATE, _K.MALFORMED}),
    Point.REST: _HTTP,
    Point.PSC: _HTTP,
    Point.WHITE_LIST: _HTTP,
    Point.DIRECTORY: _HTTP,
    Point.DIRECTORY_INDEX: frozenset({_K.HOLD}),
    Point.CLOCK: frozenset({_K.SKEW}),
    Point.AIA: frozenset({_K.BEHAVE}),
    Point.CRL: frozenset({_K.BEHAVE}),
    Point.OCSP: frozenset({_K.BEHAVE}),
    Point.LDAP: frozenset({_K.BEHAVE}),
    Point.DNS: frozenset({_K.REPLY, _K.DELAY, _K.DROP, _K.TRUNCATE, _K.MALFORMED}),
    Point.DELIVERY: frozenset({_K.REPLY, _K.DELAY}),
    Point.QUEUE: frozenset({_K.REPLY, _K.DELAY, _K.DROP, _K.DUPLICATE}),
    Point.READ_RECEIPT: frozenset({_K.DROP, _K.DELAY, _K.DUPLICATE}),
    Point.PATIENT: frozenset({_K.HOLD}),
    Point.BOUNCE: frozenset({_K.MALFORMED}),
}
"""What each point can do; the essay of the package shows it as a table."""

_SIZE = frozenset({"size_min", "size_max"})
_LETTER = frozenset({"address", "sender", "recipient"}) | _SIZE
KNOWN: dict[Point, frozenset[str]] = {
    Point.SUBMISSION: frozenset({"identity", "client", "verb"}) | _LETTER,
    Point.MX: frozenset({"client", "verb"}) | _LETTER,
    Point.IMAP: frozenset({"address", "identity", "client", "verb", "folder"}) | _SIZE,
    Point.IMAP_DATA: frozenset({"address", "identity", "client"}) | _SIZE,
    Point.REST: frozenset({"address", "identity", "client", "verb", "path"}) | _SIZE,
    Point.PSC: frozenset({"client", "verb"}),
    Point.CLOCK: frozenset({"identity"}),
    Point.AIA: frozenset({"client"}),
    Point.CRL: frozenset({"client"}),
    Point.OCSP: frozenset({"client"}),
    Point.LDAP: frozenset({"client"}),
    Point.WHITE_LIST: frozenset({"client"}),
    Point.DIRECTORY: frozenset({"client", "verb", "path"}),
    Point.DIRECTORY_INDEX: frozenset(),
    Point.DNS: frozenset({"address", "client", "verb"}),
    Point.DELIVERY: _LETTER,
    Point.QUEUE: _LETTER,
    Point.READ_RECEIPT: frozenset({"address", "sender", "recipient", "identity"}),
    Point.PATIENT: frozenset({"address"}),
    Point.BOUNCE: frozenset({"address", "sender", "recipient"}),
}
"""What is known at each point when it asks: a rule that wants more would never fire."""

_CODES: dict[Point, re.Pattern[str]] = {
    **dict.fromkeys((Point.SUBMISSION, Point.MX, Point.DELIVERY, Point.QUEUE), re.compile(r"[45][0-5][0-9]")),
    Point.IMAP: re.compile(r"NO|BAD|BYE"),
    **dict.fromkeys((Point.REST, Point.PSC, Point.WHITE_LIST, Point.DIRECTORY), re.compile(r"[45][0-9][0-9]")),
    Point.DNS: re.compile(r"SERVFAIL|REFUSED|NXDOMAIN|NOTIMP|FORMERR"),
}
_STATUSES: dict[Point, re.Pattern[str]] = {
    **dict.fromkeys((Point.SUBMISSION, Point.MX, Point.DELIVERY, Point.QUEUE), re.compile(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}")),
    Point.IMAP: re.compile(r"[A-Z][A-Z-]{1,40}"),
}
_PATTERN_CHARS_MAX = 320
_SIZE_MAX = 10**12
_COUNT_MAX = 1_000_000


class Facts(NamedTuple):
    """What is known where a point asks. `mailboxes`: recipients, or the mailbox that is asked for; `identities`: login and idNat.
    `folders`: the name of one, and its special use.

    `size_bytes` is that of the letter, the request or the response.
    """

    verb: str = ""
    sender: str = ""
    mailboxes: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    client: str = ""
    path: str = ""
    folders: tuple[str, ...] = ()
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule is for; what is None is not looked at. `address` is any of sender, recipient, mailbox."""

    address: str | None = None
    sender: str | None = None
    recipient: str | None = None
    identity: str | None = None
    client: str | None = None
    verb: str | None = None
    path: str | None = None
    folder: str | None = None
    size_min: int | None = None
    size_max: int | None = None

    def fits(self, facts: Facts) -> bool:
        """Whether these facts are meant."""
        if self.verb is not None and self.verb != facts.verb:
            return False
        if self.size_min is not None or self.size_max is not None:
            size = facts.size_bytes
            if size is None or size < (self.size_min or 0) or (self.size_max is not None and size > self.size_max):
                return False
        return (
            (self.address is None or any(_like(self.address, one) for one in (facts.sender, *facts.mailboxes)))
            and (self.sender is None or _like(self.sender, facts.sender))
            and (self.recipient is None or any(_like(self.recipient, one) for one in facts.mailboxes))
            and (self.identity is None or any(_like(self.identity, one) for one in facts.identities))
            and (self.client is None or _like(self.client, facts.client))
            and (self.folder is None or any(_like(self.folder, one) for one in facts.folders))
            and (self.path is None or _leads(self.path, facts.path))
        )


@dataclass(frozen=True, slots=True)
class FaultRule:
    """From its `nth` matching occurrence on, the action is taken `count` times at most (None: always), until `ends_at`."""

    id: str
    point: Point
    action: Action
    made_at: Micros
    ends_at: Micros
    match: Match = field(default_factory=Match)
    nth: int = 1
    count: int | None = 1


def checked(point: Point, match: Match, action: Action, delay_seconds_max: float) -> Match:
    """The match of a rule that can fire, with the verb that its action belongs to; Refusal(INVALID) for one that cannot."""
    if kind_of(action) not in CAN[point]:
        can = ", ".join(sorted(CAN[point]))
        raise bad("action", say("At {point} there is no {kind}; there is: {can}.", point=point.value, kind=kind_of(action).value, can=can))
    check(action, delay_seconds_max)
    if isinstance(action, Reply):
        _check_reply(point, action)
    for one in fields(match):
        if getattr(match, one.name) is not None and one.name not in KNOWN[point]:
            known = ", ".join(sorted(KNOWN[point]))
            raise bad(one.name, say("At {point} {name} is not known; {known} is.", point=point.value, name=one.name, known=known))
    for name in ("address", "sender", "recipient", "identity", "client", "folder", "path"):
        _check_pattern(name, getattr(match, name))
    for name in ("size_min", "size_max"):
        within(name, getattr(match, name) or 0, 0, _SIZE_MAX)
    if match.path is not None and not match.path.startswith("/api/"):
        raise bad("path", say("path begins with /api/: nothing else of HTTP is matched by it, and /control and health never fail."))
    return _with_verb(point, match, action)


def check_numbers(nth: int, count: int | None) -> None:
    """Refusal(INVALID) for what cannot be counted."""
    within("nth", nth, 1, _COUNT_MAX)
    within("count", 1 if count is None else count, 1, _COUNT_MAX)


def _check_reply(point: Point, action: Reply) -> None:
    if not _CODES[point].fullmatch(action.code):
        codes = _CODES[point].pattern.replace("|", ", ")
        raise bad("code", say("{code} is no failure at {point}: {codes}.", code=action.code[:20], point=point.value, codes=codes))
    expected = _STATUSES.get(point)
    if action.status and (expected is None or not expected.fullmatch(action.status) or _disagree(point, action)):
        raise bad("status", say("{status} does not go with {code}.", status=action.status[:40], code=action.code))


def _disagree(point: Point, action: Reply) -> bool:
    return point is not Point.IMAP and action.status[0] != action.code[0]


def _check_pattern(name: str, pattern: str | None) -> None:
    if pattern is None:
        return
    if not pattern or len(pattern) > _PATTERN_CHARS_MAX or not pattern.isprintable() or pattern.count("*") > 1:
        raise bad(name, say("{name} is a value, or a pattern with one * such as *@patient.mssante.fr.", name=name))
    if pattern in ("*", "/*", "/api/*"):
        raise bad(name, say("{name} would match everything: leave it out to mean all of the point.", name=name))


def _with_verb(point: Point, match: Match, action: Action) -> Match:
    verb = match.verb.upper() if match.verb is not None else None
    own = {Mask: GREETING if point is Point.IMAP else "EHLO", Renew: "SELECT"}.get(type(action))
    if isinstance(action, Duplicate) and point in (Point.SUBMISSION, Point.MX):
        own = END_OF_DATA
    if verb is not None and verb not in VERBS[point]:
        verbs = ", ".join(sorted(VERBS[point]))
        raise bad("verb", say("{point} has no {verb}; it has: {verbs}.", point=point.value, verb=verb[:40], verbs=verbs))
    if own is not None and verb not in (None, own):
        raise bad("verb", say("This action belongs to {verb}.", verb=own))
    return Match(**{**{one.name: getattr(match, one.name) for one in fields(match)}, "verb": own or verb})


def _like(pattern: str, value: str) -> bool:
    """Whether a value is the pattern, or begins and ends as it does around its `*`; in any case."""
    head, star, tail = pattern.lower().partition("*")
    found = value.lower()
    return found == head if not star else len(found) >= len(head) + len(tail) and found.startswith(head) and found.endswith(tail)


def _leads(template: str, path: str) -> bool:
    """Whether a path is of a template such as /api/v1/mailboxes/{address}/messages; a `*` at its end is any rest."""
    whole = template.removesuffix("*")
    wanted, found = whole.split("/"), path.split("/")
    if whole != template:
        *firsts, last = wanted
        if len(found) < len(wanted) or not found[len(firsts)].startswith(last):
            return False
        wanted, found = firsts, found[: len(firsts)]
    return len(wanted) == len(found) and all(
        one == other or (one[:1] == "{" and one[-1:] == "}") for one, other in zip(wanted, found, strict=True)
    )
