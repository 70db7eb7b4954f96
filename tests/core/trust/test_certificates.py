"""Certificates: issued for one thing, taken back once, published, and told for what they are worth when somebody shows them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from sqlalchemy import Connection

from mss_sim.clock import SECOND, ManualClock, from_datetime
from mss_sim.core.access import identities
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.trust import certificates, operators
from mss_sim.core.trust.certificates import NewCertificate, issue, issue_to_operators, presented, revoke
from mss_sim.core.world.authorities import ListenerCertificate
from mss_sim.core.world.store_types import Certificate, Operator
from mss_sim.errors import Refusal, Rule
from mss_sim.pki import bundles, revocation
from mss_sim.pki.authority import ORGANISATIONS, PERSONS, ROOT, signed_by
from mss_sim.pki.revocation import RevocationQuestion, Revoked
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from mss_sim.vocabulary.trust import CertificateProfile, RevocationReason
from mss_sim.words.sentence import quoted
from tests.authorities import Bearer
from tests.clients import DOCTOR, LABORATORY
from tests.core.towns import IDNATS, OpenTown, Town, refused

OPERATOR = "Hôpital des Ormes"
DAY = timedelta(days=1)


@pytest.fixture
def today() -> ManualClock:
    """The clock of certificates, which begins now: the authorities of the seed are as old as this session."""
    return ManualClock(datetime.now(UTC))


def _der(one: Certificate) -> bytes:
    return bundles.read_pem(one.certificate).public_bytes(Encoding.DER)


# Issued


@pytest.mark.parametrize(
    ("fields", "rule", "said"),
    [
        ({}, Rule.INVALID, "bound to one thing"),
        ({"mailbox": LABORATORY, "host": "a.example"}, Rule.INVALID, "bound to one thing"),
        ({"mailbox": LABORATORY, "profile": CertificateProfile.SERV_SSL}, Rule.INVALID, "A mailbox is not a server"),
        ({"operator": OPERATOR, "profile": CertificateProfile.SERV_SSL}, Rule.INVALID, "names of its hosts"),
        ({"operator": "Personne"}, Rule.NOT_FOUND, "There is no operator"),
        ({"mailbox": DOCTOR}, Rule.INVALID, "only APP is opened by a certificate"),
        ({"mailbox": "nobody@labo-parc.sim.mssante.fr"}, Rule.NOT_FOUND, "There is no mailbox"),
        ({"mailbox": "no address"}, Rule.INVALID, ""),
        ({"host": "a.example", "common": ""}, None, ""),
        ({"host": "a.example", "common": "x" * 2_000}, None, ""),
        ({"host": "é.example"}, Rule.INVALID, "cannot stand in a certificate"),
    ],
)
async def test_a_certificate_is_bound_to_one_thing_that_may_have_it(
    town: Town, fields: dict[str, Any], rule: Rule | None, said: str
) -> None:
    before = await certificates.list_all(town.world)
    if rule is None:
        assert await issue(town.world, NewCertificate(**fields)) in await certificates.list_all(town.world)
        return
    with refused(rule, said):
        await issue(town.world, NewCertificate(**fields))
    assert await certificates.list_all(town.world) == before


@pytest.mark.parametrize(
    ("fields", "profile", "subject"),
    [
        (
            {"mailbox": LABORATORY},
            CertificateProfile.ORG_AUTH_CLI,
            ("Laboratoire du Parc", "1690990023", "Laboratoire du Parc - Résultats"),
        ),
        ({"operator": OPERATOR}, CertificateProfile.ORG_AUTH_CLI, (OPERATOR, "300000000000000", "smtp.hopital-ormes.sim.mssante.fr")),
        ({"host": "a.example"}, CertificateProfile.SERV_SSL, ("OPERATEUR DE TEST MSS-SIM", "300000000000000", "a.example")),
        (
            {"operator": OPERATOR, "hosts": ("mx.example",), "profile": CertificateProfile.SERV_SSL},
            CertificateProfile.SERV_SSL,
            (OPERATOR, "300000000000000", "mx.example"),
        ),
        ({"host": "a.example", "common": "C", "organisation": "O", "structure": "S"}, CertificateProfile.SERV_SSL, ("O", "S", "C")),
    ],
)
async def test_what_is_not_said_of_a_bearer_is_found_from_what_it_is_bound_to(
    town: Town, fields: dict[str, Any], profile: CertificateProfile, subject: tuple[str, str, str]
) -> None:
    made = await issue(town.world, NewCertificate(**fields))
    organisation, structure, common = subject
    assert made.profile is profile
    assert made.subject.startswith(f"CN={common},OU={structure},O={organisation},")
    signed = bundles.read_pem(made.certificate)
    assert signed_by(signed, town.world.igc.authority(ORGANISATIONS).certificate)
    assert bundles.read_key(made.key).public_key() == signed.public_key()


async def test_a_certificate_names_the_host_or_the_address_that_it_is_bound_to(town: Town) -> None:
    for fields, host, alternatives in (
        ({"host": "a.example"}, "a.example", (["a.example"], [])),
        ({"mailbox": LABORATORY}, None, ([], [LABORATORY])),
        ({"operator": OPERATOR, "hosts": ("mx.example",), "profile": CertificateProfile.SERV_SSL}, None, (["mx.example"], [])),
    ):
        made = await issue(town.world, NewCertificate(**fields))
        names = bundles.read_pem(made.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert made.host == host
        assert (names.get_values_for_type(x509.DNSName), names.get_values_for_type(x509.RFC822Name)) == alternatives


async def test_the_certificates_of_mailboxes_are_theirs_alone(town: Town) -> None:
    made = await issue(town.world, NewCertificate(mailbox=LABORATORY))
    await issue(town.world, NewCertificate(host="a.example"))
    assert made.mailbox_id is not None
    found = await certificates.of_mailboxes(town.world, {made.mailbox_id})
    assert made in found
    assert {one.mailbox_id for one in found} == {made.mailbox_id}
    assert await certificates.of_mailboxes(town.world, set()) == []


async def test_it_is_valid_for_the_days_that_are_ordered_or_set_and_from_a_little_earlier(open_town: OpenTown, today: ManualClock) -> None:
    async with open_town(igc_clock=today, certificate_days=7) as town:
        for days, expected in ((None, 7), (30, 30)):
            made = await issue(town.world, NewCertificate(host="a.example", days=days))
            assert abs(today.now() - made.not_before - 300 * SECOND) < SECOND
            assert (made.not_after - made.not_before) // SECOND == (expected * 24 * 3600) + 300


async def test_a_mailbox_that_goes_while_its_key_is_made_gets_no_certificate(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bearer is read before the key is made, and asked for again in the transaction that writes the certificate."""
    gone = [None]
    monkeypatch.setattr("mss_sim.core.trust.certificates.mailboxes.by_id", lambda _conn, _id: gone[0])
    with refused(Rule.NOT_FOUND, f"There is no mailbox {LABORATORY} any more."):
        await issue(town.world, NewCertificate(mailbox=LABORATORY))


async def test_what_is_written_with_it_is_written_with_it_or_neither_is(town: Town) -> None:
    def fail(conn: Connection, operator: Operator, made: Certificate) -> None:
        if operator is known[-1]:
            raise Refusal(Rule.CONFLICT, quoted(made.serial))

    known = await operators.list_all(town.world)
    before = await certificates.list_all(town.world)
    with refused(Rule.CONFLICT):
        await issue_to_operators(town.world, known, fail)
    assert await certificates.list_all(town.world) == before


async def test_an_application_of_a_person_is_certified_for_the_operator_of_the_tests(town: Town) -> None:
    address = "auto@labo-parc.sim.mssante.fr"
    await mailboxes.add_mailbox(town.world, mailboxes.NewMailbox(address, MailboxKind.APP, "1690990023"))
    made = await issue(town.world, NewCertificate(mailbox=address))
    assert f"CN={address},OU=1690990023,O=Laboratoire du Parc," in made.subject
    owner = await identities.identity_named(town.world, "1690990023")
    await identities.change_identity(town.world, owner.idnat, {"kind": IdentityKind.PROFESSIONAL}, None, None)
    for box, common in ((address, address), (LABORATORY, "Laboratoire du Parc - Résultats")):
        made = await issue(town.world, NewCertificate(mailbox=box))
        assert f"CN={common},OU=300000000000000,O=OPERATEUR DE TEST MSS-SIM," in made.subject
    assert IDNATS["application"] not in made.subject


# Found


async def test_a_certificate_is_found_by_its_serial_however_it_is_written(town: Town) -> None:
    made = await issue(town.world, NewCertificate(mailbox=LABORATORY))
    for text in (made.serial, made.serial.upper(), ":".join(made.serial[at : at + 2] for at in range(0, len(made.serial), 2))):
        assert await certificates.find(town.world, text) == made
    for text in ("00ff", "no serial"):
        with refused(Rule.NOT_FOUND):
            await certificates.find(town.world, text)


async def test_the_list_has_the_newest_first_and_what_listeners_show_last_each_once(town: Town) -> None:
    shown = _listener(town)
    made = await issue(town.world, NewCertificate(mailbox=LABORATORY))
    everything = await certificates.list_all(town.world)
    assert (everything[0], everything[-1].serial, everything[-1].host) == (made, shown.serial, "a.example")
    assert (await certificates.find(town.world, shown.serial)).serial == shown.serial
    await revoke(town.world, shown.serial, RevocationReason.SUPERSEDED)
    serials = [one.serial for one in await certificates.list_all(town.world)]
    assert (serials.count(shown.serial), serials[0]) == (1, shown.serial)
    assert made in await certificates.list_all(town.world, mailbox=LABORATORY)
    with refused(Rule.NOT_FOUND):
        await certificates.list_all(town.world, mailbox="nobody@labo-parc.sim.mssante.fr")


def _listener(town: Town, revoked: bool = False, label: str = ORGANISATIONS) -> ListenerCertificate:
    """A certificate that a listener shows and nobody ordered."""
    igc = town.world.igc
    signed, key = igc.sign(label, igc.order_for_hosts(["a.example"]))
    taken = Revoked(signed.serial_number, igc.now().replace(microsecond=0), RevocationReason.KEY_COMPROMISE) if revoked else None
    return igc.show(ListenerCertificate(label, "a.example", signed, key, taken))


async def test_what_may_be_shown_now_is_in_its_time_and_not_taken_back(open_town: OpenTown, today: ManualClock) -> None:
    async with open_town(igc_clock=today) as town:
        box = (await town.mailbox(LABORATORY)).id
        short, long = [await issue(town.world, NewCertificate(mailbox=LABORATORY, days=days)) for days in (1, 9)]

        async def valid() -> list[str]:
            rows = await certificates.valid_certificates_of(town.world, mailbox_id=box)
            return [row.serial for row in rows if row.serial in (short.serial, long.serial)]

        assert await valid() == [long.serial, short.serial]
        today.advance(DAY + timedelta(seconds=1))
        assert await valid() == [long.serial]
        await revoke(town.world, long.serial, RevocationReason.SUPERSEDED, today.now() + 60 * SECOND)
        assert await valid() == [long.serial]
        today.advance(timedelta(seconds=60))
        assert await valid() == []
        assert not certificates.is_good(town.world, None)


async def test_its_chain_is_shown_with_it_but_for_the_root(town: Town) -> None:
    made = await issue(town.world, NewCertificate(host="a.example"))
    assert certificates.with_chain(town.world, made).count("BEGIN CERTIFICATE") == 2
    rows = [await issue(town.world, NewCertificate(mailbox=LABORATORY)), made]
    box = await town.mailbox(LABORATORY)
    assert await certificates.mailbox_addresses(town.world, rows) == {box.id: LABORATORY}


# Taken back


async def test_what_was_taken_back_stays_so_with_its_first_instant_and_reason(open_town: OpenTown, today: ManualClock) -> None:
    async with open_town(igc_clock=today) as town:
        made = await issue(town.world, NewCertificate(host="a.example"))
        taken = await revoke(town.world, made.serial, RevocationReason.KEY_COMPROMISE)
        assert (taken.revoked_at, taken.reason) == (today.now(), RevocationReason.KEY_COMPROMISE)
        today.advance(DAY)
        with refused(Rule.CONFLICT, "was revoked already"):
            await revoke(town.world, made.serial, RevocationReason.SUPERSEDED)
        assert await certificates.find(town.world, made.serial) == taken
        shown = _listener(town, revoked=True)
        with refused(Rule.CONFLICT, "was revoked already"):
            await revoke(town.world, shown.serial, RevocationReason.SUPERSEDED)
        told = await certificates.find(town.world, shown.serial)
        assert (told.revoked_at, told.reason) == (today.now() // SECOND * SECOND, RevocationReason.KEY_COMPROMISE)


async def _listed(town: Town, label: str = ORGANISATIONS, *, expired: bool = False) -> x509.CertificateRevocationList:
    found = x509.load_der_x509_crl(await certificates.crl(town.world, label, expired=expired))
    assert found.is_signature_valid(town.world.igc.authority(label).key.public_key())
    return found


async def test_the_revocation_list_names_what_is_taken_back_by_now_and_holds_for_its_time(open_town: OpenTown, today: ManualClock) -> None:
    async with open_town(igc_clock=today, igc_revocation_seconds=600) as town:
        now_, later = [await issue(town.world, NewCertificate(host="a.example")) for _ in range(2)]
        await revoke(town.world, now_.serial, RevocationReason.KEY_COMPROMISE)
        await revoke(town.world, later.serial, RevocationReason.SUPERSEDED, today.now() + 3_600 * SECOND)
        shown = _listener(town, revoked=True)
        found = await _listed(town)
        assert {format(one.serial_number, "x").lstrip("0") for one in found} == {now_.serial.lstrip("0"), shown.serial.lstrip("0")}
        assert found.next_update_utc is not None
        assert (found.next_update_utc - found.last_update_utc, from_datetime(found.last_update_utc) // SECOND) == (
            timedelta(seconds=600),
            today.now() // SECOND,
        )
        today.advance(timedelta(hours=1))
        assert len(list(await _listed(town))) == 3
        assert list(await _listed(town, ROOT)) == []
        old = await _listed(town, expired=True)
        assert old.next_update_utc is not None
        assert old.next_update_utc < datetime.fromtimestamp(today.now() / SECOND, UTC)
        with refused(Rule.NOT_FOUND, "There is no authority"):
            await certificates.crl(town.world, "NOBODY")
        with refused(Rule.NOT_FOUND):
            await certificates.crl(town.world, PERSONS)


async def _asked(town: Town, certificate: x509.Certificate, issuer: str = ORGANISATIONS, *, expired: bool = False) -> ocsp.OCSPResponse:
    """What the responder says when it is asked about a certificate as one of that issuer."""
    asked = town.world.igc.authority(issuer)
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, asked.certificate, hashes.SHA256()).build()
    question = RevocationQuestion(certificate.serial_number, asked, request)
    return ocsp.load_der_ocsp_response(await certificates.ocsp(town.world, question, expired=expired))


async def test_the_responder_says_good_revoked_or_unknown_of_its_own(town: Town) -> None:
    good, taken = [await issue(town.world, NewCertificate(host="a.example")) for _ in range(2)]
    await revoke(town.world, taken.serial, RevocationReason.KEY_COMPROMISE)
    standing, gone = _listener(town), _listener(town, revoked=True)
    stranger = Bearer.called("CN=ailleurs").certified()
    igc = town.world.igc
    said = {
        "good": await _asked(town, bundles.read_pem(good.certificate)),
        "revoked": await _asked(town, bundles.read_pem(taken.certificate)),
        "standing": await _asked(town, standing.certificate),
        "gone": await _asked(town, gone.certificate),
        "stranger": await _asked(town, stranger),
        "the authority itself": await _asked(town, igc.authority(ORGANISATIONS).certificate, ROOT),
        "of another authority": await _asked(town, bundles.read_pem(good.certificate), ROOT),
    }
    status = ocsp.OCSPCertStatus
    assert {name: one.certificate_status for name, one in said.items()} == {
        "good": status.GOOD,
        "revoked": status.REVOKED,
        "standing": status.GOOD,
        "gone": status.REVOKED,
        "stranger": status.UNKNOWN,
        "the authority itself": status.GOOD,
        "of another authority": status.UNKNOWN,
    }
    assert said["revoked"].revocation_reason is x509.ReasonFlags.key_compromise


async def test_of_an_authority_that_is_not_ours_nothing_is_said(town: Town) -> None:
    root = Bearer.authority("Ailleurs")
    leaf = Bearer.called("CN=x").certified(root)
    request = ocsp.OCSPRequestBuilder().add_certificate(leaf, root.certified(), hashes.SHA256()).build()
    question = revocation.read_request(request.public_bytes(Encoding.DER), town.world.igc.existing())
    found = ocsp.load_der_ocsp_response(await certificates.ocsp(town.world, question))
    assert found.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


async def test_an_answer_may_be_made_old_on_purpose(town: Town) -> None:
    made = bundles.read_pem((await issue(town.world, NewCertificate(host="a.example"))).certificate)
    fresh, old = await _asked(town, made), await _asked(town, made, expired=True)
    now = town.world.igc.now()
    assert [one.next_update_utc is not None and one.next_update_utc > now for one in (fresh, old)] == [True, False]


# Shown


async def test_what_somebody_shows_is_told_for_what_it_is(open_town: OpenTown, today: ManualClock) -> None:
    async with open_town(igc_clock=today) as town:
        made = await issue(town.world, NewCertificate(mailbox=LABORATORY, days=1))
        found = await presented(town.world, _der(made))
        assert (found.subject, found.serial, found.trusted, found.revoked, found.good) == (made.subject, made.serial, True, False, True)
        assert found.row == made
        await revoke(town.world, made.serial, RevocationReason.SUPERSEDED)
        taken = await presented(town.world, _der(made))
        assert (taken.trusted, taken.revoked, taken.good) == (True, True, False)
        for shown, good in ((_listener(town), True), (_listener(town, revoked=True), False)):
            assert (await presented(town.world, shown.certificate.public_bytes(Encoding.DER))).good == good
        other = await issue(town.world, NewCertificate(mailbox=LABORATORY, days=1))
        today.advance(DAY + timedelta(seconds=1))
        late = await presented(town.world, _der(other))
        assert (late.trusted, late.good, late.row) == (False, False, None)


async def test_a_stranger_who_took_the_name_and_the_serial_of_a_good_one_is_no_one(town: Town) -> None:
    made = await issue(town.world, NewCertificate(mailbox=LABORATORY))
    thief = Bearer.called(made.subject).certified()
    found = await presented(town.world, thief.public_bytes(Encoding.DER))
    assert (found.subject, found.trusted, found.good, found.row) == (made.subject, False, False, None)
    with pytest.raises(ValueError, match=r".+"):
        await presented(town.world, b"no certificate")
