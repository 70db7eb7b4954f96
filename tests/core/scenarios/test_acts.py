"""What persons do in a play: by the verbs of every door, with the same refusals and the same journal."""

import pytest

from mss_sim.core.access.identities import change_identity
from mss_sim.mail.mime import content
from mss_sim.mail.summary import read_summary
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import HEADER_MES, HEADER_MES_FIN
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.scenarios.playing import SENT, failing, passing, played
from tests.core.towns import Town

_READ = "actor: doctor, open: {letter: report, mailbox: practice}"
_WRITES = "actor: doctor, send: {to: patient, subject: Ordonnance, receipt: true}, as: first"
_ANSWERS = "actor: patient, send: {to: doctor, subject: 'Re: Ordonnance', answers: first}, as: answer"


async def test_a_letter_has_what_was_said_of_it(town: Town) -> None:
    said = '{to: [practice, patient], subject: Été, text: "un\\ndeux", receipt: true, delivery_receipt: true, closes: true, mode: owner}'
    await passing(town, f"actor: doctor, send: {said}, expect: {{mode: owner}}")
    [item] = await town.lying(PRACTICE)
    raw = (await town.raw(item)).decode()
    assert f"To: {PRACTICE}, {PATIENT}" in raw.replace("\r\n ", " ")
    assert f"{HEADER_MES}: {HEADER_MES_FIN}" in raw
    assert "Disposition-Notification-To: " in raw
    assert "un\r\ndeux" in raw
    assert item.message.subject == "Été"
    assert (await town.subjects(DOCTOR, "INBOX"))[0].startswith("Delivered")


async def test_a_letter_carries_the_files_of_the_scenario(town: Town) -> None:
    files = "[{name: Été.txt, text: Voici.}, {name: courbe.png, base64: iVBORw==}, {name: x, base64: AAE=, type: audio/basic}]"
    await passing(town, f"actor: doctor, send: {{to: practice, subject: Fichiers, files: {files}}}")
    [item] = await town.lying(PRACTICE)
    raw = await town.raw(item)
    leaves = [leaf for leaf in read_summary(item.message.summary).leaves if leaf["attachment"]]
    assert [(leaf["filename"], leaf["type"], content(raw, leaf["start"], leaf["end"], leaf["encoding"])) for leaf in leaves] == [
        ("Été.txt", "text/plain", b"Voici."),
        ("courbe.png", "image/png", b"\x89PNG"),
        ("x", "audio/basic", b"\x00\x01"),
    ]


async def test_a_letter_carries_documents_that_are_made_for_it(town: Town) -> None:
    """Signed by who sends them where that is a doctor; right, or broken in the way that was asked for."""
    await passing(
        town,
        "actor: doctor, send: {to: practice, documents: {types: 11490-0, patient: patient, level: N1}}",
        "actor: hospital, send: {to: practice, subject: Autre, documents: {types: 11490-0, flaw: hash-wrong}}",
    )
    broken, right = await town.lying(PRACTICE)
    assert (right.message.subject[:12], broken.message.subject) == ("XDM/1.0/DDM+", "Autre")
    assert b"X-MSS-CODECDA: 11490-0" in await town.raw(right)
    found = [{one.kind.code for one in (await town.core.diagnoses.of_letter(await town.raw(item))).findings} for item in (right, broken)]
    assert ["xdm.hash-mismatch" in codes for codes in found] == [False, True]
    _, came = await failing(town, "actor: doctor, send: {to: practice, documents: {types: 11490-0, patient: doctor}}")
    assert came.endswith("899700420013 is no patient.")


async def test_an_answer_goes_into_the_conversation(town: Town) -> None:
    await passing(town, _WRITES, _ANSWERS, "actor: doctor, send: {to: patient, subject: 'Re: Ordonnance', answers: answer}")
    first, answer, last = reversed(await town.lying(PATIENT, None))
    assert first.message.thread_id == answer.message.thread_id == last.message.thread_id
    raw = (await town.raw(last)).decode()
    assert f"References: {first.message.rfc_message_id} {answer.message.rfc_message_id}" in raw.replace("\r\n ", " ")


async def test_reading_is_seen_by_the_journal_and_shows_the_letter(town: Town) -> None:
    await passing(town, SENT, f"{_READ}, expect: {{subject: rapport, text: voici, from: durand}}")
    assert Act.READ in await town.acts(PRACTICE)
    expected, came = await failing(town, SENT, f"{_READ}, expect: {{subject: Rapport, text: 'Au revoir'}}")
    assert (expected, came) == ("text Au revoir", "text Voici.\r\n")


async def test_a_list_counts_what_came_since_the_play_began(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    counted = "actor: doctor, list: practice, expect: {count: %d, unread: %d}"
    await passing(town, counted % (0, 0), SENT, counted % (1, 1), _READ, counted % (1, 1))
    await passing(town, SENT, "actor: doctor, mark: {letter: report, mailbox: practice, add: \\Seen}", counted % (1, 0))
    await passing(town, SENT, "actor: doctor, list: {mailbox: practice, folder: Archive}, expect: {count: 0}")


@pytest.mark.parametrize(("flag", "sent"), [("\\Seen", 1), ("\\Flagged", 0)])
async def test_who_marks_a_letter_as_seen_sends_the_receipt_that_it_asks_for(town: Town, flag: str, sent: int) -> None:
    await passing(town, _WRITES, f"actor: patient, mark: {{letter: first, add: {flag}}}")
    assert (await town.acts(PATIENT)).count("receipt.sent") == sent


async def test_letters_are_put_elsewhere_and_deleted(town: Town) -> None:
    await passing(town, SENT, "actor: doctor, move: {letter: report, mailbox: practice}")
    assert await town.subjects(PRACTICE, "Archive") == ["Rapport"]
    await passing(town, SENT, "actor: doctor, delete: {letter: report, mailbox: practice}")
    assert await town.subjects(PRACTICE) == []


async def test_a_receipt_is_sent_once(town: Town) -> None:
    receipt = "actor: doctor, receipt: {letter: report, mailbox: practice}"
    await passing(town, SENT, receipt, f"{receipt}, expect: {{refused: receipt-already-sent}}")
    assert (await town.subjects(HOSPITAL))[0] == "Read: Rapport"


async def test_a_patients_receipt_leaves_by_itself(town: Town) -> None:
    await passing(town, _WRITES, "actor: patient, open: first")
    assert (await town.subjects(DOCTOR))[0] == "Read: Ordonnance"
    [read] = [line for line in await town.told(PATIENT) if line.act is Act.READ]
    assert read.door == "mes"


async def test_a_grant_holds_as_long_as_it_says_and_is_taken_back(town: Town) -> None:
    given = "actor: doctor, grant: {to: newcomer, mailbox: practice, rights: [see, read], from: P1D, until: P2D, reason: Congés}, as: leave"
    listed = "actor: newcomer, list: practice"
    await passing(
        town,
        given,
        f"{listed}, expect: {{refused: not-found}}",
        "advance: P1D, expect: {happened: grant.began}",
        listed,
        "actor: doctor, revoke: leave",
        f"{listed}, expect: {{refused: not-found}}",
    )
    assert [act for act in await town.acts(PRACTICE) if act.startswith("grant.")][-2:] == ["grant.created", "grant.revoked"]


async def test_who_gets_a_grant_renounces_it(town: Town) -> None:
    given = "actor: doctor, grant: {to: newcomer, rights: see, until: '2030-01-05T08:00:00+01:00'}, as: given"
    await passing(town, given, "actor: newcomer, revoke: given")
    assert "grant.renounced" in await town.acts(DOCTOR)


async def test_a_conversation_is_closed_and_opened_again(town: Town) -> None:
    asked = "may-write: {from: patient, to: doctor}, expect: {allowed: %s, rule: %s}"
    await passing(
        town,
        asked % ("false", "not-invited"),
        _WRITES,
        asked % ("true", "conversation-open"),
        _ANSWERS,
        "actor: doctor, close: answer",
        asked % ("false", "conversation-closed"),
        "actor: doctor, reopen: answer",
        asked % ("true", "conversation-open"),
    )
    expected, came = await failing(town, asked % ("false", "not-invited"))
    assert (expected, came) == ("allowed false, rule not-invited", "allowed true, rule conversation-open")


@pytest.mark.parametrize(
    ("step", "rule"),
    [
        ("actor: newcomer, send: {from: practice, to: hospital, subject: x}", "send-not-allowed"),
        ("actor: newcomer, open: {letter: report, mailbox: practice}", "not-found"),
        ("actor: patient, send: {to: doctor, subject: x}", "not-invited"),
        ("actor: hospital, grant: {to: newcomer, mailbox: practice, rights: see}", "not-found"),
        ("actor: doctor, send: {to: nobody@cabinet.sim.mssante.fr, subject: x}", "unknown-mailbox"),
        ("actor: newcomer, send: {to: hospital, subject: x}", "not-found"),
        ("actor: doctor, open: report", "not-found"),
        ("actor: doctor, move: {letter: report, mailbox: practice, folder: Nulle part}", "not-found"),
    ],
)
async def test_what_the_doors_refuse_is_refused_by_the_same_rule(town: Town, step: str, rule: str) -> None:
    await passing(town, SENT, f"{step}, expect: {{refused: {rule}}}")
    [_, failed] = await played(town, SENT, step)
    assert (failed.state, failed.refused) == ("failed", rule)


async def test_a_disabled_person_plays_nothing(town: Town) -> None:
    await change_identity(town.world, (await town.identity("hospital")).idnat, {"enabled": False}, None, None)
    await passing(town, "actor: hospital, list: hospital, expect: {refused: authentication-failed}")
