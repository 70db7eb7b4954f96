"""A fictional network: the same for the same numbers, with right keys, as large where the country is large."""

from collections import Counter
from dataclasses import fields
from hashlib import sha256

import pytest

from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.control.fictional_trust_space import NATIONAL, SEEDS, Counts, Network
from mss_sim.core.control.many import NewRow
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.mail.addresses import canonical, domain_of
from mss_sim.policy.identifiers import luhn_holds, warnings
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, IdentityKind, MailboxKind

_COUNTS = Counts(practitioners=400, organisations=40, patients=20, operators=10, seed=7)


@pytest.fixture(scope="module")
def rows() -> list[NewRow]:
    """The people of that network."""
    return list(Network(_COUNTS).rows())


def _kinds(rows: list[NewRow]) -> Counter[MailboxKind]:
    return Counter(box.kind for row in rows for box in row.mailboxes)


def _drawn(one: NewIdentity | NewMailbox) -> list[tuple[str, str]]:
    """What was drawn for somebody, or for a mailbox: the fields that are not what they are anyway."""
    return [(field.name, str(value)) for field in fields(one) if (value := getattr(one, field.name)) != field.default]


def test_the_same_numbers_give_these_people_on_every_machine(rows: list[NewRow]) -> None:
    told = [_drawn(one) for row in rows for one in (row.person, *row.mailboxes) if one]
    assert sha256(repr(told).encode()).hexdigest() == "96e4bb16c5ae8aad2f64c24e3e050cf9be6c5dee651298e7fe043de57d9d52f0"
    first = Network(_COUNTS).practitioner(0)
    assert first.mailboxes[0].address == "lea.olivieri.0@sante-0.s7.sim.mssante.fr"


def test_there_are_as_many_as_were_asked_for_each_with_names_of_their_own(rows: list[NewRow]) -> None:
    kinds = {MailboxKind.PER: 400, MailboxKind.CAB: 20, MailboxKind.ORG: 40, MailboxKind.APP: 12, MailboxKind.PATIENT: 20}
    assert _kinds(rows) == kinds
    assert Network(_COUNTS).mailboxes == sum(kinds.values())
    people = [row.person for row in rows if row.person is not None]
    addresses = [box.address for row in rows for box in row.mailboxes]
    logins = [one.login for one in people if one.login]
    for names in ([one.idnat for one in people], addresses, logins):
        assert len(set(names)) == len(names)
    assert len(logins) == 420, "all but organisations log in"
    assert [address for address in addresses if canonical(address) != address] == []


def test_numbers_have_right_keys_and_those_of_seeds_are_apart(rows: list[NewRow]) -> None:
    for row in rows:
        assert row.person is not None
        if row.person.kind is IdentityKind.ORGANISATION:
            assert luhn_holds(row.person.idnat[1:])
            assert row.person.idnat.startswith("199")
        else:
            assert warnings(row.person.idnat, row.person.kind) == []
    counts = [Counts(1_000_000, 100_000, seed=seed) for seed in range(SEEDS)]
    for make in ("practitioner", "organisation"):
        last = {"practitioner": 999_999, "organisation": 99_999}[make]
        ends = [getattr(Network(one), make)(place).person.idnat for one in counts for place in (0, last)]
        assert len(set(ends)) == 2 * SEEDS
        assert {len(idnat) for idnat in ends} == ({12} if make == "practitioner" else {10})


def test_all_domains_are_an_operators_and_practices_are_shared_with_those_before(rows: list[NewRow]) -> None:
    network = Network(_COUNTS)
    served = [domain for one in network.operators() for domain in one.domains]
    assert sorted(served) == sorted(network.domains)
    assert {domain_of(box.address) for row in rows for box in row.mailboxes} <= {*served, PATIENT_DOMAIN}
    assert len({one.name for one in network.operators()}) == 10
    people = {row.person.idnat: row.person.kind for row in rows if row.person is not None}
    practices = [box for row in rows for box in row.mailboxes if box.kind is MailboxKind.CAB]
    assert [len(box.co_holders) for box in practices] == [0, *[2] * 19]
    assert {people[idnat] for box in practices for idnat in box.co_holders} == {IdentityKind.PROFESSIONAL}
    for place in (1, 2, 3):
        lone = Network(Counts(practitioners=place * 20 + 1, operators=1)).practitioner(place * 20)
        assert len(lone.mailboxes[1].co_holders) == 2
    structures = {row.person.structure for row in rows if row.person is not None and row.person.structure}
    assert len(structures) == 40
    assert {people[idnat] for idnat in structures} == {IdentityKind.ORGANISATION}


def test_without_organisations_nobody_works_in_one_and_without_people_there_is_no_domain() -> None:
    assert Network(Counts(practitioners=3)).practitioner(2).person is not None
    assert {row.person.structure for row in Network(Counts(practitioners=3)).rows() if row.person is not None} == {""}
    assert Network(Counts(patients=3, operators=1)).mailboxes == 3
    assert Network(Counts(organisations=400, operators=0)).domains == [], "who has no operator has no domain"


@pytest.mark.parametrize(
    ("practitioners", "organisations", "said", "operators"),
    [(600_000, 100_000, None, 321), (60_000, 10_000, None, 32), (20, 2, None, 1), (20, 2, 5, 5), (0, 0, None, 1)],
)
def test_there_are_as_many_operators_as_the_country_has_for_so_many_people(
    practitioners: int, organisations: int, said: int | None, operators: int
) -> None:
    assert Counts.of(practitioners, organisations, 0, said, 3) == Counts(practitioners, organisations, 0, operators, 3)


def test_the_country_has_its_sizes() -> None:
    network = Network(NATIONAL)
    assert (network.mailboxes, len(network.operators()), len(network.domains)) == (800_000, 321, 5_018)
    sizes: Counter[str] = Counter()
    for place in range(0, NATIONAL.practitioners, 10):
        sizes[domain_of(network.practitioner(place).mailboxes[0].address)] += 10
    largest = sizes.most_common()
    assert 0.9 < largest[0][1] / 62_151 * 760_000 / 600_000 < 1.1
    assert 0.44 < sum(count for _, count in largest[:10]) / NATIONAL.practitioners < 0.48
