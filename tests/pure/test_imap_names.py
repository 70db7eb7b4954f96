"""Names of folders on the wire, and the patterns of LIST."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.imap.grammar.names import BadName, decode, encode, pattern
from mss_sim.imap.grammar.responses import astring, folder_name


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"&", id="an ampersand alone"),
        pytest.param(b"a&b", id="an ampersand between letters"),
        pytest.param(b"&AOk", id="a shift without end"),
        pytest.param(b"&AOk-&", id="an ampersand after a shift"),
        pytest.param(b"&A-", id="one base64 letter"),
        pytest.param(b"&AOkA-", id="half a character"),
        pytest.param(b"&AOl-", id="bits that are left over"),
        pytest.param(b"&AO k-", id="a space in a shift"),
        pytest.param(b"&AO/k-", id="a slash in a shift"),
        pytest.param(b"&AOk=-", id="padding"),
        pytest.param(b"&2AA-", id="half a surrogate pair"),
        pytest.param(b"&3ADYAA-", id="a surrogate pair turned around"),
        pytest.param(b"&AGE-", id="a letter that needs no shift"),
        pytest.param(b"&AC8-", id="a separator that is hidden"),
        pytest.param(b"&ACY-", id="an ampersand in a shift"),
        pytest.param(b"&AOk-&AOk-", id="two shifts for one"),
        pytest.param(b"&AAA-", id="a NUL"),
        pytest.param(b"\xff", id="no UTF-8 either"),
        pytest.param(b"\xc3", id="half of UTF-8"),
    ],
)
def test_a_name_that_is_badly_written_is_refused(octets: bytes) -> None:
    with pytest.raises(BadName):
        decode(octets, utf8=False)


@pytest.mark.parametrize("octets", [b"\xff", b"\xc3", b"\xed\xa0\x80"])
def test_a_name_that_is_no_utf8_is_refused_where_utf8_is_enabled(octets: bytes) -> None:
    with pytest.raises(BadName):
        decode(octets, utf8=True)


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("", b""),
        ("INBOX", b"INBOX"),
        ("a b", b"a b"),
        ("&", b"&-"),
        ("a&-b", b"a&--b"),
        ("R&D/é", b"R&-D/&AOk-"),
        ("é&é", b"&AOk-&-&AOk-"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("😀", b"&2D3eAA-"),
        ("a\tb", b"a&AAk-b"),
        ("éé×", b"&AOkA6QDX-"),
    ],
)
def test_a_name_has_one_spelling_in_modified_utf7(name: str, octets: bytes) -> None:
    assert encode(name) == octets
    assert decode(octets, utf8=False) == name


def test_in_utf8_an_ampersand_is_an_ampersand() -> None:
    assert decode("é&AOk-".encode(), utf8=True) == "é&AOk-"


def test_a_client_that_writes_utf8_without_enabling_it_is_understood() -> None:
    assert decode("é&".encode(), utf8=False) == "é&"


@pytest.mark.parametrize(
    ("name", "in_ascii", "in_utf8"),
    [
        ("INBOX", b'"INBOX"', b'"INBOX"'),
        ("", b'""', b'""'),
        ('a "b" \\', b'"a \\"b\\" \\\\"', b'"a \\"b\\" \\\\"'),
        ("R&D/été", b'"R&-D/&AOk-t&AOk-"', '"R&D/été"'.encode()),
    ],
)
def test_a_folder_is_named_in_quotes_as_the_client_reads_names(name: str, in_ascii: bytes, in_utf8: bytes) -> None:
    assert folder_name(name, utf8=False) == in_ascii
    assert folder_name(name, utf8=True) == in_utf8


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"899700000001@x.fr", b"899700000001@x.fr"),
        (b"a]", b'"a]"'),
        (b"a b", b'"a b"'),
        (b'a"b', b'"a\\"b"'),
        (b"", b'""'),
        (b"NIL", b'"NIL"'),
        (b"nil", b'"nil"'),
        (b"NILS", b"NILS"),
        ("é".encode(), b"{2}\r\n\xc3\xa9"),
    ],
)
def test_a_word_is_an_atom_where_it_can_be_one(octets: bytes, shown: bytes) -> None:
    assert astring(octets) == shown


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=30))
def test_every_name_comes_back(name: str) -> None:
    assert decode(encode(name), utf8=False) == name
    assert decode(name.encode(), utf8=True) == name


@given(st.one_of(st.binary(max_size=12), st.lists(st.sampled_from([b"&", b"-", b"AOk", b"a", b",", b"2D3e"])).map(b"".join)))
def test_every_spelling_that_is_taken_is_the_one_that_is_given(octets: bytes) -> None:
    try:
        name = decode(octets, utf8=False)
    except BadName:
        return
    if octets.isascii() and b"&" in octets:
        assert encode(name) == octets


@pytest.mark.parametrize(
    ("text", "found", "left"),
    [
        ("*", ["INBOX", "a", "a/b", "a\nb", ""], []),
        ("%", ["INBOX", "a", ""], ["a/b", "/"]),
        ("", [""], ["a"]),
        ("a", ["a"], ["A", "b", "a/b", "ab"]),
        ("a/%", ["a/b", "a/"], ["a", "a/b/c"]),
        ("a/*", ["a/b", "a/b/c"], ["a"]),
        ("%/%", ["a/b"], ["a", "a/b/c"]),
        ("%%", ["ab"], ["a/b"]),
        ("%a%b%", ["ab", "xaybz"], ["ba", "a/b"]),
        ("%*%", ["a/b/c"], []),
        ("a%b*", ["ab", "axb/c"], ["a", "ax", "a/b"]),
        ("*a*", ["a", "b/a/b"], ["b"]),
        ("*a*b*", ["ab", "x/a/y/b/z"], ["a", "b", "ba"]),
        ("*a%b*", ["ab", "x/axb/z"], ["a", "a/b"]),
        ("*a%b%c", ["abc", "x/a.b.c"], ["ac", "a/bc", "ab/c"]),
        ("*b", ["b", "a/b", "ab"], ["ba"]),
        ("*a%b", ["ab", "a/ab", "a/axb"], ["a/b", "a/a/b"]),
        ("a.c", ["a.c"], ["abc"]),
        ("a[b]\\$", ["a[b]\\$"], ["ab"]),
        ("inbox", ["INBOX"], ["inbox", "INBOX/a", "INBOXES"]),
        ("InBoX", ["INBOX"], []),
        ("inbox/%", ["INBOX/a"], ["inbox/a", "INBOX"]),
        ("inbox*", ["INBOX", "INBOX/a", "inboxes"], ["INBOXES"]),
        ("inb%", ["INBOX", "inbound"], ["INBOX/a", "INBOUND", "INBOXES"]),
        ("i*", ["INBOX", "INBOX/a", "i"], ["I", "INBOXES"]),
        ("inboxes", ["inboxes"], ["INBOXes", "INBOX", "INBOXES"]),
        ("Shared/*/INBOX", ["Shared/a@x.fr/INBOX"], ["Shared/INBOX"]),
        ("é%", ["été"], ["É"]),
        ("a" * 1_200, ["a" * 1_200], ["a"]),
        ("a" * 1_201, [], ["a" * 1_201]),
        ("%" * 2_000, ["a"], ["a/b"]),
        ("%*" * 1_000, ["a/b"], []),
    ],
)
def test_a_pattern_finds_names(text: str, found: list[str], left: list[str]) -> None:
    expression = pattern(text)
    assert [name for name in found if not expression.fullmatch(name)] == []
    assert [name for name in left if expression.fullmatch(name)] == []


_PATTERNS = st.text("ab/*%", max_size=10)
_NAMES = st.text("ab/", max_size=12)


@given(_PATTERNS, _NAMES)
def test_a_pattern_finds_what_the_plain_expression_finds(text: str, name: str) -> None:
    plain = re.sub(r"[*%]", lambda found: ".*" if found[0] == "*" else "[^/]*", text)
    assert bool(pattern(text).fullmatch(name)) is bool(re.fullmatch(plain, name))
