"""The arguments of MAIL and RCPT, read strictly; bytes of a command line in, values out (ref: rfc5321#4.1.2)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from mss_sim.mail.addresses import POSTMASTER, AddressError, canonical
from mss_sim.smtp import replies
from mss_sim.smtp.replies import Reply
from mss_sim.vocabulary.mail import Notify
from mss_sim.words.sentence import Sentence, say, sentence_of

_PATH = re.compile(r'\s*+<(?:@[^:<>]*+:)?(?P<address>(?:"(?:[^"\\]|\\.)*+"|[^"<>\s])*+)>(?P<rest>(?:[ \t].*)?)\Z', re.DOTALL)
_PARAMETER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[^\s=\x00-\x1f\x7f]+))?\Z")
_WORD = re.compile(r"[^ \t]+")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*\Z")  # ref: rfc3461#4
_ENVELOPE_ID_CHARS_MAX = 100  # ref: rfc3461#4.4
_ORIGINAL_CHARS_MAX = 500  # ref: rfc3461#4.2
_MAIL = say("MAIL FROM:<address> [parameters]")
_RCPT = say("RCPT TO:<address> [parameters]")


class CommandError(Exception):
    """The command cannot be executed; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class MailCommand:
    """MAIL FROM: canonical sender (empty: null path) and the announced parameters."""

    sender: str
    size_bytes: int = 0
    smtputf8: bool = False
    return_full: bool = False
    envelope_id: str | None = None


@dataclass(frozen=True, slots=True)
class RcptCommand:
    """RCPT TO: canonical recipient and its DSN parameters; `original` as it appears in Original-Recipient.

    The recipient `postmaster` alone has no domain (ref: rfc5321#4.5.1).
    """

    recipient: str
    notify: frozenset[Notify] = frozenset()
    original: str | None = None


@lru_cache(maxsize=256)  # the same few senders and recipients write to each other repeatedly
def read_mail(argument: str) -> MailCommand:
    """The argument of MAIL; CommandError otherwise."""
    text = _after_keyword(argument, "FROM:", _MAIL)
    address, parameters = _path(text, _MAIL)
    values: dict[str, object] = {}
    for name, value in parameters:
        match name:
            case "SIZE" if value and value.isascii() and value.isdecimal() and len(value) <= 20:  # ref: rfc1870#3
                values["size_bytes"] = int(value)
            case "BODY" if value and value.upper() in ("7BIT", "8BITMIME"):  # ref: rfc6152
                pass
            case "SMTPUTF8" if value is None:  # ref: rfc6531#3.4
                values["smtputf8"] = True
            case "RET" if value and value.upper() in ("FULL", "HDRS"):  # ref: rfc3461#4.3
                values["return_full"] = value.upper() == "FULL"
            case "ENVID" if value and len(value) <= _ENVELOPE_ID_CHARS_MAX and _XTEXT.match(value):
                values["envelope_id"] = _from_xtext(value)
            case "AUTH" if value:  # ref: rfc4954#5: accepted, and not trusted
                pass
            case _:
                raise CommandError(replies.unknown_parameter(name))
    sender = _canonical(address, utf8=bool(values.get("smtputf8"))) if address else ""
    return MailCommand(sender, **values)  # type: ignore[arg-type]


@lru_cache(maxsize=1_024)
def read_rcpt(argument: str, *, utf8: bool) -> RcptCommand:
    """The argument of RCPT; CommandError otherwise. `utf8`: the transaction announced SMTPUTF8."""
    text = _after_keyword(argument, "TO:", _RCPT)
    address, parameters = _path(text, _RCPT)
    if not address:
        raise CommandError(replies.syntax(_RCPT))
    notify: frozenset[Notify] = frozenset()
    original = None
    for name, value in parameters:
        match name:
            case "NOTIFY" if value:
                notify = _notify(value)
            case "ORCPT" if value and len(value) <= _ORIGINAL_CHARS_MAX:
                original = _original(value)
            case _:
                raise CommandError(replies.unknown_parameter(name))
    recipient = POSTMASTER if address.strip('"').lower() == POSTMASTER else _canonical(address, utf8=utf8)
    return RcptCommand(recipient, notify, original)


def _after_keyword(argument: str, keyword: str, expected: Sentence) -> str:
    if argument[: len(keyword)].upper() != keyword:
        raise CommandError(replies.syntax(expected))
    return argument[len(keyword) :]


def _path(text: str, expected: Sentence) -> tuple[str, list[tuple[str, str | None]]]:
    """(address, parameters) of the text after FROM: or TO:; a source route is dropped (ref: rfc5321#4.1.1.3)."""
    path = _PATH.match(text)
    if path is None:
        raise CommandError(replies.syntax(expected))
    parameters: dict[str, str | None] = {}
    for word in _WORD.findall(path["rest"]):
        parameter = _PARAMETER.match(word)
        if parameter is None or parameter["name"].upper() in parameters:
            raise CommandError(replies.unknown_parameter(word[:40]))
        parameters[parameter["name"].upper()] = parameter["value"]
    return path["address"], list(parameters.items())


def _canonical(address: str, *, utf8: bool) -> str:
    if not utf8 and not address.isascii():
        raise CommandError(Reply(553, "5.6.7", say("A non-ASCII address needs the SMTPUTF8 parameter of MAIL (rfc6531#3.5)")))
    try:
        return canonical(address)
    except AddressError as error:
        raise CommandError(Reply(501, "5.1.3", say("Bad address: {error}", error=sentence_of(error)))) from error


def _notify(value: str) -> frozenset[Notify]:
    words = [word.upper() for word in value.split(",")]
    try:
        found = frozenset(Notify(word) for word in words)
    except ValueError as error:
        raise CommandError(replies.unknown_parameter("NOTIFY")) from error
    if len(words) != len(found) or (Notify.NEVER in found and len(found) > 1):  # ref: rfc3461#4.1
        raise CommandError(replies.unknown_parameter("NOTIFY"))
    return found


def _original(value: str) -> str:
    kind, semicolon, address = value.partition(";")
    known = kind.lower() in ("rfc822", "utf-8") and address
    if not semicolon or not known or not (_XTEXT.match(address) or kind.lower() == "utf-8"):
        raise CommandError(replies.unknown_parameter("ORCPT"))
    return f"{kind};{_from_xtext(address)}"


def _from_xtext(value: str) -> str:
    """`+XX` decoded; control characters are never decoded, they would break a report (ref: rfc3461#4)."""
    decoded = re.sub(r"\+([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), value)
    if not decoded.isprintable():
        raise CommandError(replies.unknown_parameter(value[:40]))
    return decoded
