"""The white list of the trust space: as the MX port reads it, and as published XML.

Elements, their order, dates, the checksum beside the file and the absence of a signature are those of the national file of March 2025
(ref: ans-white-list). The national file itself ends without the closing tag of its root; ours is well-formed.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from xml.etree import ElementTree as ET

import idna

from mss_sim.clock import SECOND, Clock, Micros, to_datetime
from mss_sim.config.settings import Settings
from mss_sim.core.world.xml_writing import append_text
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical_domain
from mss_sim.pki import names
from mss_sim.policy.peers import WhiteListing
from mss_sim.store import operators, white_list
from mss_sim.store.engine import Connection
from mss_sim.store.store import Store
from mss_sim.store.white_list import Row
from mss_sim.words.sentence import joined, say, sentence_of

NAMESPACE = "https://listeblanche.mssante.fr/schema"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
_OTHER, _OTHER_DN = "Autre opérateur", "CN=smtp.autre.sim.mssante.fr,OU=318310021300028,O=Autre opérateur,ST=Rhône (69),C=FR"
_ORGANISATION = re.compile(r"(?<![^,])(O=)([^,\"]*)")
_TELEPHONE = "01 99 00 12 34"
"""Of a range that is never assigned."""
_WRONG_NAMESPACE = "https://listeblanche.mssante.fr/schema/v0"


class Variant(StrEnum):
    """The form of the published file; only `stale` also affects the list that the MX port uses."""

    NORMAL = "normal"
    STALE = "stale"
    EMPTY = "empty"
    WRONG_NAMESPACE = "wrong-namespace"
    NO_CLOSING_TAG = "no-closing-tag"  # as each of the public copies of March 2025
    TRUNCATED = "truncated"  # in the middle of a row; the checksum is right for it
    CHECKSUM_MISMATCH = "checksum-mismatch"
    DUPLICATE_OPERATOR = "duplicate-operator"  # one domain under two operators
    BAD_NAME = "bad-name"  # an address where a domain is expected
    CAPITALS = "capitals"
    QUOTED_DN = "quoted-dn"  # two spaces in a row, in the quotes of an old RFC
    DIRTY_FIELDS = "dirty-fields"  # invisible blanks, and two contacts in one field


@dataclass(frozen=True, slots=True)
class _File:
    of: tuple[int, Variant]
    at: Micros
    octets: bytes


@dataclass(frozen=True, slots=True)
class _Memory:
    version: int
    listing: WhiteListing


class WhiteList:
    """The white list of one world. Its variant lasts as long as the process."""

    def __init__(self, settings: Settings, clock: Clock, store: Store) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._memory = _Memory(-1, WhiteListing({}, 0, 0))
        self._file: _File | None = None
        self._variant = Variant.NORMAL

    @property
    def variant(self) -> Variant:
        """How the list is published now."""
        return self._variant

    def choose_variant(self, variant: Variant) -> None:
        """Publish the list in another form from here on, as long as the process lasts."""
        self._variant = variant

    async def listing(self) -> WhiteListing:
        """The list as the MX port applies it."""
        version = self._store.directory_version
        if self._memory.version != version:
            found: dict[str, set[str]] = {}
            for row in await self.rows():
                found.setdefault(row.domain, set()).add(names.compared_dn(row.certificate_dn))
            rows = {domain: frozenset(bound) for domain, bound in found.items()}
            self._memory = _Memory(version, WhiteListing(rows, 0, self._settings.white_list.age_seconds_max))
        listing = self._memory.listing
        return replace(listing, age_seconds=(self._clock.now() - self.generated_at) / SECOND) if self.variant is Variant.STALE else listing

    def forget(self) -> None:
        """The file as it is published unless another form was asked for."""
        self._variant = Variant.NORMAL

    @property
    def generated_at(self) -> Micros:
        """When the list was generated: just now, unless it is to be stale."""
        stale = self.variant is Variant.STALE
        return self._clock.now() - (int(self._settings.white_list.age_seconds_max * SECOND) + SECOND if stale else 0)

    async def rows(self) -> list[Row]:
        """All rows."""
        return await self._store.read(white_list.rows)

    async def add(self, domain: str, certificate_dns: Sequence[str]) -> None:
        """Bind certificates to a domain of an operator."""
        name, now = _domain(domain), self._clock.now()
        subjects = [_subject(dn) for dn in certificate_dns]

        def unit(conn: Connection) -> None:
            if not any(name in operator.domains for operator in operators.list_all(conn)):
                detail = say("No operator has the domain {name}; create its operator first (POST /control/operators).", name=name)
                raise Refusal(Rule.NOT_FOUND, detail, subject=name)
            for dn in subjects:
                white_list.add(conn, Row(name, dn, now))

        await self._store.write(unit, changes_directory=True)

    async def remove(self, domain: str, certificate_dn: str | None) -> None:
        """Remove a domain, or one of its certificates, from the list."""
        name = _domain(domain)

        def unit(conn: Connection) -> None:
            if not white_list.remove(conn, name, certificate_dn):
                raise Refusal(Rule.NOT_FOUND, say("The white list has no such row for {name}.", name=name), subject=name)

        await self._store.write(unit, changes_directory=True)

    async def xml(self) -> bytes:
        """The file that operators and clients fetch; it is generated anew when the list changes, and before it is too old."""
        found, now = self._file, self._clock.now()
        kept = int(self._settings.white_list.age_seconds_max * SECOND) // 2
        if found is None or found.of != (self._store.directory_version, self.variant) or not 0 <= now - found.at < kept:
            of = (self._store.directory_version, self.variant)
            found = self._file = _File(of, now, await self._generate())
        return found.octets

    async def checksum(self) -> str:
        """The SHA-256 of the file, in hexadecimal, as it is published beside it."""
        octets = await self.xml()
        told = octets + b"\n" if self.variant is Variant.CHECKSUM_MISMATCH else octets
        return hashlib.sha256(told).hexdigest()

    async def _generate(self) -> bytes:
        space = _WRONG_NAMESPACE if self.variant is Variant.WRONG_NAMESPACE else NAMESPACE
        root = ET.Element(f"{{{space}}}ListeBlancheMSSante")
        append_text(root, f"{{{space}}}DateDeGeneration", _date(self.generated_at))
        domains = ET.SubElement(root, f"{{{space}}}ListeDomaines")
        for row in _varied(self.variant, await self.rows()):
            entry = ET.SubElement(domains, f"{{{space}}}Domaine")
            append_text(entry, f"{{{space}}}Nom", _shown(row.domain))
            append_text(entry, f"{{{space}}}Description", row.operator)
            append_text(entry, f"{{{space}}}DNCertificatOperateur", row.certificate_dn)
            append_text(entry, f"{{{space}}}ResponsableContact", f"responsable@{row.domain}")
            append_text(entry, f"{{{space}}}SupportContact", f"support@{row.domain}")
            append_text(entry, f"{{{space}}}DateMAJ", _date(row.updated_at))
        if self.variant is Variant.DIRTY_FIELDS and len(domains):
            _soil(domains[0])
        ET.register_namespace("", space)
        ET.indent(root, "    ")
        return _cut(self.variant, _DECLARATION + ET.tostring(root, encoding="unicode").encode())


def _varied(variant: Variant, rows: list[Row]) -> list[Row]:
    """The rows with the dirt that was seen in public copies (ref: ans-white-list), in the first of them or beside it."""
    if not rows or variant is Variant.EMPTY:
        return []
    first, *others = rows
    match variant:
        case Variant.DUPLICATE_OPERATOR:
            other = next(
                (row for row in others if row.operator != first.operator), replace(first, operator=_OTHER, certificate_dn=_OTHER_DN)
            )
            return [first, replace(other, domain=first.domain), *others]
        case Variant.BAD_NAME:
            return [replace(first, domain=f"contact@{first.domain}"), *rows]
        case Variant.CAPITALS:
            label, _, rest = first.domain.partition(".")
            return [replace(first, domain=f"{label.upper()}.{rest}"), *others]
        case Variant.QUOTED_DN:
            return [replace(first, certificate_dn=_ORGANISATION.sub(_quoted, first.certificate_dn)), *others]
    return rows


def _soil(entry: ET.Element) -> None:
    """What stands in fields of public copies: a no-break space, a line feed, a telephone number, a space after each comma of a name."""
    _, description, dn, responsible, support, _ = entry
    description.text = f"{description.text}\u00a0"
    dn.text = str(dn.text).replace(",", ", ")
    responsible.text = f"{responsible.text}\n"
    support.text = f"{_TELEPHONE}, {support.text}"


def _quoted(found: re.Match[str]) -> str:
    return f'{found[1]}"{found[2].replace(" ", "  ")}"'


def _cut(variant: Variant, octets: bytes) -> bytes:
    """The file as it leaves: whole, without the end of its root, or up to the middle of its last row."""
    end = octets.rfind(b"</")
    if variant is Variant.NO_CLOSING_TAG:
        return octets[:end]
    if variant is Variant.TRUNCATED:
        row = octets.rfind(b"<DNCertificatOperateur>")
        return octets[: (row if row > 0 else end) + 8]
    return octets


def _shown(domain: str) -> str:
    """The domain in Unicode, where it has such a form; one in capitals is shown as it is."""
    if domain != domain.lower():
        return domain
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def _date(at: Micros) -> str:
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _subject(text: str) -> str:
    try:
        return names.dn_text(names.read_dn(text))
    except ValueError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=text) from error


def _domain(text: str) -> str:
    try:
        return canonical_domain(text)
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=text, reference="rfc5321#4.1.2") from error
