"""Mailboxes and their holders."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from mss_sim.clock import Micros
from mss_sim.models.tables import co_holders, folders, mailboxes
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.store.engine import RIGHTS_CHANGED, announce, have_published
from mss_sim.vocabulary.mailboxes import FOLDERS_AT_BIRTH, HolderRole, MailboxKind, MailboxState, SeenPolicy, SentPolicy

_COLUMNS = tuple(mailboxes.c)
CHANGEABLE = frozenset(
    (
        *("state", "label", "description", "red_listed", "preferred_rank", "message_size_bytes_max", "quota_bytes"),
        *("seen_policy", "sent_policy", "behaviour", "patients_may_write", "with_structure", "responsible_name"),
        "keeps_diagnoses",
    )
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox (BAL). Sizes in bytes; `message_size_bytes_max` None means its operator's limit.

    `behaviour`: what its holder does unasked, a name or JSON; None: what the world says of such a mailbox.
    `patients_may_write`: its managers let patients write first (policy/closure.py).
    `carer_view_id`: where carers look instead (store/carer_views); `carer_view_of`: such a view, of which mailbox.
    `with_structure`: the directory shows it with its owner's work at a structure, and not with the owner alone.
    `responsible_name`: who answers for it, in free text, which the public directory does not show.
    `keeps_diagnoses`: what is wrong with the documents of its letters is kept with them (core/mailbox/kept_diagnoses).
    """

    id: int
    address: str
    operator_id: int
    owner_id: int
    kind: MailboxKind
    state: MailboxState
    label: str
    description: str
    red_listed: bool
    preferred_rank: int | None
    message_size_bytes_max: int | None
    quota_bytes: int
    used_bytes: int
    seen_policy: SeenPolicy
    sent_policy: SentPolicy
    uid_validity_last: int
    created_at: Micros
    behaviour: str | None = None
    patients_may_write: bool = False
    carer_view_id: int | None = None
    carer_view_bytes: int = 0
    carer_view_of: int | None = None
    with_structure: bool = False
    responsible_name: str = ""
    keeps_diagnoses: bool = False


_TYPES = (
    (4, cache(MailboxKind)),
    (5, cache(MailboxState)),
    (8, bool),
    (13, cache(SeenPolicy)),
    (14, cache(SentPolicy)),
    (18, bool),
    (22, bool),
    (24, bool),
)
"""The columns, by position, that are more than what the driver gives."""
_ENUMS = tuple(position for position, type_ in _TYPES if type_ is not bool)
_FIELDS = attrgetter(*(column.name for column in _COLUMNS))


def mailbox_of(row: Sequence[Any]) -> Mailbox:
    """A mailbox out of its columns, in their order."""
    values = list(row)
    for position, type_ in _TYPES:
        values[position] = type_(values[position])
    return Mailbox(*values)


def add(conn: Connection, mailbox: Mailbox, folder_ids: Sequence[int]) -> None:
    """Store a mailbox with its initial folders, one id each; IntegrityError when the address is taken."""
    add_all(conn, [(mailbox, folder_ids)])


def add_all(conn: Connection, new: Sequence[tuple[Mailbox, Sequence[int]]]) -> None:
    """The same for many."""
    _ADD.run(conn, [_values(mailbox) for mailbox, _ in new])
    _ADD_FOLDERS.run(conn, [folder for mailbox, folder_ids in new for folder in _first_folders(mailbox, folder_ids)])
    have_published(conn, [mailbox.owner_id for mailbox, _ in new])


def _values(mailbox: Mailbox) -> tuple[Any, ...]:
    """A mailbox as it is stored, in the order of the columns: a driver may not support enums."""
    values = list(_FIELDS(mailbox))
    for position in _ENUMS:
        values[position] = values[position].value
    return tuple(values)


def _first_folders(mailbox: Mailbox, folder_ids: Sequence[int]) -> list[tuple[Any, ...]]:
    """The rows of the folders that a mailbox has at first, in the order of the columns."""
    mailbox_id, uid_validity = mailbox.id, mailbox.uid_validity_last
    uid_next, modseq, exists, unseen, carer_view_id, followed = 1, 1, 0, 0, None, 0
    return [
        (id_, mailbox_id, name, use, uid_validity, uid_next, modseq, exists, unseen, carer_view_id, followed)
        for id_, (name, use) in zip(folder_ids, _AT_BIRTH, strict=True)
    ]


_AT_BIRTH = tuple((name, use.value) for name, use in FOLDERS_AT_BIRTH)
_ADD = Hot(insert(mailboxes))
_ADD_FOLDERS = Hot(insert(folders))


def taken(conn: Connection, wanted: Collection[str]) -> set[str]:
    """Those of these canonical addresses that a mailbox has."""
    return {address for (address,) in _TAKEN.rows(conn, "addresses", sorted(wanted))}


_TAKEN = HotSelect(select(mailboxes.c.address).where(mailboxes.c.address.in_(bindparam("addresses", expanding=True))))


def change(conn: Connection, mailbox_id: int, values: dict[str, Any]) -> None:
    """Change columns among CHANGEABLE."""
    if not values.keys() <= CHANGEABLE:
        raise ValueError(f"not changeable: {values.keys() - CHANGEABLE}")
    conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(values))
    have_published(conn, _owners(conn, [mailbox_id]))


def set_red_listed(conn: Connection, mailbox_ids: Iterable[int], *, red_listed: bool) -> None:
    """Take mailboxes from the public directory, or put them back."""
    listed = sorted(mailbox_ids)
    _SET_RED_LISTED.run(conn, [{"b_id": id_, "b_listed": red_listed} for id_ in listed])
    have_published(conn, _owners(conn, listed))


_SET_RED_LISTED = Hot(update(mailboxes).where(mailboxes.c.id == bindparam("b_id")).values(red_listed=bindparam("b_listed")))


def remove(conn: Connection, mailbox_id: int) -> bool:
    """Delete a mailbox with its folders, copies, grants; False when there is none. Messages stay until `messages.sweep`."""
    have_published(conn, _owners(conn, [mailbox_id]))
    these = or_(mailboxes.c.id == mailbox_id, mailboxes.c.carer_view_of == mailbox_id)
    return conn.execute(delete(mailboxes).where(these)).rowcount > 0


def _owners(conn: Connection, ids: Sequence[int]) -> list[int]:
    """Who owns these mailboxes, which the directory shows with them."""
    return [owner_id for (owner_id,) in _OWNERS.rows(conn, "ids", ids)]


_OWNERS = HotSelect(select(mailboxes.c.owner_id).where(mailboxes.c.id.in_(bindparam("ids", expanding=True))))


def by_address(conn: Connection, address: str) -> Mailbox | None:
    """The mailbox with that canonical address."""
    rows = _BY_ADDRESS.rows(conn, address=address)
    return mailbox_of(rows[0]) if rows else None


_BY_ADDRESS = HotQuery(select(*_COLUMNS).where(mailboxes.c.address == bindparam("address")))


def by_id(conn: Connection, mailbox_id: int) -> Mailbox | None:
    """The mailbox with that id."""
    rows = _BY_ID.rows(conn, id=mailbox_id)
    return mailbox_of(rows[0]) if rows else None


_BY_ID = HotQuery(select(*_COLUMNS).where(mailboxes.c.id == bindparam("id")))


def addresses(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """The addresses of these mailboxes."""
    rows: list[tuple[int, str]] = _ADDRESSES.rows(conn, "ids", sorted(ids))
    return dict(rows)


_ADDRESSES = HotSelect(select(mailboxes.c.id, mailboxes.c.address).where(mailboxes.c.id.in_(bindparam("ids", expanding=True))))


def list_all(conn: Connection) -> list[Mailbox]:
    """All mailboxes in the order of their creation."""
    return [mailbox_of(row) for row in conn.execute(select(*_COLUMNS).where(mailboxes.c.carer_view_of.is_(None)).order_by(mailboxes.c.id))]


def count(conn: Connection) -> int:
    """How many mailboxes there are."""
    return int(conn.execute(select(func.count()).select_from(mailboxes).where(mailboxes.c.carer_view_of.is_(None))).scalar_one())


def first_of_kind(conn: Connection, kind: MailboxKind) -> Mailbox | None:
    """The mailbox of that kind that was made first."""
    query = select(*_COLUMNS).where(mailboxes.c.kind == kind.value, mailboxes.c.carer_view_of.is_(None))
    row = conn.execute(query.order_by(mailboxes.c.id).limit(1)).one_or_none()
    return None if row is None else mailbox_of(row)


def owned_by(conn: Connection, identity_id: int) -> list[Mailbox]:
    """The mailboxes that an identity owns or is the responsible of; the preferred first."""
    return [mailbox_of(row) for row in _OWNED_BY.rows(conn, identity=identity_id)]


_OWNED_BY = HotQuery(
    select(*_COLUMNS)
    .where(mailboxes.c.owner_id == bindparam("identity"), mailboxes.c.carer_view_of.is_(None))
    .order_by(func.coalesce(mailboxes.c.preferred_rank, 1_000_000), mailboxes.c.id)
)


def co_held_by(conn: Connection, identity_id: int) -> list[Mailbox]:
    """The practice mailboxes that an identity is a co-holder of."""
    return [mailbox_of(row) for row in _CO_HELD_BY.rows(conn, identity=identity_id)]


_CO_HELD_BY = HotQuery(
    select(*_COLUMNS)
    .join(co_holders, co_holders.c.mailbox_id == mailboxes.c.id)
    .where(co_holders.c.identity_id == bindparam("identity"))
    .order_by(mailboxes.c.id)
)


def with_ids(conn: Connection, ids: Collection[int]) -> list[Mailbox]:
    """The mailboxes with these ids."""
    return sorted(map(mailbox_of, _WITH_IDS.rows(conn, "ids", sorted(ids))), key=lambda mailbox: mailbox.id)


_WITH_IDS = HotSelect(select(*_COLUMNS).where(mailboxes.c.id.in_(bindparam("ids", expanding=True))))


def owner_role(kind: MailboxKind) -> HolderRole:
    """What the owner of a mailbox of that kind is."""
    return HolderRole.RESPONSIBLE if kind is MailboxKind.CAB else HolderRole.OWNER


def role_of(conn: Connection, mailbox: "Mailbox | DeliveryMailbox", identity_id: int) -> HolderRole | None:
    """How an identity holds a mailbox by itself, or None: the owner of a practice's mailbox is its responsible."""
    if mailbox.owner_id == identity_id:
        return owner_role(mailbox.kind)
    if mailbox.kind is not MailboxKind.CAB:
        return None
    return HolderRole.CO_HOLDER if identity_id in co_holder_ids(conn, mailbox.id) else None


def co_holder_ids(conn: Connection, mailbox_id: int) -> list[int]:
    """The co-holders of a practice mailbox, the oldest first."""
    return [identity_id for (identity_id,) in _CO_HOLDERS.rows(conn, mailbox=mailbox_id)]


_CO_HOLDERS = HotQuery(
    select(co_holders.c.identity_id)
    .where(co_holders.c.mailbox_id == bindparam("mailbox"))
    .order_by(co_holders.c.since_at, co_holders.c.identity_id)
)


def add_co_holder(conn: Connection, mailbox_id: int, identity_id: int, at: Micros) -> None:
    """Make an identity a co-holder."""
    announce(conn, RIGHTS_CHANGED)
    add_co_holders(conn, [(mailbox_id, identity_id)], at)


def add_co_holders(conn: Connection, new: Sequence[tuple[int, int]], at: Micros) -> None:
    """The same for many, each a mailbox and an identity; the caller announces it."""
    _ADD_CO_HOLDERS.run(conn, [(mailbox_id, identity_id, at) for mailbox_id, identity_id in new])


_ADD_CO_HOLDERS = Hot(insert(co_holders))


def remove_co_holder(conn: Connection, mailbox_id: int, identity_id: int) -> bool:
    """Remove a co-holder; False when the identity was not one."""
    announce(conn, RIGHTS_CHANGED)
    condition = and_(co_holders.c.mailbox_id == mailbox_id, co_holders.c.identity_id == identity_id)
    return conn.execute(delete(co_holders).where(condition)).rowcount > 0


def take_uid_validity(conn: Connection, mailbox_id: int, at_least: int) -> int:
    """A UIDVALIDITY that no folder of the mailbox ever had, so that a recreated name is told apart (ref: rfc9051#2.3.1.1)."""
    last = conn.execute(select(mailboxes.c.uid_validity_last).where(mailboxes.c.id == mailbox_id)).scalar_one()
    taken: int = max(at_least, last + 1)
    conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(uid_validity_last=taken))
    return taken


def set_owner(conn: Connection, mailbox_id: int, identity_id: int) -> None:
    """Make an identity the owner or responsible."""
    announce(conn, RIGHTS_CHANGED)
    have_published(conn, [*_owners(conn, [mailbox_id]), identity_id])
    conn.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(owner_id=identity_id))


@dataclass(slots=True)
class DeliveryMailbox:
    """A mailbox as delivery sees it; its usage is changed in place, then written back by `save_usage`."""

    id: int
    address: str
    operator_id: int
    owner_id: int
    kind: MailboxKind
    state: MailboxState
    used_bytes: int
    quota_bytes: int
    message_size_bytes_max: int | None
    sent_policy: SentPolicy
    behaviour: str | None
    keeps_diagnoses: bool = False


_BERTHS = select(
    mailboxes.c.id,
    mailboxes.c.address,
    mailboxes.c.operator_id,
    mailboxes.c.owner_id,
    mailboxes.c.kind,
    mailboxes.c.state,
    mailboxes.c.used_bytes,
    mailboxes.c.quota_bytes,
    mailboxes.c.message_size_bytes_max,
    mailboxes.c.sent_policy,
    mailboxes.c.behaviour,
    mailboxes.c.keeps_diagnoses,
).where(mailboxes.c.address.in_(bindparam("addresses", expanding=True)))
_HOT_BERTHS = HotSelect(_BERTHS, _BERTHS.order_by(mailboxes.c.id).with_for_update())


def lock_for_delivery(conn: Connection, wanted: Collection[str]) -> dict[str, DeliveryMailbox]:
    """The mailboxes with these addresses, their rows locked until the commit, always in one order to avoid deadlocks."""
    found = {}
    for row in _HOT_BERTHS.rows(conn, "addresses", sorted(wanted)):
        id_, address, operator_id, owner_id, kind, state, used, quota, largest, sent, behaviour, keeps = row
        kind_, state_, sent_ = MailboxKind(kind), MailboxState(state), SentPolicy(sent)
        found[address] = DeliveryMailbox(
            id_, address, operator_id, owner_id, kind_, state_, used, quota, largest, sent_, behaviour, bool(keeps)
        )
    return found


_SAVE_USAGE = Hot(update(mailboxes).where(mailboxes.c.id == bindparam("b_id")).values(used_bytes=bindparam("b_used")))


def save_usage(conn: Connection, changed: Collection[DeliveryMailbox]) -> None:
    """Write back the usage of the mailboxes."""
    _SAVE_USAGE.run(conn, [{"b_id": mailbox.id, "b_used": mailbox.used_bytes} for mailbox in changed])


_USE = Hot(update(mailboxes).where(mailboxes.c.id == bindparam("b_id")).values(used_bytes=mailboxes.c.used_bytes + bindparam("b_more")))


def add_usage(conn: Connection, mailbox_id: int, bytes_more: int) -> None:
    """Add to a mailbox's usage; a negative number frees room."""
    _USE.run(conn, [{"b_id": mailbox_id, "b_more": bytes_more}])
