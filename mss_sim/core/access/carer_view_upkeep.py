"""What carers see of a patient's mailbox follows it: at the end of the unit of work that changed it, in its transaction.

Carers never look into the mailbox itself, but into a view (`store/carer_views.py`): `access.as_seen` puts its id in the place of the
mailbox's, before any right is asked. So every reader of folders and copies, at every door, reads the view: lists and opened messages
(`store/pages`, `messages`), searches (`search`), folders with their figures (`folders`, `folder_view`, `folder_index`), conversations
(`conversations`), what IMAP sessions watch (`mailbox/selected_folder`, `recent`). What is read by other keys is filtered by name:

    rights to answer, in conversations and when a carer writes    core/conversations
    the letter that a carer answers, by its Message-ID            core/mailflow/threads
    letters sent, their timelines and reports                     core/mailflow/sent_letters
    the letter that a carer's read receipt is about               core/mailflow/submitted_receipts

| in the patient's folder                        | in the view                                                            |
|------------------------------------------------|------------------------------------------------------------------------|
| a letter comes, is appended, copied            | it comes, unless a mask matches it                                     |
| flags and keywords change                      | they change                                                            |
| it is moved to another folder                  | it is moved, and keeps its id                                          |
| it is deleted, or masked                       | it is gone, as if expunged                                             |
| it is unmasked                                 | it comes anew at the end: a new UID, so that no promise of IMAP breaks |
| a folder is made, renamed, deleted             | the same                                                               |

A view is made with the first grant and stays. Without carers there is none, and nothing more is read or written.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence

from mss_sim.core.world.world import World
from mss_sim.mail.mime import content
from mss_sim.mail.summary import Leaf, read_summary
from mss_sim.policy.masks import Maskable, Masks, Viewer, is_shown
from mss_sim.store import carer_views, folder_view, folders, mailboxes, masks, messages
from mss_sim.store.carer_views import SourceCopy, ViewCopy
from mss_sim.store.engine import Connection
from mss_sim.store.folder_view import CopyState
from mss_sim.store.folders import Folder
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.masks import Mask, Matchable
from mss_sim.store.messages import CopyRow
from mss_sim.vocabulary.mailboxes import Flag, MaskKind


def make(world: World, conn: Connection, mailbox: Mailbox) -> None:
    """Make the view of a patient's mailbox that has none, with all that carers may see now."""
    validity = max(mailbox.uid_validity_last, world.new_uid_validity())
    view_id = world.ids.next()
    carer_views.add(conn, mailbox, view_id, validity)
    for folder in folders.of_mailbox(conn, mailbox.id):
        add_folder(world, conn, view_id, folder, validity)
    hide_matched(conn, mailbox.id, masks.concerned(conn, mailbox.id), masks.of_mailbox(conn, mailbox.id))
    follow(world, conn, {folder.id for folder in folders.of_mailbox(conn, mailbox.id)})


def add_folder(world: World, conn: Connection, view_id: int, folder: Folder, validity: int | None = None) -> None:
    """Have carers see a folder, empty until it is followed; `validity` where the view is new, else one that it never had."""
    if validity is None:
        validity = mailboxes.take_uid_validity(conn, view_id, world.new_uid_validity())
    seen = Folder(world.ids.next(), view_id, folder.name, folder.special_use, validity, 1, 1, 0, 0)
    folders.add(conn, seen)
    folders.show_to_carers(conn, folder.id, seen.id)


def remove_folder(conn: Connection, mailbox_id: int, folder: Folder) -> None:
    """Take away what carers saw of a folder that was emptied and is about to go."""
    if folder.carer_view_id is not None:
        view = folders.lock(conn, [folder.carer_view_id])[folder.carer_view_id]
        _remove(conn, mailbox_id, view, carer_views.astray(conn, mailbox_id, folder))
        folders.remove(conn, folder.carer_view_id)


def follow_commits(world: World) -> None:
    """From now on, have views follow what units of work change."""
    world.store.follow_with(lambda conn, folder_ids: follow(world, conn, folder_ids))


def follow(world: World, conn: Connection, folder_ids: Collection[int], *, anew: bool = False) -> None:
    """Have views follow these folders; `anew`: masks have changed, so that every copy is looked at."""
    by_mailbox: dict[int, list[Folder]] = {}
    for folder in folders.lock(conn, folder_ids).values():
        if folder.carer_view_id is not None:
            by_mailbox.setdefault(folder.mailbox_id, []).append(folder)
    for mailbox_id, sources in sorted(by_mailbox.items()):
        _follow(world, conn, mailbox_id, sources, anew=anew)


class _Views:
    """Folders of a view, locked; those without a visible change are left alone: no session is woken for what it may not see."""

    def __init__(self, conn: Connection, ids: Collection[int]) -> None:
        self._rows = folders.lock(conn, ids)
        self._before = {row.id: row.modseq for row in self._rows.values()}

    def get(self, conn: Connection, folder_id: int) -> Folder:
        """One of them."""
        if folder_id not in self._rows:
            self._rows |= folders.lock(conn, [folder_id])
            self._before[folder_id] = self._rows[folder_id].modseq
        return self._rows[folder_id]

    def save(self, conn: Connection) -> None:
        """Write back the counters of those that changed."""
        folders.save_counters(conn, [row for row in self._rows.values() if row.modseq != self._before[row.id]])


def _follow(world: World, conn: Connection, mailbox_id: int, sources: list[Folder], *, anew: bool) -> None:
    views = _Views(conn, [source.carer_view_id for source in sources if source.carer_view_id is not None])
    pairs = [(source, views.get(conn, source.carer_view_id)) for source in sources if source.carer_view_id is not None]
    places = {source.id: view for source, view in pairs}
    rows = [row for source, view in pairs for row in carer_views.changed(conn, source.id, 0 if anew else view.followed_modseq)]
    known = carer_views.following(conn, [row.id for row in rows])
    fresh = {row.message_id for row in rows if row.id not in known}
    if fresh and not anew:
        hide_matched(conn, mailbox_id, fresh, masks.of_mailbox(conn, mailbox_id))
    hidden = masks.hidden(conn, mailbox_id) if fresh or anew else frozenset[int]()
    arriving = [row for row in rows if row.id not in known and row.message_id not in hidden]
    if anew or len(sources) > 1:
        arriving.sort(key=lambda row: row.id)
    made = [(_arrive(world, places[row.folder_id], row), row.id) for row in arriving]
    messages.add_copies(conn, [copy for copy, _ in made])
    carer_views.follow(conn, [(copy.id, source_id) for copy, source_id in made])
    carer_views.use(conn, mailbox_id, sum(row.size_bytes for row in arriving))
    for row in rows:
        if row.id in known and row.message_id not in hidden:
            _change(conn, views, places[row.folder_id], row, known[row.id])
    for source, view in pairs:
        if anew or view.exists_count != source.exists_count - masks.hidden_in_folder(conn, mailbox_id, source.id):
            _remove(conn, mailbox_id, view, carer_views.astray(conn, mailbox_id, source))
        folders.note_followed(conn, view.id, source.modseq)
    views.save(conn)


def _arrive(world: World, view: Folder, row: SourceCopy) -> CopyRow:
    uid, modseq = view.enter(row.flags)
    return CopyRow(world.ids.next(), view.mailbox_id, view.id, row.message_id, uid, modseq, row.flags, row.keywords, row.internal_at)


def _change(conn: Connection, views: _Views, view: Folder, row: SourceCopy, seen: ViewCopy) -> None:
    """Have a copy of the view take over a move, flags and keywords."""
    if seen.folder_id != view.id:
        _leave(views.get(conn, seen.folder_id), seen)
        messages.move(conn, seen.id, view.id, *view.enter(seen.flags))
    if (seen.flags, seen.keywords) != (row.flags, row.keywords):
        messages.set_flags(conn, [(seen.id, row.flags, row.keywords, view.mark(seen.flags, row.flags))])


def _leave(view: Folder, seen: ViewCopy) -> None:
    view.leave(seen=bool(seen.flags & Flag.SEEN))


def _remove(conn: Connection, mailbox_id: int, view: Folder, gone: Iterable[ViewCopy]) -> None:
    rows = list(gone)
    for row in rows:
        _leave(view, row)
    messages.remove_copies(conn, [(row.id, row.message_id) for row in rows])
    carer_views.use(conn, mailbox_id, -sum(row.size_bytes for row in rows))


def as_known(conn: Connection, rows: Sequence[CopyState]) -> list[CopyState]:
    """What a carer sees, as the copies that the patient knows: for the patient's journal, and for who read what."""
    known = carer_views.sources(conn, [row.copy_id for row in rows])
    return [row._replace(copy_id=known[row.copy_id]) for row in rows if row.copy_id in known]


def hide_matched(conn: Connection, mailbox_id: int, message_ids: Collection[int], given: Iterable[Mask]) -> None:
    """Hide those of these letters that one of these masks matches, unless they are hidden."""
    before = masks.hidden(conn, mailbox_id)
    masks.hide(conn, mailbox_id, _matched(conn, mailbox_id, set(message_ids) - before, given) - before)


def show_unmatched(conn: Connection, mailbox_id: int) -> None:
    """Show the hidden letters that none of the masks matches any more."""
    before = masks.hidden(conn, mailbox_id)
    masks.show(conn, mailbox_id, before - _matched(conn, mailbox_id, before, masks.of_mailbox(conn, mailbox_id)))


def _matched(conn: Connection, mailbox_id: int, message_ids: Collection[int], given: Iterable[Mask]) -> set[int]:
    """Those of these letters that one of these masks matches, each as it arrived and as its sender has it."""
    by_kind: dict[MaskKind, set[str]] = {kind: set() for kind in MaskKind}
    for row in given:
        by_kind[row.kind].add(row.target)
    letters = frozenset(map(int, by_kind[MaskKind.LETTER]))
    wanted = Masks(letters, frozenset(by_kind[MaskKind.CORRESPONDENT]), frozenset(by_kind[MaskKind.DOCUMENT]))
    if not message_ids or not any(wanted):
        return set()
    rows = masks.matchable(conn, mailbox_id, message_ids)
    matched = {row.message_id for row in rows if not is_shown(Viewer.CARER, wanted, _maskable(conn, row, wanted.documents))}
    return matched | masks.as_submitted(conn, mailbox_id, matched)


def _maskable(conn: Connection, row: Matchable, wanted: Collection[str]) -> Maskable:
    """What of a letter a mask can match. Its bytes are read only where one of the `wanted` documents may be in it, by its size."""
    summary = read_summary(row.summary)
    people = [one["address"] for field in (summary.from_, summary.sender, summary.reply_to, summary.to, summary.cc) for one in field]
    people += [*summary.receipt_to, row.return_path or "", *row.sent_to, *(address for _, address in row.reported)]
    sizes = {int(one.partition("-")[0]) for one in wanted}
    leaves = [leaf for leaf in summary.leaves if leaf["attachment"] and any(_may_hold(leaf, size) for size in sizes)]
    about = frozenset({row.message_id, *(id_ for id_, _ in row.reported)})
    return Maskable(about, frozenset(one.lower() for one in people if one), frozenset(documents(conn, row.message_id, leaves).values()))


def _may_hold(leaf: Leaf, size: int) -> bool:
    """Whether the encoded octets of a part can be those of a document of that size (ref: rfc2045#6)."""
    octets = leaf["end"] - leaf["start"]
    return octets // 4 - 4 <= size <= octets


def documents(conn: Connection, message_id: int, leaves: Sequence[Leaf]) -> dict[str, str]:
    """What names the content of these parts of a letter, its size and its digest, by the number of the part; none where it is gone."""
    if not leaves:
        return {}
    raw = folder_view.bodies(conn, [message_id], raw=True).get(message_id, (b"", b"", b""))[2]
    return {leaf["number"]: _name(content(raw, leaf["start"], leaf["end"], leaf["encoding"])) for leaf in leaves} if raw else {}


def _name(octets: bytes) -> str:
    return f"{len(octets)}-{hashlib.sha256(octets).hexdigest()}"
