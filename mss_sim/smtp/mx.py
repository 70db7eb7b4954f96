"""The server for peer operators: domains of the trust space on both ends, nothing relayed, no log-in."""

from collections.abc import Sequence

from mss_sim.config.settings import Settings
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.mailflow.reception import TRACE_BYTES_MAX, Reception
from mss_sim.policy.peers import PeerCertificate
from mss_sim.smtp.commands import MailCommand, RcptCommand
from mss_sim.smtp.session import Session, Transaction
from mss_sim.vocabulary.doors import Door, PeerProof


class MxSession(Session):
    """A session on the MX port. The trace added by servers on the way has a size allowance of its own."""

    trace_room = TRACE_BYTES_MAX

    door = Door.MX

    def __init__(self, settings: Settings, peer: str, reception: Reception) -> None:
        super().__init__(settings, peer)
        self._reception = reception
        self.tally = reception.tally
        self._chain: Sequence[bytes] = ()
        self._peer: PeerCertificate | None = None
        self.tls_required = settings.peers.proof is PeerProof.CERTIFICATE

    async def size_max(self) -> int:
        """The current limit: see `Session`."""
        return await self._reception.size_max()

    async def on_client_certificate(self, chain: Sequence[bytes]) -> None:
        """The certificates that the peer presented in TLS."""
        await super().on_client_certificate(chain)
        self._chain = chain

    async def accept_sender(self, command: MailCommand) -> None:
        await self._reception.check_size(command.size_bytes)
        self._peer = await self._reception.recognise(self._chain) if self._chain else None  # it may have been revoked meanwhile
        await self._reception.check_sender(command.sender, self._peer)

    async def postmaster(self, sender: str) -> str:  # noqa: ARG002 - a peer that brings a letter means ours, not its own
        """Ours: see `Session`."""
        return await self._reception.postmaster()

    async def accept_recipient(self, command: RcptCommand, transaction: Transaction) -> None:
        await self._reception.check_recipient(command.recipient, transaction.mail.size_bytes)

    async def accept_message(self, transaction: Transaction, raw: bytes) -> Accepted:
        peer = f"{self.hello} ([{self.peer}])"
        envelope = transaction.envelope()
        return await self._reception.receive(envelope, raw, protocol=self.protocol, peer=peer, certificate=self._peer)
