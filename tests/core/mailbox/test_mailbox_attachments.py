"""Attachments of all letters: newest first, page by page, for who may read, and for a carer without what is masked."""

from email.policy import SMTP

import pytest

from mss_sim.core.access import carer_masks
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox.mailbox_attachments import LetterWithFiles, list_attachments
from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, letter
from tests.core.towns import Town, refused


async def _sent(town: Town, who: str, sender: str, subject: str, *names: str) -> None:
    made = letter(sender, PATIENT, subject)
    for name in names:
        made.add_attachment(f"contenu de {name}".encode(), maintype="application", subtype="pdf", filename=name)
    await town.send(who, sender, PATIENT, raw=made.as_bytes(policy=SMTP))


async def _listed(town: Town, who: str = "patient", before: int | None = None, limit: int = 100) -> list[LetterWithFiles]:
    return await list_attachments(town.world, await town.actor(who), PATIENT, before=before, limit=limit)


def _names(rows: list[LetterWithFiles]) -> list[list[str | None]]:
    return [[file["filename"] for file in row.files] for row in rows]


async def test_letters_with_attachments_come_newest_first_and_page_by_page(town: Town) -> None:
    already = len(await _listed(town))
    await _sent(town, "doctor", DOCTOR, "Ordonnance", "ordonnance.pdf")
    await _sent(town, "doctor", DOCTOR, "Sans rien")
    await _sent(town, "hospital", HOSPITAL, "Sortie", "sortie.pdf", "été.pdf")
    rows = await _listed(town)
    assert _names(rows)[: len(rows) - already] == [["sortie.pdf", "été.pdf"], ["ordonnance.pdf"]]
    assert (rows[0].subject, rows[0].from_[0]["address"]) == ("Sortie", HOSPITAL)
    assert rows[0].at == town.clock.now()
    first = await _listed(town, limit=1)
    assert [row.copy_id for row in first] == [rows[0].copy_id]
    assert [row.copy_id for row in await _listed(town, before=first[0].copy_id)] == [row.copy_id for row in rows[1:]]


@pytest.mark.parametrize("rights", [{Right.SEE}, {Right.SEE, Right.READ}])
async def test_names_of_files_are_for_who_may_read(town: Town, rights: set[Right]) -> None:
    await grant(town.world, CONTROL, GrantRequest(PATIENT, (await town.identity("newcomer")).idnat, frozenset(rights)))
    await _sent(town, "doctor", DOCTOR, "Ordonnance", "ordonnance.pdf")
    with refused(Rule.NOT_FOUND, "no mailbox"):
        await _listed(town, "doctor")
    if Right.READ in rights:
        assert await _listed(town, "newcomer") != []
        return
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await _listed(town, "newcomer")


async def test_a_carer_finds_no_attachment_of_a_letter_that_is_masked(town: Town) -> None:
    await _sent(town, "doctor", DOCTOR, "Ordonnance", "ordonnance.pdf")
    await _sent(town, "hospital", HOSPITAL, "Sortie", "sortie.pdf")
    await grant(town.world, CONTROL, GrantRequest(PATIENT, (await town.identity("newcomer")).idnat, frozenset({Right.SEE, Right.READ})))
    await carer_masks.mask_correspondent(town.world, await town.actor("patient"), PATIENT, HOSPITAL)
    assert ["sortie.pdf"] not in _names(await _listed(town, "newcomer"))
    assert ["ordonnance.pdf"] in _names(await _listed(town, "newcomer"))
    assert ["sortie.pdf"] in _names(await _listed(town))
