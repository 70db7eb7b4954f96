"""How a client finds its servers from an address alone: a DNS zone, and the file that mail programs fetch.

Accounts differ on which of the two the national operators serve; here both exist, and agree. Names resolve to this machine
(ref: ref2#ECO.1.1.9, sc-mss#CONF.04).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree as ET

from mss_sim.core.world.world import World
from mss_sim.core.world.xml_writing import append_text, serialize
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical, canonical_domain, domain_of
from mss_sim.vocabulary.doors import LogInBy, Profile
from mss_sim.words.sentence import joined, say, sentence_of


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the doors of a world are. `address` is what names resolve to; `oauth2` the provider's issuer, authorisation and token URLs."""

    address: str
    hostname: str
    imap_port: int
    submission_port: int
    oauth2: tuple[str, str, str]


class Record(NamedTuple):
    """One record of the zone; `data` as a zone file writes it."""

    kind: str
    data: str


_HOSTS = ("autoconfig", "mx")
_UNKNOWN = frozenset({"_imaps._tcp", "_submissions._tcp", "_pop3._tcp", "_pop3s._tcp"})


async def records(world: World, doors: Doors, name: str) -> tuple[Record, ...] | bool:
    """All records of a name; True for a name that only has names below it, False for an unknown name below one of our domains.

    LookupError outside every simulated domain.
    """
    name = name.rstrip(".").lower()
    if name == doors.hostname:
        return _addresses(doors)
    domain = await world.directory.domain_above(name)
    if domain is None:
        raise LookupError(name)
    return _of(doors, name.removesuffix(domain).removesuffix("."))


def _of(doors: Doors, label: str) -> tuple[Record, ...] | bool:
    target = f"{doors.hostname}."
    if label == "":
        return (Record("MX", f"10 {target}"), *_addresses(doors))
    if label in _HOSTS:
        return _addresses(doors)
    if label == "_imap._tcp":
        return (Record("SRV", f"0 1 {doors.imap_port} {target}"),)
    if label == "_submission._tcp":
        return (Record("SRV", f"0 1 {doors.submission_port} {target}"),)
    if label in _UNKNOWN:
        return (Record("SRV", "0 0 0 ."),)  # explicitly states that the service is not available (ref: rfc6186#3.4)
    return label == "_tcp"


def _addresses(doors: Doors) -> tuple[Record, ...]:
    return (Record("AAAA" if ":" in doors.address else "A", doors.address),)


async def domain_asked(world: World, host: str, address: str | None) -> str:
    """The domain that a configuration file is requested for: that of the address, else of the host; Refusal(NOT_FOUND) if unknown."""
    wanted = host.removeprefix("autoconfig.")
    try:
        domain = domain_of(canonical(address)) if address and "%" not in address else canonical_domain(wanted)
    except AddressError as error:
        raise Refusal(Rule.NOT_FOUND, joined((sentence_of(error), ".")), subject=address or host, reference="rfc5321#4.1.2") from error
    if await world.directory.operator_of(f"x@{domain}") is None:
        detail = say(
            "{domain} is not a domain of this trust space; ask at autoconfig.<domain>, or with ?emailaddress=<address>.", domain=domain
        )
        raise Refusal(Rule.NOT_FOUND, detail, subject=domain, reference="client-requirements#2.7")
    return domain


async def configuration(world: World, doors: Doors, domain: str) -> bytes:
    """The configuration file (version 1.1) of a domain."""
    operator = await world.directory.operator_of(f"x@{domain}")
    ways = operator.authentication if operator else frozenset(LogInBy)
    root = ET.Element("clientConfig", version="1.1")
    provider = ET.SubElement(root, "emailProvider", id=domain)
    append_text(provider, "domain", domain)
    append_text(provider, "displayName", operator.name if operator else domain)
    append_text(provider, "displayShortName", domain)
    for direction, kind, port in (("incomingServer", "imap", doors.imap_port), ("outgoingServer", "smtp", doors.submission_port)):
        _server(provider, direction, kind, doors.hostname, port, _methods(world, ways))
        if LogInBy.CERTIFICATE in ways:
            _server(provider, direction, kind, doors.hostname, port, ["TLS-client-cert"])
    if LogInBy.PSC in ways:
        block = ET.SubElement(root, "oAuth2")
        issuer, authorisation, token = doors.oauth2
        for name, text in (("issuer", issuer), ("scope", "openid scope_all"), ("authURL", authorisation), ("tokenURL", token)):
            append_text(block, name, text)
    return serialize(root)


def _methods(world: World, ways: Collection[LogInBy]) -> list[str]:
    """How mailboxes of persons and groups are opened; applications have their own server entry."""
    methods = ["OAuth2"] if LogInBy.PSC in ways else []
    if LogInBy.PASSWORD in ways and world.settings.profile is Profile.DEVELOPMENT:
        methods.append("password-cleartext")
    return methods


def _server(provider: ET.Element, direction: str, kind: str, host: str, port: int, methods: list[str]) -> None:
    if not methods:
        return
    server = ET.SubElement(provider, direction, type=kind)
    append_text(server, "hostname", host)
    append_text(server, "port", str(port))
    append_text(server, "socketType", "STARTTLS")
    append_text(server, "username", "%EMAILADDRESS%")
    for method in methods:
        append_text(server, "authentication", method)
