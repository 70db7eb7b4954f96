"""A seed planted: all that it says in one unit of work, so that it is there whole or not at all.

People, mailboxes and grants are made by the verbs that everybody uses. What a world has been through besides (grants that ended, closings
that were asked for, rights to answer, receipts that left) is stored as it is told.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

import orjson

from mss_sim.clock import DAY, Micros, from_datetime
from mss_sim.core.access import carer_view_upkeep, delegation
from mss_sim.core.access import identities as people
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.access.practice_holders import SEED
from mss_sim.core.control.seed_fields import placed
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.control.seed_letters import LetterPlanting, SeedLetter
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailbox.folders import add_missing, folder_path
from mss_sim.core.mailbox.mailboxes import NewMailbox, address_of, create_mailbox
from mss_sim.core.mailflow.out_of_office import refuse_patients
from mss_sim.core.psc import professionals
from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.behaviours import PRESETS
from mss_sim.policy.behaviours import check as check_behaviour
from mss_sim.policy.behaviours import read as read_behaviour
from mss_sim.policy.delegation import Grantee, check_grantee
from mss_sim.store import (
    closings,
    conversations,
    dispensations,
    forwardings,
    grants,
    identities,
    mailbox_uses,
    mailboxes,
    masks,
    out_of_office,
    retention,
)
from mss_sim.store import operators as operators_kept
from mss_sim.store.closings import Closing
from mss_sim.store.conversations import AnswerRightRow
from mss_sim.store.engine import Connection
from mss_sim.store.forwardings import Forwarding
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.store.mailbox_uses import Unused
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.masks import Mask
from mss_sim.store.out_of_office import OutOfOffice
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState, MaskKind, Right, SeenPolicy, SentPolicy, UseStage
from mss_sim.words.sentence import say

Row = Mapping[str, Any]


def operators_of(rows: Sequence[Row]) -> list[NewOperator]:
    """The operators of a seed."""
    return [NewOperator(**{**row, "authentication": frozenset(map(LogInBy, row.get("authentication", LogInBy)))}) for row in rows]


class Planting:
    """One planting, inside a unit of work. `hashes`: passwords of the seed, hashed. `again`: what a planting that was cut short lacks."""

    def __init__(self, world: World, conn: Connection, files: SeedFiles, hashes: Mapping[str, str], *, again: bool, own: bool) -> None:
        self._world = world
        self._conn = conn
        self._files = files
        self._hashes = hashes
        self._again = again
        self._own = own
        self._roles = {row["role"]: row["idnat"] for row in files.told.get("identities", ()) if "role" in row}
        self._letters = LetterPlanting(world, conn, files, self._roles)

    def plant(self, letters: Sequence[SeedLetter]) -> None:
        """Plant all of it; Refusal for the first row that cannot be."""
        self._each("operators", self._operator)
        self._each("identities", self._identity)
        self._each("mailboxes", self._mailbox)
        self._each("grants", self._grant)
        if self._again:
            return  # letters come in the same transaction as the people
        self._letters.plant(letters)
        self._each("answer_rights", self._answer_right)
        self._each("masks", self._mask)
        self._each("dispensations", self._dispensation)

    def _each(self, table: str, plant: Callable[[Row], None]) -> None:
        for place, row in enumerate(self._files.told.get(table, ())):
            try:
                plant(row)
            except Refusal as refusal:
                raise placed(self._files.text, table, place, refusal) if self._own else refusal from refusal

    def _operator(self, row: Row) -> None:
        if self._again and any(one.name == row["name"] for one in operators_kept.list_all(self._conn)):
            return
        operators.create_many(self._world, self._conn, operators_of([row]))

    def _identity(self, row: Row) -> None:
        if not (self._again and identities.by_idnat(self._conn, row["idnat"])):
            fields = {key: value for key, value in row.items() if key not in ("role", "psc", "ins", "password_hash")}
            ins = tuple(NewPatientIdentity.read(one) for one in row.get("ins", ()))
            new = people.NewIdentity(**{**fields, "kind": IdentityKind(row["kind"]), "ins": ins})
            hashed = row.get("password_hash")
            people.check_account(new.login, hashed or new.password)
            people.refuse_controls({key: value for key, value in fields.items() if isinstance(value, str)})
            people.create_identity(self._world, self._conn, new, hashed or self._hashes.get(new.password or ""))
        if "psc" in row:
            profile = orjson.loads(row["psc"]) if isinstance(row["psc"], str) else row["psc"]
            professionals.check_profile(row["idnat"], profile)
            professionals.put_profile(self._world, self._conn, row["idnat"], profile)

    def _mailbox(self, row: Row) -> None:
        new = _mailbox(row, self._roles)
        address = address_of(new)
        if self._again and mailboxes.by_address(self._conn, address):
            return
        made = create_mailbox(self._world, self._conn, address, new)
        for name in row.get("folders", ()):
            add_missing(self._world, self._conn, made, folder_path(name))
        given = {name: row[name] for name in ("state", "patients_may_write") if name in row}
        if given:  # a patient's is what the seed says, whatever the identity would have it be
            mailboxes.change(self._conn, made.id, given)
        self._life(made, row)

    def _life(self, box: Mailbox, row: Row) -> None:
        """What a mailbox does by itself, and what awaits it."""
        conn, now = self._conn, self._world.clock.now()
        if "closing" in row:
            told = row["closing"]
            before = MailboxState(told.get("state_before", MailboxState.ACTIVE))
            closings.add(conn, Closing(box.id, from_datetime(told["asked_at"]), from_datetime(told["closes_at"]), before))
        if "forwarding" in row:
            refuse_patients(box)
            told = row["forwarding"]
            target = self._letters.address(told["target"])
            forwardings.put(conn, Forwarding(box.id, target, told.get("keep", True), _moment(told, "set_at") or now))
        if "out_of_office" in row:
            refuse_patients(box)
            told = row["out_of_office"]
            until = _moment(told, "until_at")
            texts = told.get("subject", ""), told["text"], told.get("days")
            out_of_office.put(conn, OutOfOffice(box.id, _moment(told, "from_at") or now, until, *texts))
        if "retention" in row:
            retention.put(conn, box.id, row["retention"].get("days"))
        if "used" in row:
            at = from_datetime(row["used"]["at"])
            mailbox_uses.set_stages(conn, [(Unused(box.id, at, UseStage.USED), UseStage(row["used"].get("stage", UseStage.USED)))])

    def _grant(self, row: Row) -> None:
        if self._again and self._granted(row):
            return
        if "granted_at" in row or "revoked_at" in row:
            self._past_grant(row)
            return
        days, now = row.get("valid_days"), self._world.clock.now()
        request = delegation.GrantRequest(
            address=row["mailbox"],
            grantee=self._named(row["grantee"]),
            rights=frozenset(map(Right, row["rights"])),
            valid_from=_moment(row, "valid_from"),
            valid_until=now + days * DAY if days else _moment(row, "valid_until"),
            reason=row.get("reason", ""),
        )
        delegation.give(self._world, self._conn, SEED, request)

    def _past_grant(self, row: Row) -> None:
        """A grant that was given then, and may be over: stored as it is told, if such a person can have one over such a mailbox."""
        box, grantee, now = self._letters.mailbox(row["mailbox"]), self._person(row["grantee"]), self._world.clock.now()
        check_grantee(Grantee(grantee.idnat, grantee.kind, enabled=True), box.kind)
        if not row["rights"]:
            raise Refusal(Rule.INVALID, say("A grant needs at least one right."))
        by, ended_by = (self._person(row[name]).id if name in row else None for name in ("granted_by", "revoked_by"))
        given = GrantRow(
            id=self._world.ids.next(),
            mailbox_id=box.id,
            grantee_id=grantee.id,
            rights=frozenset(map(Right, row["rights"])),
            valid_from=_moment(row, "valid_from"),
            valid_until=_moment(row, "valid_until"),
            reason=row.get("reason", ""),
            granted_by_id=by,
            granted_at=_moment(row, "granted_at") or now,
            revoked_by_id=ended_by,
            revoked_at=_moment(row, "revoked_at"),
        )
        current = mailboxes.by_id(self._conn, box.id) or box
        delegation.add(self._world, self._conn, current, given)

    def _granted(self, row: Row) -> bool:
        """Whether an identity has, or had, a grant over a mailbox."""
        box, identity = mailboxes.by_address(self._conn, row["mailbox"]), identities.by_idnat(self._conn, self._named(row["grantee"]))
        return bool(box and identity and any(one.grantee_id == identity.id for one in grants.of_mailbox(self._conn, box.id)))

    def _answer_right(self, row: Row) -> None:
        patient, box = self._letters.mailbox(row["patient"]), self._letters.mailbox(row["mailbox"])
        letter, now = self._letters.letter(row["letter"]), self._world.clock.now()
        closing = self._letters.letter(row["closed_by"])[0] if "closed_by" in row else None
        ended = _moment(row, "withdrawn_at")
        right = AnswerRightRow(
            id=self._world.ids.next(),
            patient_mailbox_id=patient.id,
            mailbox_id=box.id,
            origin_mailbox_id=self._letters.mailbox(row.get("origin", row["mailbox"])).id,
            message_id=letter[0],
            thread_id=letter[1],
            given_at=_moment(row, "given_at") or now,
            withdrawn_at=ended,
            cause=ClosureCause(row.get("cause", ClosureCause.EXPLICIT)) if ended else None,
            closing_message_id=closing,
        )
        conversations.give(self._conn, [right])

    def _mask(self, row: Row) -> None:
        box, kind = self._letters.mailbox(row["mailbox"]), MaskKind(row["kind"])
        if box.kind is not MailboxKind.PATIENT:
            raise Refusal(Rule.INVALID, say("Only a patient masks letters from carers."), subject=box.address)
        target = str(self._letters.letter(row["target"])[0]) if kind is MaskKind.LETTER else row["target"]
        at = _moment(row, "masked_at") or self._world.clock.now()
        made = Mask(self._world.ids.next(), box.id, kind, target, row.get("label", ""), at)
        masks.add(self._conn, made)
        carer_view_upkeep.hide_matched(self._conn, box.id, masks.concerned(self._conn, box.id), [made])

    def _dispensation(self, row: Row) -> None:
        at = from_datetime(datetime.combine(row["day"], time(), UTC))
        dispensations.record(self._conn, self._person(row["patient"]).id, self._person(row["organisation"]).id, at)

    def _named(self, who: str) -> str:
        return str(self._roles.get(who, who))

    def _person(self, who: str) -> Identity:
        return people.require_identity(self._conn, self._named(who))


def _moment(row: Row, name: str) -> Micros | None:
    return from_datetime(row[name]) if name in row else None


def _mailbox(row: Row, roles: Mapping[str, str]) -> NewMailbox:
    return NewMailbox(
        address=row["address"],
        kind=MailboxKind(row["kind"]),
        owner_idnat=roles.get(row["owner"], row["owner"]),
        label=row.get("label", ""),
        description=row.get("description", ""),
        red_listed=row.get("red_listed", False),
        preferred_rank=row.get("preferred_rank"),
        message_size_bytes_max=row.get("message_size_bytes_max"),
        quota_bytes=row.get("quota_bytes"),
        seen_policy=SeenPolicy(row["seen_policy"]) if "seen_policy" in row else None,
        sent_policy=SentPolicy(row.get("sent_policy", "owner")),
        co_holders=tuple(roles.get(idnat, idnat) for idnat in row.get("co_holders", ())),
        behaviour=_behaviour(row.get("behaviour")),
        with_structure=row.get("with_structure", False),
        responsible_name=row.get("responsible_name", ""),
        keeps_diagnoses=row.get("keeps_diagnoses", False),
    )


def _behaviour(given: str | list[dict[str, Any]] | None) -> str | None:
    """A behaviour as the mailbox keeps it: the name of one, or its reactions. Refusal(INVALID) for what is neither."""
    if isinstance(given, str) and given not in PRESETS:
        detail = say("There is no behaviour {name}; there are {names}.", name=given, names=", ".join(PRESETS))
        raise Refusal(Rule.INVALID, detail, subject=given, reference="quirks#behaviours")
    if not isinstance(given, list):
        return given
    try:
        read = read_behaviour(given)
        orjson.dumps(given)
    except (KeyError, TypeError, ValueError) as error:
        detail = say("The behaviour cannot be read: {error}.", error=str(error)[:100])
        raise Refusal(Rule.INVALID, detail, subject="behaviour", reference="quirks#behaviours") from error
    check_behaviour(read)
    return behaviours.stored(read)
