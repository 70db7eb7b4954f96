"""Whatever strangers write where we read, it is read or refused in words: names in certificates, forms, assertions, cursors."""

import base64
import json
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.errors import Refusal, Rule
from mss_sim.http.paging import Page, PagedList
from mss_sim.http.parameters import Parameters, of_query
from mss_sim.ids import ID_MAX
from mss_sim.pki import names
from mss_sim.psc.authentication import ClientRefused, _unverified_subject

T = TypeVar("T")
E = TypeVar("E", bound=Exception)
_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
_DN_LIKE = st.text(st.sampled_from('CNOU=,+;"\\# <>a1é\x00\n'), max_size=40)
_QUERY = st.binary(max_size=200) | st.text("a=&%0+;\x00é", max_size=60).map(lambda text: text.encode())


def _tried(kind: type[E], call: Callable[[], T]) -> T | E:
    """What a call gives, or the refusal that it raises; anything else that it raises is a defect."""
    try:
        return call()
    except kind as refusal:
        return refusal


@given(_TEXT, _TEXT, _TEXT.map(lambda text: text[:16]), _TEXT)
@example("x ", "y\\ ", "z", " ")
@example("x\xa0", "\u2003y", "z", ",C=FR")
def test_any_name_that_is_written_is_read_back(organisation: str, structure: str, common: str, department: str) -> None:
    name = names.leaf_name(organisation=organisation, structure=structure, common=common, department=department)
    assert names.read_dn(names.dn_text(name)) == name
    assert names.compared_dn(names.dn_text(name)) == names.compared_dn(names.dn_text(names.read_dn(names.dn_text(name))))


@given(_DN_LIKE | st.text(max_size=60))
@example("CN=a\\")
@example("CN=#0")
@example("C=FRANCE")
@example('O="a')
@example('O="a\\" , CN="b"')
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    found = _tried(ValueError, lambda: names.read_dn(text))
    if isinstance(found, ValueError):
        assert "is not a distinguished name" in str(found)
        assert names.compared_dn(text) == text
    else:
        assert names.read_dn(names.dn_text(found)) == found


def _asked(query: bytes) -> Parameters:
    return of_query(Request({"type": "http", "method": "GET", "path": "/auth", "headers": [], "query_string": query}))


@given(_QUERY)
@example(b"a=%00")
@example(b"a=%ff")
@example(b"&".join([b"a=b"] * 101))
def test_any_query_is_parameters_or_is_refused_in_the_protocols_words(query: bytes) -> None:
    found = _tried(OAuthError, lambda: _asked(query))
    if isinstance(found, OAuthError):
        assert (found.code, found.status) == ("invalid_request", 400)
        return
    assert all(value and "\x00" not in name + value for name, value in found.values.items())
    for name in found.repeated:
        with pytest.raises(OAuthError):
            found.get(name)


@given(st.dictionaries(_TEXT, _TEXT, max_size=20))
def test_what_is_encoded_as_a_form_is_read_as_it_was(fields: dict[str, str]) -> None:
    assert _asked(urlencode(fields).encode()) == Parameters(fields, frozenset())


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(
    st.text(max_size=80)
    | st.lists(st.text("eyJ.=-_A9é", max_size=20), max_size=5).map(".".join)
    | st.dictionaries(st.sampled_from(("sub", "iss", "é")), _JSON).map(lambda claims: f"e30.{_part(claims)}.x")
    | _JSON.map(lambda claims: f"e30.{_part(claims)}.x")
)
@example(f"e30.{'W' * 5_000}.x")
def test_any_assertion_names_a_client_or_is_refused(assertion: str) -> None:
    found = _tried(ClientRefused, lambda: _unverified_subject(assertion))
    assert isinstance(found, str) or (found.code, found.status) == ("invalid_client", 401)


@given(st.text(max_size=20) | st.text("asfcj0123456789abcdefghjkmnpqrstvwxyz", max_size=16), st.sampled_from(PagedList))
def test_any_cursor_is_a_place_in_its_list_or_is_refused(text: str, listing: PagedList) -> None:
    found = _tried(Refusal, lambda: Page(50, text).before(listing))
    if isinstance(found, Refusal):
        assert found.rule is Rule.INVALID
        assert found.detail.endswith("start again without it.")
    else:
        assert (found is None) == (text == "")
        assert found is None or 0 <= found <= ID_MAX


@given(st.lists(st.integers(0, ID_MAX), min_size=1, max_size=8, unique=True), st.integers(1, 8), st.sampled_from(PagedList))
def test_pages_follow_each_other_without_a_gap(places: list[int], limit: int, listing: PagedList) -> None:
    rows, seen, cursor = sorted(places, reverse=True), [], None
    while True:
        page = Page(limit, cursor)
        before = page.before(listing)
        left = [row for row in rows if before is None or row < before]
        shown = page.cut(listing, left[: limit + 1], lambda row: row, lambda row: row)
        seen += shown["items"]
        cursor = shown["next_cursor"]
        if cursor is None:
            break
    assert seen == rows
