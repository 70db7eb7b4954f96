"""Webhooks: events posted to subscribed URLs, each until it is taken, in the order of the feed.

What a webhook is to be told is written down when the event is there, with the place until which was looked, in one transaction: nothing is
told that was not stored, and nothing is left out because a process died between two tries; what was under way then is told again, under the
same `webhook-id`. A target that does not answer is left alone for a while with all that waits for it, so that it delays no other.
"""

import asyncio
import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import orjson

from mss_sim.clock import SECOND, Micros
from mss_sim.core.feed.listening import Heard
from mss_sim.core.feed.plain_events import plain
from mss_sim.core.feed.reading_events import EventFilter, FeedEvent, events_after, last_position
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.mail.headers import storable
from mss_sim.policy.hearing import Hearing
from mss_sim.policy.webhooks import GONE, SECRET_PREFIX, next_try, read_secret, read_target, signature
from mss_sim.store import webhooks
from mss_sim.store.engine import RIGHTS_CHANGED, Connection
from mss_sim.store.webhooks import Webhook, WebhookDelivery
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.words.sentence import Sentence, say

_AT_ONCE = 200
_ANSWER_CHARS = 500


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What came of a try: the status and the beginning of the body, or no status and what went wrong."""

    status: int | None
    text: str


class WebhookTransport(Protocol):
    """Posts to targets."""

    async def check(self, url: str) -> None:
        """Refusal(INVALID) when the setting does not allow the target."""
        ...

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> WebhookAnswer:
        """Try once; every failure is an answer, none is raised."""
        ...


class Webhooks:
    """What the agenda asks about webhooks, and what is done with them. `woken` is set when something may be due."""

    def __init__(self, world: World, transport: WebhookTransport | None, rested: Callable[[], None]) -> None:
        """`transport`: None for a world without sockets, whose webhooks are told later, by one that has some. `rested` is called when
        nothing is being posted any more.
        """
        self._world = world
        self._transport = transport
        self._settings = world.settings.webhooks
        self._any = True
        self._trying = 0
        self._rested = rested
        self.woken = asyncio.Event()
        world.store.watch_commits(self._committed)

    @property
    def busy(self) -> bool:
        """Whether something is being posted now."""
        return self._trying > 0

    def _committed(self, changed: set[int]) -> None:
        if self._any or RIGHTS_CHANGED in changed:
            self.woken.set()

    async def register(self, url: str, wanted: EventFilter, secret: str | None, after: int | None) -> Webhook:
        """Have events behind a position, or from now on, posted to a target; the webhook with its secret.

        Refusal: INVALID for a target or a secret that is none, LIMIT_REACHED for one webhook too many.
        """
        world = self._world
        read_target(url)
        if self._transport is not None:
            await self._transport.check(url)
        if secret is not None:
            read_secret(secret)
        drawn = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        position = await last_position(world) if after is None else after
        made = Webhook(world.ids.next(), url, secret or drawn, wanted.kinds, wanted.mailbox, True, position, world.clock.now())

        def unit(conn: Connection) -> None:
            if len(webhooks.every(conn)) >= self._settings.max:
                detail = say("There are {most} webhooks already, the most that may be; remove one first.", most=self._settings.max)
                raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#webhooks")
            webhooks.add(conn, made)

        await world.store.write(unit, changes_directory=True)  # other processes learn it too
        self.woken.set()
        return made

    async def every(self) -> list[Webhook]:
        """All webhooks, the oldest first."""
        return await self._world.store.read_briefly(webhooks.every)

    async def enable(self, webhook_id: int, *, enabled: bool) -> Webhook:
        """Switch a webhook on or off; Refusal(NOT_FOUND). What it missed meanwhile is told when it is on again."""

        def unit(conn: Connection) -> Webhook:
            found = _required(conn, webhook_id)
            webhooks.enable(conn, webhook_id, enabled=enabled)
            return replace(found, enabled=enabled)

        changed = await self._world.store.write(unit)
        self.woken.set()
        return changed

    async def remove(self, webhook_id: int) -> None:
        """Forget a webhook; Refusal(NOT_FOUND)."""

        def unit(conn: Connection) -> None:
            if not webhooks.remove(conn, webhook_id):
                raise _unknown(webhook_id)

        await self._world.store.write(unit)

    async def deliveries(self, webhook_id: int, *, before: int | None, limit: int) -> list[WebhookDelivery]:
        """What a webhook was told, the newest first; Refusal(NOT_FOUND)."""

        def query(conn: Connection) -> list[WebhookDelivery]:
            _required(conn, webhook_id)
            return webhooks.deliveries(conn, webhook_id, before=before, limit=limit)

        return await self._world.store.read_briefly(query)

    async def position_of(self, webhook_id: int, delivery_id: int) -> int:
        """The position of the event that a delivery told; Refusal(NOT_FOUND)."""

        def query(conn: Connection) -> int:
            _required(conn, webhook_id)
            found = webhooks.delivery(conn, webhook_id, delivery_id)
            if found is None:
                detail = say("This webhook has no delivery {id}; GET …/deliveries lists them.", id=encode(delivery_id))
                raise Refusal(Rule.NOT_FOUND, detail, subject=encode(delivery_id))
            return found.position

        return await self._world.store.read_briefly(query)

    async def replay(self, webhook_id: int, after: int, until: int) -> int:
        """Tell a webhook once more of the events behind one position, up to another; how many. Refusal(NOT_FOUND).

        An event has the same `webhook-id` each time.
        """
        world = self._world

        def unit(conn: Connection) -> int:
            hook, position, count = _required(conn, webhook_id), after, 0
            while position < until:
                found = events_after(conn, position, min(_AT_ONCE, until - position))
                if found.position == position:
                    break
                rows = self._rows(hook, found.events)
                webhooks.add_deliveries(conn, rows)
                position, count = found.position, count + len(rows)
            return count

        count = await world.store.write(unit)
        self.woken.set()
        return count

    async def next_at(self) -> Micros | None:
        """When the next try is due; what happened since is written down for whom it concerns."""
        hooks = await self._world.store.read_briefly(webhooks.every)
        self._any = any(hook.enabled for hook in hooks)
        if not self._any:
            return None
        newest = await last_position(self._world)
        for hook in hooks:
            while hook.enabled and hook.position < newest:
                hook = await self._world.store.write(partial(self._look, hook=hook))  # noqa: PLW2901 - as it stands now
        return await self._world.store.read_briefly(webhooks.next_at)

    def _look(self, conn: Connection, hook: Webhook) -> Webhook:
        """Write down what a webhook is to be told of the next events; it as it stands then."""
        found = events_after(conn, hook.position, _AT_ONCE)
        if not webhooks.move_on(conn, hook, found.position):  # another process did it
            return webhooks.by_id(conn, hook.id) or replace(hook, enabled=False)
        webhooks.add_deliveries(conn, self._rows(hook, found.events))
        return replace(hook, position=found.position)

    def _rows(self, hook: Webhook, events: Sequence[FeedEvent]) -> list[WebhookDelivery]:
        wanted, now = EventFilter(hook.kinds, hook.mailbox), self._world.clock.now()
        return [
            WebhookDelivery(self._world.ids.next(), hook.id, event.position, event.kind, _body(event), 0, now)
            for event in events
            if wanted.takes(event)
        ]

    async def work(self) -> list[Fired]:
        """Try all that is due, those of one webhook one after the other; those that were tried."""
        world = self._world
        now, transport = world.clock.now(), self._transport
        if transport is None:
            return []
        hooks = {hook.id: hook for hook in await world.store.read_briefly(webhooks.every)}
        waiting: dict[int, list[WebhookDelivery]] = {}
        for one in await world.store.read_briefly(webhooks.due, now, _AT_ONCE):
            waiting.setdefault(one.webhook_id, []).append(one)
        fired = await asyncio.gather(*(self._tell(transport, hooks[id_], rows) for id_, rows in waiting.items() if id_ in hooks))
        return sorted((one for rows in fired for one in rows), key=lambda one: one.id)

    async def _tell(self, transport: WebhookTransport, hook: Webhook, rows: Sequence[WebhookDelivery]) -> list[Fired]:
        """Try these in their order, until one fails."""
        fired: list[Fired] = []
        for one in rows:
            now = self._world.clock.now()
            until = now + int(self._settings.timeout_seconds * 2 * SECOND)
            self._trying += 1
            try:
                if not await self._world.store.write(partial(webhooks.take, one=one, until=until)):
                    continue
                answer = await transport.post(hook.url, self._headers(hook, one), one.body.encode())
                taken = answer.status is not None and 200 <= answer.status < 300
                await self._world.store.write(partial(self._keep, hook=hook, one=one, answer=answer, taken=taken))
            finally:
                self._trying -= 1
                if not self._trying:
                    self._rested()
            fired.append(Fired(now, FiredKind.WEBHOOK_TRIED, one.id, hook.mailbox, hook.url))
            if not taken:
                break
        return fired

    def _headers(self, hook: Webhook, one: WebhookDelivery) -> dict[str, str]:
        message_id = f"msg_{encode(hook.id)}_{one.position}"
        seconds = self._world.clock.machine_now // SECOND  # its receiver compares it with a clock of the machine
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(hook.secret, message_id, seconds, one.body),
        }

    def _keep(self, conn: Connection, hook: Webhook, one: WebhookDelivery, answer: WebhookAnswer, *, taken: bool) -> None:
        """Write down what came of a try; what fails is tried later, with all that waits for the same target."""
        settings, now = self._settings, self._world.clock.now()
        pause = None if taken else next_try(one.tries + 1, settings.retry_seconds, settings.tries_max)
        next_at = None if pause is None else now + int(pause * SECOND)
        text = storable(answer.text)[:_ANSWER_CHARS]
        webhooks.keep(conn, replace(one, next_at=next_at, delivered=taken, last_at=now, status=answer.status, answer=text))
        if answer.status == GONE:
            webhooks.enable(conn, hook.id, enabled=False)
        elif not taken:
            webhooks.put_off(conn, hook.id, now, next_at or now + int(settings.retry_seconds * SECOND))


def _body(event: FeedEvent) -> str:
    data = plain(Heard(event, Hearing.WHOLE, event.letter_id))
    return orjson.dumps({"type": event.kind, "timestamp": data["at"], "data": data}).decode()


def _required(conn: Connection, webhook_id: int) -> Webhook:
    found = webhooks.by_id(conn, webhook_id)
    if found is None:
        raise _unknown(webhook_id)
    return found


def _unknown(webhook_id: int) -> Refusal:
    return Refusal(Rule.NOT_FOUND, _no_webhook(webhook_id), subject=encode(webhook_id))


def _no_webhook(webhook_id: int) -> Sentence:
    return say("There is no webhook {id}; GET /control/webhooks lists them.", id=encode(webhook_id))
