"""The server for clients: TLS first, then AUTH, then mail from a mailbox that the actor may send from (ref: rfc6409, ref2#ECO.1.2.1)."""

from mss_sim.config.settings import Settings
from mss_sim.core.access.authentication import Actor, token_expired
from mss_sim.core.assembly import Core
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.mailflow.mailboxes_on_demand import without_domain
from mss_sim.core.mailflow.senders import SendingMailbox
from mss_sim.core.mailflow.submission import SubmissionRequest, check_recipient, check_size, size_max
from mss_sim.net.logins import actor_behind, refused_at_trap
from mss_sim.net.sasl import Credentials
from mss_sim.smtp import replies
from mss_sim.smtp.commands import CommandError, MailCommand, RcptCommand
from mss_sim.smtp.session import Session, Transaction
from mss_sim.vocabulary.doors import Door


class SubmissionSession(Session):
    """A session on the submission port."""

    tls_required = True

    def __init__(self, settings: Settings, peer: str, core: Core) -> None:
        super().__init__(settings, peer)
        self._core = core
        self.tally = core.world.tally
        self._sender: SendingMailbox | None = None
        self.actor: Actor | None = None

    @property
    def authenticated(self) -> bool:
        return self.actor is not None

    def start_tls(self) -> None:
        super().start_tls()
        self.actor = None

    async def authenticate(self, credentials: Credentials) -> Actor:
        """The actor with these credentials; Refusal(AUTHENTICATION_FAILED) otherwise."""
        return await actor_behind(self._core.world, credentials, door=Door.SMTP, certificate=self.certificate)

    @property
    def expired(self) -> bool:
        """Whether the connection must be cut because its token has expired."""
        return self.actor is not None and token_expired(self._core.world, self.actor)

    async def size_max(self) -> int:
        """The current limit: see `Session`."""
        return await size_max(self._core.world, self._sender.mailbox if self._sender else None)

    async def accept_sender(self, command: MailCommand) -> None:
        if not self.tls:
            raise CommandError(replies.TLS_FIRST)
        if self.actor is None:
            raise CommandError(replies.AUTH_FIRST)
        world = self._core.world
        self._sender = await self._core.submission.senders.sender_at(self.actor, command.sender) if command.sender else None
        await check_size(world, self._sender.mailbox if self._sender else None, command.size_bytes)

    async def postmaster(self, sender: str) -> str:
        """That of the sender's domain: see `Session`."""
        return await without_domain(self._core.world, sender)

    async def accept_recipient(self, command: RcptCommand, transaction: Transaction) -> None:
        await check_recipient(self._core.world, self._sender, command.recipient, transaction.mail.size_bytes)

    async def accept_message(self, transaction: Transaction, raw: bytes) -> Accepted:
        if self.actor is None:
            raise CommandError(replies.AUTH_FIRST)
        peer = f"{self.hello} ([{self.peer}])"
        request = SubmissionRequest(transaction.envelope(), raw, self.protocol, peer)
        return await self._core.submission.submit(self.actor, request)


class LockedSubmission(SubmissionSession):
    """A submission session that refuses every log-in, whatever the credentials: behind a trap."""

    async def authenticate(self, credentials: Credentials) -> Actor:  # noqa: ARG002 - refused unread
        """Refused."""
        raise refused_at_trap()
