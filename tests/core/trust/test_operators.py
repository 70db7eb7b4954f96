"""Operators of the trust space: made with what they need, and changed within it."""

import pytest

from mss_sim.core.trust import operator_certificates, operators
from mss_sim.core.trust.operators import NewOperator
from mss_sim.errors import Rule
from mss_sim.pki.names import compared_dn
from mss_sim.vocabulary.doors import LogInBy
from tests.authorities import Bearer, authority, pem
from tests.core.towns import Town, refused

NEW = "neuf.sim.mssante.fr"
DN = "CN=mx.example,O=EXEMPLE,C=FR"


async def _listed(town: Town, domain: str = NEW) -> frozenset[str]:
    return (await town.world.white_list.listing()).rows.get(domain, frozenset())


async def test_an_operator_is_on_the_white_list_with_a_certificate_of_ours(town: Town) -> None:
    made = await operators.add(town.world, NewOperator("Neuf", ("Z.sim.mssante.fr", NEW, NEW.upper())))
    assert made.domains == (NEW, "z.sim.mssante.fr")
    assert (made.mx, made.message_size_bytes_max, made.authentication) == (None, None, frozenset(LogInBy))
    assert made in await operators.list_all(town.world)
    shown = await operator_certificates.certificate_of(town.world, made)
    assert await _listed(town) == await _listed(town, "z.sim.mssante.fr") == {compared_dn(shown.subject)}
    assert f"CN=smtp.{NEW}," in shown.subject
    found = await town.world.directory.operator_of(f"x@{NEW}")
    assert found == made


async def test_an_operator_has_the_limit_and_the_ways_that_it_was_made_with(town: Town) -> None:
    made = await operators.add(town.world, NewOperator("Neuf", (NEW,), message_size_bytes_max=5_000, authentication=[LogInBy.PSC]))
    assert (made.message_size_bytes_max, made.authentication) == (5_000, frozenset({LogInBy.PSC}))


async def test_one_that_names_its_certificates_gets_none_of_ours(town: Town) -> None:
    made = await operators.add(town.world, NewOperator("Neuf", (NEW,), certificate_dns=(DN,)))
    assert await _listed(town) == {compared_dn(DN)}
    with refused(Rule.NOT_FOUND, "has no client certificate"):
        await operator_certificates.certificate_of(town.world, made)


@pytest.mark.parametrize(
    ("new", "rule"),
    [
        (NewOperator("Messagerie libérale", (NEW,)), Rule.CONFLICT),
        (NewOperator("Neuf", (NEW, "cabinet.sim.mssante.fr")), Rule.CONFLICT),
        (NewOperator("Neuf", ("no domain",)), Rule.INVALID),
        (NewOperator("Neuf", (NEW,), mx_ca="no certificate"), Rule.INVALID),
    ],
)
async def test_a_name_and_a_domain_belong_to_one_operator(town: Town, new: NewOperator, rule: Rule) -> None:
    before = await operators.list_all(town.world)
    with refused(rule):
        await operators.add(town.world, new)
    assert (await operators.list_all(town.world), await _listed(town)) == (before, frozenset())


async def test_several_are_made_at_once_or_none_is(town: Town) -> None:
    before = await operators.list_all(town.world)
    first, second = NewOperator("Neuf", (NEW,)), NewOperator("Neuve", ("neuve.sim.mssante.fr",))
    for other in (NewOperator("Neuf", ("z.sim.mssante.fr",)), NewOperator("Autre", (NEW.upper(),))):
        with refused(Rule.CONFLICT, "There is already an operator called Neuf"):
            await operators.add_many(town.world, [first, second, other])
        assert (await operators.list_all(town.world), await _listed(town)) == (before, frozenset())
    addresses = [f"x@{NEW}", "x@neuve.sim.mssante.fr"]
    assert [await town.world.directory.operator_of(address) for address in addresses] == [None, None]
    made = await operators.add_many(town.world, [first, second])
    assert [await town.world.directory.operator_of(address) for address in addresses] == made
    shown = [await operator_certificates.certificate_of(town.world, one) for one in made]
    assert await _listed(town) == {compared_dn(shown[0].subject)}
    assert await _listed(town, "neuve.sim.mssante.fr") == {compared_dn(shown[1].subject)}


async def test_a_domain_that_was_taken_off_the_white_list_stays_off(town: Town) -> None:
    await operators.add(town.world, NewOperator("Neuf", (NEW,)))
    await town.world.white_list.remove(NEW, None)
    await operator_certificates.certify_all(town.world)
    assert await _listed(town) == frozenset()


@pytest.mark.parametrize(
    "mx",
    ["127.0.0.1", "127.0.0.1:", ":25", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "a b:25", "a\n:25", "127.0.0.1:-1", "127.0.0.1:²"],
)
async def test_an_operator_outside_is_reached_at_a_host_and_a_port(town: Town, mx: str) -> None:
    with refused(Rule.INVALID, "is reached at host:port"):
        await operators.add(town.world, NewOperator("Neuf", (NEW,), mx=mx))
    with refused(Rule.INVALID, "is reached at host:port"):
        await operators.change(town.world, "Clinique des Pins", mx=mx)


@pytest.mark.parametrize("mx", ["127.0.0.1:1", "[::1]:65535", "", None])
async def test_a_place_that_is_one_or_none_is_taken(town: Town, mx: str | None) -> None:
    assert (await operators.add(town.world, NewOperator("Neuf", (NEW,), mx=mx))).mx == mx
    assert (await operators.change(town.world, "Clinique des Pins", mx=mx)).mx == mx


async def test_limits_and_ways_are_changed_and_the_directory_knows_at_once(town: Town) -> None:
    root = pem([Bearer.authority("Ailleurs").certified(None, authority())])
    changed = await operators.change(
        town.world, "Clinique des Pins", message_size_bytes_max=5, authentication=frozenset({LogInBy.PSC}), mx_ca=root
    )
    assert (changed.message_size_bytes_max, changed.authentication, changed.mx_ca) == (5, frozenset({LogInBy.PSC}), root)
    assert await town.world.directory.operator_of("x@clinique-pins.sim.mssante.fr") == changed
    with refused(Rule.INVALID, "mx_ca is not a certificate"):
        await operators.change(town.world, "Clinique des Pins", mx_ca="nothing")
    assert (await operators.change(town.world, "Clinique des Pins", mx_ca=None)).mx_ca is None
    with refused(Rule.NOT_FOUND, "There is no operator called Personne."):
        await operators.change(town.world, "Personne", mx=None)
