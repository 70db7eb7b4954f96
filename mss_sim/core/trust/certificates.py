"""Certificates: issued, revoked, found; what the authorities publish about them.

Who may present one is decided elsewhere: `presented` only reports the facts about a certificate that a client presented in TLS.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from mss_sim.clock import Micros, from_datetime, to_datetime
from mss_sim.core.world.authorities import TEST_DEPARTMENT, TEST_ORGANISATION, TEST_STRUCTURE, ListenerCertificate
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.pki import bundles, names, revocation
from mss_sim.pki.authority import ORGANISATIONS, RANGES
from mss_sim.pki.issuing import Order
from mss_sim.pki.names import read_serial, serial_text
from mss_sim.pki.revocation import Revoked, Window
from mss_sim.store import certificates, identities, mailboxes, operators
from mss_sim.store.certificates import Certificate
from mss_sim.store.engine import Connection
from mss_sim.store.operators import Operator
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from mss_sim.vocabulary.trust import CertificateProfile, RevocationReason
from mss_sim.words.sentence import Template, borrowed, joined, say, sentence_of

_EARLY = timedelta(minutes=5)
_HOUR = timedelta(hours=1)
_READ_MAX = 512


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """What to issue, bound to exactly one of an APP mailbox's address, an operator's name, or a host.

    `common` is the common name, `hosts` further host names; omitted texts are derived from what it is bound to.
    """

    mailbox: str | None = None
    operator: str | None = None
    host: str | None = None
    profile: CertificateProfile | None = None
    hosts: tuple[str, ...] = ()
    common: str | None = None
    organisation: str | None = None
    structure: str | None = None
    department: str = TEST_DEPARTMENT
    days: int | None = None


@dataclass(frozen=True, slots=True)
class _Bearer:
    """The subject that a certificate names."""

    organisation: str
    structure: str
    common: str
    mailbox_id: int | None = None
    operator_id: int | None = None
    host: str | None = None
    addresses: tuple[str, ...] = ()


async def issue(world: World, new: NewCertificate) -> Certificate:
    """Issue a certificate of the authority of organisations, valid from now on."""
    if sum(one is not None for one in (new.mailbox, new.operator, new.host)) != 1:
        raise Refusal(Rule.INVALID, say("A certificate is bound to one thing: give mailbox, operator or host."))
    profile = new.profile or (CertificateProfile.SERV_SSL if new.host else CertificateProfile.ORG_AUTH_CLI)
    if new.mailbox and profile is not CertificateProfile.ORG_AUTH_CLI:
        raise Refusal(Rule.INVALID, say("A mailbox is not a server: ORG_AUTH_CLI is its profile."), reference="client-requirements#2.5")
    if new.operator and profile is CertificateProfile.SERV_SSL and not new.hosts:
        raise Refusal(Rule.INVALID, say("A server's certificate needs the names of its hosts."))
    bearer = await world.store.read(lambda conn: _bearer(conn, new))
    made = _sign(world, new, profile, bearer)

    def unit(conn: Connection) -> Certificate:
        if bearer.mailbox_id is not None and mailboxes.by_id(conn, bearer.mailbox_id) is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {mailbox} any more.", mailbox=new.mailbox), subject=new.mailbox)
        certificates.add(conn, made)
        return made

    return await world.store.write(unit)


async def issue_to_operators(world: World, bearers: Sequence[Operator], also: Callable[[Connection, Operator, Certificate], None]) -> None:
    """Issue to each of these operators the certificate that its server shows others; `also` is written in the same transaction."""

    def sign() -> list[Certificate]:
        new = [NewCertificate(operator=one.name) for one in bearers]
        return [
            _sign(world, wanted, CertificateProfile.ORG_AUTH_CLI, _operator_bearer(one)) for wanted, one in zip(new, bearers, strict=True)
        ]

    made = await asyncio.to_thread(sign)

    def unit(conn: Connection) -> None:
        for operator, certificate in zip(bearers, made, strict=True):
            certificates.add(conn, certificate)
            also(conn, operator, certificate)

    await world.store.write(unit, changes_directory=True)


def _operator_bearer(operator: Operator, hosts: Sequence[str] = ()) -> _Bearer:
    """An operator as a certificate names it; a further one has the name that the white list knows."""
    common = hosts[0] if hosts else f"smtp.{operator.domains[0]}" if operator.domains else operator.name
    return _Bearer(operator.name, TEST_STRUCTURE, common, operator_id=operator.id)


def _bearer(conn: Connection, new: NewCertificate) -> _Bearer:
    if new.mailbox is not None:
        return _mailbox_bearer(conn, new.mailbox)
    if new.operator is not None:
        operator = next((one for one in operators.list_all(conn) if one.name == new.operator), None)
        if operator is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no operator {operator}.", operator=new.operator), subject=new.operator)
        return _operator_bearer(operator, new.hosts)
    return _Bearer(TEST_ORGANISATION, TEST_STRUCTURE, new.host or "", host=new.host)


def _mailbox_bearer(conn: Connection, address: str) -> _Bearer:
    try:
        box = mailboxes.by_address(conn, canonical(address))
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=address, reference="rfc5321#4.1.2") from error
    if box is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {address}.", address=address), subject=address)
    if box.kind is not MailboxKind.APP:
        raise Refusal(
            Rule.INVALID,
            say("{address} is a mailbox {kind}: only APP is opened by a certificate.", address=address, kind=box.kind),
            reference="client-requirements#2.5",
        )
    owner = identities.by_id(conn, box.owner_id)
    if owner is None or owner.kind is not IdentityKind.ORGANISATION:
        return _Bearer(TEST_ORGANISATION, TEST_STRUCTURE, box.label or box.address, mailbox_id=box.id, addresses=(box.address,))
    return _Bearer(owner.name, owner.idnat, box.label or box.address, mailbox_id=box.id, addresses=(box.address,))


def _sign(world: World, new: NewCertificate, profile: CertificateProfile, bearer: _Bearer) -> Certificate:
    igc = world.igc
    begin, days = igc.now() - _EARLY, new.days or world.settings.certificate.days
    hosts = tuple(dict.fromkeys((*((new.host,) if new.host else ()), *new.hosts)))
    try:
        subject = names.leaf_name(
            organisation=new.organisation or bearer.organisation,
            structure=new.structure or bearer.structure,
            common=new.common or bearer.common,
            department=new.department,
        )
        order = Order(profile, subject, begin, begin + _EARLY + timedelta(days=days), hosts=hosts, mailboxes=bearer.addresses)
        signed, key = igc.sign(ORGANISATIONS, order)
    except ValueError as error:
        raise Refusal(
            Rule.INVALID,
            borrowed(f"These names cannot stand in a certificate: {error}.", Template("These names cannot stand in a certificate.")),
        ) from error
    return Certificate(
        id=world.ids.next(),
        serial=serial_text(signed.serial_number),
        authority=ORGANISATIONS,
        profile=profile,
        subject=names.dn_text(signed.subject),
        mailbox_id=bearer.mailbox_id,
        operator_id=bearer.operator_id,
        host=bearer.host,
        certificate=bundles.pem(signed),
        key=bundles.key_pem(key),
        not_before=from_datetime(signed.not_valid_before_utc),
        not_after=from_datetime(signed.not_valid_after_utc),
    )


def _of_standing(world: World, one: ListenerCertificate) -> Certificate:
    """A listener's certificate in the form of the issued ones."""
    signed = one.certificate
    return Certificate(
        id=world.ids.next(),
        serial=one.serial,
        authority=one.label,
        profile=CertificateProfile.SERV_SSL,
        subject=names.dn_text(signed.subject),
        mailbox_id=None,
        operator_id=None,
        host=one.host,
        certificate=bundles.pem(signed),
        key=bundles.key_pem(one.key),
        not_before=from_datetime(signed.not_valid_before_utc),
        not_after=from_datetime(signed.not_valid_after_utc),
        revoked_at=from_datetime(one.revoked.at) if one.revoked else None,
        reason=one.revoked.reason if one.revoked else None,
    )


async def list_all(world: World, *, mailbox: str | None = None) -> list[Certificate]:
    """All certificates, the newest first, or those of one mailbox; those that listeners present come last."""
    if mailbox is not None:
        box = await world.store.read(lambda conn: mailboxes.by_address(conn, mailbox))
        if box is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {mailbox}.", mailbox=mailbox), subject=mailbox)
        return await world.store.read(lambda conn: certificates.list_all(conn, mailbox_id=box.id))
    ordered = await world.store.read(certificates.list_all)
    seen = {one.serial for one in ordered}
    return [*ordered, *(_of_standing(world, one) for one in world.igc.standing.values() if one.serial not in seen)]


async def of_mailboxes(world: World, ids: Collection[int]) -> list[Certificate]:
    """The certificates of these mailboxes, the newest first."""
    return [row for row in await world.store.read(certificates.list_all) if row.mailbox_id in ids]


async def find(world: World, serial: str) -> Certificate:
    """The certificate with that serial, in hexadecimal."""
    try:
        wanted = read_serial(serial)
    except ValueError as error:
        raise Refusal(Rule.NOT_FOUND, joined((sentence_of(error), "."))) from error
    found = await world.store.read(lambda conn: certificates.by_serial(conn, wanted))
    if found is not None:
        return found
    if wanted in world.igc.standing:
        return _of_standing(world, world.igc.standing[wanted])
    raise Refusal(Rule.NOT_FOUND, say("No certificate has the serial {serial}.", serial=wanted), subject=wanted)


async def revoke(world: World, serial: str, reason: RevocationReason, at: Micros | None = None) -> Certificate:
    """Revoke a certificate, now or at another instant; a revocation is final."""
    found = await find(world, serial)
    when = world.igc.clock.now() if at is None else at

    def unit(conn: Connection) -> Certificate:
        row = certificates.by_serial(conn, found.serial)
        if (row or found).revoked_at is not None:
            raise Refusal(Rule.CONFLICT, say("The certificate {serial} was revoked already.", serial=found.serial), subject=found.serial)
        if row is None:
            certificates.add(conn, found)
        certificates.revoke(conn, found.serial, when, reason)
        return certificates.by_serial(conn, found.serial) or found

    return await world.store.write(unit)


async def valid_certificates_of(world: World, *, mailbox_id: int | None = None, operator_id: int | None = None) -> list[Certificate]:
    """What a mailbox or an operator may present now: within its validity and not revoked, the newest first."""
    rows = await world.store.read(lambda conn: certificates.list_all(conn, mailbox_id=mailbox_id, operator_id=operator_id))
    return [row for row in rows if is_good(world, row)]


def is_good(world: World, row: Certificate | None) -> bool:
    """Whether a certificate issued here may be presented now: within its validity and not revoked."""
    now = world.igc.clock.now()
    return row is not None and row.not_before <= now <= row.not_after and _revoked(world, row) is None


def with_chain(world: World, row: Certificate) -> str:
    """The PEM of a certificate and of the authorities above it, as presented in TLS."""
    return bundles.pem(bundles.read_pem(row.certificate), *world.igc.authority(row.authority).chain)


async def mailbox_addresses(world: World, rows: Iterable[Certificate]) -> dict[int, str]:
    """The address of each mailbox that certificates are bound to, by its id."""
    ids = {row.mailbox_id for row in rows if row.mailbox_id is not None}
    return await world.store.read(lambda conn: mailboxes.addresses(conn, ids))


# What the authorities publish


def _window(world: World, *, expired: bool) -> Window:
    now, life = world.igc.now(), timedelta(seconds=world.settings.igc.revocation_seconds)
    return Window(now - life - _HOUR, now - _HOUR) if expired else Window(now, now + life)


async def crl(world: World, label: str, *, expired: bool = False) -> bytes:
    """The revocation list of an authority, DER; Refusal(NOT_FOUND) when there is no such authority."""
    igc = world.igc
    authority = next((one for one in igc.existing() if one.label == label), None)
    if authority is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no authority {label!r}: {ranges}.", label=label[:40], ranges=", ".join(RANGES)))
    rows = await world.store.read(lambda conn: certificates.revoked(conn, label, igc.clock.now()))
    listed = {int(serial, 16): Revoked(int(serial, 16), to_datetime(at), reason) for serial, at, reason in rows}
    listed |= {one.serial: one for one in igc.revoked_standing(label)}
    return revocation.crl(authority, listed.values(), _window(world, expired=expired))


async def ocsp(world: World, question: revocation.RevocationQuestion, *, expired: bool = False) -> bytes:
    """The signed answer to a question, DER."""
    issuer, serial = question.issuer, serial_text(question.serial)
    if issuer is None:
        return revocation.unauthorized()
    row = await world.store.read(lambda conn: certificates.by_serial(conn, serial))
    standing = world.igc.standing.get(serial)
    known = any(
        one is not None and label == issuer.label for one, label in ((row, row and row.authority), (standing, standing and standing.label))
    )
    known = known or any(one.above is issuer and one.certificate.serial_number == question.serial for one in world.igc.existing())
    revoked = _revoked(world, row) or (standing.revoked if standing else None)
    window = _window(world, expired=expired)
    return revocation.answer(question, issuer, known=known, revoked=revoked if known else None, window=window)


def _revoked(world: World, row: Certificate | None) -> Revoked | None:
    if row is None or row.revoked_at is None or row.revoked_at > world.igc.clock.now():
        return None
    return Revoked(int(row.serial, 16), to_datetime(row.revoked_at), row.reason or RevocationReason.UNSPECIFIED)


# What a client presented


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate that a client presented. `trusted`: the authority of organisations signed it and it is within its validity;
    `revoked`: it was revoked; `row`: the one issued here, None when it was not."""

    subject: str
    serial: str
    trusted: bool
    revoked: bool
    row: Certificate | None

    @property
    def good(self) -> bool:
        """Whether it proves the identity of its holder."""
        return self.trusted and not self.revoked


async def presented(world: World, octets: bytes) -> Presented:
    """The facts about a certificate in DER; ValueError when it is not one."""
    subject, serial, begins, ends = _read(octets)
    trusted = begins <= world.igc.now() <= ends and world.igc.signed(ORGANISATIONS, octets)
    row = await world.people.read(certificates.by_serial, serial) if trusted else None
    standing = world.igc.standing.get(serial) if trusted else None
    revoked = _revoked(world, row) is not None or bool(standing and standing.revoked)
    return Presented(subject, serial, trusted, revoked, row)


@lru_cache(maxsize=_READ_MAX)
def _read(octets: bytes) -> tuple[str, str, datetime, datetime]:
    """What stands in a certificate: its subject and serial as texts, first and last instant. A peer shows the same one at each letter."""
    shown = bundles.read_der(octets)
    return names.dn_text(shown.subject), serial_text(shown.serial_number), shown.not_valid_before_utc, shown.not_valid_after_utc
