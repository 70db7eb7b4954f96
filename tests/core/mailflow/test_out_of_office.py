"""Out-of-office answers: set, given once to each sender, and what they are."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

from mss_sim.clock import DAY
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailflow import out_of_office
from mss_sim.core.mailflow.out_of_office import WantedAnswer
from mss_sim.errors import Rule
from mss_sim.store import conversations
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, letter
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import IDNATS, OpenTown, Town, refused

AWAY = WantedAnswer("Le cabinet est fermé.")


async def _away(town: Town, wanted: WantedAnswer = AWAY, address: str = PRACTICE) -> None:
    await out_of_office.put(town.world, await town.actor("doctor"), address, wanted)


async def test_the_answer_names_the_letter_and_says_that_a_machine_wrote_it(town: Town) -> None:
    await _away(town, WantedAnswer("Fermé.", "Cabinet fermé"))
    await town.send("hospital", HOSPITAL, PRACTICE, "Résultat", Message_ID="<r@x.fr>", References="<q@x.fr>")
    (item,) = await town.lying(HOSPITAL)
    answer = message_from_bytes(await town.raw(item))
    assert item.message.subject == "Cabinet fermé"
    assert (answer["Auto-Submitted"], answer["In-Reply-To"], answer["References"]) == ("auto-replied", "<r@x.fr>", "<q@x.fr> <r@x.fr>")
    assert PRACTICE in answer["From"]
    assert (answer["To"], answer["Return-Path"], item.message.return_path) == (HOSPITAL, "<>", "")
    (original,) = await town.lying(PRACTICE)
    assert item.message.thread_id == original.message.thread_id
    assert (await town.acts(PRACTICE))[-2:] == ["message.received", "message.auto_replied"]
    assert (await town.told(PRACTICE))[0].detail == {"to": HOSPITAL, "of": "<r@x.fr>"}


async def test_without_a_subject_the_answer_bears_that_of_the_letter(town: Town) -> None:
    await _away(town)
    await town.bring(HOSPITAL, PRACTICE, "Bonjour" * 100)
    assert (await town.subjects(HOSPITAL)) == ["Automatic reply: " + ("Bonjour" * 100)[:200]]


async def test_each_sender_is_answered_once_in_a_period(town: Town) -> None:
    await _away(town)
    for _ in range(3):
        await town.bring(HOSPITAL, PRACTICE)
    await town.send("doctor2", "hugo.bernard@medecin.sim.mssante.fr", PRACTICE)
    assert len(await town.lying(HOSPITAL)) == 1
    assert len(await town.lying("hugo.bernard@medecin.sim.mssante.fr")) == 1
    town.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    await town.bring(HOSPITAL, PRACTICE)
    assert len(await town.lying(HOSPITAL)) == 1
    town.clock.advance(timedelta(seconds=1))
    await town.bring(HOSPITAL, PRACTICE)
    assert len(await town.lying(HOSPITAL)) == 2


async def test_two_letters_of_one_group_get_one_answer(town: Town) -> None:
    await _away(town)
    letters = [await town.written("hospital", HOSPITAL, [PRACTICE], f"{number}") for number in range(2)]
    await town.deliver(*letters)
    assert len(await town.lying(HOSPITAL)) == 1


async def test_the_period_is_the_answers_own_or_the_settings(open_town: OpenTown) -> None:
    async with open_town(out_of_office_days=2) as town:
        for days, lasting in ((None, 2), (1, 1)):
            await _away(town, WantedAnswer("Fermé.", days=days))
            before = len(await town.lying(HOSPITAL))
            for step in range(2):
                await town.bring(HOSPITAL, PRACTICE)
                assert len(await town.lying(HOSPITAL)) == before + 1 + step
                town.clock.advance(timedelta(days=lasting))


async def test_it_is_given_from_its_first_instant_until_before_its_last(town: Town) -> None:
    now = town.clock.now()
    await _away(town, WantedAnswer("Fermé.", from_at=now + DAY, until_at=now + 2 * DAY))
    await town.bring(HOSPITAL, PRACTICE)
    assert await town.lying(HOSPITAL) == []
    town.clock.advance(timedelta(days=1))
    await town.bring(HOSPITAL, PRACTICE)
    assert len(await town.lying(HOSPITAL)) == 1
    town.clock.advance(timedelta(days=1))
    await town.bring(DOCTOR, PRACTICE)
    assert await town.lying(DOCTOR) == []


async def test_a_new_answer_is_given_anew_and_none_is_given_once_it_is_taken_away(town: Town) -> None:
    await _away(town)
    await town.bring(HOSPITAL, PRACTICE)
    await _away(town, WantedAnswer("Toujours fermé."))
    await town.bring(HOSPITAL, PRACTICE)
    assert len(await town.lying(HOSPITAL)) == 2
    actor = await town.actor("doctor")
    await out_of_office.remove(town.world, actor, PRACTICE)
    await out_of_office.remove(town.world, actor, PRACTICE)
    assert await out_of_office.get(town.world, actor, PRACTICE) is None
    await town.bring(DOCTOR, PRACTICE)
    assert await town.lying(DOCTOR) == []
    told = [act for act in await town.acts(PRACTICE) if act.startswith("out_of_office")]
    assert told == ["out_of_office.set", "out_of_office.set", "out_of_office.removed"]


async def test_the_journal_tells_by_which_grant_somebody_set_it_and_took_it_away(town: Town) -> None:
    given = await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.MANAGE})))
    newcomer = await town.actor("newcomer")
    await out_of_office.put(town.world, newcomer, PRACTICE, AWAY)
    await out_of_office.remove(town.world, newcomer, PRACTICE)
    assert [(line.act.value, line.grant_id) for line in (await town.told(PRACTICE))[:2]] == [
        ("out_of_office.removed", given.id),
        ("out_of_office.set", given.id),
    ]


async def test_an_answer_to_somebody_at_another_operator_leaves_over_the_wire(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier) as town:
        await _away(town)
        await town.bring(HOSPITAL, PRACTICE)
        await town.core.queue.work()
        assert [(job.sender.name, job.receiver.name) for job in carrier.jobs] == [("Messagerie libérale", "Hôpital des Ormes")]
        assert await town.lying(HOSPITAL) == []


async def test_two_absent_mailboxes_answer_each_other_once_and_no_more(town: Town) -> None:
    await _away(town)
    await _away(town, address=DOCTOR)
    await town.send("doctor", DOCTOR, PRACTICE)
    assert (len(await town.lying(PRACTICE)), len(await town.lying(DOCTOR))) == (1, 1)


async def test_machines_lists_and_blind_copies_get_none(town: Town) -> None:
    await _away(town)
    await town.bring(HOSPITAL, PRACTICE, Auto_Submitted="auto-generated")
    await town.bring(HOSPITAL, PRACTICE, List_Id="<x.y>")
    await town.bring(HOSPITAL, PRACTICE, Precedence="bulk")
    hidden = letter(HOSPITAL, DOCTOR).as_bytes(policy=SMTP)
    await town.send("hospital", HOSPITAL, PRACTICE, raw=hidden)
    assert await town.lying(HOSPITAL) == []


async def test_a_patient_who_gets_one_may_answer_no_more_than_before(town: Town) -> None:
    await town.send("doctor", PRACTICE, PATIENT, "Votre examen")
    await _away(town)
    await town.send("patient", PATIENT, PRACTICE, "Merci")
    patient, practice = await town.mailbox(PATIENT), await town.mailbox(PRACTICE)
    assert len(await town.lying(PATIENT)) == 2
    rights = await town.world.store.read(conversations.rights_between, patient.id, practice.id)
    assert len(rights) == 1, "the letter's, none of the answer's"
    assert len({item.message.thread_id for item in await town.lying(PATIENT)}) == 1
    await town.send("doctor", PRACTICE, PATIENT, "[FIN]")
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, PRACTICE, "Encore")


async def test_a_letter_that_waited_is_answered_when_it_arrives(town: Town) -> None:
    await _away(town)
    await town.change(PRACTICE, state="suspended")
    await town.send("hospital", HOSPITAL, PRACTICE)
    await town.change(PRACTICE, state="active")
    town.clock.advance(timedelta(minutes=2))
    await town.core.queue.work()
    assert (len(await town.lying(PRACTICE)), len(await town.lying(HOSPITAL))) == (1, 1)


async def test_what_cannot_be_written_into_a_header_gets_none(town: Town) -> None:
    await _away(town)
    await town.bring(HOSPITAL, PRACTICE, Message_ID=f"<{'x' * 600}@x.fr>")
    (item,) = await town.lying(HOSPITAL)
    assert message_from_bytes(await town.raw(item))["In-Reply-To"] is None, "an id of an absurd length is left out"


async def test_who_may_not_manage_and_what_cannot_be_is_refused(town: Town) -> None:
    with refused(Rule.RIGHT_MISSING, "manage"):
        await out_of_office.put(town.world, await town.actor("secretary"), PRACTICE, AWAY)
    with refused(Rule.RIGHT_MISSING, "manage"):
        await out_of_office.get(town.world, await town.actor("secretary"), PRACTICE)
    with refused(Rule.RIGHT_MISSING, "manage"):
        await out_of_office.remove(town.world, await town.actor("secretary"), PRACTICE)
    with refused(Rule.INVALID, "neither answers nor forwards"):
        await out_of_office.put(town.world, await town.actor("patient"), PATIENT, AWAY)
    now = town.clock.now()
    for wanted, said in (
        (WantedAnswer(" \n"), "needs a text"),
        (WantedAnswer("x", "a\r\nBcc: b"), "subject is one line of text"),
        (WantedAnswer("x", until_at=now), "nobody would be answered"),
        (WantedAnswer("x", from_at=now - DAY, until_at=now - 1), "nobody would be answered"),
        (WantedAnswer("x", from_at=now + 2 * DAY, until_at=now + DAY), "nobody would be answered"),
    ):
        with refused(Rule.INVALID, said):
            await _away(town, wanted)
