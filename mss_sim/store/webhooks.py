"""Webhooks, and what each was told: a delivery is written before it is tried, and tried until it is taken or its tries are over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy import delete as delete_from

from mss_sim.clock import Micros
from mss_sim.models.feed import webhook_deliveries, webhooks


@dataclass(frozen=True, slots=True)
class Webhook:
    """Who is told of events. `kinds`: none for all; `mailbox`: an address; `position`: the last event that was looked at for it."""

    id: int
    url: str
    secret: str
    kinds: frozenset[str]
    mailbox: str | None
    enabled: bool
    position: int
    created_at: Micros


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One event for one webhook. `next_at`: None when it is over; `status` and `answer`: of the last try, None and what went wrong where
    there was no answer.
    """

    id: int
    webhook_id: int
    position: int
    kind: str
    body: str
    tries: int
    next_at: Micros | None
    delivered: bool = False
    last_at: Micros | None = None
    status: int | None = None
    answer: str = ""


_DELIVERY = tuple(webhook_deliveries.c)


def _webhook(row: Any) -> Webhook:
    id_, url, secret, kinds, *rest = row
    mailbox, enabled, position, created_at = rest
    return Webhook(id_, url, secret, frozenset(kinds.split()), mailbox, bool(enabled), position, created_at)


def _delivery(row: Any) -> WebhookDelivery:
    found = WebhookDelivery(*row)
    return replace(found, delivered=bool(found.delivered))


def add(conn: Connection, hook: Webhook) -> None:
    """Store a webhook."""
    values = {"id": hook.id, "url": hook.url, "secret": hook.secret, "kinds": " ".join(sorted(hook.kinds)), "mailbox": hook.mailbox}
    conn.execute(insert(webhooks).values(**values, enabled=hook.enabled, position=hook.position, created_at=hook.created_at))


def every(conn: Connection) -> list[Webhook]:
    """All webhooks, the oldest first."""
    return [_webhook(row) for row in conn.execute(select(*webhooks.c).order_by(webhooks.c.id))]


def by_id(conn: Connection, webhook_id: int) -> Webhook | None:
    """The webhook with that id."""
    row = conn.execute(select(*webhooks.c).where(webhooks.c.id == webhook_id)).one_or_none()
    return _webhook(row) if row else None


def enable(conn: Connection, webhook_id: int, *, enabled: bool) -> None:
    """Switch a webhook on or off."""
    conn.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(enabled=enabled))


def remove(conn: Connection, webhook_id: int) -> bool:
    """Forget a webhook and what it was told; whether it was there."""
    conn.execute(delete_from(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id))
    return bool(conn.execute(delete_from(webhooks).where(webhooks.c.id == webhook_id)).rowcount)


def move_on(conn: Connection, hook: Webhook, position: int) -> bool:
    """Note until where was looked for a webhook; False when somebody else has done so meanwhile."""
    moved = update(webhooks).where(webhooks.c.id == hook.id, webhooks.c.position == hook.position).values(position=position)
    return bool(conn.execute(moved).rowcount)


def add_deliveries(conn: Connection, rows: Sequence[WebhookDelivery]) -> None:
    """Store what webhooks are to be told."""
    if rows:
        conn.execute(insert(webhook_deliveries), [{column.name: getattr(row, column.name) for column in _DELIVERY} for row in rows])


def next_at(conn: Connection) -> Micros | None:
    """When the next try is due."""
    query = select(func.min(webhook_deliveries.c.next_at)).join(webhooks).where(webhooks.c.enabled)
    found: Micros | None = conn.execute(query).scalar()
    return found


def due(conn: Connection, now: Micros, limit: int) -> list[WebhookDelivery]:
    """What is due to be tried, the oldest first, at most `limit`."""
    query = select(*_DELIVERY).join(webhooks).where(webhooks.c.enabled, webhook_deliveries.c.next_at <= now)
    return [_delivery(row) for row in conn.execute(query.order_by(webhook_deliveries.c.id).limit(limit))]


def take(conn: Connection, one: WebhookDelivery, until: Micros) -> bool:
    """Lease a try until `until`; False when it was leased meanwhile."""
    taken = update(webhook_deliveries).where(webhook_deliveries.c.id == one.id, webhook_deliveries.c.tries == one.tries)
    return bool(conn.execute(taken.values(tries=one.tries + 1, next_at=until)).rowcount)


def keep(conn: Connection, one: WebhookDelivery) -> None:
    """Write down what came of a try."""
    values = {"next_at": one.next_at, "delivered": one.delivered, "last_at": one.last_at, "status": one.status, "answer": one.answer}
    conn.execute(update(webhook_deliveries).where(webhook_deliveries.c.id == one.id).values(**values))


def put_off(conn: Connection, webhook_id: int, now: Micros, until: Micros) -> None:
    """Have what is due for a webhook wait too: it does not answer."""
    waiting = webhook_deliveries.c.webhook_id == webhook_id, webhook_deliveries.c.next_at <= now
    conn.execute(update(webhook_deliveries).where(*waiting).values(next_at=until))


def deliveries(conn: Connection, webhook_id: int, *, before: int | None, limit: int) -> list[WebhookDelivery]:
    """What a webhook was told, the newest first."""
    query = select(*_DELIVERY).where(webhook_deliveries.c.webhook_id == webhook_id)
    if before is not None:
        query = query.where(webhook_deliveries.c.id < before)
    return [_delivery(row) for row in conn.execute(query.order_by(webhook_deliveries.c.id.desc()).limit(limit))]


def delivery(conn: Connection, webhook_id: int, delivery_id: int) -> WebhookDelivery | None:
    """One delivery of a webhook."""
    query = select(*_DELIVERY).where(webhook_deliveries.c.webhook_id == webhook_id, webhook_deliveries.c.id == delivery_id)
    row = conn.execute(query).one_or_none()
    return _delivery(row) if row else None
