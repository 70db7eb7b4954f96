"""Letters in charge: what is done about copies of a folder that is locked, by the verb (`charge_verbs.py`) and by keywords alike.

Where a copy stands is kept in a table (`store/charges.py`); its keyword is written beside it, so that mail programs see it, search for it
and hear of it. Setting or clearing such a keyword does what the verb does, with its rights and its refusals:

| flags of IMAP, PATCH over REST                 | deed                                                                   |
|------------------------------------------------|------------------------------------------------------------------------|
| `InCharge` is set                              | take                                                                   |
| `Handled` is set                               | finish                                                                 |
| `InCharge` is cleared                          | release                                                                |
| `Handled` is cleared                           | reopen                                                                 |
| all flags are replaced by others               | the same, as far as it is allowed; what is not stays (ref: rfc4314#4)  |
| a message is appended with one                 | take, finish; without the right to mark it has none                    |

A deed raises the modification sequence of its copy, also where its flags stay the same: lists show who has it. A copy that is moved within
its mailbox stays in charge, and one that is made there stands as that one does; none takes it along to another mailbox.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mss_sim.core.access import journal, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.journal import Entry
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import SelectedFolder
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.ids import encode
from mss_sim.policy.charge import Holder, check_kind, check_note, does, hands
from mss_sim.store import charges, folders, identities, messages
from mss_sim.store.charges import Charge, NoteRow
from mss_sim.store.engine import Connection
from mss_sim.store.folder_view import CopyState
from mss_sim.store.identities import Identity
from mss_sim.vocabulary.charge import KEYWORDS, ChargeDeed, ChargeState
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, Right

_BY_WORD = {word.lower(): state for state, word in KEYWORDS.items()}
_SET = {ChargeState.DONE: ChargeDeed.FINISH, ChargeState.IN_CHARGE: ChargeDeed.TAKE}
_CLEARED = {ChargeState.DONE: ChargeDeed.REOPEN, ChargeState.IN_CHARGE: ChargeDeed.RELEASE}
_ACTS = {
    ChargeDeed.TAKE: Act.TAKEN,
    ChargeDeed.ASSIGN: Act.ASSIGNED,
    ChargeDeed.RELEASE: Act.RELEASED,
    ChargeDeed.FINISH: Act.HANDLED,
    ChargeDeed.REOPEN: Act.TAKEN_UP,
}


class Deed(NamedTuple):
    """What is done: `to` is the colleague whom a letter is given to, `note` what is written to colleagues, if anything."""

    kind: ChargeDeed
    to: Identity | None = None
    note: str = ""


def words_in(keywords: str) -> str:
    """Those of a copy's keywords that show in whose hands it is."""
    return " ".join(word for word in keywords.split() if word.lower() in _BY_WORD)


def words_beside(keywords: str) -> str:
    """The others."""
    return " ".join(word for word in keywords.split() if word.lower() not in _BY_WORD)


def words_with(keywords: str, state: ChargeState) -> str:
    """The keywords of a copy that stands so: the others, and the one that shows it."""
    return " ".join(sorted({*words_beside(keywords).split(), *([KEYWORDS[state]] if state in KEYWORDS else [])}))


def without_words(change: FlagChange) -> FlagChange:
    """What is left of a change of flags once the deeds that it asks for are done."""
    add, remove = (frozenset(word for word in words if word.lower() not in _BY_WORD) for words in (change.add, change.remove))
    return FlagChange(add, remove, change.replace, change.unchanged_since)


def follow_words(
    world: World, conn: Connection, actor: Actor, here: SelectedFolder, rows: Sequence[CopyState], change: FlagChange
) -> dict[int, CopyState]:
    """Do what the keywords of a change ask for; the copies that changed, by UID. Refusal by the rules of the verb, and nothing is done."""
    wanted = [(row, Deed(deed)) for row in rows if (deed := _deed_of(row, change)) is not None]
    return do(world, conn, actor, here, wanted, as_allowed=change.replace)


def follow_new(world: World, conn: Connection, actor: Actor, there: SelectedFolder, row: CopyState, change: FlagChange) -> None:
    """The same for a copy that was just appended; where letters are not taken in charge, or the actor may not, it stays free."""
    if Right.MARK in there.held.access.rights and there.held.mailbox.kind in PROFESSIONAL_KINDS:
        follow_words(world, conn, actor, there, [row], change)


def _deed_of(row: CopyState, change: FlagChange) -> ChargeDeed | None:
    has = {_BY_WORD[word.lower()] for word in row.keywords.split() if word.lower() in _BY_WORD}
    added, removed = ({_BY_WORD[word.lower()] for word in words if word.lower() in _BY_WORD} for words in (change.add, change.remove))
    for state, deed in _SET.items():
        if state in added and not (change.replace and state in has):
            return deed
    gone = has - added if change.replace else removed & has
    return next((deed for state, deed in _CLEARED.items() if state in gone and not added), None)


def do(
    world: World,
    conn: Connection,
    actor: Actor,
    here: SelectedFolder,
    wanted: Sequence[tuple[CopyState, Deed]],
    *,
    as_allowed: bool = False,
) -> dict[int, CopyState]:
    """Do what is wanted with each copy; the actor has the rights for it. The copies that changed, by UID, as they are then.

    Refusal(IN_CHARGE) for the first that another has, and nothing is done; `as_allowed`: that one is passed over instead.
    """
    if not wanted:
        return {}
    check_kind(here.held.mailbox.kind)
    known = charges.of(conn, [row.copy_id for row, _ in wanted])
    doing = _Doing(world, conn, actor, here)
    for row, deed in wanted:
        try:
            doing.one(row, deed, known.get(row.copy_id) or Charge(row.copy_id, ChargeState.OPEN, None, 0, 0))
        except Refusal:
            if not as_allowed:
                raise
    return doing.written()


class _Doing:
    """Deeds of one actor in one folder, written down together."""

    def __init__(self, world: World, conn: Connection, actor: Actor, here: SelectedFolder) -> None:
        self._world, self._conn, self._actor, self._here = world, conn, actor, here
        self._now = world.clock.now()
        self._after: dict[int, CopyState] = {}
        self._kept: list[Charge] = []
        self._notes: list[NoteRow] = []
        self._lines: list[Entry] = []
        self._may_mark: dict[int | None, bool] = {None: False}

    def one(self, row: CopyState, deed: Deed, before: Charge) -> None:
        """Decide about one copy."""
        after = self._changed(deed, before)
        if after is not None:
            self._lines.append(entry_of(self._here, Right.MARK, _ACTS[deed.kind], row, _told(deed, before)))
        if deed.note:
            check_note(deed.note, before.notes)
            after = (after or before)._replace(notes=before.notes + 1)
            author = self._actor.identity.id
            self._notes.append(NoteRow(self._world.ids.next(), row.copy_id, author, self._now, deed.note))
            self._lines.append(entry_of(self._here, Right.MARK, Act.NOTED, row, {}))
        shown = _shown(row, after or before)
        if after is not None:
            self._kept.append(after)
        if after is not None or shown != row:
            self._after[row.uid] = shown._replace(modseq=self._here.folder.step())

    def _changed(self, deed: Deed, before: Charge) -> Charge | None:
        """Where a copy stands after a deed; None where it stands there already, or the deed is a note alone."""
        holder, own = Holder(before.idnat or "", before.name), self._actor.identity.id
        where = hands(before.state, own=before.holder_id == own, holder_may_mark=self._holder_may_mark(before))
        given = deed.to.id if deed.to else own
        same = deed.kind is ChargeDeed.ASSIGN and before.state is ChargeState.IN_CHARGE and before.holder_id == given
        if same or not does(deed.kind, where, holder, manages=self._here.held.access.may(Right.MANAGE)) or deed.kind is ChargeDeed.NOTE:
            return None
        match deed.kind:
            case ChargeDeed.TAKE | ChargeDeed.ASSIGN:
                return before._replace(state=ChargeState.IN_CHARGE, holder_id=given, since_at=self._now)
            case ChargeDeed.FINISH:
                return before._replace(state=ChargeState.DONE, holder_id=own, since_at=self._now)
            case _:
                return before._replace(state=ChargeState.OPEN, holder_id=None, since_at=self._now)

    def _holder_may_mark(self, before: Charge) -> bool:
        if before.holder_id not in self._may_mark:
            self._may_mark[before.holder_id] = may_mark(self._world, self._conn, self._here, before.holder_id)
        return self._may_mark[before.holder_id]

    def written(self) -> dict[int, CopyState]:
        """Write all of it down."""
        if self._after:
            charges.keep(self._conn, self._kept)
            charges.add_notes(self._conn, self._notes)
            messages.set_flags(self._conn, [(row.copy_id, row.flags, row.keywords, row.modseq) for row in self._after.values()])
            folders.save_counters(self._conn, [self._here.folder])
            journal.write(self._world, self._conn, journal.by(self._actor), self._lines, at=self._now)
        return self._after


def _told(deed: Deed, before: Charge) -> dict[str, object]:
    match deed.kind:
        case ChargeDeed.ASSIGN:
            return {"to": deed.to.idnat if deed.to else "", "from": before.idnat}
        case ChargeDeed.RELEASE | ChargeDeed.REOPEN:
            return {"from": before.idnat}
        case _:
            return {}


def may_mark(world: World, conn: Connection, here: SelectedFolder, identity_id: int | None) -> bool:
    """Whether somebody may mark letters in a mailbox now, and so can have them in charge."""
    if identity_id is None or not identities.is_enabled(conn, identity_id):
        return False
    return rights_in_force.access(conn, here.held.mailbox, identity_id, world.clock.now()).may(Right.MARK)


class Standing(NamedTuple):
    """Copies with the keywords of where they stand, and that, by id: both of one instant."""

    rows: list[CopyState]
    charges: dict[int, Charge]


def standing(conn: Connection, rows: Sequence[CopyState], there: SelectedFolder) -> Standing:
    """What copies that are made of these in the same mailbox take along; nothing without the right to mark."""
    stand = charges.of(conn, [row.copy_id for row in rows]) if Right.MARK in there.held.access.rights else {}
    return Standing([_shown(row, stand.get(row.copy_id)) for row in rows], stand)


def _shown(row: CopyState, charge: Charge | None) -> CopyState:
    return row._replace(keywords=words_with(row.keywords, charge.state if charge else ChargeState.OPEN))


def copy(world: World, conn: Connection, found: Standing, made: Sequence[int]) -> None:
    """Have the copies that were made stand as those do, in the same order; each has the notes as its own."""
    notes, kept = charges.notes_of(conn, found.charges), []
    for row, copy_id in zip(found.rows, made, strict=True):
        if row.copy_id in found.charges:
            own = [note._replace(id=world.ids.next(), copy_id=copy_id) for note in notes.get(row.copy_id, ())]
            charges.add_notes(conn, own)
            kept.append(found.charges[row.copy_id]._replace(copy_id=copy_id, notes=len(own)))
    charges.keep(conn, kept)


def entry_of(here: SelectedFolder, right: Right, act: Act, row: CopyState, detail: Mapping[str, object]) -> Entry:
    """The line of the journal of an act on one copy, with the grant that allowed it."""
    return journal.entry(here.held, right, act, {"message": encode(row.copy_id), **detail}, message_id=row.message_id)
