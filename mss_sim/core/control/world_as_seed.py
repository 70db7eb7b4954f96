"""A world told as a seed: what people would write down of it, so that another world begins as this one is.

Ids, UIDs, keys, certificates and how it all came about (timelines, the queue, the journal, what patients were about to do) cannot be told
so; the head of the file counts what was left out. A snapshot keeps those.
"""

import asyncio
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from mss_sim.clock import Micros, to_datetime
from mss_sim.config.settings import in_force, is_of_a_world
from mss_sim.core.control import personas, snapshot_file, toml_text
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.control.seed_letters import words_of
from mss_sim.core.control.snapshots import Snapshot, chosen_settings, unreadable
from mss_sim.core.control.values_as_seed import Row, behaviour, moment, number, plain, slug, without_none
from mss_sim.core.mailbox.charge_deeds import words_beside
from mss_sim.core.world.passwords import matches
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import charges, closings, dispensations, folders, forwardings, grants, identities, mailboxes, masks, messages, operators
from mss_sim.store import clock as clocks
from mss_sim.store import out_of_office as absences
from mss_sim.store import patients as patients_kept
from mss_sim.store import seeds as told_of
from mss_sim.store import snapshots as databases
from mss_sim.store.charges import Charge, NoteRow
from mss_sim.store.conversations import AnswerRightRow
from mss_sim.store.engine import Connection
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.patients import PatientIdentity
from mss_sim.store.seeds import LyingCopy
from mss_sim.vocabulary.charge import ChargeState
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState, MaskKind, SeenPolicy, SentPolicy, UseStage
from mss_sim.words.sentence import Sentence, say

_SHARED_KINDS = frozenset({MailboxKind.ORG, MailboxKind.CAB})
_ANSWERS = re.compile(rb"^in-reply-to:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class About:
    """What the database does not say: the world's settings that were not the defaults, how late it is in it, and the seeds' people.

    `known` are rows of seeds by idNat, which have roles and passwords; `most` is how many bytes letters may have in all.
    """

    settings: Mapping[str, Any]
    at: Micros
    known: Mapping[str, Row]
    quota_bytes: int
    most: int
    language: Language


async def of_world(world: World) -> SeedFiles:
    """The world as it is, as a seed. Refusal(LIMIT_REACHED) where its letters are too many for one."""
    return await world.store.read(partial(tell, about=await _about(world, chosen_settings(world), world.clock.now())))


async def of_snapshot(world: World, snapshot: Snapshot) -> SeedFiles:
    """A snapshot as a seed. Refusal: INVALID where it cannot be read, LIMIT_REACHED as above."""
    at = int(datetime.fromisoformat(snapshot.manifest.world_at).timestamp() * 1_000_000)
    about = await _about(world, snapshot.manifest.settings, at)
    return await asyncio.to_thread(_of_file, snapshot, about)


def _of_file(snapshot: Snapshot, about: About) -> SeedFiles:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / snapshot_file.DATABASE
        try:
            snapshot_file.unpack_database(snapshot.file, database)
            databases.bring_up(database)
        except (snapshot_file.NoSnapshot, ValueError, OSError) as error:
            raise unreadable(snapshot.name, error) from error
        return databases.read(database, partial(tell, about=about))


async def _about(world: World, settings: Mapping[str, Any], at: Micros) -> About:
    known = await asyncio.to_thread(personas.rows_by_idnat, world)
    usual = dict(in_force(type(world.settings).model_construct()))["mailbox_quota_bytes"]
    quota = int(settings.get("mailbox_quota_bytes", usual))
    return About(settings, at, known, quota, world.settings.seeds.size_bytes_max, world.settings.language)


def tell(conn: Connection, about: About) -> SeedFiles:
    """What a database holds, as a seed."""
    return _Telling(conn, about).files()


@dataclass
class _Telling:
    conn: Connection
    about: About
    letters: dict[str, bytes] = field(default_factory=dict)
    _files: dict[int, str] = field(default_factory=dict)
    _tried: dict[tuple[str, str], bool] = field(default_factory=dict)
    _people: dict[int, Identity] = field(default_factory=dict)
    _boxes: dict[int, Mailbox] = field(default_factory=dict)
    _days: dict[int, int | None] = field(default_factory=dict)
    _unused: dict[int, tuple[Micros, UseStage]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        conn = self.conn
        self._people = {one.id: one for one in identities.list_all(conn)}
        self._boxes = {one.id: one for one in mailboxes.list_all(conn)}
        self._days, self._unused = told_of.kept_days(conn), told_of.unused(conn)

    def files(self) -> SeedFiles:
        """The seed, whole."""
        about = self.about
        letters = list(self._letters())
        tables: dict[str, Any] = {
            "settings": without_none({name: value for name, value in about.settings.items() if is_of_a_world(name)}),
            "clock": self._clock(),
            "operators": list(self._operators()),
            "identities": list(self._identities()),
            "mailboxes": [self._mailbox(box) for box in self._boxes.values()],
            "grants": [self._grant(box, row) for box in self._boxes.values() for row in grants.of_mailbox(self.conn, box.id)],
            "letters": letters,
            "answer_rights": list(self._answer_rights()),
            "masks": list(self._masks()),
            "dispensations": [
                {
                    "patient": self._who(one.patient_idnat),
                    "organisation": self._who(one.organisation_idnat),
                    "day": to_datetime(one.at).date(),
                }
                for one in dispensations.list_all(self.conn)
            ],
        }
        text = toml_text.document(tables, [line.in_language(about.language) for line in self._head()])
        return SeedFiles(text, tomllib.loads(text), self.letters)

    def _head(self) -> Iterator[Sentence]:
        yield say("A world of mss-sim as a seed, at {at} of its time.", at=to_datetime(self.about.at).isoformat())
        yield say("Begin one with it: mss-sim run --seed FOLDER, or PUT /control/seeds/NAME/file and POST /control/worlds.")
        counts = told_of.untold(self.conn)
        counts["psc_clients"] = max(counts["psc_clients"] - 1, 0)  # every world has the first one
        left = ", ".join(f"{name}: {number}" for name, number in counts.items() if number) or "-"
        yield say("Not told, for a seed has no words for it: ids, UIDs, keys, faults, transcripts; and rows of {left}.", left=left)

    def _clock(self) -> Row:
        kept = clocks.kept(self.conn)
        if kept is None or kept.pace.mode is ClockMode.REAL:
            return {}
        paced = {"rate": kept.pace.rate} if kept.pace.mode is ClockMode.PACED else {}
        frozen = kept.pace.mode is ClockMode.FROZEN
        return {"mode": kept.pace.mode.value, "at": to_datetime(kept.pace.world_at if frozen else self.about.at), **paced}

    def _operators(self) -> Iterator[Row]:
        outside = told_of.certificates_from_outside(self.conn)
        for one in operators.list_all(self.conn):
            names = list(dict.fromkeys(name for domain in one.domains for name in outside.get(domain, ())))
            ways = sorted(one.authentication) if one.authentication != frozenset(LogInBy) else None
            own = {"message_size_bytes_max": one.message_size_bytes_max, "authentication": ways, "mx": one.mx, "mx_ca": one.mx_ca}
            yield without_none({"name": one.name, "domains": list(one.domains), **own, "certificate_dns": names or None})

    def _identities(self) -> Iterator[Row]:
        accounts, profiles = told_of.accounts_by_identity(self.conn), told_of.profiles_by_identity(self.conn)
        numbers: dict[int, list[PatientIdentity]] = {}
        for kept in patients_kept.list_all(self.conn):
            numbers.setdefault(kept.identity_id, []).append(kept)
        for one in self._people.values():
            login, hashed = accounts.get(one.id, (None, ""))
            row = self.about.known.get(one.idnat, {})
            password = self._password(hashed, row.get("password"))
            profile = profiles.get(one.id, "{}")
            yield without_none(
                {
                    "role": row.get("role"),
                    "idnat": one.idnat,
                    "kind": one.kind.value,
                    "title": one.title or None,
                    **{name: getattr(one, name) or None for name in ("given_name", "family_name", "profession", "structure", "sector")},
                    **{name: getattr(one, name) or None for name in ("address_line", "postal_code", "city")},
                    "anonymous_card": one.anonymous_card or None,
                    "enabled": None if one.enabled else False,
                    "login": login,
                    "password": password,
                    "password_hash": None if password or login is None else hashed,
                    "ins": [number(kept) for kept in numbers.get(one.id, ())] or None,
                    "psc": None if profile == "{}" else plain(profile),
                }
            )

    def _password(self, hashed: str, known: str | None) -> str | None:
        """The password of a seed, where it is still that; people of one place share one hash, which is tried once."""
        if not hashed or not known:
            return None
        if (hashed, known) not in self._tried:
            self._tried[hashed, known] = matches(known, hashed)
        return known if self._tried[hashed, known] else None

    def _mailbox(self, box: Mailbox) -> Row:
        conn = self.conn
        own = [one.name for one in folders.of_mailbox(conn, box.id) if one.special_use is None]
        usual = SeenPolicy.SHARED if box.kind in _SHARED_KINDS else SeenPolicy.PERSONAL
        patient = box.kind is MailboxKind.PATIENT
        holders = [self._who_id(id_) for id_ in mailboxes.co_holder_ids(conn, box.id)]
        return without_none(
            {
                "address": box.address,
                "kind": box.kind.value,
                "owner": self._who_id(box.owner_id),
                "co_holders": holders or None,
                "label": box.label or None,
                "description": box.description or None,
                "red_listed": box.red_listed or None,
                "state": box.state.value if patient or box.state is not MailboxState.ACTIVE else None,
                "preferred_rank": box.preferred_rank,
                "message_size_bytes_max": box.message_size_bytes_max,
                "quota_bytes": box.quota_bytes if box.quota_bytes != self.about.quota_bytes else None,
                "seen_policy": box.seen_policy.value if box.seen_policy is not usual else None,
                "sent_policy": box.sent_policy.value if box.sent_policy is not SentPolicy.OWNER else None,
                "patients_may_write": box.patients_may_write or None,
                "with_structure": box.with_structure or None,
                "responsible_name": box.responsible_name or None,
                "keeps_diagnoses": box.keeps_diagnoses or None,
                "behaviour": behaviour(box.behaviour),
                "folders": own or None,
                **self._life(box.id),
            }
        )

    def _life(self, id_: int) -> Row:
        conn = self.conn
        closing, forwarding = closings.of_mailbox(conn, id_), forwardings.of_mailboxes(conn, [id_]).get(id_)
        absence, unused = absences.of_mailboxes(conn, [id_]).get(id_), self._unused.get(id_)
        return {
            "closing": closing
            and {
                "asked_at": to_datetime(closing.asked_at),
                "closes_at": to_datetime(closing.closes_at),
                "state_before": closing.state_before.value,
            },
            "forwarding": forwarding and {"target": forwarding.target, "keep": forwarding.keep, "set_at": to_datetime(forwarding.set_at)},
            "out_of_office": absence
            and without_none(
                {
                    "from_at": to_datetime(absence.from_at),
                    "until_at": moment(absence.until_at),
                    "subject": absence.subject or None,
                    "text": absence.text,
                    "days": absence.days,
                }
            ),
            "retention": without_none({"days": self._days[id_]}) if id_ in self._days else None,
            "used": unused and {"at": to_datetime(unused[0]), "stage": unused[1].value},
        }

    def _grant(self, box: Mailbox, row: GrantRow) -> Row:
        return without_none(
            {
                "mailbox": box.address,
                "grantee": self._who_id(row.grantee_id),
                "rights": sorted(row.rights),
                "reason": row.reason or None,
                "valid_from": moment(row.valid_from),
                "valid_until": moment(row.valid_until),
                "granted_at": to_datetime(row.granted_at),
                "granted_by": None if row.granted_by_id is None else self._who_id(row.granted_by_id),
                "revoked_at": moment(row.revoked_at),
                "revoked_by": None if row.revoked_by_id is None else self._who_id(row.revoked_by_id),
            }
        )

    def _letters(self) -> Iterator[Row]:
        lying, receipts, first = told_of.copies_lying(self.conn), told_of.receipts_sent(self.conn), dict[int, str]()
        room = self.about.most
        for place, letter in enumerate((one for one in told_of.letters_lying(self.conn) if one.id in lying), 1):
            room -= letter.size_bytes
            if room < 0:
                detail = say(
                    "The letters have over {most} bytes: save a snapshot, or raise MSS_SIM_SEEDS_SIZE_BYTES_MAX.", most=self.about.most
                )
                raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#seeds")
            file = f"letters/{place:04d}{slug(letter.subject)}.eml"
            raw = messages.raw(self.conn, letter.id)
            begins = letter.thread_id not in first
            anchor = first.setdefault(letter.thread_id, file)
            self.letters[file], self._files[letter.id] = raw, file
            left = [{"mailbox": address, "sent_at": to_datetime(at)} for address, at in receipts.get(letter.id, ())]
            yield without_none(
                {
                    "file": file,
                    "return_path": letter.return_path,
                    "received_at": to_datetime(letter.received_at),
                    "conversation": None if begins and not _ANSWERS.search(raw.partition(b"\r\n\r\n")[0]) else anchor,
                    "receipts": left or None,
                    "copies": [self._copy(copy) for copy in lying[letter.id]],
                }
            )

    def _copy(self, copy: LyingCopy) -> Row:
        readings = messages.readings_of(self.conn, [copy.copy_id]).get(copy.copy_id, ())
        read_by = [
            without_none({"who": self._who_id(one.identity_id), "at": to_datetime(one.first_at), "seen": one.seen}) for one in readings
        ]
        words = {"flags": words_of(copy.flags) or None, "keywords": words_beside(copy.keywords).split() or None}
        charge = charges.of(self.conn, [copy.copy_id]).get(copy.copy_id)
        notes = charges.notes_of(self.conn, [copy.copy_id]).get(copy.copy_id, ()) if charge else ()
        return without_none(
            {
                "mailbox": copy.address,
                "folder": copy.folder,
                **words,
                "internal_date": to_datetime(copy.internal_at),
                "read_by": read_by or None,
                "charge": None if charge is None or charge.state is ChargeState.OPEN else self._charge(charge),
                "notes": [self._note(one) for one in notes] or None,
            }
        )

    def _charge(self, charge: Charge) -> Row:
        who = None if charge.holder_id is None else self._who_id(charge.holder_id)
        return without_none({"state": charge.state.value, "who": who, "since": to_datetime(charge.since_at)})

    def _note(self, note: NoteRow) -> Row:
        who = None if note.author_id is None else self._who_id(note.author_id)
        return without_none({"who": who, "at": to_datetime(note.written_at), "text": note.text})

    def _answer_rights(self) -> Iterator[Row]:
        """Those that letters gave which are told; the others end with their letters."""
        for one in told_of.rights_to_answer(self.conn):
            if one.message_id in self._files:
                yield self._answer_right(one)

    def _answer_right(self, one: AnswerRightRow) -> Row:
        patient, box, origin = (self._boxes[id_].address for id_ in (one.patient_mailbox_id, one.mailbox_id, one.origin_mailbox_id))
        return without_none(
            {
                "patient": patient,
                "mailbox": box,
                "origin": None if origin == box else origin,
                "letter": self._files[one.message_id],
                "given_at": to_datetime(one.given_at),
                "withdrawn_at": moment(one.withdrawn_at),
                "cause": one.cause and one.cause.value,
                "closed_by": self._files.get(one.closing_message_id or 0),
            }
        )

    def _masks(self) -> Iterator[Row]:
        for box in self._boxes.values():
            for one in masks.of_mailbox(self.conn, box.id) if box.kind is MailboxKind.PATIENT else ():
                target = self._files.get(int(one.target)) if one.kind is MaskKind.LETTER else one.target
                if target is not None:
                    told = {"mailbox": box.address, "kind": one.kind.value, "target": target, "label": one.label or None}
                    yield without_none({**told, "masked_at": to_datetime(one.masked_at)})

    def _who_id(self, id_: int) -> str:
        return self._who(self._people[id_].idnat)

    def _who(self, idnat: str) -> str:
        """Somebody by the role that a seed gives them, else by number."""
        return str(self.about.known.get(idnat, {}).get("role", idnat))
