"""Correspondents looked for by words, as people type them: the beginnings of names, professions, places, structures.

| a card has the words of      | from                                                                               |
|------------------------------|------------------------------------------------------------------------------------|
| names                        | names; labels of mailboxes, and the left parts of their addresses                  |
| professions, specialties     | the profession as it is told, and the national labels of its codes                 |
| places                       | postal code and town, of the structure where somebody works too                    |
| structures                   | the name of the organisation, or of that where somebody works                      |
| kinds                        | kinds of their mailboxes                                                           |

`directory_words` is an index of the words of cards. A search walks the stretch of the word that the fewest cards have, in its order, as far
as the page needs. Whether a card has the others too is asked of the index first, where few whole words begin so, which is sooner over than
to look into the card. Cards only grow, so that they serve each version: a match is looked
at once more, as the view shows them.

Words hold letters and figures alone, so that none of them is a pattern.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Select, bindparam, exists, func, insert, literal_column, select, tuple_, update

from mss_sim.fhir.entries import Entry, codes_of
from mss_sim.mail.parse import fold, words_of
from mss_sim.models.directory import FOREVER, directory_cards, directory_entries, directory_words
from mss_sim.store import directory, directory_search
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.store.directory import Load, Part
from mss_sim.store.directory_search import View
from mss_sim.vocabulary.professions import profession_of, specialty_of

_LAST = "\U0010ffff"
_MANY = 10_000
"""So many cards are counted of a word: it is rare, or it is not."""
_WHOLE_MAX = 4
"""So many whole words are asked of the index, in the place of a beginning."""
_OF_SPECIALISTS = " (SM)"


class Card(NamedTuple):
    """The words under which somebody is found; in each text words with a space before and behind."""

    names: str
    professions: str
    specialties: str
    places: str
    structures: str
    kinds: str

    @property
    def words(self) -> list[str]:
        """All but the kinds, each once."""
        return list(dict.fromkeys("".join(self[:-1]).split()))


class Wanted(NamedTuple):
    """Who is looked for. `words` stand anywhere on the card, the others in their field; each is the beginning of a word there.

    `addresses`: so an address of theirs begins. `kind`: that of a mailbox which they have.
    """

    words: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    professions: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    kind: str | None = None

    @property
    def all_words(self) -> tuple[str, ...]:
        """Each word that some field must have."""
        return tuple(dict.fromkeys((*self.words, *self.professions, *self.specialties, *self.places, *self.structures)))


class Found(NamedTuple):
    """Somebody, and the structure where they work, if the directory has it."""

    entry: Entry
    structure: Entry | None


def load(conn: Connection, count: int) -> Load:
    """Make the cards of the next identities, so many; how far it came. Their entries are there."""
    return directory.load_next(conn, Part.CARDS, count, lambda ids: _put(conn, _cards(conn, ids)))


def follow(conn: Connection, ids: Iterable[int]) -> None:
    """Have the cards of these identities, and of who works there, tell what their entries tell now."""
    if directory.load_state(conn, Part.CARDS) is None:
        return
    cards = _cards(conn, sorted(set(ids)))
    changed = _put(conn, cards)
    there = [idnat for (idnat,) in _ORGANISATIONS.rows(conn, "ids", sorted(changed))]
    workers = [id_ for (id_,) in _WORKERS.rows(conn, "structures", there)]
    _put(conn, _cards(conn, workers))


_ORGANISATIONS = HotSelect(
    select(directory_entries.c.idnat).where(
        directory_entries.c.person.is_(False),
        directory_entries.c.identity_id.in_(bindparam("ids", expanding=True)),
        directory_entries.c.until_id == literal_column(str(FOREVER)),
    )
)
_WORKERS = HotSelect(
    select(directory_entries.c.identity_id).where(
        directory_entries.c.structure.in_(bindparam("structures", expanding=True)),
        directory_entries.c.until_id == literal_column(str(FOREVER)),
    )
)


def _cards(conn: Connection, ids: Sequence[int]) -> dict[int, Card]:
    """The cards of those of these identities who have a mailbox that is published, and of organisations, which lead to who works there."""
    rows = chain.from_iterable(statement.rows(conn, "ids", ids) for statement in _NEWEST)
    entries = [Entry.of(id_, 0, True, orjson.loads(facts)) for id_, facts in rows]
    shown = [entry for entry in entries if entry.mailboxes or not entry.is_person]
    wanted = sorted({entry.structure for entry in shown if entry.is_person and entry.structure})
    there = {idnat: Entry.of(0, 0, True, orjson.loads(facts)) for idnat, facts in _STRUCTURES.rows(conn, "idnats", wanted)}
    return {entry.id: card_of(entry, there.get(entry.structure) if entry.is_person else None) for entry in shown}


_NEWEST = [
    HotSelect(
        select(directory_entries.c.identity_id, directory_entries.c.facts).where(
            directory_entries.c.person.is_(person),
            directory_entries.c.identity_id.in_(bindparam("ids", expanding=True)),
            directory_entries.c.until_id == literal_column(str(FOREVER)),
            directory_entries.c.active.is_(True),
        )
    )
    for person in (True, False)  # one after the other, by the primary key
]
_STRUCTURES = HotSelect(
    select(directory_entries.c.idnat, directory_entries.c.facts).where(
        directory_entries.c.idnat.in_(bindparam("idnats", expanding=True)),
        directory_entries.c.person.is_not(True),  # so that it is found by its number
        directory_entries.c.until_id == literal_column(str(FOREVER)),
        directory_entries.c.active.is_(True),
    )
)


def card_of(entry: Entry, structure: Entry | None) -> Card:
    """The card of an entry; `structure`: where the person works."""
    place = structure or entry
    labels = chain.from_iterable((box.label, box.address.partition("@")[0]) for box in entry.mailboxes)
    known = bool(codes_of(entry)) and entry.is_person
    profession, specialty = (profession_of(entry.profession), specialty_of(entry.profession)) if known else (None, None)
    special = specialty.label.removesuffix(_OF_SPECIALISTS) if specialty else ""
    return Card(
        _text(entry.family, entry.given, *labels),
        _text(entry.profession, profession.label if profession else ""),
        _text(special, entry.profession if special else ""),
        _text(entry.postal_code, entry.city, place.postal_code, place.city),
        _text("" if entry.is_person and not structure else place.family),
        directory.among(dict.fromkeys(box.kind for box in entry.mailboxes)),
    )


def _text(*texts: str) -> str:
    return directory.among(words_of(" ".join(texts)))


def _put(conn: Connection, cards: Mapping[int, Card]) -> list[int]:
    """Write cards, beside the words that are on them already; whose have changed."""
    known = {id_: Card(*texts) for id_, *texts in _KNOWN.rows(conn, "ids", sorted(cards))}
    added: list[tuple[Any, ...]] = []
    changed: list[dict[str, Any]] = []
    words: list[tuple[str, int]] = []
    for id_, card in cards.items():
        before = known.get(id_)
        if before is None:
            added.append((id_, *card))
            words += ((word, id_) for word in card.words)
            continue
        whole = Card(*(directory.among(dict.fromkeys((old + new).split())) for old, new in zip(before, card, strict=True)))
        if whole != before:
            changed.append({"b_id": id_, **whole._asdict()})
            there = set(before.words)
            words += ((word, id_) for word in whole.words if word not in there)
    _ADD_CARDS.run(conn, added)
    _CHANGE_CARDS.run(conn, changed)
    _ADD_WORDS.run(conn, sorted(words))
    return [*(row[0] for row in added), *(row["b_id"] for row in changed)]


_KNOWN = HotSelect(select(directory_cards).where(directory_cards.c.identity_id.in_(bindparam("ids", expanding=True))))
_ADD_CARDS = Hot(insert(directory_cards))
_CHANGE_CARDS = Hot(
    update(directory_cards)
    .where(directory_cards.c.identity_id == bindparam("b_id"))
    .values({name: bindparam(name) for name in Card._fields})
)
_ADD_WORDS = Hot(insert(directory_words))


def find(conn: Connection, wanted: Wanted, view: View, after: int | None, most: int) -> list[Found]:
    """The matches in the order of the rarest word, behind an identity, at most so many. `wanted` has a word."""
    word, *others = _rarest_first(conn, wanted.all_words)
    known = [whole for whole in (_whole(conn, other) for other in others) if whole is not None]
    place = _place(conn, word, after)
    found: list[Found] = []
    while len(found) < most:
        rows = conn.execute(_walk(word, known, wanted, place).limit(most)).all()
        entries = directory_search.by_ids(conn, sorted({row[1] for row in rows}), view)
        working = sorted({entry.structure for entry in entries.values() if entry.is_person and entry.structure})
        structures = {idnat: one for idnat, one in directory_search.organisations(conn, working, view).items() if one.active}
        for at, id_, *texts in rows:
            place = at, id_
            entry = entries.get(id_)
            if entry is None or at != _first(Card(*texts), word):
                continue
            one = Found(entry, structures.get(entry.structure) if entry.is_person else None)
            if _is_wanted(one, wanted):
                found.append(one)
        if len(rows) < most:
            break
    return found[:most]


def _rarest_first(conn: Connection, words: Sequence[str]) -> list[str]:
    """Words by how many words of cards begin so, as far as they are counted; of those that many have the longest first."""
    if len(words) == 1:
        return list(words)

    def weight(word: str) -> tuple[int, int]:
        return _COUNT.rows(conn, begins=word, ends=word + _LAST)[0][0], -len(word)

    return sorted(words, key=weight)


_SOME: Select[Any] = (
    select(literal_column("1"))
    .select_from(directory_words)
    .where(directory_words.c.word >= bindparam("begins"), directory_words.c.word < bindparam("ends"))
    .limit(_MANY)
)
_COUNT = HotQuery(select(func.count()).select_from(_SOME.subquery()))


def _whole(conn: Connection, beginning: str) -> list[str] | None:
    """The whole words that begin so; None for too many of them."""
    found, behind = list[str](), beginning
    while True:
        word = _NEXT_WORD.rows(conn, behind=behind, ends=beginning + _LAST)[0][0]
        if word is None:
            return found
        found.append(word)
        if len(found) > _WHOLE_MAX:
            return None
        behind = word + " "  # in no word, and before all letters


_NEXT_WORD = HotQuery(
    select(func.min(directory_words.c.word)).where(
        directory_words.c.word >= bindparam("behind"), directory_words.c.word < bindparam("ends")
    )
)


def _first(card: Card, beginning: str) -> str:
    """The word under which a card is met first on the way; no other one counts."""
    return min((word for word in card.words if word.startswith(beginning)), default="")


def _place(conn: Connection, word: str, after: int | None) -> tuple[str, int]:
    """Where the way goes on behind an identity."""
    if after is None:
        return "", 0
    row = conn.execute(select(directory_cards).where(directory_cards.c.identity_id == after)).one_or_none()
    return ("", 0) if row is None else (_first(Card(*row[1:]), word), after)


def _walk(word: str, others: Sequence[Sequence[str]], wanted: Wanted, place: tuple[str, int]) -> Select[Any]:
    """The cards along the stretch of a word that may be wanted. `others`: of each of these whole words one is on the card."""
    cards, words = directory_cards.c, directory_words.c
    anywhere = cards.names + cards.professions + cards.specialties + cards.places + cards.structures
    fields = (
        *(
            (anywhere, tuple(one for one in wanted.words if one != word)),
            (cards.professions, wanted.professions),
            (cards.specialties, wanted.specialties),
        ),
        *((cards.places, wanted.places), (cards.structures, wanted.structures), (cards.kinds, (wanted.kind,) if wanted.kind else ())),
    )
    holds = [field.like(f"% {one}%") for field, those in fields for one in those]
    beside = directory_words.alias()
    named = [exists().where(beside.c.word.in_(whole), beside.c.identity_id == words.identity_id) for whole in others]
    return (
        select(words.word, *cards)
        .select_from(directory_words.join(directory_cards, cards.identity_id == words.identity_id))
        .where(words.word >= word, words.word < word + _LAST, tuple_(words.word, words.identity_id) > place, *named, *holds)
        .order_by(words.word, words.identity_id)
    )


def _is_wanted(found: Found, wanted: Wanted) -> bool:
    """Whether somebody is wanted as the view shows them: their card may be older, or newer."""
    entry = found.entry
    if not entry.active or not entry.mailboxes:
        return False
    card = card_of(entry, found.structure)
    anywhere = "".join(card[:-1])
    fields = (
        *((anywhere, wanted.words), (card.professions, wanted.professions), (card.specialties, wanted.specialties)),
        *((card.places, wanted.places), (card.structures, wanted.structures)),
    )
    return (
        all(f" {word}" in text for text, words in fields for word in words)
        and (wanted.kind is None or any(box.kind == wanted.kind for box in entry.mailboxes))
        and all(any(fold(box.address).startswith(one) for box in entry.mailboxes) for one in wanted.addresses)
    )
