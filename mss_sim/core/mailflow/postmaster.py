"""The mailbox that every domain has for its postmaster: made at its first letter, where nobody made it before (ref: rfc5321#4.5.1)."""

from collections.abc import Awaitable, Iterable

from mss_sim.core.access.identities import NewIdentity, add_identity
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox
from mss_sim.core.world.authorities import TEST_STRUCTURE
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import POSTMASTER, domain_of
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, IdentityKind, MailboxKind
from mss_sim.words.sentence import say

HOLDER = NewIdentity(f"{TEST_STRUCTURE}/POSTMASTER", IdentityKind.ORGANISATION, "Postmaster")
"""Who holds the postmasters' mailboxes: nobody's login, so that the control plane gives a login, or grants, to whoever is to read them."""
PATIENTS_HOLDER = NewIdentity("POSTMASTER", IdentityKind.PATIENT, "Postmaster")
"""The same at the domain of patients, which has mailboxes of patients alone."""


async def make_missing(world: World, addresses: Iterable[str]) -> None:
    """Make the mailboxes among these canonical addresses that are a postmaster's at a domain served here, and are not there yet."""
    for address in addresses:
        if not address.startswith(f"{POSTMASTER}@") or not world.settings.mailbox.postmaster_made:
            continue
        operator = await world.directory.operator_of(address)
        if operator is not None and operator.mx is None and await world.directory.mailbox(address) is None:
            await _make(world, address)


async def _make(world: World, address: str) -> None:
    patients = domain_of(address) == PATIENT_DOMAIN
    holder, kind = (PATIENTS_HOLDER, MailboxKind.PATIENT) if patients else (HOLDER, MailboxKind.ORG)
    await _unless_there(add_identity(world, holder))
    await _unless_there(add_mailbox(world, NewMailbox(address, kind, holder.idnat, label="Postmaster")))


async def _unless_there(adding: Awaitable[object]) -> None:
    """Add something that another letter, come at the same time, may have added."""
    try:
        await adding
    except Refusal as refusal:
        if refusal.rule is not Rule.CONFLICT:
            raise


async def without_domain(world: World, sender: str | None) -> str:
    """Whom `RCPT TO:<Postmaster>` means: the postmaster of the sender's domain, without a sender of the first operator served here."""
    if sender:
        return f"{POSTMASTER}@{domain_of(sender)}"
    for operator in await world.directory.operators():
        if operator.mx is None and operator.domains and world.settings.mailbox.postmaster_made:
            return f"{POSTMASTER}@{operator.domains[0]}"
    detail = say("Postmaster without a domain is nobody here; write to postmaster@ and the domain.")
    raise Refusal(Rule.UNKNOWN_MAILBOX, detail, subject=POSTMASTER, reference="quirks#postmaster")
