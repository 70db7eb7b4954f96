"""What an operation does to a mailbox: what may not be first, then each operation in its effect on the world."""

import json
from typing import Any

import pytest

from mss_sim.core.annuaire.operator_patches import Written, write
from mss_sim.core.trust.operators import NewOperator, add
from mss_sim.errors import Rule
from mss_sim.fhir.entries import resource_id
from mss_sim.fhir.patches import read_patch
from mss_sim.store import operators
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState
from tests.annuaire import box_path, contact_point, operation, parameters
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD
from tests.core.towns import OpenTown, Town, refused

PERSON, ROLE, PLACE = ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE, ResourceType.ORGANIZATION
LIBERAL, ORMES = "medecin.sim.mssante.fr", "hopital-ormes.sim.mssante.fr"
NEW = "dr.martin@cabinet.sim.mssante.fr"


async def send(town: Town, type_: ResourceType, who: str, domain: str, *wanted: dict[str, Any]) -> Written:
    """Do a PATCH on somebody as the operator of a domain."""
    operator, identity = await town.world.store.read(operators.of_domain, domain), await town.identity(who)
    assert operator is not None
    patch = read_patch(type_, json.dumps(parameters(*wanted)).encode(), 100)
    return await write(town.world, town.core.annuaire(), operator.id, type_, resource_id(type_, identity.id), patch)


def insert(type_: ResourceType, address: str, kind: str | None, **held: Any) -> dict[str, Any]:
    """The insert of a mailbox, without a kind where there is None."""
    box = contact_point(address, kind or "", **held)
    if kind is None:
        del box["extension"][1]
    return operation("insert", f"{type_}.telecom", valueContactPoint=box)


@pytest.mark.parametrize(
    ("type_", "who", "domain", "wanted", "rule", "said"),
    [
        (
            PERSON,
            "doctor",
            LIBERAL,
            insert(PERSON, NEW, None),
            Rule.INVALID,
            "a mailbox that is inserted has a type, one of APP, CAB, ORG, PER",
        ),
        (PERSON, "doctor", LIBERAL, insert(PERSON, NEW, "PATIENT"), Rule.INVALID, "a mailbox that is inserted has a type"),
        (PERSON, "doctor", LIBERAL, insert(PERSON, NEW, "APP"), Rule.INVALID, "on Practitioner stands no mailbox of kind APP"),
        (PLACE, "1750990012", ORMES, insert(PLACE, f"a@{ORMES}", "PER"), Rule.INVALID, "on Organization stands no mailbox of kind PER"),
        (PERSON, "secretary", LIBERAL, insert(PERSON, NEW, "CAB"), Rule.INVALID, "is owned by"),
        (PERSON, "doctor", LIBERAL, insert(PERSON, "a/b@cabinet.sim.mssante.fr", "PER"), Rule.INVALID, "An address with /"),
        (PERSON, "doctor", LIBERAL, insert(PERSON, NEW, "PER", description="x"), Rule.INVALID, "a mailbox of kind PER has no description"),
        (PERSON, "doctor", LIBERAL, insert(PERSON, NEW, "CAB", service="x"), Rule.INVALID, "a mailbox of kind CAB has no service"),
        (PERSON, "doctor", LIBERAL, insert(PERSON, PRACTICE, "CAB"), Rule.CONFLICT, "There is already a mailbox"),
        (
            PERSON,
            "doctor",
            LIBERAL,
            insert(PERSON, f"a@{ORMES}", "PER"),
            Rule.INVALID,
            "the domain hopital-ormes.sim.mssante.fr is not one of",
        ),
        (PERSON, "doctor", LIBERAL, insert(PERSON, "a@b.mssante.fr", "PER"), Rule.DOMAIN_OUTSIDE, "No operator has the domain"),
        (
            PERSON,
            "doctor",
            LIBERAL,
            insert(PERSON, "a@patient.mssante.fr", "PER"),
            Rule.INVALID,
            "the domain patient.mssante.fr is not one of",
        ),
        (
            PERSON,
            "doctor",
            ORMES,
            operation("delete", box_path("Practitioner", DOCTOR)),
            Rule.AUTHORIZATION_FAILED,
            "is another operator's",
        ),
        (PERSON, "doctor", LIBERAL, operation("delete", box_path("Practitioner", "a b")), Rule.INVALID, "'a b' is not an address"),
        (PERSON, "doctor", LIBERAL, operation("delete", box_path("Practitioner", HOSPITAL)), Rule.INVALID, "there is no mailbox"),
        (PERSON, "hospital", ORMES, operation("delete", box_path("Practitioner", HOSPITAL)), Rule.INVALID, "may stand on another resource"),
        (ROLE, "doctor", LIBERAL, operation("delete", box_path("PractitionerRole", DOCTOR)), Rule.INVALID, "may stand on another resource"),
    ],
)
async def test_what_may_not_be(
    town: Town, type_: ResourceType, who: str, domain: str, wanted: dict[str, Any], rule: Rule, said: str
) -> None:
    before = await town.addresses()
    with refused(rule, said):
        await send(town, type_, who, domain, wanted)
    assert await town.addresses() == before


async def test_the_address_and_the_kind_never_change(town: Town) -> None:
    path = box_path("Practitioner", DOCTOR)
    for box, said in (
        (contact_point(NEW, "PER"), "the address of a mailbox never changes"),
        (contact_point(DOCTOR, "CAB"), f"the kind of a mailbox never changes: {DOCTOR} is PER"),
        (contact_point(DOCTOR, "ORG"), "the kind of a mailbox never changes"),
    ):
        with refused(Rule.INVALID, said):
            await send(town, PERSON, "doctor", LIBERAL, operation("replace", path, valueContactPoint=box))
    await send(town, PERSON, "doctor", LIBERAL, operation("replace", path, valueContactPoint=contact_point(DOCTOR.upper(), "PER", rank=2)))
    assert (await town.mailbox(DOCTOR)).preferred_rank == 2


@pytest.mark.parametrize(
    ("type_", "who", "domain", "address", "kind"),
    [
        (PERSON, "doctor", LIBERAL, NEW, MailboxKind.PER),
        (PERSON, "doctor", LIBERAL, NEW, MailboxKind.CAB),
        (ROLE, "hospital", ORMES, f"a@{ORMES}", MailboxKind.PER),
        (PLACE, "1750990012", ORMES, f"a@{ORMES}", MailboxKind.ORG),
        (PLACE, "1750990012", ORMES, f"a@{ORMES}", MailboxKind.APP),
    ],
)
async def test_each_kind_is_inserted_on_its_bearer(
    town: Town, type_: ResourceType, who: str, domain: str, address: str, kind: MailboxKind
) -> None:
    done = await send(town, type_, who, domain, insert(type_, address, kind.value, rank=4, listeRouge=True))
    made = await town.mailbox(address)
    assert (made.kind, made.red_listed, made.preferred_rank, made.with_structure) == (kind, True, 4, type_ is ROLE)
    assert address in [box.address for box in done.shown.entry.published(type_)]


async def test_a_mailbox_that_was_closed_is_opened_again_by_whoever_it_was_and_of_the_same_kind(town: Town) -> None:
    await send(town, PERSON, "doctor", LIBERAL, operation("delete", box_path("Practitioner", PRACTICE)))
    assert (await town.mailbox(PRACTICE)).state is MailboxState.CLOSED
    with refused(Rule.INVALID, "there is no mailbox"):
        await send(town, PERSON, "doctor", LIBERAL, operation("delete", box_path("Practitioner", PRACTICE)))
    for who, kind in (("doctor2", "CAB"), ("doctor", "PER")):
        with refused(Rule.CONFLICT):
            await send(town, PERSON, who, LIBERAL, insert(PERSON, PRACTICE, kind))
    await send(town, PERSON, "doctor", LIBERAL, insert(PERSON, PRACTICE, "CAB", description="Encore", responsible="Dr M"))
    again = await town.mailbox(PRACTICE)
    assert (again.state, again.description, again.responsible_name, again.label) == (
        MailboxState.ACTIVE,
        "Encore",
        "Dr M",
        "Cabinet des Tilleuls",
    )


async def test_a_deleted_mailbox_is_removed_by_setting(open_town: OpenTown) -> None:
    async with open_town(directory_write_deletion="removed") as town:
        await send(town, PERSON, "doctor", LIBERAL, operation("delete", box_path("Practitioner", DOCTOR)))
        assert DOCTOR not in await town.addresses()


async def test_a_replaced_mailbox_has_what_is_given_and_nothing_else(town: Town) -> None:
    await town.change(WARD, preferred_rank=5, responsible_name="Mme A", red_listed=True)
    path = box_path("Organization", WARD)
    done = await send(
        town, PLACE, "1750990012", ORMES, operation("replace", path, valueContactPoint=contact_point(WARD, "ORG", service="S"))
    )
    ward = await town.mailbox(WARD)
    assert (ward.label, ward.description, ward.responsible_name, ward.preferred_rank, ward.red_listed) == ("S", "", "", None, True)
    assert [str(note) for note in done.notes] == [f"Operation 1: listeRouge is not said, so {WARD} stays on the red list."]


async def test_what_the_directory_shows_itself_is_taken_back(town: Town) -> None:
    """A client reads a mailbox, changes the rank, and sends all of it: texts that its kind has not, but which it was shown, included."""
    await town.change(DOCTOR, description="Le matin")
    box = contact_point(DOCTOR, "PER", rank=8, description="Le matin")
    await send(town, PERSON, "doctor", LIBERAL, operation("replace", box_path("Practitioner", DOCTOR), valueContactPoint=box))
    doctor = await town.mailbox(DOCTOR)
    assert (doctor.preferred_rank, doctor.description) == (8, "Le matin")


async def test_a_change_of_what_is_so_already_leaves_no_trace(town: Town) -> None:
    await send(town, PERSON, "doctor", LIBERAL, operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=1))
    assert "mailbox.changed" not in await town.acts(DOCTOR)
    await send(town, PERSON, "doctor", LIBERAL, operation("replace", box_path("Practitioner", DOCTOR, "listeRouge"), valueBoolean=True))
    line, *_ = await town.told(DOCTOR)
    assert (line.door, line.detail) == ("directory", {"before": {"red_listed": False}, "after": {"red_listed": True}})


async def test_values_are_emptied(town: Town) -> None:
    await town.change(WARD, responsible_name="Mme A", preferred_rank=2)
    await send(
        town,
        PLACE,
        "1750990012",
        ORMES,
        *(operation("delete", box_path("Organization", WARD, field)) for field in ("rank", "description", "responsible", "service")),
    )
    ward = await town.mailbox(WARD)
    assert (ward.preferred_rank, ward.description, ward.responsible_name, ward.label) == (None, "", "", "")


async def test_a_domain_that_the_openapi_description_does_not_take_is_reported(town: Town) -> None:
    await add(town.world, NewOperator("Passerelle", ["mssante.apicrypt.org", "interop-mssante.apicrypt.org"]))
    done = await send(town, PERSON, "doctor", "mssante.apicrypt.org", insert(PERSON, "a@mssante.apicrypt.org", "PER"))
    assert ["not at mssante.apicrypt.org" in note for note in done.notes] == [True]
    done = await send(town, PERSON, "doctor", "mssante.apicrypt.org", insert(PERSON, "a@interop-mssante.apicrypt.org", "PER"))
    assert done.notes == ()
