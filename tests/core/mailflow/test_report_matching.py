"""Reports that come in: which letter they are about, and who is believed."""

from email.policy import SMTP

import pytest

from mss_sim.core.access import delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailflow.letter import Accepted, Addressee, Envelope
from mss_sim.core.mailflow.submission import SubmissionRequest
from mss_sim.core.trust import operator_certificates, operators
from mss_sim.mail import dsn, mdn
from mss_sim.mail.dsn import DsnEnvelope, RecipientStatus
from mss_sim.policy.peers import PeerCertificate
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition, DsnAction, ReceiptFamily
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR2, HOSPITAL, LABORATORY, PRACTICE, WARD, letter
from tests.core.towns import IDNATS, OpenTown, Town

NOWHERE = "nobody@cabinet.sim.mssante.fr"
CLINIC = "contact@clinique-pins.sim.mssante.fr"


def _dsn(
    about: Accepted, address: str, action: DsnAction = DsnAction.DELAYED, *, envelope_id: str | None = None, named: bool = True
) -> bytes:
    original = f"From: {HOSPITAL}\r\nMessage-ID: {about.rfc_message_id if named else '<other@test>'}\r\n\r\nx\r\n".encode()
    envelope = DsnEnvelope(HOSPITAL, 10**15, envelope_id, return_full=False, raw=original)
    status = {DsnAction.DELAYED: "4.4.1", DsnAction.FAILED: "5.1.1"}.get(action, "2.1.5")
    told = [RecipientStatus(address, action, status, f"x {status} because")]
    return dsn.compose(
        envelope,
        told,
        reporting_mta="mx.example",
        from_=f"mailer-daemon@{address.partition('@')[2]}",
        message_id="<d@test>",
        at=10**15,
        language=Language.EN,
    )


def _mdn(reader: str, to: str, about: Accepted, disposition: Disposition = Disposition.DISPLAYED) -> bytes:
    receipt = mdn.Receipt(reader, "", ("", to), about.rfc_message_id or "", "x", b"Subject: x\r\n\r\nx\r\n", disposition)
    return mdn.compose(receipt, reporting_ua="client", message_id="<m@test>", at=10**15, language=Language.EN)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (DsnAction.DELAYED, "delayed"),
        (DsnAction.FAILED, "failed"),
        (DsnAction.DELIVERED, "delivered"),
        (DsnAction.RELAYED, "relayed"),
        (DsnAction.EXPANDED, "relayed"),
    ],
)
async def test_a_servers_report_is_written_on_the_timeline_that_it_is_about(town: Town, action: DsnAction, kind: str) -> None:
    sent = await town.send("hospital", HOSPITAL, [CLINIC, PRACTICE])
    before = await town.kinds(sent, PRACTICE)
    await town.bring("", HOSPITAL, raw=_dsn(sent, CLINIC, action))
    event = (await town.events(sent))[CLINIC][-1]
    (item,) = await town.lying(HOSPITAL)
    assert (event.kind.value, event.report_id) == (kind, item.message.id)
    assert await town.kinds(sent, PRACTICE) == before


async def test_an_envelope_id_names_the_letter_before_a_message_id_does(town: Town) -> None:
    raw = letter(HOSPITAL, CLINIC).as_bytes(policy=SMTP)
    request = SubmissionRequest(Envelope(HOSPITAL, (Addressee(CLINIC),), "envelope-7"), raw, "ESMTPSA", "test")
    first = await town.core.submission.submit(await town.actor("hospital"), request)
    second = await town.send("hospital", HOSPITAL, CLINIC)
    await town.bring("", HOSPITAL, raw=_dsn(second, CLINIC, envelope_id="envelope-7"))
    assert (await town.kinds(first))[-1] == "delayed"
    assert "delayed" not in await town.kinds(second)


@pytest.mark.parametrize(
    ("disposition", "kind"),
    [
        (Disposition.DISPLAYED, "displayed"),
        (Disposition.PROCESSED, "processed"),
        (Disposition.DISPATCHED, "processed"),
        (Disposition.DELETED, "processed"),
    ],
)
async def test_a_readers_report_says_what_he_did(town: Town, disposition: Disposition, kind: str) -> None:
    sent = await town.send("hospital", HOSPITAL, CLINIC)
    await town.bring("", HOSPITAL, raw=_mdn(CLINIC, HOSPITAL, sent, disposition))
    event = (await town.events(sent))[CLINIC][-1]
    assert (event.kind.value, event.detail, event.family) == (kind, disposition.value, ReceiptFamily.PLAIN)


@pytest.mark.parametrize(("sender", "believed"), [("", True), (CLINIC, True), ("accueil@clinique-pins.sim.mssante.fr", False)])
async def test_a_read_receipt_is_a_servers_or_has_the_readers_own_return_path(town: Town, sender: str, *, believed: bool) -> None:
    sent = await town.send("hospital", HOSPITAL, CLINIC)
    await town.bring(sender, HOSPITAL, raw=_mdn(CLINIC, HOSPITAL, sent))
    assert ("displayed" in await town.kinds(sent)) == believed


@pytest.mark.parametrize("sender", ["", CLINIC])
async def test_only_a_notification_without_return_path_is_a_servers(town: Town, sender: str) -> None:
    sent = await town.send("hospital", HOSPITAL, CLINIC)
    await town.bring(sender, HOSPITAL, raw=_dsn(sent, CLINIC))
    assert ("delayed" in await town.kinds(sent)) == (sender == "")


async def test_a_certified_peer_reports_of_its_own_mailboxes_alone(open_town: OpenTown) -> None:
    async with open_town(peers_proof="certificate") as town:
        rows = await operators.list_all(town.world)
        made = await operator_certificates.certificate_of(town.world, next(row for row in rows if row.name == "Clinique des Pins"))
        shown = PeerCertificate(made.subject)
        theirs, others = [await town.send("hospital", HOSPITAL, to) for to in (CLINIC, PRACTICE)]
        raw = _dsn(others, PRACTICE).replace(b"mailer-daemon@cabinet.sim.mssante.fr", b"mailer-daemon@clinique-pins.sim.mssante.fr")
        await town.bring("", HOSPITAL, raw=raw, certificate=shown)
        await town.bring("", HOSPITAL, raw=_dsn(theirs, CLINIC), certificate=shown)
        assert ("delayed" in await town.kinds(theirs), "delayed" in await town.kinds(others)) == (True, False)


@pytest.mark.parametrize(
    ("about", "to"),
    [(DOCTOR2, HOSPITAL), (CLINIC, WARD)],
    ids=["of one whom it was not sent to", "to one who did not send it"],
)
async def test_a_report_that_is_about_nothing_changes_no_timeline(town: Town, about: str, to: str) -> None:
    sent = await town.send("hospital", HOSPITAL, CLINIC)
    before = await town.kinds(sent)
    await town.bring("", to, raw=_dsn(sent, about))
    assert await town.kinds(sent) == before
    assert len(await town.lying(to)) == 1


async def test_a_receipt_that_was_asked_for_elsewhere_counts_and_one_that_was_not_does_not(town: Town) -> None:
    asked = await town.send("hospital", HOSPITAL, CLINIC, Disposition_Notification_To=WARD)
    other = await town.send("hospital", HOSPITAL, CLINIC)
    for sent in (asked, other):
        await town.bring("", WARD, raw=_mdn(CLINIC, WARD, sent))
    assert ("displayed" in await town.kinds(asked), "displayed" in await town.kinds(other)) == (True, False)
    delayed = await town.send("hospital", HOSPITAL, CLINIC, Disposition_Notification_To=LABORATORY)
    await town.bring("", LABORATORY, raw=_dsn(delayed, CLINIC))
    assert "delayed" not in await town.kinds(delayed)


async def test_a_person_reports_his_own_reading_and_nothing_of_a_servers(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    raw = _dsn(sent, PRACTICE, DsnAction.FAILED).replace(b"mailer-daemon@cabinet.sim.mssante.fr", PRACTICE.encode())
    await town.send("doctor", PRACTICE, HOSPITAL, raw=raw)
    assert await town.kinds(sent) == ["submitted", "relayed", "delivered"]
    await delegation.grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor"], frozenset({Right.SEND_AS})))
    await town.send(
        "doctor", WARD, HOSPITAL, raw=_mdn(PRACTICE, HOSPITAL, sent).replace(f"From: {PRACTICE}".encode(), f"From: {WARD}".encode())
    )
    assert await town.kinds(sent) == ["submitted", "relayed", "delivered"]
    assert len(await town.lying(HOSPITAL)) == 2


async def test_a_report_that_names_the_recipient_as_the_client_first_had_it_is_of_that_recipient(town: Town) -> None:
    alias = "accueil@clinique-pins.sim.mssante.fr"
    sent = await town.send("hospital", HOSPITAL, "", addressees=(Addressee(CLINIC, original=f"rfc822;{alias}"), Addressee(DOCTOR2)))
    await town.bring("", HOSPITAL, raw=_dsn(sent, alias))
    assert await town.kinds(sent) == [*(await town.kinds(sent))[:-1], "delayed"]
    await town.bring("", HOSPITAL, raw=_dsn(sent, "autre@clinique-pins.sim.mssante.fr"))
    assert (await town.kinds(sent)).count("delayed") == 1
