"""Addresses that do one thing each: which are magic, and what those that refuse say."""

import pytest

from mss_sim.errors import Rule
from mss_sim.policy.magic_addresses import MAGIC_ADDRESSES, magic_at, refusal_of


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("camille.martin@medecin.sim.mssante.fr", None),
        ("full.of.it@sim.mssante.fr", None),
        ('"full@sim"@sim.mssante.fr', None),
        ("full@sim.mssante.fr", "full"),
        ("closed@patient.mssante.fr", "closed"),
    ],
)
def test_the_local_part_is_what_is_magic(address: str, named: str | None) -> None:
    assert magic_at(address) is (MAGIC_ADDRESSES[named] if named else None)


@pytest.mark.parametrize(("local", "code", "status"), [("refuse-550", 550, "5.7.1"), ("temp-451", 451, "4.3.0")])
def test_an_address_that_refuses_says_so_by_its_own_codes(local: str, code: int, status: str) -> None:
    address = f"{local}@sim.mssante.fr"
    failure = refusal_of(address, MAGIC_ADDRESSES[local])
    assert failure is not None
    assert (failure.rule, failure.fault, failure.code, failure.status) == (Rule.FAULT, local, code, status)
    assert (failure.subject, failure.reference) == (address, "quirks#magic-addresses")
    assert failure.detail == f"The address {address} refuses every letter, as its name says."


@pytest.mark.parametrize("local", sorted(MAGIC_ADDRESSES.keys() - {"refuse-550", "temp-451"}))
def test_every_other_one_takes_its_letters(local: str) -> None:
    assert refusal_of(f"{local}@sim.mssante.fr", MAGIC_ADDRESSES[local]) is None
