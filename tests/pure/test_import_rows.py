"""Rows of an import as people and mailboxes: what is wrong first."""

from datetime import date
from typing import Any

import pytest

from mss_sim.control.import_rows import FIELDS, column, new_row
from mss_sim.errors import Refusal, Rule
from mss_sim.http.tables import Row
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from mss_sim.vocabulary.patients import InsOid, PatientState, Sex
from mss_sim.words.sentence import quoted

_PERSON = {"kind": "professional", "idnat": "899700421011", "family_name": "LEGRAND"}
_BOX = {"address": "a@medecin.sim.mssante.fr", "mailbox_kind": "PER", "owner": "899700421011"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "the kind of somebody new, the address of a mailbox, or both"),
        ({"idnat": "1", "family_name": "X"}, "the kind of somebody new"),
        ({**_PERSON, "couleur": "bleu"}, "not known here: couleur"),
        ({**_PERSON, "kind": "médecin"}, "kind: "),
        ({**_PERSON, "kind": None}, "kind: "),
        ({"kind": "professional", "idnat": "1"}, "family_name: "),
        ({**_PERSON, "family_name": 3}, "family_name: "),
        ({**_PERSON, "family_name": "A\r\nBcc: x"}, "family_name: "),
        ({**_PERSON, "family_name": "A\x00"}, "family_name: "),
        ({**_PERSON, "idnat": "9" * 301}, "idnat: "),
        ({**_PERSON, "idnat": "8,99700421011E+11"}, "the spreadsheet has rounded"),
        ({**_PERSON, "enabled": "peut-être"}, "enabled: "),
        ({**_PERSON, "login": "a\nb", "password": "x"}, "login is one line"),
        ({**_PERSON, "ins": [{"oid": "1.2.3"}]}, "oid: "),
        ({**_PERSON, "birth_date": "1999-02-30"}, "birth_date: "),
        ({**_BOX, "mailbox_kind": "MSS"}, "kind: "),
        ({"address": "a@medecin.sim.mssante.fr", "mailbox_kind": "PER"}, "owner_idnat: "),
        ({**_BOX, "address": "nobody"}, "is not an address"),
        ({**_BOX, "address": "a/b@medecin.sim.mssante.fr"}, "cannot stand in the path"),
        ({**_BOX, "quota_bytes": "12 Go"}, "quota_bytes: "),
        ({**_BOX, "quota_bytes": "9" * 25}, "quota_bytes: "),
        ({**_BOX, "preferred_rank": "0"}, "preferred_rank: "),
        ({**_BOX, "label": "a\tb"}, "label: "),
    ],
    ids=str,
)
@pytest.mark.parametrize("whole", [False, True])
def test_a_row_that_cannot_be_is_refused(values: dict[str, Any], said: str, *, whole: bool) -> None:
    if not whole and not all(isinstance(value, str) for value in values.values()):
        values = {name: value for name, value in values.items() if isinstance(value, str)} | {"quota": "1"}
        said = "not known here: quota"  # a table has texts alone
    if whole and said == "the spreadsheet has rounded":
        values, said = {**values, "idnat": 8.99700421011e11}, "idnat: "
    with pytest.raises(Refusal) as refused:
        new_row(Row(7, values, whole=whole))
    assert refused.value.rule is Rule.INVALID
    assert said in refused.value.detail


def test_what_the_reader_found_wrong_is_told() -> None:
    with pytest.raises(Refusal) as refused:
        new_row(Row(7, {}, quoted("no JSON")))
    assert refused.value.detail == "no JSON"


def test_a_row_is_a_person_with_a_mailbox() -> None:
    texts = {"enabled": "non", "anonymous_card": "Oui", "red_listed": "X", "quota_bytes": "1000", "co_holders": "1, 2;3", "login": "É"}
    row = new_row(Row(7, {**_PERSON, **_BOX, **texts, "password": "x", "address": "A@MEDECIN.sim.mssante.fr"}))
    assert (row.line, len(row.mailboxes)) == (7, 1)
    person, box = row.person, row.mailboxes[0]
    assert person is not None
    assert (person.kind, person.enabled, person.anonymous_card, person.login) == (IdentityKind.PROFESSIONAL, False, True, "É")
    assert (box.kind, box.address, box.owner_idnat) == (MailboxKind.PER, "a@medecin.sim.mssante.fr", "899700421011")
    assert (box.red_listed, box.quota_bytes, box.co_holders) == (True, 1_000, ("1", "2", "3"))


def test_a_mailbox_with_an_owner_is_theirs_whoever_stands_in_the_row() -> None:
    row = new_row(Row(1, {**_BOX, "idnat": "899700420013"}))
    assert row.mailboxes[0].owner_idnat == "899700421011"


def test_a_mailbox_without_owner_is_that_of_who_stands_in_the_row() -> None:
    row = new_row(Row(1, {"idnat": "899700420013", "address": "x@y.fr", "mailbox_kind": "PER"}))
    assert (row.person, row.mailboxes[0].owner_idnat) == (None, "899700420013")


@pytest.mark.parametrize("day", ["12/03/1985", "1985-03-12"])
def test_the_traits_of_a_patient_stand_in_columns_of_their_own(day: str) -> None:
    traits = {
        "birth_name": "FONTAINE",
        "given_names": "Claire",
        "birth_date": day,
        "sex": "F",
        "birth_place": "2a004",
        "ins_state": "opposed",
    }
    row = new_row(Row(1, {"kind": "patient", "idnat": "285037511300167", "family_name": "FONTAINE", **traits}))
    assert row.person is not None
    (known,) = row.person.ins
    assert (known.oid, known.state) == (InsOid.NIR, PatientState.OPPOSED)
    assert known.traits == ("FONTAINE", "Claire", date(1985, 3, 12), Sex.FEMALE, "2A004")


def test_ndjson_has_the_identities_of_a_patient_as_rest_has_them() -> None:
    ins = [{"oid": InsOid.NIA.value, "state": "provisional"}, {"state": "provisional"}]
    row = new_row(Row(1, {"kind": "patient", "idnat": "285037511300167", "family_name": "F", "ins": ins}, whole=True))
    assert row.person is not None
    assert [one.oid for one in row.person.ins] == [InsOid.NIA, InsOid.NIR]


_FRENCH = {
    "nom": "family_name",
    "prénom": "given_name",
    "civilité": "title",
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
    "libellé": "label",
    "liste rouge": "red_listed",
    "rang": "preferred_rank",
    "quota": "quota_bytes",
    "nom de naissance": "birth_name",
    "prénoms": "given_names",
    "date de naissance": "birth_date",
    "sexe": "sex",
    "lieu de naissance": "birth_place",
    "état de l'identité": "ins_state",
}


@pytest.mark.parametrize(("name", "field"), _FRENCH.items())
def test_each_french_column_is_for_one_field(name: str, field: str) -> None:
    assert column(name) == column(f" {name.upper()}  ") == column(name.replace(" ", "_")) == field


def test_each_field_is_a_column_of_its_own_name_but_the_identities_of_a_patient() -> None:
    assert {name: column(name) for name in FIELDS} == {**{name: name for name in FIELDS}, "ins": None}


@pytest.mark.parametrize("field", ["enabled", "anonymous_card", "red_listed", "with_structure"])
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *((word, True) for word in ("oui", "vrai", "yes", "true", "1", "x")),
        *((word, False) for word in ("non", "faux", "no", "false", "0")),
    ],
)
def test_yes_and_no_are_said_in_two_languages(field: str, said: str, *, meant: bool) -> None:
    for text in (said, said.upper()):
        row = new_row(Row(1, {**_PERSON, **_BOX, "login": "x", "password": "y", field: text}))
        assert [getattr(one, field) for one in (row.person, *row.mailboxes) if hasattr(one, field)] == [meant]


def test_a_number_has_at_most_nineteen_digits_and_those_of_arabic_script_are_none() -> None:
    row = new_row(Row(1, {**_BOX, "quota_bytes": "9" * 18, "message_size_bytes_max": "25000000", "preferred_rank": "3"}))
    (box,) = row.mailboxes
    assert (box.quota_bytes, box.message_size_bytes_max, box.preferred_rank) == (10**18 - 1, 25_000_000, 3)
    for text, said in (("9" * 19, "less than or equal"), ("9" * 20, "valid integer"), ("١٢", "valid integer")):
        with pytest.raises(Refusal, match=said):
            new_row(Row(1, {**_BOX, "quota_bytes": text}))


@pytest.mark.parametrize("text", ["8,99700421011E+11", "8.99e+11", "8E+11"])
@pytest.mark.parametrize("name", ["idnat", "owner"])
def test_a_number_that_a_spreadsheet_has_rounded_is_told_with_what_to_do(name: str, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        new_row(Row(1, {**_BOX, name: text}))
    assert refused.value.detail == f"{text} is a number that the spreadsheet has rounded: format the column as text."
    assert refused.value.reference == "quirks#import-files"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *(("Prénom", "given_name"), ("PRENOM ", "given_name"), (" nom", "family_name"), ("Civilité", "title"), ("BAL", "address")),
        *(("Type de BAL", "mailbox_kind"), ("Date de naissance", "birth_date"), ("État de l’identité", "ins_state")),
        *(("mailbox_kind", "mailbox_kind"), ("Mailbox kind", "mailbox_kind"), ("idNat", "idnat"), ("couleur", None), ("ins", None)),
        *(("", None), ("x" * 10_000, None), ("=1+1", None)),
    ],
)
def test_a_column_is_known_by_its_english_or_its_french_name(name: str, field: str | None) -> None:
    assert column(name) == field
    assert field is None or field in FIELDS
