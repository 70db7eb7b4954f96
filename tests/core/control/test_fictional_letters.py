"""Letters among the people of a network."""

from mss_sim.core.control import every_letter
from mss_sim.core.control.bulk_work import Progress
from mss_sim.core.control.counts import state
from mss_sim.core.control.fictional_letters import NetworkLetters
from mss_sim.core.control.fictional_trust_space import Counts, Network
from mss_sim.core.control.generate import generate
from mss_sim.errors import Rule
from mss_sim.store import messages
from mss_sim.store.letters import LetterQuery
from mss_sim.vocabulary.bulk import Stage, Undertaking
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.core.towns import Town, refused

_COUNTS = Counts(practitioners=30, organisations=4, patients=20, operators=2, seed=7)
_FIRST_SIX = [
    ("Compte rendu de consultation 1", "hugo.urbain.2@sante-0.s7.sim.mssante.fr"),
    ("Demande d'avis 3", "ines.tessier.11@sante-0.s7.sim.mssante.fr"),
    ("Demande d'avis 4", "rene.n-diaye.19@hopital-1.s7.sim.mssante.fr"),
    ("Demande d'avis 5", "hugo.yilmaz.29@hopital-1.s7.sim.mssante.fr"),
    ("Lettre de sortie 2", "lea.olivieri.0@sante-0.s7.sim.mssante.fr"),
    ("Résultats d'analyses 0", "hugo.pena.15@sante-0.s7.sim.mssante.fr"),
]


def _progress() -> Progress:
    return Progress(Undertaking.GENERATION, Stage.PEOPLE)


async def test_each_letter_lies_where_it_was_sent_and_with_whom_it_is_for(town: Town) -> None:
    await generate(town.world, _COUNTS, _progress())
    progress = _progress()
    assert await NetworkLetters(town.world, town.core.submission, _COUNTS).send(100, progress) == 100
    assert (progress.stage, progress.done, progress.total) == (Stage.LETTERS, 100, 100)
    found = await state(town.world)
    assert (found.messages, found.copies) == (100, 200)
    network = Network(_COUNTS)
    arrived = {"PER": 0, "ORG": 0, "PATIENT": 0}
    for row in network.rows():
        box = row.mailboxes[0]
        arrived[box.kind.value] += len(await town.subjects(box.address))
    assert sum(arrived.values()) == 100
    assert arrived["PER"] > arrived["ORG"] > arrived["PATIENT"] > 0
    [one, *_] = await every_letter.list_letters(town.world, LetterQuery(limit=1), None)
    assert b"Received: from the control plane\r\n\tby " in await town.world.store.read(messages.raw, one.message.id)


async def test_the_same_numbers_send_these_letters_on_every_machine(town: Town) -> None:
    await generate(town.world, _COUNTS, _progress())
    await NetworkLetters(town.world, town.core.submission, _COUNTS).send(6, _progress())
    arrived = {row.mailboxes[0].address: await town.subjects(row.mailboxes[0].address) for row in Network(_COUNTS).rows()}
    assert sorted((subject, to) for to, subjects in arrived.items() for subject in subjects) == _FIRST_SIX


async def test_the_same_numbers_send_the_same_letters(town: Town) -> None:
    await generate(town.world, _COUNTS, _progress())
    letters = NetworkLetters(town.world, town.core.submission, _COUNTS)
    await letters.send(3, _progress())
    boxes = [row.mailboxes[0].address for row in Network(_COUNTS).rows()]
    first = {box: await town.subjects(box) for box in boxes}
    await letters.send(3, _progress())
    assert {box: await town.subjects(box) for box in boxes} == {
        box: [one for one in found for _ in range(2)] for box, found in first.items()
    }


async def test_without_patients_and_organisations_practitioners_write_to_each_other(town: Town) -> None:
    counts = Counts(practitioners=3, operators=1, seed=7)
    await generate(town.world, counts, _progress())
    assert await NetworkLetters(town.world, town.core.submission, counts).send(50, _progress()) == 50
    assert (await state(town.world)).copies == 100


async def test_people_who_are_not_there_write_no_letters(town: Town) -> None:
    with refused(Rule.CONFLICT, "The people of this network are not here"):
        await NetworkLetters(town.world, town.core.submission, _COUNTS).send(1, _progress())


async def test_a_letter_that_is_refused_and_a_reset_end_it(town: Town) -> None:
    counts = Counts(practitioners=1, operators=1, seed=7)
    await generate(town.world, counts, _progress())
    stopped = _progress()
    stopped.stopped = True
    letters = NetworkLetters(town.world, town.core.submission, counts)
    with refused(Rule.CONFLICT, "The world was reset meanwhile"):
        await letters.send(1, stopped)
    await town.change(Network(counts).practitioner(0).mailboxes[0].address, state=MailboxState.SUSPENDED)
    with refused(Rule.MAILBOX_SUSPENDED, "is suspended"):
        await letters.send(1, _progress())
