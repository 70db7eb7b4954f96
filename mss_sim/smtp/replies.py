"""Every reply of the two SMTP servers: number, enhanced code, text (ref: rfc5321#4.2, rfc3463).

`REPLIES` is the one table that maps refusals to SMTP; its counterpart for HTTP is `http/problems.py`, and a test compares both with the
rules. The codes for recipients come from `policy/receipts`, because notifications show the same ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from mss_sim.errors import Failure, Refusal, Rule
from mss_sim.evidence.refusals import Why, whys
from mss_sim.mail.headers import readable
from mss_sim.mail.plain import in_ascii
from mss_sim.policy.closure import WRITING_RULES
from mss_sim.policy.receipts import DIAGNOSTICS
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import Sentence, joined, quoted, say

_TEXT_OCTETS_MAX = 512 - len(b"250 \r\n")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, of one line unless its text is long. `enhanced` is empty where RFC 2034 defines none (greeting, EHLO, 334, 354).

    `whys` are the rules that refused, for evidence; none where the protocol alone does.
    """

    code: int
    enhanced: str
    text: Sentence
    whys: tuple[Why, ...] = field(default=(), compare=False)

    def line(self, language: Language, *, utf8: bool = False) -> bytes:
        """The reply as sent: in ASCII, accents taken off, unless the client said SMTPUTF8 (ref: rfc6531#3.7.4.1).

        A line has at most 512 octets; what is longer goes on in lines with the same codes (ref: rfc5321#4.5.3.1.5, rfc2034#4).
        """
        return _line(self, language, utf8)


@lru_cache(maxsize=256)  # nearly all replies are one of a few
def _line(reply: Reply, language: Language, utf8: bool) -> bytes:
    text = reply.text.in_language(language)
    words = readable(f"{reply.enhanced} {text}" if reply.enhanced else text)
    octets = words.encode("utf-8", "replace") if utf8 else in_ascii(words).encode("ascii")
    pieces = [octets]
    if len(octets) > _TEXT_OCTETS_MAX:
        code = f"{reply.enhanced} ".encode() if reply.enhanced else b""
        pieces = [code + piece for piece in _pieces(octets.removeprefix(code), _TEXT_OCTETS_MAX - len(code))]
    last = len(pieces) - 1
    return b"".join(b"%d%b%b\r\n" % (reply.code, b" " if at == last else b"-", piece) for at, piece in enumerate(pieces))


def _pieces(octets: bytes, most: int) -> Iterator[bytes]:
    """A text in pieces of at most `most` octets, cut at blanks where there are some, never within a letter."""
    while len(octets) > most:
        at = octets.rfind(b" ", 1, most + 1)
        if at < 0:
            at = next(end for end in range(most, 0, -1) if octets[end] & 0xC0 != 0x80)
        yield octets[:at]
        octets = octets[at:].removeprefix(b" ")
    yield octets


REPLIES: dict[Rule, tuple[int, str]] = {
    **DIAGNOSTICS,
    Rule.PEER_NOT_TRUSTED: (554, "5.7.0"),
    Rule.WHITE_LIST_STALE: (451, "4.7.1"),
    Rule.AUTHENTICATION_REQUIRED: (530, "5.7.0"),
    Rule.AUTHENTICATION_FAILED: (535, "5.7.8"),
    Rule.AUTHORIZATION_FAILED: (535, "5.7.8"),
    Rule.TOO_MANY_CONNECTIONS: (421, "4.7.0"),
    Rule.TOO_MANY_PASSWORDS: (421, "4.7.0"),
    Rule.HOST_UNKNOWN: (550, "5.7.1"),
    Rule.HEAD_TOO_LARGE: (500, "5.5.2"),
    Rule.REQUEST_TOO_SLOW: (421, "4.4.2"),
    Rule.SEND_NOT_ALLOWED: (550, "5.7.1"),
    Rule.RIGHT_MISSING: (550, "5.7.1"),
    Rule.TOO_MANY_RECIPIENTS: (452, "4.5.3"),
    Rule.NO_RECIPIENT: (554, "5.5.1"),
    Rule.MALFORMED_MESSAGE: (554, "5.6.0"),
    Rule.STORE_UNAVAILABLE: (451, "4.3.0"),
    Rule.INVALID: (501, "5.5.4"),
    Rule.NOT_FOUND: (550, "5.1.1"),
    Rule.LIMIT_REACHED: (550, "5.5.0"),
    Rule.IN_CHARGE: (550, "5.7.1"),
    Rule.CONFLICT: (550, "5.5.0"),
    Rule.GRANT_NOT_ALLOWED: (550, "5.7.1"),
    Rule.GRANTEE_NOT_ALLOWED: (550, "5.7.1"),
    Rule.SUCCESSOR_REQUIRED: (550, "5.7.1"),
    Rule.RECEIPT_NOT_REQUESTED: (550, "5.7.1"),
    Rule.RECEIPT_ALREADY_SENT: (550, "5.7.1"),
    Rule.RECEIPT_NEEDS_CONSENT: (550, "5.7.1"),
    Rule.RECEIPT_OPTION_UNKNOWN: (550, "5.7.1"),
    Rule.IDEMPOTENCY_MISMATCH: (550, "5.5.0"),
    Rule.CONTROL_FORBIDDEN: (550, "5.7.1"),
}
_AT_MAIL: dict[Rule, tuple[int, str]] = {Rule.SEND_NOT_ALLOWED: (553, "5.7.1")}
"""MAIL FROM names the mailbox itself, so the reply is the one for addresses (ref: rfc5321#4.2.3)."""


def refused(refusal: Refusal, *, at_mail: bool = False) -> Reply:
    """The reply that shows a refusal; the reference of its rule comes last, after the rule itself where a patient may not write."""
    code, enhanced = (_AT_MAIL.get(refusal.rule) if at_mail else None) or REPLIES[refusal.rule]
    if isinstance(refusal, Failure):
        code, enhanced = refusal.code, refusal.status
    named = (refusal.rule if refusal.rule in WRITING_RULES else None, refusal.reference)
    source = ", ".join(filter(None, named))
    source = f" ({source})" if source else ""
    return Reply(code, enhanced, joined((refusal.detail, source)), whys(refusal))


def _by(rule: Rule | None, reply: Reply, reference: str | None = None) -> Reply:
    """A reply that is always the same, and the rule behind it."""
    return replace(reply, whys=(Why(rule and rule.value, reply.text, reference),))


OK = Reply(250, "2.0.0", quoted("OK"))
SENDER_OK = Reply(250, "2.1.0", quoted("Sender OK"))
RECIPIENT_OK = Reply(250, "2.1.5", quoted("Recipient OK"))
RESET = Reply(250, "2.0.0", quoted("Flushed"))
START_TLS = Reply(220, "2.0.0", quoted("Ready to start TLS"))
SEND_DATA = Reply(354, "", quoted("End data with <CR><LF>.<CR><LF>"))
AUTHENTICATED = Reply(235, "2.7.0", quoted("Authentication succeeded"))
BYE = Reply(221, "2.0.0", quoted("Bye"))
VRFY = Reply(252, "2.5.0", say("Cannot VRFY user; send some mail and see"))
SYNTAX = Reply(500, "5.5.2", say("Command not recognised; HELP lists the commands"))
LINE_TOO_LONG = Reply(500, "5.5.6", say("Line too long"))
NOT_IMPLEMENTED = Reply(502, "5.5.1", say("Command not implemented"))
BAD_SEQUENCE_HELLO = Reply(503, "5.5.1", say("Say EHLO first"))
BAD_SEQUENCE_MAIL = Reply(503, "5.5.1", say("Say MAIL FROM first"))
BAD_SEQUENCE_RCPT = Reply(503, "5.5.1", say("Say RCPT TO first; no recipient was accepted"))
BAD_SEQUENCE_NESTED = Reply(503, "5.5.1", say("A mail transaction is open; finish it or say RSET"))
BAD_SEQUENCE_AUTH = Reply(503, "5.5.1", say("Already authenticated"))
BAD_SEQUENCE_TLS = Reply(503, "5.5.1", say("TLS is active already"))
TLS_FIRST = _by(Rule.AUTHENTICATION_REQUIRED, Reply(530, "5.7.0", say("Must issue a STARTTLS command first (rfc3207#4)")), "rfc3207#4")
AUTH_FIRST = _by(Rule.AUTHENTICATION_REQUIRED, Reply(530, "5.7.0", say("Authentication required (rfc4954#6)")), "rfc4954#6")
AUTH_CANCELLED = Reply(501, "5.7.0", say("Authentication cancelled"))
AUTH_UNREADABLE = Reply(501, "5.5.2", say("The response cannot be read"))
AUTH_NOT_OFFERED = Reply(
    502, "5.5.1", say("This port is for operators, known by their certificate: log in at the submission port (ref2#ECO.1.2.1)")
)
TLS_AT_ONCE = _by(
    None, Reply(421, "4.7.0", say("This port begins in clear: choose STARTTLS in your client, not SSL or TLS (rfc3207#4)")), "rfc3207#4"
)
INJECTION = Reply(503, "5.5.1", say("Commands after STARTTLS in the same packet are not executed (rfc3207#4.2)"))
TOKEN_EXPIRED = _by(
    Rule.AUTHENTICATION_FAILED, Reply(421, "4.7.0", say("The token that opened this connection has expired, log in again with a fresh one"))
)
TOO_MANY_CONNECTIONS = _by(
    Rule.TOO_MANY_CONNECTIONS, Reply(421, "4.7.0", say("Too many connections, try again later")), "quirks#connections"
)
TIMEOUT = Reply(421, "4.4.2", say("Idle too long, goodbye"))
INTERNAL = Reply(451, "4.3.0", say("Internal error; nothing was kept, try again later"))
HELP = Reply(214, "2.0.0", quoted("EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT (RFC 5321)"))


def leaving(why: Sentence) -> Reply:
    """421: the server ends the connection by its own will (ref: rfc5321#3.8)."""
    return Reply(421, "4.3.2", why)


def syntax(expected: Sentence) -> Reply:
    """501: the arguments of a known command cannot be read."""
    return Reply(501, "5.5.4", say("Syntax: {expected}", expected=expected))


def unknown_parameter(name: str) -> Reply:
    """555: a parameter of MAIL or RCPT that was not announced (ref: rfc5321#4.1.1.11)."""
    return Reply(555, "5.5.4", say("Parameter {name} not recognised or badly written", name=name))
