"""Submission: to whom a letter may go, and what the server writes above a letter."""

import asyncio
from dataclasses import replace
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.core.access import carer_masks, delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.core.mailflow.submission import check_recipient, check_size, size_max
from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.errors import Failure, RecipientsRefused, Refusal, Rule
from mss_sim.mail.addresses import addresses_of
from mss_sim.mail.parse import parse
from mss_sim.mail.summary import read_summary
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState, Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PATIENT2, PRACTICE, WARD, letter
from tests.core.towns import IDNATS, OpenTown, Town, refused

NOWHERE = "nobody@cabinet.sim.mssante.fr"
ABROAD = "nobody@hopital-ormes.sim.mssante.fr"
CLINIC = "contact@clinique-pins.sim.mssante.fr"


# RCPT TO


async def _check(town: Town, sender: tuple[str, str] | None, address: str, size: int = 0, *, peer: bool = False) -> None:
    found = await town.core.submission.senders.sender_at(await town.actor(sender[0]), sender[1]) if sender else None
    await check_recipient(town.world, found, address, size, peer=peer)


_DOCTOR = ("doctor", DOCTOR)


async def test_a_patients_address_that_nobody_backs_is_refused_at_once_to_a_professional_alone(open_town: OpenTown) -> None:
    """A patient hears that nobody invited him, and a peer's operator has asked its own records."""
    nobody = "190017510299945@patient.mssante.fr"
    async with open_town(patient_unqualified="refused") as town:
        with refused(Rule.PATIENT_NOT_QUALIFIED, nobody):
            await _check(town, _DOCTOR, nobody)
        with refused(Rule.NOT_INVITED):
            await _check(town, ("patient", PATIENT), nobody)
        with refused(Rule.UNKNOWN_MAILBOX):
            await _check(town, None, nobody, peer=True)
        await operators.change(town.world, "Mon espace santé", mx="127.0.0.1:2025")
        await _check(town, _DOCTOR, nobody)
    async with open_town() as town:
        await _check(town, _DOCTOR, nobody)


@pytest.mark.parametrize(("state", "rule"), [("closed", Rule.MAILBOX_CLOSED), ("suspended", Rule.MAILBOX_SUSPENDED)])
async def test_a_mailbox_of_the_same_operator_is_refused_at_once_and_one_of_another_afterwards(town: Town, state: str, rule: Rule) -> None:
    await town.change(PRACTICE, state=MailboxState(state))
    with refused(rule):
        await _check(town, _DOCTOR, PRACTICE)
    await _check(town, ("hospital", HOSPITAL), PRACTICE)
    with refused(rule):
        await _check(town, None, PRACTICE, peer=True)


async def test_an_unknown_mailbox_of_another_operator_is_accepted_unless_a_setting_asks_first(open_town: OpenTown) -> None:
    async with open_town() as town:
        await _check(town, _DOCTOR, ABROAD)
        for sender, address, peer in ((_DOCTOR, NOWHERE, False), (None, ABROAD, True)):
            with refused(Rule.UNKNOWN_MAILBOX):
                await _check(town, sender, address, peer=peer)
    async with open_town(peers_unknown_bounces=False) as town:
        with refused(Rule.UNKNOWN_MAILBOX):
            await _check(town, _DOCTOR, ABROAD)


async def test_mail_never_leaves_the_trust_space(town: Town) -> None:
    for sender, peer in ((_DOCTOR, False), (None, True)):
        with refused(Rule.DOMAIN_OUTSIDE):
            await _check(town, sender, "x@example.org", peer=peer)


async def test_a_mailbox_of_an_operator_outside_is_that_operators_to_judge_and_not_taken_from_a_peer(town: Town) -> None:
    await _check(town, _DOCTOR, CLINIC)
    with refused(Rule.UNKNOWN_MAILBOX):
        await _check(town, None, CLINIC, peer=True)


async def test_a_domain_that_was_taken_off_the_white_list_gets_nothing_from_others(town: Town) -> None:
    await town.world.white_list.remove("cabinet.sim.mssante.fr", None)
    with refused(Rule.DOMAIN_OUTSIDE, "not on the white list"):
        await _check(town, ("hospital", HOSPITAL), PRACTICE)
    await _check(town, _DOCTOR, PRACTICE)
    with refused(Rule.DOMAIN_OUTSIDE, "Nothing was sent"):
        await town.send("hospital", HOSPITAL, [WARD, PRACTICE])
    assert await town.lying(WARD) == []


async def test_a_size_that_is_told_is_held_against_the_recipients_limit(town: Town) -> None:
    await town.change(PRACTICE, message_size_bytes_max=1_000)
    await _check(town, _DOCTOR, PRACTICE, 1_000)
    with refused(Rule.TOO_LARGE):
        await _check(town, _DOCTOR, PRACTICE, 1_001)


async def test_a_magic_address_refuses_or_lets_wait_whoever_names_it(open_town: OpenTown) -> None:
    refusing, slow = "refuse-550@medecin.sim.mssante.fr", "slow-30s@medecin.sim.mssante.fr"
    async with open_town(mailbox_magic_slow_seconds=0.05) as town:
        with pytest.raises(Failure, match=f"The address {refusing} refuses every letter") as caught:
            await _check(town, _DOCTOR, refusing)
        assert (caught.value.subject, caught.value.code, caught.value.status) == (refusing, 550, "5.7.1")
        loop = asyncio.get_running_loop()
        began = loop.time()
        await _check(town, _DOCTOR, slow)
        assert loop.time() - began >= 0.05


async def test_what_is_masked_from_a_carer_gives_him_nothing_to_answer(town: Town) -> None:
    carer = GrantRequest(PATIENT, IDNATS["newcomer"], frozenset({Right.SEE, Right.READ, Right.SEND_ON_BEHALF}))
    await delegation.grant(town.world, CONTROL, carer)
    await town.send("doctor", DOCTOR, PATIENT)
    await _check(town, ("newcomer", PATIENT), DOCTOR)
    await carer_masks.mask_correspondent(town.world, await town.actor("patient"), PATIENT, DOCTOR)
    with refused(Rule.NOT_INVITED):
        await _check(town, ("newcomer", PATIENT), DOCTOR)
    await _check(town, ("patient", PATIENT), DOCTOR)


async def test_a_patient_is_told_at_once_that_he_was_not_invited(town: Town) -> None:
    patient = ("patient", PATIENT)
    for address in (DOCTOR, PATIENT2, ABROAD):
        with refused(Rule.NOT_INVITED):
            await _check(town, patient, address)
    await town.send("doctor", DOCTOR, PATIENT)
    await _check(town, patient, DOCTOR)
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    with refused(Rule.CONVERSATION_CLOSED):
        await _check(town, patient, DOCTOR)


# Sizes


async def test_the_limit_is_the_mailboxs_own_else_its_operators_else_the_settings(open_town: OpenTown) -> None:
    async with open_town(message_size_bytes_max=5_000) as town:
        box, laboratory = await town.mailbox(DOCTOR), await town.mailbox(LABORATORY)
        assert [await size_max(town.world, one) for one in (box, laboratory, None)] == [5_000, 10_000_000, 10_000_000]
        assert await size_max(town.world, replace(laboratory, message_size_bytes_max=7_000)) == 7_000
        await check_size(town.world, box, 5_000)
        with refused(Rule.TOO_LARGE):
            await check_size(town.world, box, 5_001)
        with refused(Rule.TOO_LARGE):
            await town.send("doctor", DOCTOR, PRACTICE, raw=letter(DOCTOR, PRACTICE, text="x" * 6_000).as_bytes(policy=SMTP))


# DATA


async def _sent(town: Town, who: str, sender: str, **headers: Any) -> list[str]:
    """The Sender fields of a letter as it arrived, which are those that lists show."""
    await town.send(who, sender, DOCTOR2, **headers)
    item = (await town.lying(DOCTOR2))[0]
    parsed = parse(await town.raw(item))
    assert [{"name": name, "address": address} for name, address in parsed.sender] == read_summary(item.message.summary).sender
    return [address for _, address in parsed.sender]


async def test_a_delegate_is_named_as_sender_and_nobody_names_another(town: Town) -> None:
    assert await _sent(town, "secretary", PRACTICE) == [PRACTICE]
    raw = await town.raw((await town.lying(DOCTOR2))[0])
    assert f"\r\nSender: Sophie PETIT <{PRACTICE}>\r\n".encode() in raw
    assert await _sent(town, "secretary", PRACTICE, Sender=DOCTOR) == [PRACTICE]
    assert await _sent(town, "doctor", PRACTICE, Sender=HOSPITAL) == []
    assert await _sent(town, "hospital_ward", WARD, Sender=HOSPITAL) == []
    await delegation.grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor"], frozenset({Right.SEND_ON_BEHALF})))
    assert await _sent(town, "doctor", WARD) == [DOCTOR]


async def test_of_several_authors_the_one_that_the_letter_leaves_from_is_named(town: Town) -> None:
    raw = letter(f"{DOCTOR}, {PRACTICE}", DOCTOR2).as_bytes(policy=SMTP)
    await town.send("doctor", PRACTICE, DOCTOR2, raw=raw)
    item = (await town.lying(DOCTOR2))[0]
    parsed = parse(await town.raw(item))
    assert (addresses_of(parsed.from_), [one for _, one in parsed.sender]) == ((DOCTOR, PRACTICE), [PRACTICE])
    assert item.message.return_path == PRACTICE


async def test_a_letter_is_sent_for_every_author_that_it_names(town: Town) -> None:
    for authors, said in ((f"{DOCTOR}, {HOSPITAL}", HOSPITAL), (HOSPITAL, HOSPITAL)):
        with refused(Rule.SEND_NOT_ALLOWED, f"You may not send from {said}"):
            await town.send("doctor", DOCTOR, DOCTOR2, raw=letter(authors, DOCTOR2).as_bytes(policy=SMTP))
    with refused(Rule.SEND_NOT_ALLOWED, "send one letter per mailbox"):
        await town.send("secretary", PRACTICE, DOCTOR2, raw=letter(f"{DOCTOR}, {PRACTICE}", DOCTOR2).as_bytes(policy=SMTP))
    with refused(Rule.SEND_NOT_ALLOWED, f"You may not send from {HOSPITAL}"):
        await town.send("doctor", DOCTOR, DOCTOR2, path=HOSPITAL)
    assert await town.lying(DOCTOR2) == []


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"Subject: x\r\n\r\nx\r\n", Rule.MALFORMED_MESSAGE),
        (f"From: {DOCTOR}\r\nFrom: {DOCTOR}\r\n\r\nx\r\n".encode(), Rule.MALFORMED_MESSAGE),
        (f"From: {DOCTOR}\r\n\r\na\x00b\r\n".encode(), Rule.MALFORMED_MESSAGE),
    ],
)
async def test_a_letter_of_nobody_or_that_is_none_does_not_leave(town: Town, raw: bytes, rule: Rule) -> None:
    with refused(rule):
        await town.send("doctor", DOCTOR, PRACTICE, raw=raw)


async def test_a_refused_letter_is_written_in_the_journal_of_the_mailbox_of_those_who_have_a_right_over_it(town: Town) -> None:
    with refused(Rule.DOMAIN_OUTSIDE):
        await town.send("secretary", PRACTICE, "x@example.org")
    line = (await town.told(PRACTICE))[0]
    secretary = await town.identity("secretary")
    assert (line.act, line.actor_id, line.door) == (Act.REFUSED, secretary.id, Door.REST)
    assert line.detail is not None
    assert (line.detail["rule"], line.detail["from"]) == ("domain-outside-trust-space", PRACTICE)


async def test_a_strangers_attempt_stands_in_nobodys_journal(town: Town) -> None:
    before = await town.acts(PRACTICE)
    with refused(Rule.SEND_NOT_ALLOWED):
        await town.send("hospital", PRACTICE, DOCTOR2)
    assert await town.acts(PRACTICE) == before


async def test_a_strict_letter_is_sent_to_all_or_to_nobody(town: Town) -> None:
    people = [PRACTICE, NOWHERE, "x@example.org"]
    with pytest.raises(RecipientsRefused) as caught:
        await town.send("doctor", DOCTOR, people, options={"strict": True})
    assert [(one.subject, one.rule) for one in caught.value.refusals] == [
        (NOWHERE, Rule.UNKNOWN_MAILBOX),
        ("x@example.org", Rule.DOMAIN_OUTSIDE),
    ]
    assert await town.lying(PRACTICE) == await town.lying(DOCTOR, "Sent") == []
    sent = await town.send("doctor", DOCTOR, people)
    assert [one.kind.value for one in sent.outcomes] == ["delivered", "failed", "failed"]


async def test_a_letter_that_leaves_says_how_it_came_in(town: Town) -> None:
    await town.send("doctor", DOCTOR, PRACTICE)
    raw = await town.raw((await town.lying(PRACTICE))[0])
    assert raw.startswith(f"Return-Path: <{DOCTOR}>\r\nReceived: from test\r\n\tby mail.sim.mssante.fr with ESMTPSA\r\n".encode())


async def test_an_operator_of_ones_own_limits_its_mailboxes(town: Town) -> None:
    fields: dict[str, Any] = {"message_size_bytes_max": 600}
    await operators.add(town.world, NewOperator("Petit", ("petit.sim.mssante.fr",), **fields))
    await mailboxes.add_mailbox(town.world, NewMailbox("a@petit.sim.mssante.fr", MailboxKind.PER, IDNATS["doctor"]))
    with pytest.raises(Refusal) as caught:
        await town.send(
            "doctor",
            "a@petit.sim.mssante.fr",
            PRACTICE,
            raw=letter("a@petit.sim.mssante.fr", PRACTICE, text="x" * 600).as_bytes(policy=SMTP),
        )
    assert caught.value.rule is Rule.TOO_LARGE


# A letter that is sent again


@pytest.mark.parametrize("field", ["Resent-From", "Resent-Sender"])
@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (DOCTOR, None),
        (f"Tilleuls <{PRACTICE}>", None),
        (HOSPITAL, Rule.SEND_NOT_ALLOWED),
        (f"{DOCTOR}, =?utf-8?q?Paul?= <{HOSPITAL}>", Rule.SEND_NOT_ALLOWED),
        ("someone@example.org", Rule.SEND_NOT_ALLOWED),
    ],
)
async def test_who_sends_again_is_claimed_as_the_author_is(town: Town, field: str, said: str, rule: Rule | None) -> None:
    raw = letter(DOCTOR, DOCTOR2).as_bytes(policy=SMTP).replace(b"Subject:", f"{field}: {said}\r\nSubject:".encode(), 1)
    if rule is None:
        await town.send("doctor", DOCTOR, DOCTOR2, raw=raw)
    else:
        with refused(rule):
            await town.send("doctor", DOCTOR, DOCTOR2, raw=raw)
    assert len(await town.lying(DOCTOR2)) == (1 if rule is None else 0)


async def test_who_sent_it_again_before_is_no_claim_of_whoever_sends_it_now(town: Town) -> None:
    blocks = f"Resent-From: {DOCTOR}\r\nResent-To: {DOCTOR2}\r\nResent-From: {HOSPITAL}\r\nSubject:".encode()
    await town.send("doctor", DOCTOR, DOCTOR2, raw=letter(DOCTOR, DOCTOR2).as_bytes(policy=SMTP).replace(b"Subject:", blocks, 1))
    assert len(await town.lying(DOCTOR2)) == 1


@pytest.mark.parametrize(
    "given", [set(), {"Date"}, {"Message-ID"}, {"Date", "Message-ID"}], ids=lambda given: "+".join(sorted(given)) or "none"
)
@pytest.mark.parametrize("added", [True, False])
async def test_what_a_letter_lacks_is_written_by_a_setting_alone(open_town: OpenTown, given: set[str], added: bool) -> None:
    fields = {"Date": "Mon, 05 Jan 2026 09:00:00 +0100", "Message-ID": "<a@b.fr>"}
    head = "".join(f"{name}: {fields[name]}\r\n" for name in sorted(given))
    raw = f"{head}From: {DOCTOR}\r\nTo: {DOCTOR2}\r\n\r\nx\r\n".encode()
    async with open_town(message_missing_fields_added=added) as town:
        await town.send("doctor", DOCTOR, DOCTOR2, raw=raw)
        lying = await town.raw((await town.lying(DOCTOR2))[0])
    found = parse(lying).headers
    for name, value in fields.items():
        assert len(found.all(name)) == (1 if added or name in given else 0)
        assert (found.text(name) == value) is (name in given)
    assert lying.endswith(raw)


@pytest.mark.parametrize("removed", [True, False])
async def test_bcc_stays_as_it_came_unless_a_setting_cuts_it_out(open_town: OpenTown, removed: bool) -> None:
    head, rest = f"From: {DOCTOR}\r\n", f"To: {DOCTOR2}\r\n\r\nBcc: in the body\r\n"
    raw = f"{head}Bcc: {HOSPITAL},\r\n {PRACTICE}\r\nBCC: {HOSPITAL}\r\n{rest}".encode()
    async with open_town(message_bcc_removed=removed) as town:
        await town.send("doctor", DOCTOR, DOCTOR2, raw=raw)
        lying = await town.raw((await town.lying(DOCTOR2))[0])
        assert await town.lying(HOSPITAL) == []
    assert lying.endswith(f"{head}{rest}".encode() if removed else raw)
