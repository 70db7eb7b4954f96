"""The white list as a file: its names, its variants, its unicode domains, and what follows for mail."""

import hashlib
import re
from xml.etree import ElementTree as ET

import httpx

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, Person, control

_SPACE = "{https://listeblanche.mssante.fr/schema}"


async def _file(simulator: Simulator) -> ET.Element:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answer = await client.get("/listeblanchemssante.xml")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    return ET.fromstring(answer.content)  # noqa: S314 - our own server's


async def test_each_row_is_a_domain_and_one_certificate(simulator: Simulator) -> None:
    domain, second = "hopital-ormes.sim.mssante.fr", "CN=smtp2.hopital-ormes.sim.mssante.fr,O=Hôpital des Ormes,ST=Rhône (69),C=FR"
    answer = await control(simulator, "POST", "/white-list", {"domain": domain, "certificate_dn": second.replace(",", ", ")})
    assert answer.status_code == 201
    root = await _file(simulator)
    assert root.findtext(f"{_SPACE}DateDeGeneration")
    rows = [row for row in root.findall(f"{_SPACE}ListeDomaines/{_SPACE}Domaine") if row.findtext(f"{_SPACE}Nom") == domain]
    assert len(rows) == 2
    assert second in [row.findtext(f"{_SPACE}DNCertificatOperateur") for row in rows]
    names = ["Nom", "Description", "DNCertificatOperateur", "ResponsableContact", "SupportContact", "DateMAJ"]
    assert all([child.tag for child in row] == [_SPACE + name for name in names] for row in rows)
    assert rows[0].findtext(f"{_SPACE}Description") == "Hôpital des Ormes"


async def test_the_file_has_the_shape_of_the_national_one_and_its_checksum_beside_it(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        octets = (await client.get("/listeblanchemssante.xml")).content
        assert (await client.get("/checksum")).text == hashlib.sha256(octets).hexdigest()
        assert (await client.get("/listeblanchemssante.xml")).content == octets
        head, date = octets.decode().split("\n    ")[:2]
        assert head == '<?xml version="1.0" encoding="UTF-8"?><ListeBlancheMSSante xmlns="https://listeblanche.mssante.fr/schema">'
        assert re.fullmatch(r"<DateDeGeneration>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ</DateDeGeneration>", date)
        assert [child.tag for child in ET.fromstring(octets)] == [f"{_SPACE}DateDeGeneration", f"{_SPACE}ListeDomaines"]  # noqa: S314
        row = {"domain": "hopital-ormes.sim.mssante.fr", "certificate_dn": 'CN=neuf,O="C H U  DE  LIMOGES",C=FR'}
        assert (await control(simulator, "POST", "/white-list", row)).status_code == 201
        changed = (await client.get("/listeblanchemssante.xml")).content
        assert b"<DNCertificatOperateur>CN=neuf,O=C H U  DE  LIMOGES,C=FR</DNCertificatOperateur>" in changed
        assert (await client.get("/checksum")).text == hashlib.sha256(changed).hexdigest()


async def test_unicode_domains_stand_in_unicode(simulator: Simulator) -> None:
    operator = {"name": "Santé Réunie", "domains": ["santé-réunie.mssante.fr"], "mx": ""}
    made = await control(simulator, "POST", "/operators", operator)
    assert made.json()["domains"] == ["xn--sant-runie-e7ac.mssante.fr"]
    root = await _file(simulator)
    assert "santé-réunie.mssante.fr" in [one.text for one in root.iter(f"{_SPACE}Nom")]
    row = {"domain": "SANTÉ-réunie.mssante.fr", "certificate_dn": "CN=smtp.x,O=X,C=FR"}
    assert (await control(simulator, "POST", "/white-list", row)).status_code == 201
    listed = (await control(simulator, "GET", "/white-list")).json()["rows"]
    assert ("xn--sant-runie-e7ac.mssante.fr", "CN=smtp.x,O=X,C=FR") in [(one["domain"], one["certificate_dn"]) for one in listed]
    assert (await control(simulator, "DELETE", "/white-list/santé-réunie.mssante.fr")).status_code == 204


async def test_the_variants_that_clients_must_bear(simulator: Simulator) -> None:
    fresh = await _file(simulator)
    for variant in ("stale", "empty", "wrong-namespace"):
        assert (await control(simulator, "PUT", "/white-list/variant", {"variant": variant})).json()["variant"] == variant
        root = await _file(simulator)
        if variant == "stale":
            assert str(root.findtext(f"{_SPACE}DateDeGeneration")) < str(fresh.findtext(f"{_SPACE}DateDeGeneration"))
        elif variant == "empty":
            assert root.findall(f"{_SPACE}ListeDomaines/{_SPACE}Domaine") == []
        else:
            assert not root.tag.startswith(_SPACE)


async def test_wrong_rows_are_refused_with_what_to_do(simulator: Simulator) -> None:
    for row, code in (
        ({"domain": "nowhere.example", "certificate_dn": "CN=x"}, "not-found"),
        ({"domain": "no domain", "certificate_dn": "CN=x"}, "invalid-request"),
        ({"domain": "hopital-ormes.sim.mssante.fr", "certificate_dn": "not a name"}, "invalid-request"),
    ):
        answer = await control(simulator, "POST", "/white-list", row)
        assert answer.json()["code"] == code, answer.text
    assert (await control(simulator, "DELETE", "/white-list/nowhere.example")).json()["code"] == "not-found"


async def test_a_domain_off_the_list_gets_no_mail(simulator: Simulator) -> None:
    assert (await control(simulator, "DELETE", "/white-list/cabinet.sim.mssante.fr")).status_code == 204
    hospital = Person(simulator, "hospital")
    answer = await hospital.send(HOSPITAL, to=[PRACTICE])
    assert (answer.status_code, answer.json()["code"]) == (422, "domain-outside-trust-space")
