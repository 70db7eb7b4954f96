"""Mailbox addresses: what is one, the one form that it is compared by, and header lists that may hold anything."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mss_sim.mail.addresses import AddressError, addresses_of, canonical, canonical_domain, composed, display, domain_of, parse_list

LONG_DOMAIN = ".".join(["abcdefghi"] * 25) + ".abcde"  # 255 octets


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a space"),
        pytest.param("a", id="no @"),
        pytest.param("@", id="only an @"),
        pytest.param("@b.fr", id="no local part"),
        pytest.param("a@", id="no domain"),
        pytest.param("a@.", id="a dot for a domain"),
        pytest.param(".a@b.fr", id="a dot first"),
        pytest.param("a.@b.fr", id="a dot last"),
        pytest.param("a..b@b.fr", id="two dots"),
        pytest.param("a b@b.fr", id="a space in the local part"),
        pytest.param("a@b@b.fr", id="two @"),
        pytest.param("<a@b.fr>", id="angle brackets"),
        pytest.param("Ana <a@b.fr>", id="a display name"),
        pytest.param("a@b.fr, c@b.fr", id="two addresses"),
        pytest.param("a(b)@b.fr", id="a comment"),
        pytest.param("a\x00@b.fr", id="a NUL"),
        pytest.param("a\r\nb@b.fr", id="a line break"),
        pytest.param("a\x7f@b.fr", id="a delete character"),
        pytest.param("a\x85b@b.fr", id="a control character beyond ASCII"),
        pytest.param("a\u2028b@b.fr", id="a Unicode line separator"),
        pytest.param("\udce9@b.fr", id="a byte that is not UTF-8"),
        pytest.param('"a@b.fr', id="a quote opened"),
        pytest.param('a"@b.fr', id="a quote closed"),
        pytest.param('"a"b"@b.fr', id="a quote in quotes"),
        pytest.param('"a\\"@b.fr', id="a closing quote escaped"),
        pytest.param('"a\nb"@b.fr', id="a line break in quotes"),
        pytest.param('"a\\\nb"@b.fr', id="an escaped line break in quotes"),
        pytest.param("a" * 65 + "@b.fr", id="65 octets before the @"),
        pytest.param("é" * 33 + "@b.fr", id="66 octets in 33 letters before the @"),
        pytest.param("a@b..fr", id="an empty label"),
        pytest.param("a@.b.fr", id="a dot before the domain"),
        pytest.param("a@b.fr..", id="two dots after the domain"),
        pytest.param("a@-b.fr", id="a hyphen first in a label"),
        pytest.param("a@b-.fr", id="a hyphen last in a label"),
        pytest.param("a@b_c.fr", id="an underscore in the domain"),
        pytest.param("a@b c.fr", id="a space in the domain"),
        pytest.param("a@[192.0.2.1]", id="an address literal: nobody in the trust space has one"),
        pytest.param("a@" + "b" * 64 + ".fr", id="a label of 64 octets"),
        pytest.param("a@" + LONG_DOMAIN + "f", id="a domain of 256 octets"),
        pytest.param("a@\udce9.fr", id="a domain that is not UTF-8"),
        pytest.param("a@\u2028.fr", id="a line separator in the domain"),
    ],
)
def test_a_text_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError) as refused:
        canonical(text)
    assert len(str(refused.value).split()) > 3, "a refusal says why"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param("a", "a", id="ASCII"),
        pytest.param("e\u0301te\u0301", "été", id="accents apart"),
        pytest.param("e\u0301" * 160, "é" * 160, id="320 characters"),
        pytest.param("e\u0301" * 160 + "e", "e\u0301" * 160 + "e", id="321 characters"),
    ],
)
def test_accents_are_one_character_with_their_letters_up_to_the_length_of_a_name(text: str, form: str) -> None:
    assert composed(text) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param("a@b.fr", "a@b.fr", id="as it is"),
        pytest.param("A.B@C.FR", "a.b@c.fr", id="lower case"),
        pytest.param(" a@b.fr ", "a@b.fr", id="spaces around"),
        pytest.param("a@b.fr.", "a@b.fr", id="the root's dot"),
        pytest.param("a@localhost", "a@localhost", id="one label"),
        pytest.param("a+b=c/d!#$%&'*?^_`{|}~-@b.fr", "a+b=c/d!#$%&'*?^_`{|}~-@b.fr", id="every sign that an atom may hold"),
        pytest.param("255062A00401251@Patient.MSSante.fr", "255062a00401251@patient.mssante.fr", id="a patient of Corsica"),
        pytest.param("é@b.fr", "é@b.fr", id="an accent"),
        pytest.param("e\u0301@b.fr", "é@b.fr", id="an accent apart"),
        pytest.param("É@b.fr", "é@b.fr", id="an accent in upper case"),
        pytest.param("a@exämple.fr", "a@xn--exmple-cua.fr", id="an international domain"),
        pytest.param("a@EXÄMPLE.fr", "a@xn--exmple-cua.fr", id="an international domain in upper case"),
        pytest.param("a@xn--exmple-cua.fr", "a@xn--exmple-cua.fr", id="an A-label"),
        pytest.param('"a b"@b.fr', '"a b"@b.fr', id="quotes that are needed"),
        pytest.param('"a@b"@c.fr', '"a@b"@c.fr', id="an @ in quotes"),
        pytest.param('"a\\"b"@b.fr', '"a\\"b"@b.fr', id="an escaped quote"),
        pytest.param("a" * 64 + "@b.fr", "a" * 64 + "@b.fr", id="64 octets before the @"),
        pytest.param("é" * 32 + "@b.fr", "é" * 32 + "@b.fr", id="64 octets in 32 letters before the @"),
        pytest.param("a@" + "b" * 63 + ".fr", "a@" + "b" * 63 + ".fr", id="a label of 63 octets"),
        pytest.param("a@" + LONG_DOMAIN, "a@" + LONG_DOMAIN, id="a domain of 255 octets"),
    ],
)
def test_an_address_has_one_canonical_form(text: str, form: str) -> None:
    assert canonical(text) == form
    assert canonical(form) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param('"camille"@b.fr', "camille@b.fr", id="quotes that are not needed"),
        pytest.param('"camille.durand"@b.fr', "camille.durand@b.fr", id="quotes around a dot"),
        pytest.param('"cam\\ille"@b.fr', "camille@b.fr", id="an escape that is not needed"),
    ],
)
def test_two_spellings_of_one_mailbox_have_one_canonical_form(one: str, other: str) -> None:
    assert canonical(one) == canonical(other), "RFC 5321, 4.1.2: quoted and plain are the same mailbox"


@settings(deadline=None)
@given(st.text(max_size=12) | st.emails() | st.text('aé@."\\ İẞ', max_size=10).map(lambda text: f"{text}@b.fr"))
@example("İ" * 32 + "@b.fr")
def test_a_text_is_either_refused_or_has_a_form_that_is_its_own_form(text: str) -> None:
    try:
        form = canonical(text)
    except AddressError:
        return
    assert canonical(form) == form
    assert form.isprintable()
    assert domain_of(form).isascii()
    form.encode("utf-8")


@settings(deadline=None)
@given(st.text(max_size=20) | st.text("aé.-xn\u3002", max_size=10))
def test_a_domain_is_either_refused_or_ascii_in_lower_case(text: str) -> None:
    try:
        domain = canonical_domain(text)
    except AddressError:
        return
    assert domain.isascii()
    assert domain == domain.lower() == canonical_domain(domain)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a space"),
        pytest.param(",", id="a comma"),
        pytest.param("nobody", id="a word"),
        pytest.param("undisclosed-recipients:;", id="an empty group"),
        pytest.param('"', id="a quote"),
        pytest.param("(", id="a comment opened"),
        pytest.param("<", id="an angle bracket"),
        pytest.param("<>", id="a null path"),
        pytest.param("Ana <not an address>", id="a name and no address"),
        pytest.param("a@b..fr", id="a wrong domain"),
    ],
)
def test_a_list_without_an_address_gives_nobody(value: str) -> None:
    assert parse_list(value) == ()


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        pytest.param("a@b.fr", [("", "a@b.fr")], id="one"),
        pytest.param("<a@b.fr>", [("", "a@b.fr")], id="in brackets"),
        pytest.param("A@B.FR", [("", "a@b.fr")], id="in upper case"),
        pytest.param("Ana <a@b.fr>", [("Ana", "a@b.fr")], id="a name"),
        pytest.param("Dr. Ana Roy <a@b.fr>", [("Dr. Ana Roy", "a@b.fr")], id="a name with a dot"),
        pytest.param('"Roy, Ana" <a@b.fr>', [("Roy, Ana", "a@b.fr")], id="a comma in quotes"),
        pytest.param('"Ana \\"la\\" Roy" <a@b.fr>', [('Ana "la" Roy', "a@b.fr")], id="quotes in quotes"),
        pytest.param("Ève Roy <a@b.fr>", [("Ève Roy", "a@b.fr")], id="an accent"),
        pytest.param("Dr_Ana_ROY_Service de cardiologie <a@b.fr>", [("Dr_Ana_ROY_Service de cardiologie", "a@b.fr")], id="national form"),
        pytest.param("a@b.fr, Ana <c@d.fr>", [("", "a@b.fr"), ("Ana", "c@d.fr")], id="two"),
        pytest.param("a@b.fr,,c@d.fr,", [("", "a@b.fr"), ("", "c@d.fr")], id="commas too many"),
        pytest.param("nobody, a@b.fr", [("", "a@b.fr")], id="what cannot be read is left out"),
        pytest.param("Team: a@b.fr, c@d.fr;", [("", "a@b.fr"), ("", "c@d.fr")], id="a group"),
        pytest.param("<@relay.fr:a@b.fr>", [("", "a@b.fr")], id="a source route"),
        pytest.param("é@b.fr", [("", "é@b.fr")], id="an international address"),
    ],
)
def test_a_list_gives_names_and_addresses(value: str, pairs: list[tuple[str, str]]) -> None:
    assert list(parse_list(value)) == pairs


def test_an_address_in_the_place_of_a_name_is_nobody() -> None:
    found = parse_list("directrice@sim.mssante.fr <intrus@autre.mssante.fr>")
    assert "directrice@sim.mssante.fr" not in addresses_of(found), "CVE-2023-27043: the name would be taken for the sender"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("(" * 5_000, id="comments"),
        pytest.param("<@a,@b:" * 5_000, id="source routes"),
        pytest.param('"' * 5_001, id="quotes"),
        pytest.param("<" * 5_000, id="angle brackets"),
        pytest.param("a:" * 5_000, id="groups"),
        pytest.param("[" * 5_000, id="domain literals"),
        pytest.param("\\" * 5_000, id="backslashes"),
    ],
)
def test_a_list_nested_without_end_gives_nobody(value: str) -> None:
    assert parse_list(value) == ()


_LIST_TEXT = st.text(max_size=30) | st.text('a@b.fr,;:<>()[]"\\ é\r\n\x00', max_size=30)


@settings(deadline=None)
@given(_LIST_TEXT)
def test_a_list_is_read_without_error_and_gives_canonical_addresses(value: str) -> None:
    for name, address in parse_list(value):
        assert name == name.strip()
        assert canonical(address) == address


_NAMES = st.text("abÉé ,.;:<>@\"'()[]\\", max_size=20).map(lambda text: " ".join(text.split()))


@pytest.mark.parametrize("address", ["a@b.fr", '"a b"@b.fr', "é@b.fr"])
@pytest.mark.parametrize("name", ["", "Ana", "Roy, Ana", 'Ana "la" Roy', "Ève", "Dr. Ève Roy, Paris"])
def test_what_is_displayed_can_be_written_and_names_the_same_mailbox(name: str, address: str) -> None:
    shown = display(name, address)
    assert [found for _, found in parse_list(shown)] == [address]


@settings(deadline=None)
@given(_NAMES)
def test_a_name_never_adds_another_recipient(name: str) -> None:
    shown = display(name, "a@b.fr")
    assert [address for _, address in parse_list(shown)] == ["a@b.fr"]


@pytest.mark.parametrize("name", ["Ana\r\nBcc: x@b.fr", "Ève\r\nBcc: x@b.fr"])
def test_a_line_break_in_a_name_adds_no_header_line(name: str) -> None:
    shown = display(name, "a@b.fr")
    assert not [line for line in shown.splitlines()[1:] if not line.startswith((" ", "\t"))]


def test_addresses_come_in_order_and_once() -> None:
    pairs = (("Ana", "a@b.fr"), ("Bea", "c@d.fr"), ("Ana Roy", "a@b.fr"))
    assert addresses_of(pairs) == ("a@b.fr", "c@d.fr")
    assert addresses_of(()) == ()


def test_a_domain_is_folded_before_it_is_written_in_ascii() -> None:
    assert canonical_domain("ÉTANG.Sim.Mssante.FR") == "xn--tang-9oa.sim.mssante.fr"


def test_a_domain_that_is_far_too_long_is_not_written_in_ascii_at_all() -> None:
    with pytest.raises(AddressError, match=r"^the domain '.*' is not a valid internationalised name$"):
        canonical_domain("é" * 1_020)
    with pytest.raises(AddressError, match=r"^the domain '.*' is not a valid name$"):
        canonical_domain("é" * 1_021)


def test_it_is_said_which_part_is_too_long() -> None:
    address = f"{'é' * 40}@sim.mssante.fr"
    with pytest.raises(AddressError, match=r"^the part of 'é.* before the @ is over 64 octets$"):
        canonical(address)
    with pytest.raises(AddressError, match=r"^the part of 'a.* before the @ is over 64 octets$"):
        canonical(f"{'a' * 65}@sim.mssante.fr")
