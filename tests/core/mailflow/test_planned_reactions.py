"""What a letter sets off in the mailboxes that it reaches."""

from mss_sim.core.mailbox import behaviours
from mss_sim.policy.behaviours import Reaction, Step
from mss_sim.vocabulary.behaviours import Occasion, StepAct
from tests.clients import DOCTOR, HOSPITAL, PATIENT
from tests.core.towns import Town


async def test_two_mailboxes_with_behaviours_do_not_write_to_each_other(town: Town) -> None:
    for address in (DOCTOR, HOSPITAL):
        await behaviours.set_behaviour(town.world, address, "answers")
    await town.send("doctor", DOCTOR, HOSPITAL)
    assert await town.core.patients.next_at() is None


async def test_what_no_person_wrote_sets_nothing_off(town: Town) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, "answers")
    for words in ("auto-replied", "auto-generated (by a program)", "AUTO-NOTIFIED"):
        await town.send("doctor", DOCTOR, PATIENT, Auto_Submitted=words)
    assert await town.core.patients.next_at() is None
    await town.send("doctor", DOCTOR, PATIENT, Auto_Submitted="No")
    assert await town.core.patients.next_at() is not None


async def test_a_letter_that_closes_is_another_occasion(town: Town) -> None:
    closed = (Reaction((Step(StepAct.DELETE),), Occasion.CLOSED),)
    await behaviours.set_behaviour(town.world, PATIENT, closed)
    await town.send("doctor", DOCTOR, PATIENT)
    assert await town.core.patients.next_at() is None
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN")
    assert len(await behaviours.pending(town.world, PATIENT)) == 2


async def test_a_reaction_asks_for_the_author_and_the_words_of_the_subject(town: Town) -> None:
    wanted = (Reaction((Step(StepAct.DELETE),), from_=DOCTOR.upper(), subject="RÉSULTAT"),)
    await behaviours.set_behaviour(town.world, PATIENT, wanted)
    for who, sender, subject in (
        ("doctor", DOCTOR, "Bonjour"),
        ("hospital", HOSPITAL, "Votre résultat"),
        ("doctor", DOCTOR, "Votre résultat"),
    ):
        assert await behaviours.pending(town.world, PATIENT) == []
        await town.send(who, sender, PATIENT, subject)
    assert len(await behaviours.pending(town.world, PATIENT)) == 1
