"""What is remembered of domains and mailboxes: only good news is trusted, and nothing outlives a change."""

import pytest

from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.address_cache import Directory
from mss_sim.policy.routing import MailboxFitness
from mss_sim.store import mailboxes as kept
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town

NOWHERE = "nobody@cabinet.sim.mssante.fr"
NEW = "neuf.sim.mssante.fr"


@pytest.fixture
def directory(town: Town) -> Directory:
    """The directory of the town."""
    return town.world.directory


async def _change(town: Town, address: str, **values: object) -> None:
    await mailboxes.change_mailbox(town.world, address, values, actor_id=None, door=Door.CONTROL)


async def test_an_operator_is_found_by_the_domain_of_an_address_or_by_its_id(directory: Directory) -> None:
    found = await directory.operator_of(NOWHERE)
    assert found is not None
    assert (found.name, await directory.operator(found.id)) == ("Messagerie libérale", found)
    assert [await directory.operator_of("x@example.org"), await directory.operator(None), await directory.operator(1)] == [None] * 3


async def test_an_operator_that_was_added_or_changed_a_moment_ago_is_known(town: Town, directory: Directory) -> None:
    assert await directory.operator_of(f"x@{NEW}") is None
    await operators.add(town.world, NewOperator("Neuf", (NEW,)))
    made = await directory.operator_of(f"x@{NEW}")
    assert made is not None
    await operators.change(town.world, "Neuf", mx="127.0.0.1:2025")
    assert (await directory.operator(made.id)) != made


async def test_within_a_unit_of_work_an_operator_is_what_the_unit_sees(town: Town, directory: Directory) -> None:
    found = await town.world.store.read(
        lambda conn: [directory.operator_in(conn, address) for address in (DOCTOR, HOSPITAL, "x@example.org")]
    )
    assert [one.name if one else None for one in found] == ["Messagerie libérale", "Hôpital des Ormes", None]
    await operators.change(town.world, "Messagerie libérale", message_size_bytes_max=7)
    again = await town.world.store.write(lambda conn: directory.operator_in(conn, DOCTOR))
    assert again is not None
    assert again.message_size_bytes_max == 7


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("cabinet.sim.mssante.fr", "cabinet.sim.mssante.fr"),
        ("mx.cabinet.sim.mssante.fr", "cabinet.sim.mssante.fr"),
        ("a.b.cabinet.sim.mssante.fr", "cabinet.sim.mssante.fr"),
        ("xcabinet.sim.mssante.fr", None),
        ("sim.mssante.fr", None),
        ("example.org", None),
        ("", None),
    ],
)
async def test_a_host_lies_below_the_longest_domain_that_its_name_ends_in(directory: Directory, name: str, domain: str | None) -> None:
    assert await directory.domain_above(name) == domain


async def test_a_mailbox_stands_as_the_store_says_when_it_is_asked_for_the_first_time(town: Town, directory: Directory) -> None:
    await town.change(LABORATORY, state=MailboxState.SUSPENDED)
    await town.change(HOSPITAL, quota_bytes=10)
    stands = [await directory.standing(address, 11) for address in (PRACTICE, LABORATORY, HOSPITAL, NOWHERE, "x@example.org")]
    assert [one for one, _ in stands] == [
        MailboxFitness.ACTIVE,
        MailboxFitness.SUSPENDED,
        MailboxFitness.FULL,
        MailboxFitness.UNKNOWN,
        MailboxFitness.OUTSIDE,
    ]
    assert [operator.name if operator else None for _, operator in stands] == [
        "Messagerie libérale",
        "Laboratoire du Parc",
        "Hôpital des Ormes",
        "Messagerie libérale",
        None,
    ]


async def test_only_good_news_is_trusted_from_memory(town: Town, directory: Directory) -> None:
    """What would refuse is asked again, though nothing says that it changed: room is freed without telling the directory."""
    assert directory.known_to_accept(PRACTICE, 5) is None
    await directory.standing(PRACTICE, 5)
    operator = directory.known_to_accept(PRACTICE, 5)
    assert operator is not None
    assert directory.known_to_accept(PRACTICE, 10**9 + 1) is None
    await town.change(PRACTICE, quota_bytes=4)
    assert directory.known_to_accept(PRACTICE, 5) is None
    assert (await directory.standing(PRACTICE, 5))[0] is MailboxFitness.FULL
    id_ = (await town.mailbox(PRACTICE)).id
    await town.world.store.write(lambda conn: kept.change(conn, id_, {"quota_bytes": 100}))
    assert (await directory.standing(PRACTICE, 5))[0] is MailboxFitness.ACTIVE


async def test_a_change_of_the_directory_is_heard_of_at_once(town: Town, directory: Directory) -> None:
    await directory.standing(PRACTICE, 0)
    await _change(town, PRACTICE, state=MailboxState.CLOSED)
    assert directory.known_to_accept(PRACTICE, 0) is None
    assert (await directory.standing(PRACTICE, 0))[0] is MailboxFitness.CLOSED
    box = await directory.mailbox(PRACTICE)
    assert box is not None
    assert box.state is MailboxState.CLOSED
    await mailboxes.remove_mailbox(town.world, LABORATORY)
    assert await directory.mailbox(LABORATORY) is None


async def test_nobody_is_remembered_as_unknown(town: Town, directory: Directory) -> None:
    assert await directory.mailbox(NOWHERE) is None
    await mailboxes.add_mailbox(town.world, NewMailbox(NOWHERE, MailboxKind.PER, IDNATS["doctor"]))
    assert await directory.mailbox(NOWHERE) is not None


async def test_the_limit_is_ones_own_else_the_operators_else_the_settings_and_the_ceiling_is_the_largest(open_town: OpenTown) -> None:
    async with open_town(message_size_bytes_max=1_000) as town:
        directory = town.world.directory
        assert await directory.ceiling() == 10_000_000
        doctor, laboratory = await town.mailbox(DOCTOR), await town.mailbox(LABORATORY)
        assert [
            directory.limit_of(own, box.operator_id) for own, box in ((None, doctor), (None, laboratory), (7, laboratory), (None, doctor))
        ] == [
            1_000,
            10_000_000,
            7,
            1_000,
        ]
        await operators.change(town.world, "Laboratoire du Parc", message_size_bytes_max=None)
        assert await directory.ceiling() == 1_000


async def test_a_mailbox_is_read_once_until_something_changes(directory: Directory) -> None:
    first = await directory.mailbox(PRACTICE)
    assert first is not None
    assert await directory.mailbox(PRACTICE) is first
