"""Mailboxes made at their first letter, unless they exist: every domain's postmaster (ref: rfc5321#4.5.1), magic addresses."""

from collections.abc import Awaitable, Iterable

from mss_sim.core.access.identities import NewIdentity, add_identity
from mss_sim.core.mailbox.behaviours import stored
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox
from mss_sim.core.world.authorities import TEST_STRUCTURE
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import POSTMASTER, domain_of
from mss_sim.policy.magic_addresses import magic_at
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, IdentityKind, MailboxKind
from mss_sim.words.sentence import say

HOLDER = NewIdentity(f"{TEST_STRUCTURE}/POSTMASTER", IdentityKind.ORGANISATION, "Postmaster")
"""Who holds the postmasters' mailboxes: an identity without a login; the control plane gives it one, or grants, to read them."""
PATIENTS_HOLDER = NewIdentity("POSTMASTER", IdentityKind.PATIENT, "Postmaster")
"""The same at the domain of patients, which has mailboxes of patients alone."""

MAGIC_HOLDER = NewIdentity(f"{TEST_STRUCTURE}/ESSAIS", IdentityKind.ORGANISATION, "Adresses d'essai")
MAGIC_PATIENT = NewIdentity("ESSAIS", IdentityKind.PATIENT, "Adresses d'essai")
"""Who holds the magic addresses, likewise."""


async def make_missing(world: World, addresses: Iterable[str]) -> None:
    """Make the mailboxes among these canonical addresses that are a postmaster's, or magic, at a domain served here, if not there yet."""
    for address in addresses:
        wanted = _wanted(world, address)
        if wanted is None:
            continue
        operator = await world.directory.operator_of(address)
        if operator is not None and operator.mx is None and await world.directory.mailbox(address) is None:
            holder, mailbox = wanted
            await _unless_there(add_identity(world, holder))
            await _unless_there(add_mailbox(world, mailbox))


def _wanted(world: World, address: str) -> tuple[NewIdentity, NewMailbox] | None:
    """Whose mailbox is made at an address, and which; None for every other address."""
    settings, patients = world.settings.mailbox, domain_of(address) == PATIENT_DOMAIN
    kind = MailboxKind.PATIENT if patients else MailboxKind.ORG
    if address.startswith(f"{POSTMASTER}@"):
        holder = PATIENTS_HOLDER if patients else HOLDER
        return (holder, NewMailbox(address, kind, holder.idnat, label="Postmaster")) if settings.postmaster_made else None
    magic = magic_at(address) if settings.magic_made else None
    if magic is None:
        return None
    holder = MAGIC_PATIENT if patients else MAGIC_HOLDER
    made = NewMailbox(
        address,
        kind,
        holder.idnat,
        label=f"Adresse d'essai {address.partition('@')[0]}",
        description=magic.text,
        red_listed=True,
        quota_bytes=0 if magic.full else None,
        state=magic.state,
        behaviour=stored(magic.behaviour),
    )
    return holder, made


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
