"""Subscriptions of identities to folders; what a folder without an entry is, core/mailbox/mailboxes_as_tree.py says."""

from sqlalchemy import Connection, delete, insert, select

from mss_sim.models.tables import subscriptions


def subscriptions_of(conn: Connection, identity_id: int) -> dict[tuple[int, str], bool]:
    """The recorded choices of an identity, by (mailbox, name)."""
    columns = (subscriptions.c.mailbox_id, subscriptions.c.folder, subscriptions.c.subscribed)
    rows = conn.execute(select(*columns).where(subscriptions.c.identity_id == identity_id))
    return {(mailbox_id, name): bool(subscribed) for mailbox_id, name, subscribed in rows}


def set_subscription(conn: Connection, identity_id: int, mailbox_id: int, folder: str, *, subscribed: bool) -> None:
    """Record an identity's choice for a folder name, whether the folder exists or not (ref: rfc9051#6.3.7)."""
    key = (subscriptions.c.identity_id == identity_id, subscriptions.c.mailbox_id == mailbox_id, subscriptions.c.folder == folder)
    conn.execute(delete(subscriptions).where(*key))
    values = {"identity_id": identity_id, "mailbox_id": mailbox_id, "folder": folder, "subscribed": subscribed}
    conn.execute(insert(subscriptions).values(values))
