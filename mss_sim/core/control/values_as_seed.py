"""The words of a seed for what a world keeps: rows without what there is nothing to say of, and values that TOML has a form for."""

import re
import unicodedata
from datetime import datetime
from typing import Any

import orjson

from mss_sim.clock import Micros, to_datetime
from mss_sim.core.control import toml_text
from mss_sim.store.patients import PatientIdentity

Row = dict[str, Any]
_SLUG_CHARS = 40


def without_none(row: Row) -> Row:
    """A row without what there is nothing to say of."""
    return {name: value for name, value in row.items() if value is not None}


def moment(at: Micros | None) -> datetime | None:
    """An instant as TOML has it."""
    return None if at is None else to_datetime(at)


def number(one: PatientIdentity) -> Row:
    """A national identity of a patient."""
    acting = [{"idnat": who.idnat, "kind": who.kind.value} for who in one.representatives]
    return without_none(
        {
            "oid": one.oid.value,
            "state": one.state.value,
            "birth_name": one.birth_name or None,
            "given_names": one.given_names or None,
            "birth_date": one.birth_date,
            "sex": one.sex.value if one.sex else None,
            "birth_place": one.birth_place or None,
            "representatives": acting or None,
        }
    )


def behaviour(stored: str | None) -> Any:
    """A behaviour as a seed has it: its name, or its reactions without what they leave open."""
    return _bare(orjson.loads(stored)) if stored is not None and stored.startswith("[") else stored


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items() if one is not None}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def plain(profile: str) -> Any:
    """A profile as tables; as the JSON that it is where it has a null, which TOML has no form for."""
    told = orjson.loads(profile)
    try:
        toml_text.text_of(told)
    except TypeError:
        return profile
    return told


def slug(subject: str) -> str:
    """What of a subject may stand in the name of a file, after its number; nothing where nothing may."""
    plain = unicodedata.normalize("NFKD", subject).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_CHARS].strip("-")
    return f"-{words}" if words else ""
