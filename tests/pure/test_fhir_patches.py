"""A PATCH is read: what is none first, then the five shapes of paths, and the ways in which the drafts write one thing."""

import json
from typing import Any

import orjson
import pytest

from mss_sim.fhir.patch_paths import PATH_CHARS_MAX, REFERENCE, Target, Unreadable, read_path
from mss_sim.fhir.patches import ContactPoint, read_patch
from mss_sim.vocabulary.directory import Canonical, MailboxField, PatchType, ResourceType, System
from tests.annuaire import contact_point, operation, parameters

PERSON = ResourceType.PRACTITIONER
BOX = "Practitioner.telecom.where(value='a@b.mssante.fr')"
META = Canonical.MAILBOX_METADATA.value

_NO_PATHS = (
    *(
        "",
        " ",
        ".",
        "Practitioner",
        "Practitioner.name",
        "telecom",
        "Organization.telecom",
        "practitioner.telecom",
        "Practitioner.telecom.",
    ),
    *("Practitioner..telecom", "Practitioner.telecom[0]", "Practitioner.telecom.rank", "Practitioner.telecom.first()", "/telecom/0"),
    *("Practitioner.telecom.where(value=a)", "Practitioner.telecom.where(system='email')", "Practitioner.telecom.where(value!='a')"),
    *(
        "Practitioner.telecom.where(value='a' or true)",
        "Practitioner.telecom.where(value='a').where(value='b')",
        f"{BOX}.value",
        f"{BOX}.use",
    ),
    *("Practitioner.telecom.where(value='a\\x')", "Practitioner.telecom.where(value='\\ud800')", "Practitioner.telecom.where(value='a)"),
    *(
        f"{BOX}.extension('{META}')",
        f"{BOX}.extension('{META}').extension('listeRouge')",
        f"{BOX}.extension('x').extension('listeRouge').value",
    ),
    *(f"{BOX}.extension('{META}').extension('type').value", f"{BOX}.extension('{META}').extension('rank').value", f"{BOX}.rank.value"),
    *(f"{BOX}.extension('{META}').extension(listeRouge).value", "Practitioner.telecom; DROP TABLE mailboxes", "Practitioner.telecom\x00"),
    *(
        "iif(true, Practitioner.telecom, 1)",
        "%resource.telecom",
        "Practitioner.telecom.where(value='a') | Practitioner.telecom",
        "'" * 1_000,
    ),
    "Practitioner.telecom.where(value='" + "a" * PATH_CHARS_MAX + "')",
)


@pytest.mark.parametrize("path", _NO_PATHS)
def test_a_path_of_another_shape_is_refused_with_the_shapes_that_there_are(path: str) -> None:
    with pytest.raises(Unreadable, match="is none of these: Practitioner") as caught:
        read_path(PERSON, path)
    assert len(str(caught.value)) < 1_000
    assert (caught.value.reference, caught.value.subject) == (REFERENCE, path[:200])


def test_the_five_shapes() -> None:
    assert read_path(PERSON, "Practitioner.telecom") == Target()
    assert read_path(PERSON, BOX) == Target("a@b.mssante.fr")
    assert read_path(PERSON, f"{BOX}.rank") == Target("a@b.mssante.fr", MailboxField.RANK)
    for field in ("listeRouge", "description", "service", "responsible"):
        assert read_path(PERSON, f"{BOX}.extension('{META}').extension('{field}').value") == Target("a@b.mssante.fr", MailboxField(field))


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("Practitioner.telecom.where(value = 'a@b.mssante.fr')", "a@b.mssante.fr"),
        (" Practitioner . telecom\n.where( value='a@b.mssante.fr' ) ", "a@b.mssante.fr"),
        (r"Practitioner.telecom.where(value='o\'neil@b.mssante.fr')", "o'neil@b.mssante.fr"),
        (r"Practitioner.telecom.where(value='\u0061\\@b')", r"a\@b"),
        ("Practitioner.telecom.where(value=''')".replace("'''", "'.rank'"), ".rank"),
    ],
)
def test_spaces_and_escapes(path: str, address: str) -> None:
    assert read_path(PERSON, path) == Target(address)


_INSERT = operation("insert", "Practitioner.telecom", index=0, valueContactPoint=contact_point("a@b.mssante.fr", "PER"))
_NO_PATCHES: list[tuple[Any, str]] = [
    (b"", "is not JSON"),
    (b"{", "is not JSON"),
    (b"[" * 5_000, "is not JSON"),
    (b"\xff\xfe", "is not JSON"),
    ([], "is not a FHIR Parameters resource"),
    ([{"op": "replace", "path": "/telecom", "value": 1}], "is not a FHIR Parameters resource"),
    ({"resourceType": "Practitioner"}, "is not a FHIR Parameters resource"),
    ({"resourceType": "Parameters"}, "hold no operation"),
    ({"resourceType": "Parameters", "parameter": []}, "hold no operation"),
    ({"resourceType": "Parameters", "parameter": {"name": "operation"}}, "hold no operation"),
    (parameters(*[_INSERT] * 101), "at most 100 operations, and this one 101"),
    (parameters(_INSERT, "x"), "Operation 2: each parameter has the name operation"),
    (parameters({"name": "operations", "part": []}), "Operation 1: each parameter has the name operation"),
    (parameters({"name": "operation", "part": {}}), "Operation 1: each parameter has the name operation"),
    (parameters({"name": "operation", "part": [1]}), "Operation 1: its parts are type, path, index and value, each once"),
    (parameters({"name": "operation", "part": _INSERT["part"] * 2}), "its parts are type, path, index and value, each once"),
    (parameters({"name": "operation", "part": _INSERT["part"] * 9_999}), "its parts are type, path, index and value, each once"),
    (parameters({"name": "operation", "part": [*_INSERT["part"], {"name": "source"}]}), "its parts are type, path, index and value"),
    (parameters({"name": "operation", "part": _INSERT["part"][1:]}), "its part type is missing, or has no valueCode"),
    (parameters({"name": "operation", "part": [{"name": "type", "valueCode": 1}]}), "its part type is missing, or has no valueCode"),
    (parameters({"name": "operation", "part": [{"name": "type", "valueCode": "delete"}]}), "its part path is missing"),
    (parameters(operation("add", "Practitioner.telecom")), "its type is insert, replace or delete, not 'add'"),
    (parameters(operation("move", "Practitioner.telecom")), "its type is insert, replace or delete, not 'move'"),
    (parameters(operation("replace", "Practitioner.telecom")), "replace is not for this path, which takes: insert"),
    (parameters(operation("insert", BOX)), "insert is not for this path, which takes: delete, replace"),
    (parameters(operation("delete", f"{BOX}.extension('{META}').extension('listeRouge').value")), "which takes: replace"),
    (parameters(operation("delete", BOX, valueString="a")), "delete takes no value"),
    (parameters(operation("replace", BOX)), "its part value has valueContactPoint, and nothing else"),
    (parameters(operation("replace", f"{BOX}.rank", valueString="1")), "its part value has valueInteger, and nothing else"),
    (parameters(operation("replace", f"{BOX}.rank", valueInteger="1")), "rank is a whole number from 1"),
    (parameters(operation("replace", f"{BOX}.rank", valueInteger=True)), "rank is a whole number from 1"),
    (parameters(operation("replace", f"{BOX}.rank", valueInteger=0)), "rank is a whole number from 1"),
    (parameters(operation("replace", f"{BOX}.rank", valueInteger=1.5)), "rank is a whole number from 1"),
    (parameters(operation("replace", f"{BOX}.rank", valueInteger=10**30)), "rank is a whole number from 1"),
    (parameters(operation("replace", f"{BOX}.rank", valueInteger=1_000_001)), "rank is a whole number from 1 to 1000000"),
    (parameters(operation("delete", f"{BOX}.rank", index=0)), "index is a valueInteger from 0 on, and stands with insert alone"),
    (parameters(operation("insert", "Practitioner.telecom", index=-1, valueContactPoint=contact_point("a@b", "PER"))), "index is a"),
    (parameters(operation("replace", BOX, valueContactPoint="a@b")), "a mailbox is a ContactPoint with system email"),
    (parameters(operation("replace", BOX, valueContactPoint={"system": "phone", "value": "1"})), "a mailbox is a ContactPoint"),
    (parameters(operation("replace", BOX, valueContactPoint={"system": "email", "value": ["a"]})), "a mailbox is a ContactPoint"),
]


@pytest.mark.parametrize(("given", "said"), _NO_PATCHES)
def test_what_is_no_patch(given: Any, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_patch(PERSON, given if isinstance(given, bytes) else json.dumps(given).encode(), 100)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1_000


def _metadata(*held: dict[str, Any]) -> dict[str, Any]:
    return {"system": "email", "value": "a@b", "extension": [{"url": META, "extension": list(held)}]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"system": "email", "value": "a@b", "extension": {}}, "extension is a list of at most 50, each with a url of its own"),
        ({"system": "email", "value": "a@b", "extension": [1]}, "extension is a list"),
        ({"system": "email", "value": "a@b", "extension": [{"url": META}, {"url": META}]}, "extension is a list"),
        ({"system": "email", "value": "a@b", "extension": [{"url": f"u{one}"} for one in range(51)]}, "extension is a list"),
        ({"system": "email", "value": "a@b", "extension": [{"url": Canonical.EMAIL_TYPE, "valueCoding": {"code": "APICRYPT"}}]}, "MSSANTE"),
        (_metadata({"url": "type"}), "type is a valueCodeableConcept with PER, ORG, APP or CAB"),
        (_metadata({"url": "type", "valueCodeableConcept": {"coding": [1]}}), "type is a valueCodeableConcept"),
        (_metadata({"url": "type", "valueCodeableConcept": {"coding": []}}), "type is a valueCodeableConcept"),
        (_metadata({"url": "listeRouge", "valueString": "true"}), "listeRouge is true or false"),
        (_metadata({"url": "description", "valueString": "a" * 301}), "description is a text of at most 300 characters"),
        (_metadata({"url": "service", "valueString": None}), "service is a text of at most 300 characters"),
    ],
)
def test_a_mailbox_that_cannot_be_read(given: Any, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_patch(PERSON, orjson.dumps(parameters(operation("replace", BOX, valueContactPoint=given))), 100)
    assert said in str(caught.value)


def _read(box: dict[str, Any]) -> tuple[ContactPoint, list[str]]:
    """A mailbox, and what is reported of it."""
    patch = read_patch(PERSON, orjson.dumps(parameters(operation("replace", BOX, valueContactPoint=box))), 100)
    (one,) = patch.operations
    assert isinstance(one.value, ContactPoint)
    return one.value, [str(note) for note in patch.notes]


def test_a_mailbox_as_the_profile_has_it_is_read_without_a_word() -> None:
    box = contact_point("a@b.mssante.fr", "ORG", rank=2, listeRouge=True, description="Le matin", service="Accueil", responsible="Mme A")
    read, notes = _read(box)
    assert (read.address, read.kind, read.rank, read.red_listed, notes) == ("a@b.mssante.fr", "ORG", 2, True, [])
    assert read.texts == {MailboxField.DESCRIPTION: "Le matin", MailboxField.SERVICE: "Accueil", MailboxField.RESPONSIBLE: "Mme A"}


def test_what_stands_on_its_limit_is_read() -> None:
    texts = dict.fromkeys(("description", "service", "responsible"), "a" * 300)
    box = contact_point("a@b.mssante.fr", "ORG", rank=1_000_000, **texts)
    box["extension"] += [{"url": f"u{one}"} for one in range(48)]
    read, _ = _read(box)
    assert (read.rank, [len(text) for text in read.texts.values()]) == (1_000_000, [300] * 3)
    assert _read(contact_point("a@b.mssante.fr", "ORG", rank=1))[0].rank == 1


def test_what_is_left_out_is_not_said() -> None:
    read, _ = _read({"system": "email", "value": "a@b.mssante.fr"})
    assert read == ContactPoint("a@b.mssante.fr")


_BOUND = f"the profile binds it to {System.MAILBOX_KIND}"


@pytest.mark.parametrize(
    ("type_", "said"),
    [
        ({"valueCode": "PER"}, f"type is a valueCode, as in the guide; the profile has a valueCodeableConcept of {System.MAILBOX_KIND}"),
        (
            {"valueCodeableConcept": {"coding": [{"system": System.MESSAGING, "code": "PER"}]}},
            f"type is of TRE_R256, as in the OpenAPI description; {_BOUND}",
        ),
        ({"valueCodeableConcept": {"coding": [{"code": "PER"}]}}, f"type is of no known system; {_BOUND}"),
        ({"valueCoding": {"system": System.MAILBOX_KIND, "code": "PER"}}, ""),
    ],
)
def test_the_kind_is_taken_as_each_draft_writes_it_and_reported(type_: dict[str, Any], said: str) -> None:
    box = contact_point("a@b.mssante.fr", "PER")
    box["extension"][1]["extension"][0] = {"url": "type", **type_}
    read, notes = _read(box)
    assert read.kind == "PER"
    assert notes == [f"Operation 1: {said}."] * bool(said)


def test_what_is_missing_or_not_kept_is_reported() -> None:
    box = contact_point("a@b.mssante.fr", "PER")
    del box["extension"][0]
    box |= {"use": "work", "period": {}}
    box["extension"][0]["extension"] += [{"url": "digitization", "valueBoolean": True}, {"url": "phone", "valueString": "1"}]
    box["extension"].append({"url": "https://example.org"})
    _, notes = _read(box)
    assert [note.removeprefix("Operation 1: ") for note in notes] == [
        "not kept: period, use.",
        "the extension that says MSSANTE is missing, which the profile requires and the examples of the guide leave out.",
        "not kept: https://example.org.",
        "not kept: digitization, phone.",
    ]


def test_operations_keep_their_order_and_their_numbers() -> None:
    given = parameters(operation("delete", f"{BOX}.rank"), _INSERT, operation("replace", f"{BOX}.rank", valueInteger=3))
    found = read_patch(PERSON, orjson.dumps(given), 3).operations
    assert [(one.number, one.type, one.target.field) for one in found] == [
        (1, PatchType.DELETE, MailboxField.RANK),
        (2, PatchType.INSERT, None),
        (3, PatchType.REPLACE, MailboxField.RANK),
    ]
    assert (found[0].value, found[2].value) == (None, 3)
