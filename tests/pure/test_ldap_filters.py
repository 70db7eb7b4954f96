"""What a filter says of an entry, and when two names are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.ldap import names, schema
from mss_sim.ldap.filters import All, Any, Equal, Filter, Like, Not, Present, Untold
from mss_sim.ldap.names import NoName, read

ENTRY = {
    "objectClass": [b"top", b"pkiCA"],
    "cn": ["Été  d’Aix".encode(), b"other"],
    "certificateRevocationList": [b""],
    "subschemaSubentry": [b"cn=Subschema"],
    "supportedLDAPVersion": [b"3"],
}
TRUE, FALSE, UNTOLD = Present("cn"), Present("ou"), Present("nobody-knows")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Present("cn"), True),
        (Present("CN"), True),
        (Present("commonName"), True),
        (Present("2.5.4.3"), True),
        (Present("ou"), False),
        (Present("nobody-knows"), None),
        (Present("certificateRevocationList;binary"), True),
        (Present("certificaterevocationlist"), True),
        (Present("cn;binary"), None),
        (Present("certificateRevocationList;lang-fr"), None),
        (Equal("objectClass", b"PKICA"), True),
        (Equal("objectClass", b"person"), False),
        (Equal("cn", " été d’AIX ".encode()), True),
        (Equal("cn", b"ete d'aix"), False),
        (Equal("cn", b"\xff"), None),
        (Equal("ou", b"x"), False),
        (Equal("nobody-knows", b"x"), None),
        (Equal("certificateRevocationList;binary", b""), None),
        (Equal("subschemaSubentry", b"CN = subschema"), True),
        (Equal("subschemaSubentry", b"nonsense"), None),
        (Equal("supportedLDAPVersion", b"3"), True),
        (Like("cn", "é".encode(), (), b"x"), True),
        (Like("cn", b"", ("d’".encode(),), b""), True),
        (Like("cn", b"ot", (b"he",), b"r"), True),
        (Like("cn", b"oth", (b"he",), b"r"), False),
        (Like("cn", b"othe", (), b"her"), False),
        (Like("cn", b"", (b"e", b"t"), b""), False),
        (Like("cn", b"", (b"r",), b"r"), False),
        (Like("ou", b"a", (), b""), False),
        (Like("objectClass", b"pki", (), b""), None),
        (Untold("cn", ">=", b"a"), None),
        (All(()), True),
        (Any(()), False),
        (All((TRUE, UNTOLD)), None),
        (All((FALSE, UNTOLD)), False),
        (Any((TRUE, UNTOLD)), True),
        (Any((FALSE, UNTOLD)), None),
        (Not(TRUE), False),
        (Not(FALSE), True),
        (Not(UNTOLD), None),
    ],
    ids=lambda value: value.text() if not isinstance(value, bool | None) else str(value),
)
def test_a_filter_holds_does_not_hold_or_tells_nothing(wanted: Filter, told: bool | None) -> None:
    assert wanted.holds(ENTRY) is told


NAME = "cn=A b,ou=C,o=D,c=FR"


@pytest.mark.parametrize(
    "same",
    [
        "CN=a B,OU=c,O=d,C=fr",
        " cn = A  b , ou=C,o=D,c=FR",
        "commonName=A b,2.5.4.11=C,OID.2.5.4.10=D,c=FR",
        'cn="A b",ou=C,o=D,c=FR',
        "cn=\\41 b,ou=C,o=D,c=FR",
        "cn=#0C03412062,ou=C;o=D;c=FR",
    ],
)
def test_one_name_is_written_in_several_ways(same: str) -> None:
    assert read(same) == read(NAME)


@pytest.mark.parametrize(
    "other", ["cn=A b,ou=C,o=D", "cn=Ab,ou=C,o=D,c=FR", "ou=C,cn=A b,o=D,c=FR", "cn=A b+ou=C,o=D,c=FR", "uid=A b,ou=C,o=D,c=FR", ""]
)
def test_other_names_are_others(other: str) -> None:
    assert read(other) != read(NAME)


def test_the_attributes_of_one_part_stand_in_any_order() -> None:
    assert read("cn=a+ou=b,o=c") == read("OU=B+CN=A,o=c")


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "cn",
        "cn=a,",
        "=a",
        "cn=a,,o=b",
        "cn=a\\",
        "cn=a\\zz",
        'cn="a',
        "cn=a<b",
        "c n=a",
        "cn=#zz",
        "cn=#0402",
        "cn=#04",
        "\tcn=a",
        "cn=\\ff",
        "é=a",
        "cn=a+",
        "cn=" + "a" * 5_000,
    ],
    ids=lambda text: text[:10],
)
def test_what_is_no_name_is_told_so(text: str) -> None:
    with pytest.raises(NoName):
        read(text)


@pytest.mark.parametrize("value", ["a,b", "a+b", 'a"b', "a;b", "a<b>", "#a", " a ", "a\\", "a=b", "é", "mél"])
def test_what_is_escaped_is_a_value(value: str) -> None:
    escaped = "".join(f"\\{one:02x}" for one in value.encode())
    assert read(f"cn={escaped},o=x") == ((("cn", names.folded(value)),), (("o", "x"),))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a\\,b\\+c\\;d", "a,b+c;d"),
        ("\\#a\\=b\\<c\\>", "#a=b<c>"),
        ("a=b", "a=b"),
        ("xXx", "xxx"),
        ('"a, \\"b\\" + c"', 'a, "b" + c'),
        ("a\\ ", "a"),
        ("a\\\\ ", "a\\"),
        ("a\\\\\\ ", "a\\"),
        ("\\\\\\,\\c3\\a9", "\\,é"),
    ],
)
def test_a_mark_behind_a_backslash_stands_for_itself(written: str, value: str) -> None:
    assert read(f"cn={written},o=x") == ((("cn", value),), (("o", "x"),))


def test_below_is_at_or_under_a_base() -> None:
    assert names.is_below(read(NAME), read("o=D,c=FR"))
    assert names.is_below(read(NAME), read(NAME))
    assert names.is_below(read(NAME), ())
    assert not names.is_below(read("o=D,c=FR"), read(NAME))
    assert not names.is_below(read(NAME), read("ou=C,o=D"))


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_none(text: str) -> None:
    try:
        assert isinstance(read(text), tuple)
    except NoName:
        return


def test_every_description_of_the_schema_names_its_attribute_and_is_in_brackets() -> None:
    for one in schema.ATTRIBUTES.values():
        told = one.described()
        assert f"'{one.name}'" in told
        assert told.startswith(f"( {one.oid} NAME ")
        assert told.count("(") == told.count(")")
    classes = " ".join(schema.CLASSES)
    for word in ("top", "organization", "organizationalUnit", "inetOrgPerson", "cRLDistributionPoint", "pkiCA", "subschema"):
        assert f"NAME '{word}'" in classes
