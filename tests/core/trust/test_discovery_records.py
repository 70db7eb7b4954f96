"""How a client finds its servers from an address alone: the zone and the file, which say the same."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from mss_sim.core.trust import operators
from mss_sim.core.trust.discovery_records import Doors, configuration, domain_asked, records
from mss_sim.core.trust.operators import NewOperator
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.doors import LogInBy
from tests.clients import PRACTICE
from tests.core.towns import OpenTown, Town, refused

DOORS = Doors("127.0.0.1", "mail.sim.mssante.fr", 1143, 1587, ("https://iss", "https://auth", "https://token"))
CABINET = "cabinet.sim.mssante.fr"
HERE = [("A", "127.0.0.1")]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mail.sim.mssante.fr", HERE),
        (CABINET, [("MX", "10 mail.sim.mssante.fr."), *HERE]),
        (f"{CABINET.upper()}.", [("MX", "10 mail.sim.mssante.fr."), *HERE]),
        (f"autoconfig.{CABINET}", HERE),
        (f"mx.{CABINET}", HERE),
        (f"_imap._tcp.{CABINET}", [("SRV", "0 1 1143 mail.sim.mssante.fr.")]),
        (f"_submission._tcp.{CABINET}", [("SRV", "0 1 1587 mail.sim.mssante.fr.")]),
        (f"_imaps._tcp.{CABINET}", [("SRV", "0 0 0 .")]),
        (f"_pop3s._tcp.{CABINET}", [("SRV", "0 0 0 .")]),
    ],
)
async def test_the_zone_leads_every_name_to_this_machine(town: Town, name: str, found: list[tuple[str, str]]) -> None:
    answer = await records(town.world, DOORS, name)
    assert isinstance(answer, tuple)
    assert [tuple(record) for record in answer] == found


@pytest.mark.parametrize(("name", "there"), [(f"_tcp.{CABINET}", True), (f"www.{CABINET}", False), (f"x.mx.{CABINET}", False)])
async def test_a_name_below_a_domain_is_there_for_others_or_not_at_all(town: Town, name: str, there: bool) -> None:
    assert await records(town.world, DOORS, name) is there


@pytest.mark.parametrize("name", ["example.org", "sim.mssante.fr", "", ".", "xcabinet.sim.mssante.fr", f"{CABINET}X", f"{CABINET}.X"])
async def test_outside_every_domain_nothing_is_known(town: Town, name: str) -> None:
    with pytest.raises(LookupError):
        await records(town.world, DOORS, name)


async def test_an_address_of_the_sixth_version_is_a_record_of_its_kind(town: Town) -> None:
    answer = await records(town.world, replace(DOORS, address="::1"), "mail.sim.mssante.fr")
    assert isinstance(answer, tuple)
    assert [tuple(record) for record in answer] == [("AAAA", "::1")]


@pytest.mark.parametrize(
    ("host", "address", "domain"),
    [
        (f"autoconfig.{CABINET}", None, CABINET),
        (CABINET, None, CABINET),
        ("127.0.0.1", PRACTICE.upper(), CABINET),
        (f"autoconfig.{CABINET}", "x@hopital-ormes.sim.mssante.fr", "hopital-ormes.sim.mssante.fr"),
        (f"autoconfig.{CABINET}", "%EMAILADDRESS%", CABINET),
    ],
)
async def test_the_domain_is_the_addresss_else_the_hosts(town: Town, host: str, address: str | None, domain: str) -> None:
    assert await domain_asked(town.world, host, address) == domain


@pytest.mark.parametrize(
    ("host", "address"), [("autoconfig.example.org", None), ("127.0.0.1", "x@example.org"), (CABINET, "no address"), ("no host", None)]
)
async def test_a_domain_of_nobody_has_no_file(town: Town, host: str, address: str | None) -> None:
    with refused(Rule.NOT_FOUND, "example.org is not a domain" if "example" in f"{host}{address}" else "is not a"):
        await domain_asked(town.world, host, address)
    with pytest.raises(Refusal) as caught:
        await domain_asked(town.world, "no host", None)
    assert caught.value.detail == "the domain 'no host' is not a valid name."


async def _file(town: Town, domain: str = CABINET, doors: Doors = DOORS) -> dict[str, list[list[str]]]:
    """The authentications of the servers of each direction, and the texts of the OAuth block."""
    root = ET.fromstring(await configuration(town.world, doors, domain))  # noqa: S314 - ours
    provider = root.find("emailProvider")
    assert provider is not None
    assert (provider.findtext("domain"), provider.get("id")) == (domain, domain)
    found = {
        kind: [[method.text or "" for method in server.findall("authentication")] for server in provider.findall(kind)]
        for kind in ("incomingServer", "outgoingServer")
    }
    return {**found, "oAuth2": [[one.text or "" for one in block] for block in root.findall("oAuth2")]}


async def test_the_file_offers_what_the_operator_takes(town: Town) -> None:
    both = [["OAuth2", "password-cleartext"], ["TLS-client-cert"]]
    oauth = [["https://iss", "openid scope_all", "https://auth", "https://token"]]
    assert await _file(town) == {"incomingServer": both, "outgoingServer": both, "oAuth2": oauth}
    await operators.change(town.world, "Messagerie libérale", authentication=frozenset({LogInBy.PASSWORD}))
    assert await _file(town) == {"incomingServer": [["password-cleartext"]], "outgoingServer": [["password-cleartext"]], "oAuth2": []}
    await operators.change(town.world, "Messagerie libérale", authentication=frozenset({LogInBy.CERTIFICATE}))
    assert (await _file(town))["incomingServer"] == [["TLS-client-cert"]]
    await operators.change(town.world, "Messagerie libérale", authentication=frozenset({LogInBy.PSC}))
    assert await _file(town) == {"incomingServer": [["OAuth2"]], "outgoingServer": [["OAuth2"]], "oAuth2": oauth}


async def test_the_file_is_this_one_letter_by_letter(town: Town) -> None:
    def server(direction: str, kind: str, port: int, *methods: str) -> str:
        place = f"<hostname>mail.sim.mssante.fr</hostname><port>{port}</port><socketType>STARTTLS</socketType>"
        ways = "".join(f"<authentication>{method}</authentication>" for method in methods)
        return f'<{direction} type="{kind}">{place}<username>%EMAILADDRESS%</username>{ways}</{direction}>'

    servers = [
        server(direction, kind, port, *methods)
        for direction, kind, port in (("incomingServer", "imap", 1143), ("outgoingServer", "smtp", 1587))
        for methods in (("OAuth2", "password-cleartext"), ("TLS-client-cert",))
    ]
    oauth = "<issuer>https://iss</issuer><scope>openid scope_all</scope><authURL>https://auth</authURL><tokenURL>https://token</tokenURL>"
    found = ET.fromstring(await configuration(town.world, DOORS, CABINET))  # noqa: S314 - ours
    for one in found.iter():  # how it is broken into lines is nobody's business
        one.text, one.tail = (one.text or "").strip() or None, None
    assert ET.tostring(found, encoding="unicode") == (
        f'<clientConfig version="1.1"><emailProvider id="{CABINET}"><domain>{CABINET}</domain>'
        f"<displayName>Messagerie libérale</displayName><displayShortName>{CABINET}</displayShortName>{''.join(servers)}</emailProvider>"
        f"<oAuth2>{oauth}</oAuth2></clientConfig>"
    )


async def test_the_strict_profile_offers_no_password(open_town: OpenTown) -> None:
    async with open_town(profile="strict") as town:
        assert (await _file(town))["incomingServer"] == [["OAuth2"], ["TLS-client-cert"]]


async def test_the_servers_are_those_of_the_doors(town: Town) -> None:
    await operators.add(town.world, NewOperator("A & B <x>", ("neuf.sim.mssante.fr",)))
    root = ET.fromstring(await configuration(town.world, DOORS, "neuf.sim.mssante.fr"))  # noqa: S314 - ours
    assert root.findtext("emailProvider/displayName") == "A & B <x>"
    places = [
        [server.get("type"), *(server.findtext(name) for name in ("hostname", "port", "socketType", "username"))]
        for server in (*root.iter("incomingServer"), *root.iter("outgoingServer"))
    ]
    imap, smtp = [[kind, "mail.sim.mssante.fr", port, "STARTTLS", "%EMAILADDRESS%"] for kind, port in (("imap", "1143"), ("smtp", "1587"))]
    assert places == [imap, imap, smtp, smtp]
