"""Addresses of next pages: what is none first, then one that leads back."""

import base64

import pytest

from mss_sim.core.annuaire.page_addresses import Place, open_sealed, seal
from mss_sim.errors import Rule
from tests.core.towns import refused

PLACE = Place("Practitioner", (("family", "é"), ("_count", "1")), 17, 4, None, 1_000)
KEY = "key"


@pytest.mark.parametrize("text", ["", "u", "uAAAA", "d" + "A" * 60, "u" + "é" * 60, "u" + "A" * 40_001, "u===", "u" + "A" * 23])
def test_what_is_no_address(text: str) -> None:
    with refused(Rule.INVALID, "too old, or was changed"):
        open_sealed(KEY, text, 0)


def test_an_address_leads_back_until_its_time_is_over() -> None:
    address = seal(KEY, PLACE)
    assert address.isascii()
    assert open_sealed(KEY, address, 1_000) == PLACE
    with refused(Rule.INVALID):
        open_sealed(KEY, address, 1_001)


def test_an_address_of_any_length_leads_back() -> None:
    """Its octets are padded to a multiple of four letters, which some have already."""
    for length in range(6):
        place = Place("Practitioner", (("family", "a" * length),), 17, 4, 5, 1_000)
        assert open_sealed(KEY, seal(KEY, place), 0) == place


def test_an_address_has_40_000_letters_at_most() -> None:
    longest, pairs = "", 39_999 * 3 // 4 - 16 - len('["Practitioner",[["family",""]],17,4,5,1000]')
    for length in (pairs, pairs + 1):
        address = seal(KEY, Place("Practitioner", (("family", "a" * length),), 17, 4, 5, 1_000))
        longest = longest or address
        assert len(address) == 40_000 + length - pairs
    assert open_sealed(KEY, longest, 0).pairs == (("family", "a" * pairs),)
    with refused(Rule.INVALID):
        open_sealed(KEY, address, 0)


def test_one_that_another_world_sealed_or_somebody_changed_is_refused() -> None:
    address = seal(KEY, PLACE)
    with refused(Rule.INVALID):
        open_sealed("other", address, 0)
    octets = bytearray(base64.urlsafe_b64decode(address[1:] + "=" * (-len(address[1:]) % 4)))
    for place in range(len(octets)):
        changed = bytes([*octets[:place], octets[place] ^ 1, *octets[place + 1 :]])
        with refused(Rule.INVALID):
            open_sealed(KEY, "u" + base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), 0)
