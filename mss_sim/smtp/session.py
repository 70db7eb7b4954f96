"""One SMTP session: what is known, what is legal now, what each verb answers. No socket and no aiosmtpd here.

    HELLO ──EHLO──▶ READY ──MAIL──▶ MAIL ──RCPT──▶ RCPT ──DATA──▶ READY
                      ▲──────────── RSET, EHLO, STARTTLS ───────────┘

`Session` holds the transaction; `submission.py` and `mx.py` decide who may send what to whom.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mss_sim import log
from mss_sim.config.settings import Settings
from mss_sim.core.mailflow.letter import Accepted, Addressee, Envelope
from mss_sim.core.world.tally import Tally
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.mail.addresses import POSTMASTER
from mss_sim.smtp import replies
from mss_sim.smtp.commands import CommandError, MailCommand, RcptCommand, read_mail, read_rcpt
from mss_sim.smtp.replies import Reply
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import quoted, say


@dataclass(slots=True)
class Transaction:
    """One mail transaction, from MAIL to the end of DATA."""

    mail: MailCommand
    recipients: dict[str, Addressee] = field(default_factory=dict)

    def envelope(self) -> Envelope:
        """The envelope in the form that the core needs."""
        return Envelope(self.mail.sender, tuple(self.recipients.values()), self.mail.envelope_id, self.mail.return_full)


class Session(ABC):
    """The common part of both SMTP servers. `hello` is the name that the client gave, None before EHLO or HELO.

    `speaks_utf8`: the client said SMTPUTF8 with the MAIL that is being answered, or whose transaction is (ref: rfc6531#3.7.4.1).
    """

    door = Door.SMTP
    trace_room = 0
    tls_required = False

    def __init__(self, settings: Settings, peer: str) -> None:
        self.settings = settings
        self.peer = peer
        self.hello: str | None = None
        self.extended = False
        self.tls = False
        self.certificate: bytes | None = None
        self.transaction: Transaction | None = None
        self.speaks_utf8 = False
        self.tally = Tally()
        self._log = log.get("smtp")

    def refused(self, refusal: Refusal, *, at_mail: bool = False) -> Reply:
        """The reply to what a rule refuses, which is counted."""
        self.tally.refused(self.door, refusal)
        return replies.refused(refusal, at_mail=at_mail)

    def begin_command(self) -> None:
        """A command follows: outside of a transaction what was said of the last one is over."""
        if self.transaction is None:
            self.speaks_utf8 = False

    def greet(self, name: str, *, extended: bool) -> None:
        """EHLO or HELO: the name is recorded, an open transaction is dropped (ref: rfc5321#4.1.4)."""
        self.hello = name
        self.extended = extended
        self.transaction = None

    def start_tls(self) -> None:
        """TLS is up: everything sent in clear is forgotten (ref: rfc3207#4.2)."""
        self.hello = None
        self.extended = False
        self.transaction = None
        self.tls = True

    async def on_client_certificate(self, chain: Sequence[bytes]) -> None:
        """TLS is up, and the client presented these certificates (DER), its own first, or none."""
        self.certificate = chain[0] if chain else None

    @property
    def protocol(self) -> str:
        """The transmission type for Received (ref: rfc3848)."""
        if not self.extended:
            return "SMTP"
        return "ESMTP" + ("S" if self.tls else "") + ("A" if self.authenticated else "")

    @property
    def authenticated(self) -> bool:
        """Whether the client is logged in."""
        return False

    async def mail(self, argument: str) -> Reply:
        """MAIL FROM."""
        if self.tls_required and not self.tls:
            return replies.TLS_FIRST
        if self.hello is None:
            return replies.BAD_SEQUENCE_HELLO
        if self.transaction is not None:
            return replies.BAD_SEQUENCE_NESTED
        try:
            command = read_mail(argument)
            self.speaks_utf8 = command.smtputf8
            await self.accept_sender(command)
        except CommandError as error:
            return error.reply
        except Refusal as refusal:
            return self.refused(refusal, at_mail=True)
        self.transaction = Transaction(command)
        return replies.SENDER_OK

    async def rcpt(self, argument: str) -> Reply:
        """RCPT TO; the same recipient twice counts once."""
        if self.transaction is None:
            return replies.BAD_SEQUENCE_MAIL
        try:
            command = read_rcpt(argument, utf8=self.transaction.mail.smtputf8)
            if command.recipient == POSTMASTER:
                command = replace(command, recipient=await self.postmaster(self.transaction.mail.sender))
            if command.recipient not in self.transaction.recipients:
                self._check_count(len(self.transaction.recipients))
                await self.accept_recipient(command, self.transaction)
        except CommandError as error:
            return error.reply
        except Refusal as refusal:
            return self.refused(refusal)
        addressee = Addressee(command.recipient, command.notify, command.original)
        self.transaction.recipients.setdefault(command.recipient, addressee)
        return replies.RECIPIENT_OK

    def _check_count(self, count: int) -> None:
        limit = self.settings.message.recipients_max
        if count >= limit:
            raise Refusal(
                Rule.TOO_MANY_RECIPIENTS,
                say("At most {limit} recipients; send the others another message.", limit=limit),
                reference="rfc5321#4.5.3.1.10",
            )

    def data(self) -> Reply:
        """DATA: 354 when a message may follow."""
        if self.transaction is None:
            return replies.BAD_SEQUENCE_MAIL
        return replies.SEND_DATA if self.transaction.recipients else replies.BAD_SEQUENCE_RCPT

    async def message(self, raw: bytes) -> Reply:
        """The end of DATA: 250 only when the message is on disk."""
        transaction, self.transaction = self.transaction, None
        if transaction is None:
            return replies.BAD_SEQUENCE_MAIL
        try:
            accepted = await self.accept_message(transaction, raw)
        except CommandError as error:
            return error.reply
        except Refusal as refusal:
            return self.refused(refusal)
        return Reply(250, "2.0.0", quoted(f"OK stored as {encode(accepted.message_id)}"))

    def too_large(self, size_bytes: int, limit: int) -> Reply:
        """The message exceeded the limit while it was received; the transaction ends."""
        self.transaction = None
        refusal = Refusal(
            Rule.TOO_LARGE,
            say("The message has {size} bytes; at most {limit} are accepted here.", size=size_bytes, limit=limit),
            reference="rfc1870#6.3",
        )
        return self.refused(refusal)

    def reset(self) -> Reply:
        """RSET."""
        self.transaction = None
        return replies.RESET

    @abstractmethod
    async def size_max(self) -> int:
        """The largest message in bytes that is read now: the sender's limit, or before MAIL what any sender may send."""

    @abstractmethod
    async def accept_sender(self, command: MailCommand) -> None:
        """Refuse a sender, with Refusal or CommandError."""

    @abstractmethod
    async def postmaster(self, sender: str) -> str:
        """Whom the recipient Postmaster means, who has no domain; Refusal where nobody is meant."""

    @abstractmethod
    async def accept_recipient(self, command: RcptCommand, transaction: Transaction) -> None:
        """Refuse a recipient."""

    @abstractmethod
    async def accept_message(self, transaction: Transaction, raw: bytes) -> Accepted:
        """Deliver the message, or refuse it."""
