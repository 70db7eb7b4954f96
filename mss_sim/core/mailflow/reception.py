"""Reception: a letter that another operator brings to the MX port.

A peer is known by its certificate, which the white list binds to domains (`policy/peers.py`): it sends mail and reports only for
mailboxes of those domains. The recipient must be a mailbox of this simulator: nothing is ever relayed (ref: ans-trust-space).
"""

from collections.abc import Sequence

from mss_sim.core.mailbox.message_to_store import read_message, without_holding
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Accepted, Envelope, FromPeer, prepare, trace_fields
from mss_sim.core.mailflow.mailboxes_on_demand import without_domain
from mss_sim.core.mailflow.submission import check_recipient, check_size
from mss_sim.core.trust import operator_certificates
from mss_sim.core.world.tally import Tally
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import addresses_of, domain_of
from mss_sim.mail.headers import trace_length
from mss_sim.policy.authors import decide_authors
from mss_sim.policy.ins import is_ins
from mss_sim.policy.peers import PeerCertificate, decide_peer
from mss_sim.vocabulary.doors import Door, PeerProof
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN
from mss_sim.words.sentence import say

TRACE_BYTES_MAX = 16 * 1024
_WRITTEN, _FIELD_BYTES = 3, 1_000
"""Fields that a server which writes the trace may write beside it: Date, Message-ID, Sender (ref: rfc6409#8.1)."""


class Reception:
    """Accepts letters from peer operators and hands them to delivery."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery

    async def check_sender(self, address: str, certificate: PeerCertificate | None) -> None:
        """Refuse a sender outside the trust space or the peer's domains; a null return path is accepted (ref: rfc5321#4.5.5)."""
        if self._world.settings.peers.proof is PeerProof.CERTIFICATE:
            decide_peer(certificate, domain_of(address) if address else None, await self._world.white_list.listing())
        elif address and await self._world.directory.operator_of(address) is None:
            raise Refusal(
                Rule.DOMAIN_OUTSIDE,
                say("The domain of {address} is not in the trust space; its mail is not accepted here.", address=address),
                subject=address,
                reference="ans-trust-space",
            )

    async def _check_authors(self, sender: str, authors: tuple[str, ...], certificate: PeerCertificate | None) -> frozenset[str] | None:
        """From names mailboxes of the peer's own domains; a notification may come from a host, which is in no listed domain.

        The domains that the white list binds to the peer's certificate; None where certificates are not required.
        """
        if self._world.settings.peers.proof is not PeerProof.CERTIFICATE or certificate is None:
            return None
        listing = await self._world.white_list.listing()
        listed, speaks_for = listing.rows, listing.domains_of(certificate)
        named = {one: domain_of(one) for one in authors}
        foreign = [one for one, domain in named.items() if domain not in speaks_for and (sender or domain in listed)]
        if foreign:
            detail = say("From names {address}, which is not a mailbox of the operator that brings the letter.", address=foreign[0])
            raise Refusal(Rule.SEND_NOT_ALLOWED, detail, subject=foreign[0], reference="ans-trust-space")
        return speaks_for

    async def _check_patient(self, sender: str, authors: tuple[str, ...], *, is_report: bool) -> None:
        """A patient is identified by the return path: no unknown patient, and none in From behind another return path.

        With a null return path, what is no patient's address there is the server's own, such as mailer-daemon.
        """
        hidden = [one for one in authors if domain_of(one) == PATIENT_DOMAIN and one != sender and await self._is_patient(one, sender)]
        unknown = domain_of(sender) == PATIENT_DOMAIN and await self._world.directory.mailbox(sender) is None
        if (hidden and not (is_report and not sender)) or unknown:
            raise Refusal(
                Rule.NOT_INVITED,
                say("A patient writes under their own return path, from a mailbox that exists, to somebody who wrote to them."),
                subject=sender or hidden[0],
                reference="cnam#answer",
            )

    async def _is_patient(self, address: str, sender: str) -> bool:
        known = is_ins(address.partition("@")[0]) or await self._world.directory.mailbox(address) is not None
        return bool(sender) or known

    async def postmaster(self) -> str:
        """Whom the recipient Postmaster means, who has no domain."""
        return await without_domain(self._world, None)

    async def check_recipient(self, address: str, size_bytes: int) -> None:
        """Refuse a recipient without a mailbox here, or whose mailbox accepts no mail now."""
        if self._world.directory.known_to_accept(address, size_bytes) is None:
            await check_recipient(self._world, None, address, size_bytes, peer=True)

    async def check_size(self, size_bytes: int) -> None:
        """Refuse a message over the limit of every operator; a recipient's own limit is known at RCPT."""
        await check_size(self._world, None, size_bytes)

    async def size_max(self) -> int:
        """The largest message in bytes that is read at all, trace excluded."""
        return await self._world.directory.ceiling()

    async def receive(self, envelope: Envelope, raw: bytes, *, protocol: str, peer: str, certificate: PeerCertificate | None) -> Accepted:
        """Deliver a letter; it is on disk when this returns."""
        traced = trace_length(raw)
        await self.check_size(len(raw) - min(traced, TRACE_BYTES_MAX))
        head = raw[: min(traced, TRACE_BYTES_MAX)]
        above = head.count(b"\n") - head.count(b"\n ") - head.count(b"\n\t") + _WRITTEN if head else 0
        parsed = await read_message(self._world, raw, fields=above, octets=len(head) + _WRITTEN * _FIELD_BYTES)
        authors = addresses_of(parsed.from_)
        decide_authors(len(parsed.headers.all("From")), authors, has_sender=bool(parsed.sender))
        await self._check_patient(envelope.sender, authors, is_report=parsed.is_report)
        speaks_for = await self._check_authors(envelope.sender, authors, certificate)
        at = self._world.clock.now()
        trace = trace_fields(self._world, envelope, protocol=protocol, peer=peer, at=at)
        brought = FromPeer(await self._author(envelope.sender, authors), speaks_for, min(traced, TRACE_BYTES_MAX))
        letter = await without_holding(raw, prepare, self._world, raw, parsed, envelope, brought, fields=trace, door=Door.MX, at=at)
        return await self._delivery.send(letter)

    @property
    def tally(self) -> Tally:
        """Where refusals are counted."""
        return self._world.tally

    async def recognise(self, chain: Sequence[bytes]) -> PeerCertificate:
        """The verdict on a peer's certificate, given with those above it (DER)."""
        return await operator_certificates.recognise(self._world, chain)

    async def _author(self, sender: str, authors: tuple[str, ...]) -> str | None:
        """The mailbox that wrote the letter: the one in From when the return path is of its operator, as answers go to it."""
        if not sender or len(authors) != 1 or authors[0] == sender:
            return None
        ours, theirs = await self._world.directory.operator_of(sender), await self._world.directory.operator_of(authors[0])
        return authors[0] if ours and theirs and ours.id == theirs.id else None
