"""What a patient masks from carers: letters, correspondents, documents. The patient alone masks, unmasks, and sees what is masked."""

from mss_sim.core.access import carer_view_upkeep, gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.summary import read_summary
from mss_sim.policy.masks import decide_masking
from mss_sim.store import folders, mailboxes, masks, messages
from mss_sim.store.engine import Connection
from mss_sim.store.masks import Mask
from mss_sim.store.messages import MessageRow
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MaskKind, Right
from mss_sim.words.sentence import say


async def list_masks(world: World, actor: Actor, address: str) -> list[Mask]:
    """The masks of a patient's mailbox, the oldest first."""

    def query(conn: Connection) -> list[Mask]:
        return masks.of_mailbox(conn, _patient(world, conn, actor, address).mailbox.id)

    return await world.store.read(query)


async def mask_correspondent(world: World, actor: Actor, address: str, correspondent: str) -> Mask:
    """Mask every letter with a correspondent, those to come included; the mask, which may have been there already."""

    def unit(conn: Connection) -> Mask:
        held = _locked(world, conn, actor, address)
        if correspondent == address:
            raise Refusal(Rule.INVALID, say("This is the mailbox itself: mask a correspondent."), subject=address, reference="quirks#masks")
        return _mask(world, conn, actor, held, MaskKind.CORRESPONDENT, (correspondent, correspondent))

    return await world.store.write(unit)


async def mask_letter(world: World, actor: Actor, address: str, copy_id: int) -> Mask:
    """Mask one letter, wherever its copies lie."""

    def unit(conn: Connection) -> Mask:
        held = _locked(world, conn, actor, address)
        letter = _letter(conn, held, copy_id)
        return _mask(world, conn, actor, held, MaskKind.LETTER, (str(letter.id), letter.subject))

    return await world.store.write(unit)


async def mask_document(world: World, actor: Actor, address: str, copy_id: int, part: str) -> Mask:
    """Mask a document, the attachment with that number: every letter that carries the same, those to come included."""

    def unit(conn: Connection) -> Mask:
        held = _locked(world, conn, actor, address)
        letter = _letter(conn, held, copy_id)
        leaves = [leaf for leaf in read_summary(letter.summary).leaves if leaf["attachment"] and leaf["number"] == part]
        found = carer_view_upkeep.documents(conn, letter.id, leaves)
        if not found:
            raise Refusal(Rule.NOT_FOUND, say("This message has no attachment {part}.", part=part[:20]))
        return _mask(world, conn, actor, held, MaskKind.DOCUMENT, (found[part], leaves[0]["filename"] or ""))

    return await world.store.write(unit)


async def unmask(world: World, actor: Actor, address: str, mask_id: int) -> None:
    """Take a mask off; what no other mask matches is shown to carers again."""

    def unit(conn: Connection) -> None:
        held = _locked(world, conn, actor, address)
        found = next((one for one in masks.of_mailbox(conn, held.mailbox.id) if one.id == mask_id), None)
        if found is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no such mask over this mailbox."))
        masks.remove(conn, mask_id)
        carer_view_upkeep.show_unmatched(conn, held.mailbox.id)
        _apply(world, conn, actor, held, Act.UNMASKED, found)

    await world.store.write(unit)


def _patient(world: World, conn: Connection, actor: Actor, address: str) -> MailboxAccess:
    """The mailbox, when it is the patient's who asks."""
    held = gate.require(world, conn, actor, address, Right.MANAGE)
    decide_masking(held.mailbox.kind, held.access, address)
    return held


def _locked(world: World, conn: Connection, actor: Actor, address: str) -> MailboxAccess:
    """The same with its rows locked in the order of delivery: no letter comes in between."""
    mailboxes.lock_for_delivery(conn, [address])
    held = _patient(world, conn, actor, address)
    folders.lock(conn, [folder.id for folder in folders.of_mailbox(conn, held.mailbox.id)])
    return held


def _letter(conn: Connection, held: MailboxAccess, copy_id: int) -> MessageRow:
    item = messages.one(conn, held.mailbox.id, copy_id, None)
    if item is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such message in this mailbox."))
    return item.message


def _mask(world: World, conn: Connection, actor: Actor, held: MailboxAccess, kind: MaskKind, what: tuple[str, str]) -> Mask:
    """Store a mask of this kind, with its target and label, unless it is there."""
    rows = masks.of_mailbox(conn, held.mailbox.id)
    target, label = what
    found = next((one for one in rows if (one.kind, one.target) == (kind, target)), None)
    if found is not None:
        return found
    most = world.settings.carers.masks_max
    if len(rows) >= most:
        raise Refusal(
            Rule.LIMIT_REACHED,
            say("There are {most} masks, the most that may be; take others off first.", most=most),
            reference="quirks#masks",
        )
    made = Mask(world.ids.next(), held.mailbox.id, kind, target, label, world.clock.now())
    masks.add(conn, made)
    carer_view_upkeep.hide_matched(conn, held.mailbox.id, masks.concerned(conn, held.mailbox.id), [made])
    _apply(world, conn, actor, held, Act.MASKED, made)
    return made


def _apply(world: World, conn: Connection, actor: Actor, held: MailboxAccess, act: Act, mask: Mask) -> None:
    """Have what carers see follow a changed mask before anybody can look; the patient's journal keeps it."""
    mailbox_id = held.mailbox.id
    carer_view_upkeep.follow(world, conn, {folder.id for folder in folders.of_mailbox(conn, mailbox_id)}, anew=True)
    message_id = int(mask.target) if mask.kind is MaskKind.LETTER else None
    detail = {"kind": mask.kind, "what": mask.label}
    journal.write(world, conn, journal.by(actor), [Entry(act, mailbox_id, detail, message_id)])
