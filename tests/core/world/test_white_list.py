"""The white list: as the MX port reads it, and as whoever fetches it."""

import hashlib
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from mss_sim.core.trust import operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.core.world.white_list import NAMESPACE, Variant
from mss_sim.errors import Rule
from mss_sim.pki.names import compared_dn
from tests.core.towns import OpenTown, Town, refused

CABINET = "cabinet.sim.mssante.fr"
DN = "CN=mx.example,O=EXEMPLE,C=FR"


async def _names(town: Town, domain: str = CABINET) -> frozenset[str]:
    return (await town.world.white_list.listing()).rows.get(domain, frozenset())


async def test_every_operator_of_the_seed_is_on_the_list_with_its_certificate(town: Town) -> None:
    rows = (await town.world.white_list.listing()).rows
    assert {domain for operator in await operators.list_all(town.world) for domain in operator.domains} == set(rows)
    assert {len(names) for names in rows.values()} == {1}
    assert rows[CABINET] == rows["medecin.sim.mssante.fr"] != rows["hopital-ormes.sim.mssante.fr"]


async def test_a_certificate_is_bound_and_taken_off_and_the_listing_knows_at_once(town: Town) -> None:
    (first,) = await _names(town)
    await town.world.white_list.add(CABINET.upper(), [DN])
    assert await _names(town) == {first, compared_dn(DN)}
    await town.world.white_list.remove(CABINET, DN)
    assert await _names(town) == {first}
    await town.world.white_list.remove(CABINET, None)
    assert await _names(town) == frozenset()


@pytest.mark.parametrize(
    ("domain", "dn", "rule", "said"),
    [
        ("example.org", DN, Rule.NOT_FOUND, "No operator has the domain example.org; create its operator first"),
        ("no domain", DN, Rule.INVALID, "no domain"),
        (CABINET, "no name", Rule.INVALID, "no name"),
        (CABINET, "  ", Rule.INVALID, ""),
    ],
)
async def test_what_is_no_domain_of_an_operator_or_no_name_is_not_put_on_it(
    town: Town, domain: str, dn: str, rule: Rule, said: str
) -> None:
    before = await town.world.white_list.rows()
    with refused(rule, said):
        await town.world.white_list.add(domain, [dn])
    assert await town.world.white_list.rows() == before


@pytest.mark.parametrize(("domain", "dn"), [("example.org", None), (CABINET, DN)])
async def test_what_is_not_on_the_list_is_not_taken_off(town: Town, domain: str, dn: str | None) -> None:
    with refused(Rule.NOT_FOUND, "has no such row"):
        await town.world.white_list.remove(domain, dn)
    with refused(Rule.INVALID):
        await town.world.white_list.remove("no domain", None)


async def test_the_list_is_of_now_unless_it_is_to_be_stale(open_town: OpenTown) -> None:
    async with open_town(white_list_age_seconds_max=60) as town:
        fresh = await town.world.white_list.listing()
        assert (fresh.age_seconds, fresh.age_seconds_max) == (0, 60)
        town.world.white_list.choose_variant(Variant.STALE)
        stale = await town.world.white_list.listing()
        assert (stale.age_seconds, stale.rows) == (61, fresh.rows)
        for variant in (Variant.EMPTY, Variant.WRONG_NAMESPACE):
            town.world.white_list.choose_variant(variant)
            assert await town.world.white_list.listing() == fresh


async def _xml(town: Town, space: str = NAMESPACE) -> tuple[str, list[dict[str, str | None]]]:
    root = ET.fromstring(await town.world.white_list.xml())  # noqa: S314 - ours
    entries = root.findall(f"{{{space}}}ListeDomaines/{{{space}}}Domaine")
    rows = [{child.tag.partition("}")[2]: child.text for child in entry} for entry in entries]
    assert root.tag.startswith(f"{{{space}}}")
    return root.findtext(f"{{{space}}}DateDeGeneration") or "", rows


async def test_the_file_tells_each_row_with_its_operator_and_dates(open_town: OpenTown) -> None:
    async with open_town() as town:
        town.clock.advance(timedelta(days=1))
        generated, rows = await _xml(town)
        assert generated == "2026-01-06T08:00:00Z"
        row = next(one for one in rows if one["Nom"] == CABINET)
        (dn,) = [one.certificate_dn for one in await town.world.white_list.rows() if one.domain == CABINET]
        assert row == {
            "Nom": CABINET,
            "Description": "Messagerie libérale",
            "DNCertificatOperateur": dn,
            "ResponsableContact": f"responsable@{CABINET}",
            "SupportContact": f"support@{CABINET}",
            "DateMAJ": "2026-01-05T08:00:00Z",
        }


async def test_the_file_stays_until_the_list_changes_or_half_its_age_has_passed(town: Town) -> None:
    white_list = town.world.white_list
    first, checksum = await white_list.xml(), await white_list.checksum()
    assert await white_list.xml() is first, "in the same instant, too"
    town.clock.advance(timedelta(hours=11))
    assert (await white_list.xml(), await white_list.checksum()) == (first, checksum)
    town.clock.advance(timedelta(hours=1))
    second = await white_list.xml()
    assert second != first
    white_list.choose_variant(Variant.STALE)
    assert await white_list.xml() != second
    white_list.choose_variant(Variant.NORMAL)
    await white_list.add(CABINET, ["CN=neuf,O=X,C=FR"])
    assert b"CN=neuf" in await white_list.xml()
    assert await white_list.checksum() == hashlib.sha256(await white_list.xml()).hexdigest() != checksum


async def test_a_domain_is_shown_in_unicode(town: Town) -> None:
    await operators.add(town.world, NewOperator("Étang", ("étang.sim.mssante.fr",)))
    assert "étang.sim.mssante.fr" in {row["Nom"] for row in (await _xml(town))[1]}
    assert await _names(town, "xn--tang-9oa.sim.mssante.fr") != frozenset()


async def _told(town: Town, variant: Variant) -> tuple[bytes, list[tuple[str, str]]]:
    """The file in a variant, and (domain, certificate) of its rows, as a parser that forgives reads them."""
    white_list = town.world.white_list
    white_list.choose_variant(variant)
    octets = await white_list.xml()
    rows = re.findall(
        r"<Nom>(.*?)</Nom>.*?<DNCertificatOperateur>(.*?)</DNCertificatOperateur>", octets.decode("utf-8", "ignore"), re.DOTALL
    )
    return octets, rows


async def test_a_file_that_is_cut_is_no_xml_and_its_checksum_is_right(town: Town) -> None:
    whole, rows = await _told(town, Variant.NORMAL)
    for variant, left in ((Variant.NO_CLOSING_TAG, len(rows)), (Variant.TRUNCATED, len(rows) - 1)):
        octets, found = await _told(town, variant)
        with pytest.raises(ET.ParseError):
            ET.fromstring(octets)  # noqa: S314 - our own
        assert (whole.startswith(octets), found) == (True, rows[:left])
        assert await town.world.white_list.checksum() == hashlib.sha256(octets).hexdigest()


async def test_a_checksum_that_is_wrong_stands_beside_a_right_file(town: Town) -> None:
    whole, _ = await _told(town, Variant.NORMAL)
    octets, _ = await _told(town, Variant.CHECKSUM_MISMATCH)
    assert octets.splitlines()[2:] == whole.splitlines()[2:]
    found = await town.world.white_list.checksum()
    assert (len(found), found == hashlib.sha256(octets).hexdigest()) == (64, False)


async def test_the_dirt_of_public_copies_is_in_the_file_and_not_in_the_list_that_counts(town: Town) -> None:
    _, rows = await _told(town, Variant.NORMAL)
    counting = (await town.world.white_list.listing()).rows
    (name, dn), others = rows[0], rows[1:]
    _, twice = await _told(town, Variant.DUPLICATE_OPERATOR)
    assert (twice[0], twice[1][0], twice[1][1] != dn, twice[2:]) == ((name, dn), name, True, others)
    _, address = await _told(town, Variant.BAD_NAME)
    assert address == [(f"contact@{name}", dn), *rows]
    _, capitals = await _told(town, Variant.CAPITALS)
    assert (capitals[0][0].lower(), capitals[0][0] == name, capitals[1:]) == (name, False, others)
    _, quoted = await _told(town, Variant.QUOTED_DN)
    assert (re.search(r'O="[^"]+  [^"]+"', quoted[0][1]) is not None, compared_dn(quoted[0][1])) == (True, compared_dn(dn))
    assert (await town.world.white_list.listing()).rows == counting


async def test_fields_of_public_copies_hold_blanks_that_nobody_sees_and_two_contacts_in_one(town: Town) -> None:
    town.world.white_list.choose_variant(Variant.DIRTY_FIELDS)
    _, (first, *others) = await _xml(town)
    rows = await town.world.white_list.rows()
    counting = (await town.world.white_list.listing()).rows
    domain, dn = str(first["Nom"]), str(first["DNCertificatOperateur"])
    assert first == {
        "Nom": rows[0].domain,
        "Description": f"{rows[0].operator}\u00a0",
        "DNCertificatOperateur": rows[0].certificate_dn.replace(",", ", "),
        "ResponsableContact": f"responsable@{domain}\n",
        "SupportContact": f"01 99 00 12 34, support@{domain}",
        "DateMAJ": first["DateMAJ"],
    }
    assert compared_dn(dn) in counting[domain], "it is the same name all the same"
    assert [one["DNCertificatOperateur"] for one in others] == [one.certificate_dn for one in rows[1:]]
    assert await town.world.white_list.checksum() == hashlib.sha256(await town.world.white_list.xml()).hexdigest()


async def test_no_variant_fails_where_the_list_is_empty(town: Town) -> None:
    for domain in {row.domain for row in await town.world.white_list.rows()}:
        await town.world.white_list.remove(domain, None)
    for variant in Variant:
        assert b"<Domaine>" not in (await _told(town, variant))[0]


async def test_the_variants_show_what_a_client_must_not_stumble_over(town: Town) -> None:
    white_list = town.world.white_list
    white_list.choose_variant(Variant.EMPTY)
    assert (await _xml(town))[1] == []
    white_list.choose_variant(Variant.WRONG_NAMESPACE)
    assert len((await _xml(town, f"{NAMESPACE}/v0"))[1]) == len(await white_list.rows())
    white_list.choose_variant(Variant.STALE)
    assert (await _xml(town))[0] == "2026-01-04T07:59:59Z"
