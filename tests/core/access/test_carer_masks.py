"""Masks: who sets them, once each, what they are of, and what the patient's journal keeps."""

import hashlib
from email.policy import SMTP

import pytest

from mss_sim.core.access import carer_masks, rights_in_force
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.errors import Rule
from mss_sim.store import pages
from mss_sim.vocabulary.mailboxes import MaskKind, Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE, letter
from tests.core.towns import OpenTown, Town, refused


async def test_who_does_not_hold_the_mailbox_masks_nothing(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(PATIENT, (await town.identity("newcomer")).idnat, frozenset({Right.SEE, Right.READ})))
    with refused(Rule.NOT_FOUND, "no mailbox"):
        await carer_masks.mask_correspondent(town.world, await town.actor("doctor"), PATIENT, HOSPITAL)
    carer = await town.actor("newcomer")
    with refused(Rule.RIGHT_MISSING, "The right manage"):
        await carer_masks.list_masks(town.world, carer, PATIENT)
    with refused(Rule.RIGHT_MISSING, "The right manage"):
        await carer_masks.mask_letter(town.world, carer, PATIENT, 1)
    with refused(Rule.RIGHT_MISSING, "The right manage"):
        await carer_masks.unmask(town.world, carer, PATIENT, 1)


async def test_what_is_not_there_or_no_patients_is_not_masked(town: Town) -> None:
    patient = await town.actor("patient")
    with refused(Rule.INVALID, "is no patient's mailbox"):
        await carer_masks.mask_correspondent(town.world, await town.actor("doctor"), PRACTICE, HOSPITAL)
    with refused(Rule.INVALID, "the mailbox itself"):
        await carer_masks.mask_correspondent(town.world, patient, PATIENT, PATIENT)
    with refused(Rule.NOT_FOUND, "no such message"):
        await carer_masks.mask_letter(town.world, patient, PATIENT, 1)
    await town.send("doctor", DOCTOR, [PATIENT, PATIENT2])
    [other] = await town.lying(PATIENT2)
    with refused(Rule.NOT_FOUND, "no such message"):
        await carer_masks.mask_letter(town.world, patient, PATIENT, other.copy.id)
    [own] = await town.lying(PATIENT)
    with refused(Rule.NOT_FOUND, "no attachment 2"):
        await carer_masks.mask_document(town.world, patient, PATIENT, own.copy.id, "2")
    theirs = await carer_masks.mask_letter(town.world, await town.actor("patient2"), PATIENT2, other.copy.id)
    for nowhere in (1, theirs.id):
        with refused(Rule.NOT_FOUND, "no such mask"):
            await carer_masks.unmask(town.world, patient, PATIENT, nowhere)
    assert await carer_masks.list_masks(town.world, patient, PATIENT) == []


async def test_a_mask_is_set_once_and_the_journal_tells_of_it(town: Town) -> None:
    patient = await town.actor("patient")
    await town.send("doctor", DOCTOR, PATIENT, "Secret")
    [own] = await town.lying(PATIENT)
    first = await carer_masks.mask_letter(town.world, patient, PATIENT, own.copy.id)
    assert await carer_masks.mask_letter(town.world, patient, PATIENT, own.copy.id) == first
    assert (first.kind, first.target, first.label) == (MaskKind.LETTER, str(own.message.id), "Secret")
    await carer_masks.unmask(town.world, patient, PATIENT, first.id)
    with refused(Rule.NOT_FOUND, "no such mask"):
        await carer_masks.unmask(town.world, patient, PATIENT, first.id)
    assert [act for act in await town.acts(PATIENT) if act.startswith("mask")] == ["mask.added", "mask.removed"]
    assert (await town.told(PATIENT))[0].detail == {"kind": "letter", "what": "Secret"}


@pytest.mark.parametrize("most", [1, 2])
async def test_masks_have_a_number(open_town: OpenTown, most: int) -> None:
    async with open_town(carers_masks_max=most) as town:
        patient = await town.actor("patient")
        for address in (DOCTOR, HOSPITAL)[:most]:
            await carer_masks.mask_correspondent(town.world, patient, PATIENT, address)
        with refused(Rule.LIMIT_REACHED, f"There are {most} masks"):
            await carer_masks.mask_correspondent(town.world, patient, PATIENT, PRACTICE)


async def _send(town: Town, subject: str, *documents: bytes) -> None:
    """A letter to the patient with these documents."""
    message = letter(DOCTOR, PATIENT, subject, "Bonjour. " * 100)
    for octets in documents:
        message.add_attachment(octets, maintype="application", subtype="pdf", filename="analyse.pdf")
    await town.send("doctor", DOCTOR, PATIENT, raw=message.as_bytes(policy=SMTP))


async def _seen(town: Town, who: str) -> list[str]:
    """The subjects that a carer sees, the newest first."""
    held = await town.world.store.read(rights_in_force.access_to, PATIENT, (await town.identity(who)).id, town.clock.now())
    assert held is not None
    found = await town.world.store.read(pages.page, pages.ListQuery(held.mailbox.id, 100))
    return [item.message.subject for item in found]


async def test_a_masked_document_is_masked_in_every_letter_that_carries_it(town: Town) -> None:
    patient, secret, other = await town.actor("patient"), b"%PDF-1.4 secret", b"%PDF-1.4 public"
    await grant(town.world, CONTROL, GrantRequest(PATIENT, (await town.identity("newcomer")).idnat, frozenset({Right.SEE, Right.READ})))
    for subject, documents in (("Deux", (other, secret)), ("Un autre", (other,)), ("Le même", (secret,)), ("Sans", ())):
        await _send(town, subject, *documents)
    two = (await town.lying(PATIENT))[-1]
    for part in ("1", "4"):
        with refused(Rule.NOT_FOUND, f"This message has no attachment {part}."):
            await carer_masks.mask_document(town.world, patient, PATIENT, two.copy.id, part)
    mask = await carer_masks.mask_document(town.world, patient, PATIENT, two.copy.id, "3")
    assert (mask.kind, mask.label, mask.target) == (
        MaskKind.DOCUMENT,
        "analyse.pdf",
        f"{len(secret)}-{hashlib.sha256(secret).hexdigest()}",
    )
    await _send(town, "Plus tard", secret)
    await _send(town, "Plus tard, un autre", other)
    assert await _seen(town, "newcomer") == ["Plus tard, un autre", "Sans", "Un autre"]
    await carer_masks.unmask(town.world, patient, PATIENT, mask.id)
    assert set(await _seen(town, "newcomer")) == {"Plus tard, un autre", "Plus tard", "Sans", "Le même", "Un autre", "Deux"}


async def test_a_masked_correspondent_is_masked_in_letters_that_came_and_that_come(town: Town) -> None:
    patient = await town.actor("patient")
    await grant(town.world, CONTROL, GrantRequest(PATIENT, (await town.identity("newcomer")).idnat, frozenset({Right.SEE, Right.READ})))
    await town.send("doctor", DOCTOR, PATIENT, "Un")
    await town.send("hospital", HOSPITAL, PATIENT, "Deux")
    mask = await carer_masks.mask_correspondent(town.world, patient, PATIENT, DOCTOR)
    await town.send("doctor", DOCTOR, PATIENT, "Trois")
    assert await _seen(town, "newcomer") == ["Deux"]
    await carer_masks.unmask(town.world, patient, PATIENT, mask.id)
    assert set(await _seen(town, "newcomer")) == {"Un", "Deux", "Trois"}
