"""A network added to a world: whole, once, and finished where it was cut short."""

from mss_sim.core.access import authentication, identities, practice_holders
from mss_sim.core.control.bulk_work import Progress
from mss_sim.core.control.counts import state
from mss_sim.core.control.fictional_trust_space import Counts, Network
from mss_sim.core.control.generate import Generated, generate, samples
from mss_sim.core.trust import operators
from mss_sim.errors import Rule
from mss_sim.vocabulary.bulk import Stage, Undertaking
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.core.towns import OpenTown, Town, refused

_COUNTS = Counts(practitioners=30, organisations=4, patients=20, operators=3, seed=7)


def _progress() -> Progress:
    return Progress(Undertaking.GENERATION, Stage.OPERATORS)


async def test_everybody_is_there_logs_in_and_can_be_written_to(town: Town) -> None:
    before, progress = await state(town.world), _progress()
    made = await generate(town.world, _COUNTS, progress)
    assert made == Generated(operators=3, identities=54, mailboxes=30 + 2 + 4 + 3 + 20)
    assert (progress.stage, progress.done, progress.total) == (Stage.PEOPLE, made.mailboxes, made.mailboxes)
    after = await state(town.world)
    assert (after.operators, after.identities, after.mailboxes) == (
        before.operators + 3,
        before.identities + 54,
        before.mailboxes + made.mailboxes,
    )
    for one in samples(_COUNTS):
        actor = await authentication.with_password(town.world, one["login"], one["password"], door=Door.REST)
        assert actor.identity.idnat == one["idnat"]
    first, other = Network(_COUNTS).practitioner(0), Network(_COUNTS).practitioner(29)
    assert first.person is not None
    await town.send(first.person.idnat, first.mailboxes[0].address, [other.mailboxes[0].address], "Bonjour")
    assert await town.subjects(other.mailboxes[0].address) == ["Bonjour"]
    practice = Network(_COUNTS).practitioner(20)
    assert practice.person is not None
    leader = await identities.identity_named(town.world, practice.person.idnat)
    holders = await practice_holders.list_holders(town.world, leader.id, practice.mailboxes[1].address)
    assert {holder.identity.idnat for holder in holders} == {practice.person.idnat, *practice.mailboxes[1].co_holders}


async def test_their_operators_are_on_the_white_list_with_a_certificate_each(town: Town) -> None:
    await generate(town.world, _COUNTS, _progress())
    listing = await town.world.white_list.listing()
    for domain in Network(_COUNTS).domains:
        assert len(listing.rows[domain]) == 1


async def test_a_second_time_adds_nothing_and_what_was_cut_short_is_finished(open_town: OpenTown) -> None:
    async with open_town(bulk_rows_at_once=10) as town:
        progress = _progress()
        progress.stopped = True
        with refused(Rule.CONFLICT, "The world was reset meanwhile"):
            await generate(town.world, _COUNTS, progress)
        assert await generate(town.world, Counts(10, 4, 0, 3, 7), _progress()) is not None
        address = Network(_COUNTS).practitioner(0).mailboxes[0].address
        await town.change(address, state=MailboxState.SUSPENDED)
        made = await generate(town.world, _COUNTS, _progress())
        assert (made.operators, made.present) == (0, 14)
        assert (await town.mailbox(address)).state is MailboxState.SUSPENDED
        again = await generate(town.world, _COUNTS, _progress())
        assert again == Generated(present=54)


async def test_in_an_empty_world_patients_get_their_operator(town: Town) -> None:
    await town.core.reset("none")
    made = await generate(town.world, Counts(patients=3, seed=7), _progress())
    assert made == Generated(operators=1, identities=3, mailboxes=3)
    assert [one.name for one in await operators.list_all(town.world)] == ["Mon espace santé"]


async def test_other_numbers_under_the_same_seed_are_refused_where_domains_differ(town: Town) -> None:
    await generate(town.world, _COUNTS, _progress())
    with refused(Rule.CONFLICT, "is here with other domains"):
        await generate(town.world, Counts(practitioners=3_000, operators=3, seed=7), _progress())
    assert (await generate(town.world, Counts(practitioners=30, operators=3, seed=8), _progress())).identities == 30


async def test_a_login_of_somebody_else_is_not_taken_from_them(town: Town) -> None:
    await identities.change_identity(town.world, (await town.identity("doctor")).idnat, {}, "praticien-7-3", "secret-2026")
    with refused(Rule.CONFLICT, "praticien-7-3"):
        await generate(town.world, _COUNTS, _progress())


async def test_a_batch_is_what_the_setting_says(open_town: OpenTown) -> None:
    async with open_town(bulk_rows_at_once=7) as town:
        before = town.world.store._writer.commits  # noqa: SLF001 - what the setting is for
        await generate(town.world, Counts(patients=20, seed=7), _progress())
        assert town.world.store._writer.commits == before + 3  # noqa: SLF001


class _Noted(Progress):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__(Undertaking.GENERATION, Stage.OPERATORS)
        self.begun: list[tuple[Stage, int]] = []

    def begin(self, stage: Stage, total: int) -> None:
        self.begun.append((stage, total))
        super().begin(stage, total)


async def test_it_tells_how_far_it_is_stage_by_stage(open_town: OpenTown) -> None:
    async with open_town(bulk_rows_at_once=20) as town:
        progress = _Noted()
        made = await generate(town.world, _COUNTS, progress)
        assert progress.begun == [(Stage.OPERATORS, 3), (Stage.PEOPLE, made.mailboxes)]
        assert progress.done == made.mailboxes, "all batches count"


def test_samples_are_the_first_practitioner_and_the_first_patient() -> None:
    shown = samples(_COUNTS)
    assert [one["kind"] for one in shown] == ["professional", "patient"]
    assert shown[0]["login"] == "praticien-7-0"
    assert [box["kind"] for box in shown[0]["mailboxes"]] == ["PER", "CAB"]
    assert samples(Counts(organisations=3)) == []
