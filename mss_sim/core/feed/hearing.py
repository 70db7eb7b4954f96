"""What an actor hears: events in the mailboxes over which they have rights, as long as they have them (`policy.hearing`)."""

from mss_sim.clock import Micros
from mss_sim.core.access import gate, rights_in_force
from mss_sim.core.access.authentication import Actor, token_expired
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.feed.listening import Heard
from mss_sim.core.feed.reading_events import FeedEvent
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import Access
from mss_sim.policy.hearing import Hearing, hearing, is_for_carers
from mss_sim.store import mailboxes
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say


class Hearer:
    """An actor who listens, and the mailboxes that they hear now."""

    def __init__(self, world: World, actor: Actor, mailbox: str | None) -> None:
        """`mailbox`: the address of the only one that they want to hear."""
        self._world = world
        self._actor = actor
        self._mailbox = mailbox
        self._held: dict[int, MailboxAccess] = {}
        self._version = -1
        self._until: Micros | None = None

    @property
    def until(self) -> Micros | None:
        """When a grant of theirs begins or ends next; None when none does. Time alone makes no event."""
        return self._until

    async def refresh(self) -> None:
        """Learn which mailboxes they hear now; Refusal when they may not act any more, or may not see the mailbox that they named."""
        if token_expired(self._world, self._actor):
            detail = say("The token has expired; listen again with a new one.")
            raise Refusal(Rule.AUTHENTICATION_FAILED, detail, reference="psc#access-token")
        version = self._world.store.rights_version
        if version == self._version and (self._until is None or self._world.clock.now() < self._until):
            return
        self._held, self._until = await self._world.store.read_briefly(self._hears)
        self._version = version

    async def begin(self) -> None:
        """The same before anything is heard: a mailbox that they name has to be one that they may see."""
        actor, mailbox = self._actor, self._mailbox
        if mailbox is not None:
            await self._world.store.read_briefly(lambda conn: gate.about(self._world, conn, actor, mailbox, Right.SEE))
        await self.refresh()

    def _hears(self, conn: Connection) -> tuple[dict[int, MailboxAccess], Micros | None]:
        world, actor, now = self._world, self._actor, self._world.clock.now()
        gate.check_known(world, conn, actor)
        found = rights_in_force.holdings(conn, actor.identity.id)
        accesses = rights_in_force.accesses_at(found, now)
        held = rights_in_force.held(accesses, mailboxes.with_ids(conn, tuple(accesses)))
        ends = (end for given in found.grants.values() for one in given for end in (one.valid_from, one.valid_until))
        until = min((end for end in ends if end is not None and end > now), default=None)
        return {one.mailbox_id: one for one in held if actor.mailbox in (None, one.mailbox.address)}, until

    def hear(self, event: FeedEvent) -> Heard | None:
        """An event as they hear it; None when they do not."""
        actor = self._actor
        if event.mailbox is not None and actor.mailbox not in (None, event.mailbox):
            return None
        held = self._held.get(event.mailbox_id or 0)
        own = event.actor is not None and event.actor.id == actor.identity.id
        how = hearing(event.kind, held.access if held else Access(), own=own, named=actor.identity.idnat in event.named)
        copy_id = event.copies.get(held.mailbox.id) if held and event.copies else None
        if held and held.carer_of is not None and not is_for_carers(event.kind, letter=bool(event.letter_id), shown=copy_id is not None):
            return None
        return Heard(event, how, copy_id) if how is not Hearing.NOTHING else None
