"""Rows of an import as people and mailboxes: the fields of `POST /control/identities` and `/control/mailboxes`, side by side.

A row that says its `kind` is somebody new; one with an `address` is a mailbox of `owner`, or of who has the `idnat` of the row. In a table,
columns may have French names, yes and no are written in either language, a day also as 31/12/1999, and the traits of a patient's identity
stand in columns of their own; in NDJSON they may stand in `ins`, as over REST.
"""

import re
import unicodedata
from typing import Any, Final

from pydantic import ValidationError

from mss_sim.control.schemas import IdentityIn, MailboxIn, PatientIdentityIn
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.control import many
from mss_sim.core.control.many import NewRow
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.errors import Refusal, Rule
from mss_sim.http.faults import faults
from mss_sim.http.tables import Row
from mss_sim.words.sentence import Sentence, say

_PERSON = tuple(name for name in IdentityIn.model_fields if name != "ins")
_TRAITS = {**{name: name for name in PatientIdentityIn.model_fields if name not in ("state", "representatives")}, "ins_state": "state"}
_MAILBOX = {
    **{name: name for name in MailboxIn.model_fields if name not in ("kind", "owner_idnat")},
    "mailbox_kind": "kind",
    "owner": "owner_idnat",
}
"""The field of the shape, by the name that it has in a row."""
FIELDS: Final = frozenset((*_PERSON, *_TRAITS, *_MAILBOX, "ins"))
_FRENCH = {
    "nom": "family_name",
    "prenom": "given_name",
    "civilite": "title",
    "titre": "title",
    "structure": "structure",
    "identifiant": "login",
    "mot de passe": "password",
    "type": "kind",
    "secteur": "sector",
    "rue": "address_line",
    "code postal": "postal_code",
    "ville": "city",
    "actif": "enabled",
    "carte anonyme": "anonymous_card",
    "adresse": "address",
    "bal": "address",
    "type de bal": "mailbox_kind",
    "titulaire": "owner",
    "cotitulaires": "co_holders",
    "libelle": "label",
    "liste rouge": "red_listed",
    "rang": "preferred_rank",
    "quota": "quota_bytes",
    "nom de naissance": "birth_name",
    "prenoms": "given_names",
    "date de naissance": "birth_date",
    "sexe": "sex",
    "lieu de naissance": "birth_place",
    "etat de l'identite": "ins_state",
}
"""What French offices call a column, in small letters and without accents."""
_FLAGS = frozenset({"anonymous_card", "enabled", "red_listed", "with_structure"})
_NUMBERS = frozenset({"preferred_rank", "message_size_bytes_max", "quota_bytes"})
_LISTS = frozenset({"co_holders", "ins"})
_YES, _NO = frozenset({"oui", "vrai", "yes", "true", "1", "x"}), frozenset({"non", "faux", "no", "false", "0"})
_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ROUNDED = re.compile(r"[0-9][.,]?[0-9]*E\+[0-9]+", re.IGNORECASE)


def column(name: str) -> str | None:
    """The field that a column of that name is for."""
    plain = "".join(one for one in unicodedata.normalize("NFD", name[:100]) if not unicodedata.combining(one))
    text = " ".join(plain.lower().replace("_", " ").replace("’", "'").split())
    found = _FRENCH.get(text) or text.replace(" ", "_")
    return found if found in FIELDS and found != "ins" else None


def new_row(row: Row) -> NewRow:
    """What a row is to add; Refusal with what is wrong with it."""
    if row.fault is not None:
        raise _wrong(row.fault)
    values = row.values if row.whole else {name: _plain(name, text) for name, text in row.values.items()}
    unknown = sorted(values.keys() - FIELDS)
    if unknown:
        raise _wrong(say("This field is not known here: {name}.", name=unknown[0][:40]))
    person, mailbox = None, None
    try:
        if "kind" in values:
            person = _person(values)
        if "address" in values:
            mailbox = _mailbox(values)
    except ValidationError as error:
        raise _wrong(say("Correct the row: {summary}.", summary=faults(error.errors(include_url=False)))) from error
    if person is None and mailbox is None:
        raise _wrong(say("A row has the kind of somebody new, the address of a mailbox, or both."))
    return many.written_row(row.line, person, mailbox)


def _wrong(detail: Sentence) -> Refusal:
    return Refusal(Rule.INVALID, detail, reference="quirks#import-files")


def _plain(name: str, text: str) -> Any:
    """The value that the text of a cell stands for; a text that stands for none is left to the shape to refuse."""
    small = text.lower()
    if name in _FLAGS:
        return True if small in _YES else False if small in _NO else text
    if name in _NUMBERS:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text
    if name in _LISTS:
        return text.replace(";", " ").replace(",", " ").split()
    if name == "birth_date" and (day := _DAY.fullmatch(text)):
        return f"{day[3]}-{int(day[2]):02d}-{int(day[1]):02d}"
    if name in ("idnat", "owner") and _ROUNDED.fullmatch(text):
        raise _wrong(say("{text} is a number that the spreadsheet has rounded: format the column as text.", text=text))
    return text


def _person(values: dict[str, Any]) -> NewIdentity:
    given: dict[str, Any] = {"ins": []}  # pydantic would copy the default
    given |= {name: values[name] for name in _PERSON if name in values}
    traits = {field: values[name] for name, field in _TRAITS.items() if name in values}
    if "ins" in values or traits:
        given["ins"] = values.get("ins", [traits])
    identity = IdentityIn(**given)
    ins = tuple(NewPatientIdentity.read(one.model_dump()) for one in identity.ins)
    return NewIdentity(**{**vars(identity), "ins": ins})


def _mailbox(values: dict[str, Any]) -> NewMailbox:
    given: dict[str, Any] = {"co_holders": []}
    given |= {field: values[name] for name, field in _MAILBOX.items() if name in values}
    if "owner_idnat" not in given and "idnat" in values:
        given["owner_idnat"] = values["idnat"]
    box = MailboxIn(**given)
    return NewMailbox(**{**vars(box), "co_holders": tuple(box.co_holders)})
