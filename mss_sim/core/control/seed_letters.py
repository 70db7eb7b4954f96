"""The letters of a seed: read before anything is stored, then stored with their copies as the seed says, past every right.

A letter gets ids and UIDs of this world, in the order of the seed: it counts as arrived when it is planted. Its own dates are those of
the seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mss_sim.clock import Micros, from_datetime
from mss_sim.core.control.seed_fields import placed, where
from mss_sim.core.control.seed_formats import TOML, SeedFiles, wrong
from mss_sim.core.mailbox.charge_deeds import without_words, words_with
from mss_sim.core.mailbox.copies import put_in
from mss_sim.core.mailbox.flag_rules import FlagChange, changed, check_words
from mss_sim.core.mailbox.folders import folder_path
from mss_sim.core.mailbox.message_to_store import Stored, read_message, stored, without_holding
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.headers import storable
from mss_sim.mail.parse import ParsedMessage
from mss_sim.policy.charge import check_kind, check_note
from mss_sim.store import charges, conversations, folders, identities, mailboxes, messages
from mss_sim.store.charges import Charge, NoteRow
from mss_sim.store.engine import Connection
from mss_sim.store.folder_view import CopyState
from mss_sim.store.folders import Folder
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.charge import ChargeState
from mss_sim.vocabulary.mailboxes import FLAG_NAMES, FOLDER_SEPARATOR, Flag
from mss_sim.words.sentence import joined, say, sentence_of

_LETTERS = "letters"
_INBOX = "INBOX"
_TRACE_FIELDS, _TRACE_BYTES = 200, 65_536
"""What others may have written above a letter on its way, beside what its author wrote."""


@dataclass(frozen=True, slots=True)
class SeedLetter:
    """A letter that is read and only has to be stored; `place` is that of its row."""

    place: int
    row: Mapping[str, Any]
    parsed: ParsedMessage
    stored: Stored

    @property
    def file(self) -> str:
        """The file that it is."""
        return str(self.row["file"])


async def read(world: World, files: SeedFiles) -> list[SeedLetter]:
    """The letters of a seed; Refusal(INVALID) for the first that is missing, not named, or may not be stored."""
    rows = files.told.get(_LETTERS, [])
    _check_files(files, rows)
    now, found = world.clock.now(), list[SeedLetter]()
    for place, row in enumerate(rows):
        try:
            for copy in row["copies"]:
                check_words(FlagChange(frozenset((*copy.get("flags", ()), *copy.get("keywords", ())))))
            raw = files.letters[row["file"]]
            parsed = await read_message(world, raw, fields=_TRACE_FIELDS, octets=_TRACE_BYTES)
        except Refusal as refusal:
            if refusal.rule is Rule.MALFORMED_MESSAGE:
                raise wrong(row["file"], _without_point(refusal)) from refusal
            raise placed(files.text, _LETTERS, place, refusal) from refusal
        at = _received(row, now)
        made = await without_holding(raw, stored, world.ids.next(), raw, parsed, return_path=row.get("return_path"), fields=(), at=at)
        found.append(SeedLetter(place, row, parsed, made))
    return found


def _received(row: Mapping[str, Any], now: Micros) -> Micros:
    """When a letter was received: as it says, else the first of the dates of its copies, else now."""
    if "received_at" in row:
        return from_datetime(row["received_at"])
    return min((from_datetime(copy["internal_date"]) for copy in row["copies"] if "internal_date" in copy), default=now)


def _without_point(refusal: Refusal) -> Any:
    return refusal.detail.values.get("error", refusal.detail)


def _check_files(files: SeedFiles, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every file is one letter, and every letter has its file."""
    seen = set[str]()
    for place, row in enumerate(rows):
        file = row["file"]
        if file in seen:
            raise wrong(TOML, where(files.text, _LETTERS, place, say("{file} is a letter already; name all its copies there", file=file)))
        if file not in files.letters:
            raise wrong(file, say("the letter is missing; put it there, or take it out of seed.toml"))
        if not row["copies"]:
            raise wrong(TOML, where(files.text, _LETTERS, place, say("{file} lies nowhere; say in which mailbox (copies)", file=file)))
        seen.add(file)
    unnamed = sorted(files.letters.keys() - seen)
    if unnamed:
        raise wrong(unnamed[0], say("no [[letters]] of seed.toml names this letter; name it there, or take it out"))


class LetterPlanting:
    """Letters that are stored in one unit of work; `people` are the idNats of roles."""

    def __init__(self, world: World, conn: Connection, files: SeedFiles, people: Mapping[str, str]) -> None:
        self._world = world
        self._conn = conn
        self._files = files
        self._people = people
        self._boxes: dict[str, Mailbox] = {}
        self._folders: dict[tuple[int, str], Folder] = {}
        self._counted: dict[int, Folder] = {}
        self._used: dict[int, int] = {}
        self._threads: dict[str, int] = {}
        self._by_message_id: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        """The id of each letter, by its file."""

    def plant(self, letters: Sequence[SeedLetter]) -> None:
        """Store letters with their copies. Refusal with the line of the one that cannot be."""
        for letter in letters:
            try:
                self._letter(letter)
            except Refusal as refusal:
                raise placed(self._files.text, _LETTERS, letter.place, refusal) from refusal
        for mailbox_id, size in self._used.items():
            mailboxes.add_usage(self._conn, mailbox_id, size)
        if self._counted:
            folders.save_counters(self._conn, list(self._counted.values()))

    def _letter(self, letter: SeedLetter) -> None:
        raw, row, envelope, search_text = letter.stored
        row = row._replace(thread_id=self._thread(letter))
        messages.add(self._conn, [row], [(row.id, envelope, letter.parsed.structure, search_text, raw)])
        self.ids[letter.file] = row.id
        self._threads[letter.file] = row.thread_id
        if row.rfc_message_id:
            self._by_message_id.setdefault(row.rfc_message_id, row.thread_id)
        for copy in letter.row["copies"]:
            self._copy(row, copy)
        for receipt in letter.row.get("receipts", ()):
            at = from_datetime(receipt["sent_at"]) if "sent_at" in receipt else self._world.clock.now()
            conversations.note_receipt(self._conn, row.id, self.mailbox(receipt["mailbox"]).id, at)

    def _thread(self, letter: SeedLetter) -> int:
        """The conversation that a letter names, else that of the letter of this seed that it answers, else its own."""
        named = letter.row.get("conversation")
        if named is not None:
            if named != letter.file and named not in self._threads:
                detail = say("{file} is no letter before this one; a conversation is named by one of its letters before.", file=named)
                raise Refusal(Rule.INVALID, detail, subject=named)
            return self._threads.get(named, letter.stored.row.id)
        answered = (self._by_message_id[id_] for id_ in letter.parsed.in_reply_to if id_ in self._by_message_id)
        return next(answered, letter.stored.row.id)

    def _copy(self, row: messages.MessageRow, told: Mapping[str, Any]) -> None:
        box = self.mailbox(told["mailbox"])
        folder = self._folder(box, told.get("folder", _INBOX))
        words = frozenset((*told.get("flags", ()), *told.get("keywords", ())))
        flags, keywords = changed(Flag(0), "", without_words(FlagChange(words)))
        keywords = words_with(keywords, ChargeState(told.get("charge", {}).get("state", ChargeState.OPEN)))
        at = from_datetime(told["internal_date"]) if "internal_date" in told else row.received_at
        state = CopyState(0, 0, row.id, flags, keywords, 0, at, row.size_bytes, row.thread_id, bool(flags & Flag.SEEN))
        copy = put_in(self._world, folder, state)
        messages.add_copies(self._conn, [copy])
        self._used[box.id] = self._used.get(box.id, 0) + row.size_bytes
        self._in_charge(copy.id, box, told)
        for reading in told.get("read_by", ()):
            reader = self._identity(reading["who"])
            messages.note_reading(self._conn, copy.id, reader.id, from_datetime(reading["at"]))
            if "seen" in reading:
                messages.set_seen_by(self._conn, copy.id, reader.id, seen=reading["seen"])

    def _in_charge(self, copy_id: int, box: Mailbox, told: Mapping[str, Any]) -> None:
        """In whose hands a copy is, and what colleagues noted about it."""
        if not told.keys() & {"charge", "notes"}:
            return
        check_kind(box.kind)
        charge, notes = told.get("charge", {}), list[NoteRow]()
        for note in told.get("notes", ()):
            check_note(note["text"], len(notes))
            notes.append(NoteRow(self._world.ids.next(), copy_id, self._id_of(note), from_datetime(note["at"]), storable(note["text"])))
        state = ChargeState(charge.get("state", ChargeState.OPEN))
        holder = None if state is ChargeState.OPEN else self._id_of(charge)
        since = from_datetime(charge["since"]) if "since" in charge else self._world.clock.now()
        charges.keep(self._conn, [Charge(copy_id, state, holder, since, len(notes))])
        charges.add_notes(self._conn, notes)

    def _id_of(self, told: Mapping[str, Any]) -> int | None:
        return self._identity(told["who"]).id if "who" in told else None

    def _identity(self, who: str) -> Identity:
        found = identities.by_idnat(self._conn, self._people.get(who, who))
        if found is None:
            raise Refusal(Rule.INVALID, say("There is no identity {idnat}.", idnat=who), subject=who)
        return found

    def mailbox(self, address: str) -> Mailbox:
        """The mailbox at an address; Refusal(INVALID) where there is none."""
        found = self._boxes.get(address)
        if found is None:
            found = mailboxes.by_address(self._conn, self.address(address))
            if found is None:
                raise Refusal(Rule.INVALID, say("There is no mailbox {address}.", address=address), subject=address)
            self._boxes[address] = found
        return found

    def address(self, given: str) -> str:
        """An address in its one form; Refusal(INVALID)."""
        try:
            return canonical(given)
        except AddressError as error:
            raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=given, reference="rfc5321#4.1.2") from error

    def letter(self, file: str) -> tuple[int, int]:
        """The id and the conversation of a letter that was stored; Refusal(INVALID)."""
        if file not in self.ids:
            detail = say("{file} is no letter of this seed; name one by its file.", file=file)
            raise Refusal(Rule.INVALID, detail, subject=file)
        return self.ids[file], self._threads[file]

    def _folder(self, box: Mailbox, name: str) -> Folder:
        known = self._folders.get((box.id, name))
        if known is None:
            path = FOLDER_SEPARATOR.join(folder_path(name))
            row = folders.by_name(self._conn, box.id, path)
            if row is None:
                detail = say("{address} has no folder {folder}; name it in the folders of the mailbox.", address=box.address, folder=name)
                raise Refusal(Rule.INVALID, detail, subject=name)
            if row.id not in self._counted:
                self._counted[row.id] = folders.lock(self._conn, [row.id])[row.id]
            known = self._folders[box.id, name] = self._counted[row.id]
        return known


def words_of(flags: Flag) -> list[str]:
    """Flags by their IMAP names."""
    return [name for name, flag in FLAG_NAMES.items() if flags & flag]
