"""Letters to another operator: SMTP over mutual TLS, to hosts of the simulated space only.

| what happens                                      | answer for each recipient |
|---------------------------------------------------|---------------------------|
| the operator's server is not known                | 450 4.4.4, tried again    |
| the host is not this machine, nor allowed         | 550 5.7.1                 |
| no connection, or it breaks                       | 450 4.4.1                 |
| the server offers no STARTTLS, or fails in it     | 450 4.7.5                 |
| MAIL, RCPT or DATA refused                        | what the server said      |

Connections are kept for the next letter between the same two operators; a few may be open at once. Of all pairs together, only a part of
what the simulator's own port takes rests open: hundreds of operators that write to one another must leave room for everybody else.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected

from mss_sim.config.settings import Settings
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.mailflow.outbound_interface import RecipientReply, RelayJob, RelayResult, ours
from mss_sim.core.world.store_types import Operator
from mss_sim.mail.headers import printable, split, trace_length
from mss_sim.words.sentence import Sentence, quoted, say

Route = tuple[str, int]
_OPEN_MAX = 4
_IDLE_SECONDS = 20.0
_RESTING_SHARE = 5  # of the connections that one port takes, each so manieth may be one of ours that rests
_DOWN_SECONDS = 2.0
_CONNECT_SECONDS = 10.0
_COMMAND_SECONDS = 300.0  # ref: rfc5321#4.5.3.2
_DATA_SECONDS = 600.0  # ref: rfc5321#4.5.3.2.6
_REPLY_CHARS_MAX = 500
_GOING_AWAY = 421  # ref: rfc5321#3.8
_DONE = 2
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")
_NOBODY_KNOWS = ours(450, "4.4.4", say("Nobody has said where the server of this operator is."))


class _Failed(Exception):
    """The whole attempt has a single answer."""

    def __init__(self, answer: RecipientReply) -> None:
        super().__init__(answer.reply)
        self.answer = answer


class _NotBegun(SMTPServerDisconnected):
    """The server closed the connection before it knew of the letter."""


@dataclass(slots=True)
class _Lines:
    """The connections between two operators: how many may be open, the idle ones, and until when no attempt is made.

    Of an idle one: since when it is, and whether a mail transaction that was refused is still begun on it.
    """

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_OPEN_MAX))
    idle: deque[tuple[SMTP, float, bool]] = field(default_factory=deque)
    down_until: float = 0.0
    down: Sentence = field(default_factory=lambda: quoted(""))


class Outbound:
    """Carries jobs. `own` is the MX port of this world; `context` gives the TLS of one operator towards another."""

    def __init__(
        self, settings: Settings, own: Callable[[], Route], context: Callable[[Operator, Operator], Awaitable[ssl.SSLContext]]
    ) -> None:
        self._settings = settings
        self._own = own
        self._context = context
        self._lines: dict[tuple[int, int, Route], _Lines] = {}
        self._resting: dict[SMTP, _Lines] = {}  # every idle connection, the one that has rested longest first

    async def carry(self, job: RelayJob) -> RelayResult:
        """Try once; every failure is an answer (ref: rfc5321#4.5.4.1)."""
        try:
            host, port = self._route(job.receiver)
            lines = self._lines.setdefault((job.sender.id, job.receiver.id, (host, port)), _Lines())
            async with asyncio.timeout(job.limit_seconds), lines.room:
                return await self._over(lines, job, host, port)
        except _Failed as failed:
            answer = failed.answer
        except SMTPResponseException as error:
            answer = _said(error, job.receiver.mx or self._settings.hostname)
        except (SMTPException, OSError, TimeoutError, UnicodeError) as error:  # of a host that can be no name
            answer = ours(450, "4.4.1", quoted(_flat(str(error) or type(error).__name__)))
        return RelayResult({one.address: answer for one in job.envelope.recipients})

    async def close(self) -> None:
        """Send QUIT on every connection."""
        self._resting.clear()
        for lines in self._lines.values():
            while lines.idle:
                with suppress(SMTPException, OSError, TimeoutError):
                    await lines.idle.popleft()[0].quit(timeout=1)

    def _route(self, receiver: Operator) -> Route:
        if receiver.mx is None:
            return self._own()
        if not receiver.mx:
            raise _Failed(_NOBODY_KNOWS)
        host, _, port = receiver.mx.rpartition(":")
        host = host.strip("[]")
        if not is_near(host) and host not in self._settings.peers.allowed:
            raise _Failed(
                ours(
                    550,
                    "5.7.1",
                    say("{host} is not this machine; MSS_SIM_PEERS_ALLOWED names the hosts that may be reached.", host=_flat(host)),
                )
            )
        return host, int(port)

    async def _over(self, lines: _Lines, job: RelayJob, host: str, port: int) -> RelayResult:
        """Hand the job over on an open connection or, where the server has closed that one meanwhile, on a new one."""
        while lines.idle:
            client, since, begun = lines.idle.pop()
            self._resting.pop(client, None)
            if client.is_connected and _now() - since < _IDLE_SECONDS:
                try:
                    return await self._on(lines, client, job, begun=begun)
                except _NotBegun:
                    pass
                except SMTPResponseException as error:  # of MAIL: what is said of recipients and of the letter is an answer
                    if error.code != _GOING_AWAY:
                        raise
            client.close()
        return await self._on(lines, await self._open(lines, job, host, port), job)

    async def _on(self, lines: _Lines, client: SMTP, job: RelayJob, *, begun: bool = False) -> RelayResult:
        try:
            carried = await _hand_over(client, job.envelope, job.raw, begun=begun)
        except BaseException:
            client.close()
            raise
        ended = any(answer.accepted for answer in carried.answers.values())
        lines.idle.append((client, _now(), not ended))
        self._resting[client] = lines
        self._leave_room()
        return carried

    def _leave_room(self) -> None:
        """Close those that have rested longest where too many do."""
        while len(self._resting) > max(1, self._settings.connections.max // _RESTING_SHARE):
            longest = next(iter(self._resting))
            self._resting.pop(longest).idle.popleft()  # the first to rest of its pair too
            longest.close()

    async def _open(self, lines: _Lines, job: RelayJob, host: str, port: int) -> SMTP:
        if _now() < lines.down_until:
            raise _Failed(ours(450, "4.4.1", lines.down))
        name = self._settings.hostname if job.receiver.mx is None else host
        client = SMTP(hostname=host, port=port, local_hostname=hello(job.sender), start_tls=False, timeout=_CONNECT_SECONDS)
        try:
            await client.connect()
            await client.ehlo()
            if not client.supports_extension("starttls"):
                raise _Failed(ours(450, "4.7.5", say("The server offers no STARTTLS; health mail does not travel in clear."), host))
            await client.starttls(tls_context=await self._context(job.sender, job.receiver), server_hostname=name)
            await client.ehlo()
        except ssl.SSLError as error:
            client.close()
            raise _Failed(ours(450, "4.7.5", say("TLS with {host} failed: {error}", host=host, error=_flat(str(error))), host)) from error
        except (SMTPException, OSError) as error:
            client.close()
            cause = error.__cause__ or error.__context__
            if isinstance(cause, ssl.SSLError):
                raise _Failed(
                    ours(450, "4.7.5", say("TLS with {host} failed: {error}", host=host, error=_flat(str(cause))), host)
                ) from error
            lines.down_until = _now() + _DOWN_SECONDS
            lines.down = say("No connection to {host}:{port}: {error}", host=host, port=port, error=_flat(str(error)))
            raise _Failed(ours(450, "4.4.1", lines.down)) from error
        return client


async def _hand_over(client: SMTP, envelope: Envelope, raw: bytes, *, begun: bool = False) -> RelayResult:
    """One mail transaction; the sender's notification requests are passed on where the server supports DSN (ref: rfc3461#5.2).

    `begun`: the connection is in a transaction that was refused.
    """
    dsn = client.supports_extension("dsn")
    utf8 = _needs_utf8(envelope, raw)
    host = str(client.hostname)
    if utf8 and not client.supports_extension("smtputf8"):
        raise _Failed(ours(550, "5.6.7", say("The next server takes no UTF-8 addresses or headers (SMTPUTF8)."), host))
    options = _mail_options(client, envelope, raw, utf8=utf8, dsn=dsn)
    try:
        if begun:
            await client.rset()
        await _command(client, "MAIL", f"FROM:<{envelope.sender}>", *options)
    except ConnectionError as error:
        raise _NotBegun(str(error)) from error
    answers: dict[str, RecipientReply] = {}
    accepted: list[str] = []
    for addressee in envelope.recipients:
        try:
            wishes = _rcpt_options(addressee) if dsn else []
            await _command(client, "RCPT", f"TO:<{addressee.address}>", *wishes)
            accepted.append(addressee.address)
        except SMTPResponseException as error:
            answers[addressee.address] = _said(error, host)
    if accepted:
        try:
            done = await client.data(raw, timeout=_DATA_SECONDS)
            outcome = _answer(done.code, done.message, host)
        except SMTPResponseException as error:
            outcome = _said(error, host)
        answers |= dict.fromkeys(accepted, outcome)
    return RelayResult(answers, dsn)


async def _command(client: SMTP, *words: str) -> None:
    """One command; the library's own `mail` and `rcpt` read each address anew, which takes longer than to send it."""
    response = await client.execute_command(*(word.encode() for word in words), timeout=_COMMAND_SECONDS)
    if response.code // 100 != _DONE:
        raise SMTPResponseException(response.code, response.message)


def _mail_options(client: SMTP, envelope: Envelope, raw: bytes, *, utf8: bool, dsn: bool) -> list[str]:
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(raw) - trace_length(raw)}")
    if client.supports_extension("8bitmime") and not raw.isascii():
        options.append("BODY=8BITMIME")
    if utf8:
        options.append("SMTPUTF8")
    if dsn and envelope.sender:
        options.append("RET=FULL" if envelope.return_full else "RET=HDRS")
        if envelope.envelope_id:
            options.append(f"ENVID={xtext(envelope.envelope_id)}")
    return options


def _rcpt_options(addressee: Addressee) -> list[str]:
    options = []
    if addressee.notify:
        options.append("NOTIFY=" + ",".join(sorted(one.value.upper() for one in addressee.notify)))
    if addressee.original:
        kind, _, address = addressee.original.partition(";")
        options.append(f"ORCPT={kind};{unitext(address) if kind == 'utf-8' else xtext(address)}")
    return options


def _needs_utf8(envelope: Envelope, raw: bytes) -> bool:
    addresses: Sequence[str] = [envelope.sender, *(one.address for one in envelope.recipients)]
    return not all(address.isascii() for address in addresses) or not raw[: split(raw)[0]].isascii()


def xtext(text: str) -> str:
    """Text encoded for a parameter of MAIL or RCPT (ref: rfc3461#4); octets that a client sent in this form are passed on unchanged."""
    try:
        octets = text.encode("latin-1")
    except UnicodeEncodeError:
        octets = text.encode("utf-8")
    return "".join(chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}" for octet in octets)


def unitext(text: str) -> str:
    """An address of type utf-8 in ASCII (ref: rfc6533#3)."""
    plain = "".join(letter if letter.isascii() else f"\\x{{{ord(letter):X}}}" for letter in text)
    return xtext(plain)


def hello(operator: Operator) -> str:
    """The name by which an operator's outgoing server greets."""
    return f"smtp.{operator.domains[0]}" if operator.domains else "localhost"


def is_near(host: str) -> bool:
    """Whether a host is this machine."""
    with suppress(ValueError):
        return ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


def _said(error: SMTPResponseException, host: str) -> RecipientReply:
    return _answer(error.code, error.message, host)


def _answer(code: int, message: str, host: str) -> RecipientReply:
    text = _flat(message)
    found = _ENHANCED.match(text)
    if not 200 <= code < 600 or code // 100 == 3:
        return ours(450, "4.4.2", say("The server broke off: {text}", text=text), host)
    agrees = found is not None and found[0].startswith(str(code // 100))  # else the reply code decides (ref: rfc3463#2)
    return RecipientReply(found[0] if found and agrees else f"{code // 100}.0.0", quoted(f"{code} {text}"), host)


def _flat(text: str) -> str:
    """One line that every database accepts, whatever octets a server answered."""
    return printable(" ".join(text.split()))[:_REPLY_CHARS_MAX]


def _now() -> float:
    return asyncio.get_running_loop().time()
