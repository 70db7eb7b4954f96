"""Reception: what a peer may bring, in whose name, and that a patient hides behind nobody."""

from email.policy import SMTP

import pytest

from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailflow.reception import TRACE_BYTES_MAX
from mss_sim.core.trust import operator_certificates, operators
from mss_sim.core.world.white_list import Variant
from mss_sim.errors import Rule
from mss_sim.mail import mdn
from mss_sim.policy.peers import PeerCertificate
from mss_sim.store import conversations
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState
from mss_sim.words.sentence import quoted
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PATIENT2, PRACTICE, WARD, letter
from tests.core.towns import IDNATS, OpenTown, Town, refused

CLINIC = "contact@clinique-pins.sim.mssante.fr"
UNKNOWN_PATIENT = "999999999999999@patient.mssante.fr"


async def _dn(town: Town, operator: str) -> PeerCertificate:
    """The certificate that an operator shows."""
    rows = await operators.list_all(town.world)
    made = await operator_certificates.certificate_of(town.world, next(row for row in rows if row.name == operator))
    return PeerCertificate(made.subject)


# MAIL FROM


async def test_where_a_peers_word_is_taken_its_domain_is_of_the_trust_space(town: Town) -> None:
    for sender in (CLINIC, HOSPITAL, ""):
        await town.core.reception.check_sender(sender, None)
    with refused(Rule.DOMAIN_OUTSIDE):
        await town.core.reception.check_sender("x@example.org", None)


async def test_where_certificates_are_asked_for_the_white_list_binds_them_to_domains(open_town: OpenTown) -> None:
    async with open_town(peers_proof="certificate") as town:
        clinic = await _dn(town, "Clinique des Pins")
        for sender in (CLINIC, ""):
            await town.core.reception.check_sender(sender, clinic)
        for sender, shown, rule in (
            (CLINIC, None, Rule.PEER_NOT_TRUSTED),
            ("", None, Rule.PEER_NOT_TRUSTED),
            (HOSPITAL, clinic, Rule.PEER_NOT_TRUSTED),
            ("x@example.org", clinic, Rule.DOMAIN_OUTSIDE),
            (CLINIC, PeerCertificate(clinic.dn, quoted("it is revoked")), Rule.PEER_NOT_TRUSTED),
            (CLINIC, PeerCertificate("CN=ailleurs"), Rule.PEER_NOT_TRUSTED),
        ):
            with refused(rule):
                await town.core.reception.check_sender(sender, shown)
        town.world.white_list.choose_variant(Variant.STALE)
        with refused(Rule.WHITE_LIST_STALE):
            await town.core.reception.check_sender(CLINIC, clinic)


# RCPT TO


async def test_only_a_mailbox_that_is_here_and_open_is_a_recipient(town: Town) -> None:
    reception = town.core.reception
    await reception.check_recipient(PRACTICE, 0)
    await reception.check_recipient(PRACTICE, 0)
    for address, rule in (
        ("nobody@cabinet.sim.mssante.fr", Rule.UNKNOWN_MAILBOX),
        ("x@example.org", Rule.DOMAIN_OUTSIDE),
        (CLINIC, Rule.UNKNOWN_MAILBOX),
    ):
        with refused(rule):
            await reception.check_recipient(address, 0)
    await town.change(DOCTOR, message_size_bytes_max=100)
    with refused(Rule.TOO_LARGE):
        await reception.check_recipient(DOCTOR, 101)
    await reception.check_recipient(DOCTOR, 100)
    await mailboxes.change_mailbox(town.world, PRACTICE, {"state": MailboxState.CLOSED}, actor_id=None, door=Door.CONTROL)
    with refused(Rule.MAILBOX_CLOSED):
        await reception.check_recipient(PRACTICE, 0)


# DATA


async def test_what_a_peer_brings_lies_in_the_mailbox_and_in_its_journal(town: Town) -> None:
    brought = await town.bring(CLINIC, [PRACTICE, DOCTOR])
    assert (brought.submission_id, brought.sent_copy_id, brought.mode) == (None, None, None)
    (item,) = await town.lying(PRACTICE)
    assert (item.message.return_path, item.seen) == (CLINIC, False)
    raw = await town.raw(item)
    assert raw.startswith(f"Return-Path: <{CLINIC}>\r\nReceived: from mta.example\r\n".encode())
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.door, line.actor_id, line.detail, line.message_id) == (
        Act.RECEIVED,
        Door.MX,
        None,
        {"from": CLINIC},
        item.message.id,
    )


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ({"author": ""}, Rule.MALFORMED_MESSAGE),
        ({"author": f"{CLINIC}, b@clinique-pins.sim.mssante.fr"}, Rule.MALFORMED_MESSAGE),
    ],
)
async def test_a_letter_of_nobody_or_of_several_without_sender_is_refused(town: Town, headers: dict[str, str], rule: Rule) -> None:
    raw = letter(headers["author"] or CLINIC, PRACTICE)
    if not headers["author"]:
        del raw["From"]
    with refused(rule):
        await town.bring(CLINIC, PRACTICE, raw=raw.as_bytes(policy=SMTP))
    named = letter(f"{CLINIC}, b@clinique-pins.sim.mssante.fr", PRACTICE, Sender=CLINIC)
    await town.bring(CLINIC, PRACTICE, raw=named.as_bytes(policy=SMTP))
    assert len(await town.lying(PRACTICE)) == 1


async def test_no_operators_limit_counts_the_trace_on_top_but_for_what_nobody_needs(open_town: OpenTown) -> None:
    async with open_town(message_size_bytes_max=20_000) as town:
        await operators.change(town.world, "Laboratoire du Parc", message_size_bytes_max=None)
        plain = letter(CLINIC, PRACTICE, text="Bonjour\n" * 2_100).as_bytes(policy=SMTP)

        def traced(count: int) -> bytes:
            return b"".join(b"Received: from a by b; Mon, 05 Jan 2026 09:00:00 +0100\r\n" for _ in range(count)) + plain

        await town.bring(CLINIC, PRACTICE, raw=traced(200))
        with refused(Rule.TOO_LARGE):
            await town.bring(CLINIC, PRACTICE, raw=traced((TRACE_BYTES_MAX + 2_000) // 55))
        with refused(Rule.TOO_LARGE):
            await town.bring(CLINIC, PRACTICE, raw=plain + b"x" * 1_000 + b"\r\n")
        assert await town.core.reception.size_max() == 20_000


async def test_a_certified_peer_writes_in_the_name_of_its_own_mailboxes_alone(open_town: OpenTown) -> None:
    async with open_town(peers_proof="certificate") as town:
        clinic = await _dn(town, "Clinique des Pins")
        await town.bring(CLINIC, PRACTICE, certificate=clinic)
        for sender in (CLINIC, ""):
            with refused(Rule.SEND_NOT_ALLOWED, f"From names {HOSPITAL}"):
                await town.bring(sender, PRACTICE, author=HOSPITAL, certificate=clinic)
        with refused(Rule.SEND_NOT_ALLOWED, "From names x@example.org"):
            await town.bring(CLINIC, PRACTICE, author="x@example.org", certificate=clinic)
        await town.bring("", PRACTICE, "Avis", author="mailer-daemon@mx7.interne.example", certificate=clinic)
        assert await town.subjects(PRACTICE) == ["Avis", "Bonjour"]


async def test_where_a_peers_word_is_taken_its_certificate_says_nothing_of_authors(town: Town) -> None:
    await town.bring(CLINIC, PRACTICE, author=HOSPITAL, certificate=await _dn(town, "Clinique des Pins"))
    assert await town.subjects(PRACTICE) == ["Bonjour"]


async def test_a_folded_trace_leaves_no_room_for_more_fields_of_the_author(town: Town) -> None:
    fields = town.world.parse_limits.header_count + 3  # as many as a receiving server writes are left out of the count
    head = b"Received: from a\r\n\tby b\r\n\twith ESMTP;\r\n Mon, 05 Jan 2026 09:00:00 +0100\r\n"
    plain = letter(CLINIC, PRACTICE).as_bytes(policy=SMTP)
    own = plain.partition(b"\r\n\r\n")[0].count(b"\r\n") + 1

    async def brought(count: int) -> None:
        await town.bring(CLINIC, PRACTICE, raw=head + b"".join(b"X-A: b\r\n" for _ in range(count - own)) + plain)

    await brought(fields)
    with refused(Rule.MALFORMED_MESSAGE, "header fields"):
        await brought(fields + 1)


async def test_a_patient_who_is_not_there_writes_to_nobody(town: Town) -> None:
    for author in (UNKNOWN_PATIENT, CLINIC):
        with refused(Rule.NOT_INVITED, "from a mailbox that exists"):
            await town.bring(UNKNOWN_PATIENT, PRACTICE, author=author)
    assert await town.lying(PRACTICE) == []


async def test_a_patient_does_not_hide_behind_another_return_path(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    server = "mailer-daemon@patient.mssante.fr"
    for path, author in ((CLINIC, PATIENT), (PATIENT2, PATIENT), ("", PATIENT), (CLINIC, server)):
        with refused(Rule.NOT_INVITED, "under their own return path"):
            await town.bring(path, DOCTOR, author=author)
    await town.bring(PATIENT, DOCTOR)
    assert len(await town.lying(DOCTOR)) == 1


async def test_a_patient_answers_and_does_not_begin_also_when_a_peer_brings_it(town: Town) -> None:
    with refused(Rule.NOT_INVITED):
        await town.bring(PATIENT, DOCTOR)
    sent = await town.send("doctor", DOCTOR, PATIENT)
    with refused(Rule.NOT_INVITED):
        await town.bring(PATIENT, HOSPITAL, In_Reply_To=sent.rfc_message_id or "")
    await town.bring(PATIENT, DOCTOR, In_Reply_To=sent.rfc_message_id or "")
    assert (await town.lying(DOCTOR))[0].message.thread_id == sent.message_id


async def test_a_patients_read_receipt_comes_without_a_return_path(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
    said = mdn.Receipt(PATIENT, "", ("", DOCTOR), sent.rfc_message_id or "", "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    raw = mdn.compose(said, reporting_ua="client", message_id="<r@test>", at=10**15, language=Language.EN)
    await town.bring("", DOCTOR, raw=raw)
    assert (await town.kinds(sent))[-1] == "displayed"
    with refused(Rule.NOT_INVITED):
        await town.bring(CLINIC, DOCTOR, raw=raw)


async def _answerable(town: Town) -> set[str]:
    """The mailboxes that the patient may answer."""
    patient = await town.mailbox(PATIENT)
    found = set()
    for address in (HOSPITAL, WARD, LABORATORY, DOCTOR):
        box = await town.mailbox(address)
        if await town.world.store.read(lambda conn, id_=box.id: conversations.rights_between(conn, patient.id, id_)):  # type: ignore[misc]
            found.add(address)
    return found


@pytest.mark.parametrize(
    ("path", "author", "answerable"),
    [
        (WARD, HOSPITAL, {HOSPITAL}),
        (HOSPITAL, HOSPITAL, {HOSPITAL}),
        (LABORATORY, HOSPITAL, {LABORATORY}),
        ("", HOSPITAL, set()),
    ],
    ids=["the author of the same operator", "itself", "another operator's", "none"],
)
async def test_a_patient_answers_the_author_where_he_is_of_the_return_paths_operator(
    town: Town, path: str, author: str, answerable: set[str]
) -> None:
    await town.bring(path, PATIENT, author=author)
    assert await _answerable(town) == answerable


async def test_of_several_authors_the_return_path_is_answered(town: Town) -> None:
    raw = letter(f"{HOSPITAL}, cadre@hopital-ormes.sim.mssante.fr", PATIENT, Sender=HOSPITAL)
    await town.bring(WARD, PATIENT, raw=raw.as_bytes(policy=SMTP))
    assert await _answerable(town) == {WARD}


async def test_a_mailbox_that_was_made_a_moment_ago_gets_mail(town: Town) -> None:
    address = "neuf@cabinet.sim.mssante.fr"
    with refused(Rule.UNKNOWN_MAILBOX):
        await town.core.reception.check_recipient(address, 0)
    await mailboxes.add_mailbox(town.world, mailboxes.NewMailbox(address, MailboxKind.CAB, IDNATS["doctor"]))
    await town.core.reception.check_recipient(address, 0)
    await town.bring(CLINIC, address)
    assert len(await town.lying(address)) == 1


async def test_a_certificate_that_is_none_is_told_as_one_that_cannot_be_read(town: Town) -> None:
    assert (await town.core.reception.recognise([b"x"])).fault == "it cannot be read (rfc5280#4.1)"
