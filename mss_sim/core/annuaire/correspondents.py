"""Correspondents as people look for them: by words of names, professions, places, structures; while they type; and why one is not found.

A word for a trade stands for the others of its stem (`policy/word_forms`), so that `cardiologue` finds cardiologie: that is another
beginning of the same walk, and costs nothing.

What is shown is what the directory publishes, as late as it does. The mailboxes of a correspondent are in the order that their holder
prefers (ref: sentinelle#f6), the preferred one first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mss_sim.clock import SECOND, Micros
from mss_sim.core.access import rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.annuaire.publication import Loading, view_now
from mss_sim.core.world.world import World
from mss_sim.fhir.entries import Entry, PublishedMailbox, codes_of
from mss_sim.mail.parse import fold, words_of
from mss_sim.policy.findability import REASONS, Standing, as_told, findability
from mss_sim.policy.searching import check_texts, check_words
from mss_sim.policy.word_forms import looked_for
from mss_sim.store import correspondents, directory_search, identities, mailboxes
from mss_sim.store.correspondents import Found, Wanted
from mss_sim.store.directory import Part
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import Findability
from mss_sim.vocabulary.mailboxes import MailboxKind, Right
from mss_sim.vocabulary.professions import specialty_of
from mss_sim.words.sentence import Sentence

_AROUND = "<>,;\"'()"


@dataclass(frozen=True, slots=True)
class CorrespondentQuery:
    """Whom to find: beginnings of words, anywhere (`text`, an address too) or in a field; a kind of mailbox that they have."""

    text: str = ""
    profession: str = ""
    specialty: str = ""
    place: str = ""
    structure: str = ""
    kind: MailboxKind | None = None


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody to write to; `structure`: where the person works, if the directory has it. `mailboxes`: the preferred one first."""

    entry: Entry
    structure: Entry | None
    mailboxes: tuple[PublishedMailbox, ...]

    @property
    def name(self) -> str:
        """As people are called."""
        return " ".join(filter(None, (self.entry.title, self.entry.given, self.entry.family)))

    @property
    def specialty(self) -> str:
        """The national label of the specialty; empty without one."""
        known = specialty_of(self.entry.profession) if self.entry.is_person and codes_of(self.entry) else None
        return known.label if known else ""

    @property
    def place(self) -> Entry | None:
        """Where they are: the organisation itself, or where the person works."""
        return self.structure if self.entry.is_person else self.entry

    def prefers(self, box: PublishedMailbox) -> bool:
        """Whether it is the mailbox that its holder prefers."""
        return box.rank is not None and box == self.mailboxes[0]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An address while somebody types, with whose it is."""

    mailbox: PublishedMailbox
    whose: Correspondent


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether the directory shows an address, or why not. `whose`: under whom, if it does; `shown_at`: from when on, if it will."""

    address: str
    code: Findability
    detail: Sentence
    whose: Correspondent | None = None
    shown_at: Micros | None = None


class Correspondents:
    """Whom one may write to, of one world; their words are loaded when somebody looks for the first time."""

    def __init__(self, world: World, entries: Loading) -> None:
        self._world = world
        self._entries = entries
        self._cards = Loading(world, Part.CARDS, entries)

    def forget(self) -> None:
        """The world begins anew: what was loaded is gone, or another."""
        self._cards.forget()

    async def find(self, query: CorrespondentQuery, *, after: int | None = None, limit: int) -> list[Correspondent]:
        """At most so many, in the order of the word that fewest have, behind an identity.

        Refusal(INVALID) for no word at all; Refusal(LIMIT_REACHED) for too many, or too long a text.
        """
        wanted = self._wanted(query)
        check_words(wanted.all_words)
        return await self._found(wanted, after, limit)

    async def suggest(self, text: str, *, limit: int) -> list[Suggestion]:
        """Addresses while somebody types, at most so many; none for no word. Refusal(LIMIT_REACHED) as above."""
        wanted = self._wanted(CorrespondentQuery(text))
        if not wanted.all_words:
            return []
        check_words(wanted.all_words)
        found = await self._found(wanted, None, limit)
        every = [Suggestion(box, one) for one in found for box in one.mailboxes]
        meant = [one for one in every if all(fold(one.mailbox.address).startswith(begun) for begun in wanted.addresses)]
        return meant[:limit]

    async def why_not_found(self, actor: Actor | None, address: str) -> Explanation:
        """Whether the directory shows a canonical address, or why not, as far as the actor may know; None: the control plane."""
        await self._entries.ensure()
        return await self._world.store.read(self._why, actor, address)

    def _wanted(self, query: CorrespondentQuery) -> Wanted:
        fields = (query.profession, query.specialty, query.place, query.structure)
        check_texts((query.text, *fields), self._world.settings.search.query_chars_max)
        pieces = [fold(one).strip(_AROUND) for one in query.text.split()]
        addresses = tuple(one for one in pieces if "@" in one)
        words = _telling(_forms(" ".join(one.partition("@")[0] for one in pieces)))
        professions, specialties = (_telling(_forms(one)) for one in fields[:2])
        places, structures = (_telling(words_of(one)) for one in fields[2:])
        return Wanted(words, addresses, professions, specialties, places, structures, query.kind.value if query.kind else None)

    async def _found(self, wanted: Wanted, after: int | None, limit: int) -> list[Correspondent]:
        await self._cards.ensure()
        rows = await self._world.store.read(self._find, wanted, after, limit)
        return [_correspondent(row, wanted.kind) for row in rows]

    def _find(self, conn: Connection, wanted: Wanted, after: int | None, limit: int) -> list[Found]:
        return correspondents.find(conn, wanted, view_now(self._world, conn), after, limit)

    def _why(self, conn: Connection, actor: Actor | None, address: str) -> Explanation:
        world, view = self._world, view_now(self._world, conn)
        box = mailboxes.by_address(conn, address)
        holder = identities.by_id(conn, box.owner_id) if box else None
        entry = directory_search.by_ids(conn, [box.owner_id], view).get(box.owner_id) if box else None
        shown = entry is not None and entry.active and any(one.address == address for one in entry.mailboxes)
        standing = None
        if box and holder:
            standing = Standing(box.kind, box.state, box.red_listed, holder.kind, holder.enabled, holder.anonymous_card)
        inside = world.directory.operator_in(conn, address) is not None
        code = findability(address, standing, in_trust_space=inside, shown=shown)
        if actor is not None:
            code = as_told(
                code, address, actor.identity.kind, world.settings.directory.why_told, sees=_sees(conn, actor, address, world.clock.now())
            )
        if code is Findability.PUBLISHED and entry:
            there = directory_search.organisations(conn, [entry.structure], view) if entry.is_person and entry.structure else {}
            structure = there.get(entry.structure)
            return Explanation(
                address, code, REASONS[code], _correspondent(Found(entry, structure if structure and structure.active else None), None)
            )
        return Explanation(address, code, REASONS[code], shown_at=self._shown_at(conn, box.owner_id, code) if box else None)

    def _shown_at(self, conn: Connection, owner_id: int, code: Findability) -> Micros | None:
        """When what is published will be shown; None where it will not be."""
        if code is not Findability.NOT_YET_PUBLISHED:
            return None
        view = view_now(self._world, conn, directory_search.newest(conn))
        entry = directory_search.by_ids(conn, [owner_id], view).get(owner_id)
        late = int(self._world.settings.directory.publication_delay_seconds * SECOND)
        return entry.changed_at + late if entry else None


def _sees(conn: Connection, actor: Actor, address: str, now: Micros) -> bool:
    held = rights_in_force.access_to(conn, address, actor.identity.id, now)
    return held is not None and held.access.may(Right.SEE) and actor.mailbox in (None, address)


def _forms(text: str) -> list[str]:
    """The words of a text, forms of the word for a trade as the one under which all of them are found."""
    return list(dict.fromkeys(map(looked_for, words_of(text))))


def _telling(words: Sequence[str]) -> tuple[str, ...]:
    """Words but for those with which a longer one of them begins."""
    return tuple(one for one in words if not any(other != one and other.startswith(one) for other in words))


def _correspondent(found: Found, kind: str | None) -> Correspondent:
    boxes = tuple(box for box in found.entry.mailboxes if kind in (None, box.kind))
    return Correspondent(found.entry, found.structure, boxes)
