"""Seed worlds: planted once, by the verbs that everybody uses, and finished when a start was cut short."""

import asyncio
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mss_sim.clock import DAY, ManualClock
from mss_sim.core.access import delegation, identities
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.control import named_seeds, personas, uploaded_seeds
from mss_sim.core.control.named_seeds import load, plant, shipped
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.psc import clients, professionals
from mss_sim.core.psc.clients import FIRST_CLIENT
from mss_sim.core.trust import operators
from mss_sim.core.world.world import World
from mss_sim.errors import Rule
from mss_sim.store import identities as accounts_kept
from mss_sim.store import mailboxes as boxes_kept
from mss_sim.vocabulary.documents import FindingLevel
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, SeenPolicy, SentPolicy
from tests.clients import DOCTOR, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, make_world, refused

_UNSIGNED = ["header.nil-missing"]
"""What is said of a receipt of the gateway, which is the simulator's and names no software."""


def test_seeds_are_known_by_name_and_no_other_file_is_one() -> None:
    assert shipped() == ["annuaire", "cabinet", "clinique", "documents", "patients"]
    for name in ("none", "", "../cabinet", "cabinet.toml"):
        with refused(Rule.INVALID, "the seeds are annuaire, cabinet, clinique, documents, patients"):
            load(name)


async def test_what_a_seed_says_is_there(town: Town) -> None:
    said = load("cabinet")
    assert {row["name"]: set(row["domains"]) for row in said["operators"]} == {
        row.name: set(row.domains) for row in await operators.list_all(town.world)
    }
    assert {row["idnat"] for row in said["identities"]} == {row.idnat for row in await identities.list_identities(town.world)}
    assert {row["address"] for row in said["mailboxes"]} == set(await town.addresses())
    assistant = await town.identity("assistant")
    ((row, address),) = await delegation.grants_of(town.world, assistant.id)
    assert (address, row.valid_until, row.reason, row.granted_by_id) == (
        PRACTICE,
        town.clock.now() + 90 * DAY,
        "Remplacement de trois mois",
        None,
    )
    assert [row.reason for row, _ in await delegation.grants_of(town.world, (await town.identity("secretary")).id)] == [
        "Secrétariat du cabinet",
        "Secrétariat du Dr Martin",
    ]
    assert {row["address"]: (row.get("label", ""), row.get("description", "")) for row in said["mailboxes"]} == {
        row.address: (row.label, row.description) for row in await town.world.store.read(boxes_kept.list_all)
    }
    pharmacist = await professionals.find(town.world, IDNATS["pharmacist"])
    assert pharmacist is not None
    assert pharmacist.profile["SubjectOrganization"] == "Pharmacie des Tilleuls"
    assert (await town.mailbox(PRACTICE)).seen_policy is SeenPolicy.SHARED
    assert {line.door for line in await town.told(PRACTICE)} == {Door.SEED}


@pytest.fixture
async def shelf(town: Town, tmp_path: Path) -> World:
    """A world into which a seed was brought that has no people, and asks for a setting."""
    world = replace(town.world, seeds_dir=tmp_path)
    text = '[settings]\nlanguage = "en"\n\n[[operators]]\nname = "Les Pins"\ndomains = ["pins.sim.mssante.fr"]\n'
    await uploaded_seeds.keep(world, "pins", SeedFiles(text, tomllib.loads(text), {}), replace=False)
    return world


@pytest.mark.parametrize("verb", [named_seeds.check, named_seeds.find, named_seeds.content, named_seeds.settings_of])
async def test_a_seed_that_nobody_brought_is_told_with_those_that_there_are(shelf: World, verb: Callable[[World, str], object]) -> None:
    with refused(Rule.INVALID, "There is no seed saules; the seeds are annuaire, cabinet, clinique, documents, patients, pins."):
        verb(shelf, "saules")
    verb(shelf, "pins")


async def test_a_seed_asks_for_the_settings_of_its_world(shelf: World) -> None:
    assert named_seeds.settings_of(shelf, "pins") == {"language": "en"}
    assert [named_seeds.settings_of(shelf, name) for name in ("cabinet", "none")] == [{}, {}]
    assert await personas.of_seed(shelf, "pins") == [], "it has nobody"


async def test_a_seed_without_people_is_planted_once(shelf: World) -> None:
    assert [await plant(shelf, "pins") for _ in range(2)] == [True, False]
    assert [one.domains for one in await operators.list_all(shelf) if one.name == "Les Pins"] == [("pins.sim.mssante.fr",)]


async def test_a_world_that_was_used_is_never_repaired(town: Town) -> None:
    await mailboxes.remove_mailbox(town.world, PRACTICE)
    await identities.remove_identity(town.world, IDNATS["newcomer"])
    assert not await plant(town.world, "cabinet")
    assert PRACTICE not in await town.addresses()
    with refused(Rule.NOT_FOUND):
        await identities.identity_named(town.world, IDNATS["newcomer"])


async def test_a_planting_that_was_cut_short_is_finished_and_nothing_is_planted_twice(town: Town) -> None:
    """Its sign is that the client of Pro Santé Connect, which comes last, is not there yet."""
    await clients.remove(town.world, FIRST_CLIENT)
    await mailboxes.remove_mailbox(town.world, PRACTICE)
    await identities.remove_identity(town.world, IDNATS["newcomer"])
    assert await plant(town.world, "cabinet")
    assert (await town.mailbox(PRACTICE)).kind is MailboxKind.CAB
    assert (await identities.identity_named(town.world, IDNATS["newcomer"])).idnat == IDNATS["newcomer"]
    secretary = await town.identity("secretary")
    assert sorted(address for _, address in await delegation.grants_of(town.world, secretary.id)) == [DOCTOR, PRACTICE]
    ward = await town.identity("hospital_ward")
    assert len(await delegation.grants_of(town.world, ward.id)) == 1


async def test_a_planting_that_goes_on_takes_for_planted_what_is_there_and_nothing_else(town: Town) -> None:
    await clients.remove(town.world, FIRST_CLIENT)
    await mailboxes.remove_mailbox(town.world, PRACTICE)
    await identities.change_identity(town.world, IDNATS["doctor"], {"kind": IdentityKind.EMPLOYEE}, None, None)
    with refused(Rule.INVALID, "A mailbox of kind CAB is owned by professional"):
        await plant(town.world, "cabinet")


async def test_a_grant_that_was_taken_back_is_not_given_again_by_a_planting_that_goes_on(town: Town) -> None:
    secretary = await town.identity("secretary")
    for row, address in await delegation.grants_of(town.world, secretary.id):
        await delegation.revoke(town.world, CONTROL, address, row.id)
    await clients.remove(town.world, FIRST_CLIENT)
    await plant(town.world, "cabinet")
    assert [row.revoked_at is None for row, _ in await delegation.grants_of(town.world, secretary.id)] == [False, False]


@pytest.mark.parametrize("name", ["annuaire", "cabinet", "clinique", "documents", "patients"])
def test_every_seed_that_ships_can_be_planted(tmp_path: Path, name: str) -> None:
    async def planted() -> tuple[bool, bool, int]:
        world, store = make_world(tmp_path / "world", ManualClock())
        try:
            first = await plant(world, name)
            await clients.register_first(world)
            return first, await plant(world, name), len(await personas.of_seed(world, name))
        finally:
            await store.close()

    first, again, people = asyncio.run(planted())
    assert (first, again, people) == (True, False, sum("role" in row for row in load(name)["identities"]))


async def test_a_password_of_a_seed_is_hashed_once_for_all_who_share_it(town: Town) -> None:
    rows = [row for row in load("cabinet")["identities"] if "password" in row]
    accounts = {row["login"]: await town.world.store.read(accounts_kept.account_of_login, row["login"]) for row in rows}
    hashes = {(row["password"], account.password_hash) for row in rows if (account := accounts[row["login"]])}
    assert len(hashes) == len({row["password"] for row in rows}) < len(rows)


SMALL = """
[[operators]]
name = "Petit"
domains = ["petit.sim.mssante.fr"]
[[identities]]
idnat = "899700420013"
kind = "professional"
family_name = "SEULE"
role = "one"
login = "une"
password = "p"
[[identities]]
idnat = "899700420021"
kind = "professional"
family_name = "AUTRE"
role = "two"
login = "deux"
password = "p"
[[mailboxes]]
address = "plain@petit.sim.mssante.fr"
kind = "PER"
owner = "one"
[[mailboxes]]
address = "whole@petit.sim.mssante.fr"
kind = "PER"
owner = "two"
label = "L"
description = "D"
preferred_rank = 2
seen_policy = "shared"
sent_policy = "sender"
[[grants]]
mailbox = "plain@petit.sim.mssante.fr"
grantee = "two"
rights = ["see"]
"""


async def test_what_a_seed_leaves_out_is_what_the_verbs_would_take(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "petit.toml").write_text(SMALL)
    monkeypatch.setattr(named_seeds, "_SEEDS", tmp_path)
    world, store = make_world(tmp_path / "world", clock)
    hashed: list[str] = []
    derive = world.passwords.hash

    def counted(password: str) -> str:
        hashed.append(password)
        return derive(password)

    monkeypatch.setattr(world.passwords, "hash", counted)
    try:
        assert await plant(world, "petit")
        assert hashed == ["p"], "once for all who share it"
        boxes = {row.address.partition("@")[0]: row for row in await world.store.read(boxes_kept.list_all)}
        told = {name: (row.label, row.description, row.preferred_rank, row.seen_policy, row.sent_policy) for name, row in boxes.items()}
        assert told == {
            "plain": ("", "", None, SeenPolicy.PERSONAL, SentPolicy.OWNER),
            "whole": ("L", "D", 2, SeenPolicy.SHARED, SentPolicy.SENDER),
        }
        two = await identities.identity_named(world, "899700420021")
        ((row, _),) = await delegation.grants_of(world, two.id)
        assert (row.reason, row.valid_until) == ("", None)
    finally:
        await store.close()


async def test_the_letters_of_the_seed_of_documents_have_what_their_names_say(open_town: OpenTown) -> None:
    async with open_town() as town:
        await town.core.reset("documents")
        found = {}
        for address in ("tilleuls@cabinet.sim.mssante.fr", "camille.martin@medecin.sim.mssante.fr"):
            for item in await town.lying(address):
                diagnosis = await town.core.diagnoses.of_letter(await town.raw(item))
                grave = [one.kind.code for one in diagnosis.findings if one.level in (FindingLevel.ERROR, FindingLevel.WARNING)]
                found[item.message.received_at] = grave, item.message.subject.partition("]")[0]
        assert [found[at][0] for at in sorted(found)] == [[], [], ["xdm.hash-mismatch"], ["ins.traits-missing"], _UNSIGNED, _UNSIGNED]
        assert [found[at][1] for at in sorted(found)][-1] == "[KO Intégration système !"
        assert [item.copy.keywords for item in await town.lying("integration@hopital-ormes.sim.mssante.fr")] == []
