"""What may stand in `seed.toml`: its tables, their fields, and what a value of each is. Everything else is refused by its line."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson

from mss_sim.clock import from_datetime
from mss_sim.config.settings import FIELDS, is_of_a_world
from mss_sim.core.control.seed_formats import TOML, wrong
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import ID_MAX, instant_of
from mss_sim.vocabulary.charge import ChargeState
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState, MaskKind, Right, SeenPolicy, SentPolicy, UseStage
from mss_sim.vocabulary.patients import InsOid, PatientState, RepresentativeKind, Sex
from mss_sim.words.sentence import Sentence, joined, say

_LAST = instant_of(ID_MAX)
_NUMBER_MAX = 2**62
_HASH = re.compile(r"scrypt\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{42,86}={0,2}")

Check = Callable[[Any], Sentence | None]
"""What is wrong with a value, as the end of a sentence; None for nothing."""


def _text(value: Any) -> Sentence | None:
    return None if isinstance(value, str) else say("is a text, in quotation marks")


def _flag(value: Any) -> Sentence | None:
    return None if isinstance(value, bool) else say("is true or false")


def _whole(value: Any) -> Sentence | None:
    right = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _NUMBER_MAX
    return None if right else say("is a whole number, not below 0")


def _number(value: Any) -> Sentence | None:
    right = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1_000_000
    return None if right else say("is a number above 0")


def _moment(value: Any) -> Sentence | None:
    right = isinstance(value, datetime) and value.tzinfo is not None and 0 <= from_datetime(value) <= _LAST
    return None if right else say("is an instant with its zone, as 2026-03-02T08:00:00Z, before 2090")


def _day(value: Any) -> Sentence | None:
    return None if isinstance(value, date) and not isinstance(value, datetime) else say("is a day, as 1985-03-12")


def _hash(value: Any) -> Sentence | None:
    return None if isinstance(value, str) and _HASH.fullmatch(value) else say("is a hash as this program writes it; give password instead")


def _profile(value: Any) -> Sentence | None:
    return None if isinstance(value, dict) or _is_json(value) else say("is a table, or the JSON of one as a text")


def _is_json(value: Any) -> bool:
    try:
        return isinstance(value, str) and isinstance(orjson.loads(value), dict)
    except ValueError:
        return False


def _behaviour(value: Any) -> Sentence | None:
    right = isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, dict) for one in value))
    return None if right else say("is the name of a behaviour, or a list of tables")


def _word(words: type[StrEnum]) -> Check:
    known = joined((one.value for one in words), ", ")
    return lambda value: None if isinstance(value, str) and value in set(words) else say("is one of {known}", known=known)


def _list(check: Check) -> Check:
    def checked(value: Any) -> Sentence | None:
        if not isinstance(value, list):
            return say("is a list, in brackets")
        found = next((why for one in value if (why := check(one))), None)
        return say("is a list of which each {why}", why=found) if found else None

    return checked


@dataclass(frozen=True, slots=True)
class Rows:
    """The fields of a table: what each must be, and which there must be."""

    fields: Mapping[str, "Check | Rows"]
    needed: tuple[str, ...] = ()
    many: bool = True

    def faults(self, value: Any, name: str) -> Iterator[Sentence]:
        """What is wrong with a table, or a list of tables, inside another one."""
        rows = value if self.many else [value]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield say("{name} {why}", name=name, why=say("is a list of tables") if self.many else say("is a table"))
            return
        for row in rows:
            yield from self.faults_of_row(row, f"{name}.")

    def faults_of_row(self, row: Mapping[str, Any], above: str = "") -> Iterator[Sentence]:
        """What is wrong with one row; fields are named with what is `above` them."""
        for name in row.keys() - self.fields.keys():
            yield say("{name} is not known there; known are {known}", name=above + name[:40], known=", ".join(self.fields))
        for name in self.needed:
            if name not in row:
                yield say("{name} is missing", name=above + name)
        for name, check in self.fields.items():
            if name not in row:
                continue
            if isinstance(check, Rows):
                yield from check.faults(row[name], above + name)
            elif (why := check(row[name])) is not None:
                yield say("{name} {why}", name=above + name, why=why)


_INS: dict[str, Check | Rows] = {
    "oid": _word(InsOid),
    "state": _word(PatientState),
    "sex": _word(Sex),
    "birth_date": _day,
    **dict.fromkeys(("birth_name", "given_names", "birth_place"), _text),
    "representatives": Rows({"idnat": _text, "kind": _word(RepresentativeKind)}, ("idnat", "kind")),
}
_COPY: dict[str, Check | Rows] = {
    **dict.fromkeys(("mailbox", "folder"), _text),
    **dict.fromkeys(("flags", "keywords"), _list(_text)),
    "internal_date": _moment,
    "read_by": Rows({"who": _text, "at": _moment, "seen": _flag}, ("who", "at")),
    "charge": Rows({"state": _word(ChargeState), "who": _text, "since": _moment}, ("state",), many=False),
    "notes": Rows({"who": _text, "at": _moment, "text": _text}, ("at", "text")),
}
TABLES: dict[str, Rows] = {
    "settings": Rows({}, many=False),
    "clock": Rows({"mode": _word(ClockMode), "at": _moment, "rate": _number}, ("mode",), many=False),
    "operators": Rows(
        {
            **dict.fromkeys(("name", "mx", "mx_ca"), _text),
            **dict.fromkeys(("domains", "certificate_dns"), _list(_text)),
            "message_size_bytes_max": _whole,
            "authentication": _list(_word(LogInBy)),
        },
        ("name", "domains"),
    ),
    "identities": Rows(
        {
            **dict.fromkeys(("role", "idnat", "title", "given_name", "family_name", "profession", "structure", "sector"), _text),
            **dict.fromkeys(("address_line", "postal_code", "city"), _text),
            **dict.fromkeys(("login", "password"), _text),
            **dict.fromkeys(("anonymous_card", "enabled"), _flag),
            "kind": _word(IdentityKind),
            "password_hash": _hash,
            "psc": _profile,
            "ins": Rows(_INS),
        },
        ("idnat", "kind", "family_name"),
    ),
    "mailboxes": Rows(
        {
            **dict.fromkeys(("address", "owner", "label", "description", "responsible_name"), _text),
            **dict.fromkeys(("red_listed", "patients_may_write", "with_structure", "keeps_diagnoses"), _flag),
            **dict.fromkeys(("preferred_rank", "message_size_bytes_max", "quota_bytes"), _whole),
            **dict.fromkeys(("co_holders", "folders"), _list(_text)),
            "kind": _word(MailboxKind),
            "state": _word(MailboxState),
            "behaviour": _behaviour,
            "seen_policy": _word(SeenPolicy),
            "sent_policy": _word(SentPolicy),
            "closing": Rows(
                {"asked_at": _moment, "closes_at": _moment, "state_before": _word(MailboxState)}, ("asked_at", "closes_at"), many=False
            ),
            "forwarding": Rows({"target": _text, "keep": _flag, "set_at": _moment}, ("target",), many=False),
            "out_of_office": Rows(
                {"from_at": _moment, "until_at": _moment, "subject": _text, "text": _text, "days": _whole}, ("text",), many=False
            ),
            "retention": Rows({"days": _whole}, many=False),
            "used": Rows({"at": _moment, "stage": _word(UseStage)}, ("at",), many=False),
        },
        ("address", "kind", "owner"),
    ),
    "grants": Rows(
        {
            **dict.fromkeys(("mailbox", "grantee", "reason", "granted_by", "revoked_by"), _text),
            **dict.fromkeys(("valid_from", "valid_until", "granted_at", "revoked_at"), _moment),
            "rights": _list(_word(Right)),
            "valid_days": _whole,
        },
        ("mailbox", "grantee", "rights"),
    ),
    "letters": Rows(
        {
            **dict.fromkeys(("file", "return_path", "conversation"), _text),
            "received_at": _moment,
            "receipts": Rows({"mailbox": _text, "sent_at": _moment}, ("mailbox",)),
            "copies": Rows(_COPY, ("mailbox",)),
        },
        ("file", "copies"),
    ),
    "answer_rights": Rows(
        {
            **dict.fromkeys(("patient", "mailbox", "origin", "letter", "closed_by"), _text),
            **dict.fromkeys(("given_at", "withdrawn_at"), _moment),
            "cause": _word(ClosureCause),
        },
        ("patient", "mailbox", "letter"),
    ),
    "masks": Rows(
        {**dict.fromkeys(("mailbox", "target", "label"), _text), "kind": _word(MaskKind), "masked_at": _moment},
        ("mailbox", "kind", "target"),
    ),
    "dispensations": Rows({"patient": _text, "organisation": _text, "day": _day}, ("patient", "organisation", "day")),
}


def check(text: str, told: Mapping[str, Any]) -> None:
    """Refusal(INVALID) with the line of the first thing that a seed may not say; `told` is what its `text` says."""
    for name, value in told.items():
        table = TABLES.get(name)
        if table is None:
            raise wrong(TOML, say("{name} is not known there; known are {known}", name=name[:40], known=", ".join(TABLES)))
        rows = value if table.many else [value]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            opening = f"[[{name}]]" if table.many else f"[{name}]"
            raise wrong(TOML, say("{name} is written in sections, each under {opening}", name=name, opening=opening))
        if name == "settings":
            _check_settings(value)
            continue
        for place, row in enumerate(rows):
            fault = next(table.faults_of_row(row), None)
            if fault is not None:
                raise wrong(TOML, where(text, name, place, fault))


def _check_settings(told: Mapping[str, Any]) -> None:
    strange = next((name for name in told if name not in FIELDS or not is_of_a_world(name)), None)
    if strange is not None:
        detail = say("settings: {name} is no setting of a world; mss-sim settings lists them all", name=strange[:60])
        raise wrong(TOML, detail)


def where(text: str, table: str, place: int, why: Sentence) -> Sentence:
    """What is wrong with a row, counted from 0, with the line on which the row begins where that is known."""
    return joined((_place(text, table, place), ": ", why))


def placed(text: str, table: str, place: int, refusal: Refusal) -> Refusal:
    """The refusal of what a row asks for, with its line: CONFLICT where it is so already, else INVALID."""
    detail = say("This is no seed: {file}, {place}: {detail}", file=TOML, place=_place(text, table, place), detail=refusal.detail)
    rule = Rule.CONFLICT if refusal.rule is Rule.CONFLICT else Rule.INVALID
    return Refusal(rule, detail, subject=refusal.subject or TOML, reference="quirks#seeds")


def _place(text: str, table: str, place: int) -> Sentence:
    lines = _lines(text, table)
    if place < len(lines):
        return say("line {line}, {table}", line=lines[place], table=table)
    return say("{table} {number}", table=table, number=place + 1)


@lru_cache(maxsize=16)
def _lines(text: str, table: str) -> tuple[int, ...]:
    opening = re.compile(rf"\s*\[\[?\s*{table}\s*\]\]?\s*(#.*)?")
    return tuple(number for number, line in enumerate(text.split("\n"), 1) if opening.fullmatch(line.rstrip("\r")))
