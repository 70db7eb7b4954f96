"""Mail for a postmaster: always taken where the domain is served, whoever brings it (ref: rfc5321#4.5.1)."""

import asyncio

import pytest

from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox
from mss_sim.core.mailflow import mailboxes_on_demand
from mss_sim.core.mailflow.mailboxes_on_demand import MAGIC_HOLDER, MAGIC_PATIENT
from mss_sim.core.mailflow.submission import check_recipient
from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.errors import Rule
from mss_sim.policy.magic_addresses import MAGIC_ADDRESSES
from mss_sim.vocabulary.mailboxes import MailboxKind, Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT
from tests.core.towns import IDNATS, OpenTown, Town, refused

_HERE = (
    "medecin.sim.mssante.fr",
    "cabinet.sim.mssante.fr",
    "hopital-ormes.sim.mssante.fr",
    "labo-parc.sim.mssante.fr",
    "patient.mssante.fr",
)
_THEIRS = "postmaster@medecin.sim.mssante.fr"


@pytest.mark.parametrize("domain", _HERE)
async def test_the_postmaster_of_each_domain_served_gets_what_a_peer_brings(town: Town, domain: str) -> None:
    address = f"postmaster@{domain}"
    await town.core.reception.check_recipient(address, 100)
    await town.bring(HOSPITAL, address, "Un incident")
    assert await town.subjects(address) == ["Un incident"]


@pytest.mark.parametrize("sender", [("doctor", DOCTOR), ("hospital", HOSPITAL)])
async def test_the_postmaster_gets_what_people_send(town: Town, sender: tuple[str, str]) -> None:
    await town.send(*sender, _THEIRS, "Un incident")  # as over REST, where no recipient is asked for before
    assert await town.subjects(_THEIRS) == ["Un incident"]


async def test_it_is_made_once_whoever_comes_at_the_same_time_and_none_is_there_before(town: Town) -> None:
    before = len(await town.addresses())
    await asyncio.gather(*(mailboxes_on_demand.make_missing(town.world, [_THEIRS, _THEIRS, DOCTOR]) for _ in range(5)))
    assert len(await town.addresses()) == before + 1
    assert (await town.mailbox(_THEIRS)).kind is MailboxKind.ORG


@pytest.mark.parametrize(("domain", "holder"), [("medecin.sim.mssante.fr", MAGIC_HOLDER), ("patient.mssante.fr", MAGIC_PATIENT)])
async def test_a_magic_address_is_shown_as_one_and_nobodys_log_in_holds_it(town: Town, domain: str, holder: NewIdentity) -> None:
    await mailboxes_on_demand.make_missing(town.world, [f"full@{domain}"])
    made = await town.mailbox(f"full@{domain}")
    assert (made.label, made.description) == ("Adresse d'essai full", MAGIC_ADDRESSES["full"].text)
    assert (made.owner_id, made.red_listed, made.quota_bytes) == ((await town.identity(holder.idnat)).id, True, 0)


async def test_one_that_the_control_plane_has_made_is_used(town: Town) -> None:
    await add_mailbox(town.world, NewMailbox(_THEIRS, MailboxKind.PER, IDNATS["doctor"]))
    await town.bring(HOSPITAL, _THEIRS)
    assert ((await town.mailbox(_THEIRS)).kind, len(await town.lying(_THEIRS))) == (MailboxKind.PER, 1)


async def test_the_control_plane_says_who_reads_it(town: Town) -> None:
    await town.core.reception.check_recipient(_THEIRS, 100)
    await town.bring(HOSPITAL, _THEIRS)
    await grant(town.world, CONTROL, GrantRequest(_THEIRS, IDNATS["secretary"], frozenset({Right.SEE, Right.READ})))


@pytest.mark.parametrize(
    "address", ["postmaster@clinique-pins.sim.mssante.fr", "postmaster@example.org", "postmasters@medecin.sim.mssante.fr"]
)
async def test_none_is_made_where_the_domain_is_not_served_here_or_the_name_is_another(town: Town, address: str) -> None:
    before = len(await town.addresses())
    await mailboxes_on_demand.make_missing(town.world, [address])
    assert len(await town.addresses()) == before


async def test_by_the_setting_it_is_a_mailbox_like_any_other(open_town: OpenTown) -> None:
    async with open_town(mailbox_postmaster_made=False) as town:
        with refused(Rule.UNKNOWN_MAILBOX):
            await town.core.reception.check_recipient(_THEIRS, 100)
        with refused(Rule.UNKNOWN_MAILBOX, "without a domain"):
            await town.core.reception.postmaster()
        await add_mailbox(town.world, NewMailbox(_THEIRS, MailboxKind.PER, IDNATS["doctor"]))
        await town.core.reception.check_recipient(_THEIRS, 100)


async def test_one_for_patients_is_made_where_their_addresses_are_held_to_the_ins(open_town: OpenTown) -> None:
    async with open_town(patient_ins_required=True) as town:
        await town.core.reception.check_recipient("postmaster@patient.mssante.fr", 100)


async def test_without_a_domain_it_is_that_of_the_sender_or_of_the_first_operator_served(town: Town) -> None:
    assert await mailboxes_on_demand.without_domain(town.world, DOCTOR) == _THEIRS
    assert await town.core.reception.postmaster() == "postmaster@hopital-ormes.sim.mssante.fr"
    await operators.add(town.world, NewOperator("Avant tous", ["avant.sim.mssante.fr"]))
    assert await town.core.reception.postmaster() == "postmaster@avant.sim.mssante.fr"


async def test_a_patient_writes_to_it_where_it_wrote_to_him(town: Town) -> None:
    sender = await town.core.submission.senders.sender_at(await town.actor("patient"), PATIENT)
    with refused(Rule.NOT_INVITED):
        await check_recipient(town.world, sender, _THEIRS)
