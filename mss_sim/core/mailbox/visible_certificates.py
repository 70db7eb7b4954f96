"""The certificates that open a mailbox, for actors who may see it; keys, and certificates of operators and hosts, stay with control."""

from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox.messages import held_mailbox, held_mailboxes
from mss_sim.core.trust import certificates
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.pki.names import read_serial
from mss_sim.store.certificates import Certificate
from mss_sim.words.sentence import joined, say, sentence_of


async def list_certificates(world: World, actor: Actor, address: str) -> list[Certificate]:
    """The certificates issued for a mailbox that the actor may see, revoked and expired ones included, the newest first."""
    await held_mailbox(world, actor, address)
    return await certificates.list_all(world, mailbox=address)


async def list_all(world: World, actor: Actor) -> list[tuple[str, Certificate]]:
    """(address, certificate) of every mailbox that the actor may see, the newest first."""
    held = {one.mailbox.id: one.mailbox.address for one in await held_mailboxes(world, actor)}
    rows = await certificates.of_mailboxes(world, held)
    return [(held[row.mailbox_id], row) for row in rows if row.mailbox_id is not None]


async def find(world: World, actor: Actor, address: str, serial: str) -> Certificate:
    """One of those certificates, by its serial in hexadecimal."""
    try:
        wanted = read_serial(serial)
    except ValueError as error:
        raise Refusal(Rule.NOT_FOUND, joined((sentence_of(error), "."))) from error
    for row in await list_certificates(world, actor, address):
        if row.serial == wanted:
            return row
    detail = say("No certificate of {address} has the serial {serial}.", address=address, serial=wanted)
    raise Refusal(Rule.NOT_FOUND, detail, subject=wanted)
