"""What follows a verb: the arguments of every command, refused or read into values."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.imap.grammar import commands, items, listings, search_keys
from mss_sim.imap.grammar.commands import (
    Append,
    AppendMessage,
    Authenticate,
    Copy,
    Create,
    Login,
    Rename,
    Resync,
    Rights,
    Select,
    StoreArguments,
)
from mss_sim.imap.grammar.items import FetchArguments, FetchItem, Section
from mss_sim.imap.grammar.listings import List, Status
from mss_sim.imap.grammar.wire import Arguments, Bad, Command, Literal, Reader, SequenceSet
from mss_sim.vocabulary.journal import Change

WHOLE = Section()
X = AppendMessage((), None, Literal(b"x", binary=False))
ALL_OF_THEM, ONE = SequenceSet(((1, 0),)), SequenceSet(((1, 1),))
Read = Callable[[Arguments], Any]


def read(reader: Read, text: bytes, *, utf8: bool = False) -> Any:
    """What a reader makes of a text that stands behind a verb; literals are written as they are sent."""
    stream = Reader(line_max=1 << 20, literal_max=1 << 20)
    stream.feed(b"a1 X" + text + b"\r\n")
    event = stream.next()
    assert isinstance(event, Command)
    return reader(Arguments(event.pieces, utf8=utf8))


def _shortly(value: object) -> str:
    return repr(value)[:50] if isinstance(value, str | bytes) else ""


READERS: dict[str, Read] = {
    "nothing": commands.nothing,
    "login": commands.login,
    "authenticate": commands.authenticate,
    "id": commands.identify,
    "enable": commands.enable,
    "mailbox": commands.mailbox,
    "select": commands.select,
    "create": commands.create,
    "rename": commands.rename,
    "append": commands.append,
    "store": commands.store,
    "copy": commands.copy,
    "uid set": commands.uid_set,
    "setacl": commands.setacl,
    "who": commands.who,
    "list": listings.list_,
    "lsub": listings.lsub,
    "status": listings.status,
    "fetch": items.fetch,
    "search": search_keys.search,
    "sort": search_keys.sort,
    "thread": search_keys.thread,
}

_INVALID: dict[str, tuple[bytes, ...]] = {
    "nothing": (b" ", b" x", b" {1+}\r\nx", b"("),
    "login": (b"", b" a", b" a ", b"  a b", b" a b ", b" a b c", b' "a b', b' "a" "b\\c"', b" (a) b", b' a "\xe9"', b" a {1+}\r\n\xff"),
    "authenticate": (b"", b" ", b" PLAIN ", b" PLAIN a b", b' "PLAIN"'),
    "id": (b"", b" ()x", b" (a b)", b' ("a")', b' ("a" )', b' ("a" b)', b' ("a" "b"', b" NILX"),
    "enable": (b"", b" ", b" CONDSTORE ", b" (CONDSTORE)"),
    "mailbox": (
        b"",
        b" ",
        b" a b",
        b' "a',
        b" a*",
        b" a%",
        b" a(",
        b" &",
        b" &x-",
        b' "a\x00"',
        b" \xe9",
        b" {1+}\r\n\xff",
        b" {1+}\r\n\x00",
    ),
    "select": (b"", b" a ()", b" a (X)", b" a (CONDSTORE", b" a (QRESYNC)", b" a (QRESYNC (1))", b" a (QRESYNC (1 2)", b" a CONDSTORE"),
    "create": (b"", b" a ()", b" a (USE)", b" a (USE (\\Sent)", b" a (USE \\Sent)", b" a (X (\\Sent))"),
    "rename": (b"", b" a", b" a ", b" a b c"),
    "append": (
        b"",
        b" a",
        b' a "x"',
        b" a (\\Seen) {1+}\r\nx y",
        b" a (\\Seen \\*) {1+}\r\nx",
        b" a \\Seen {1+}\r\nx",
        b" a ( \\Seen) {1+}\r\nx",
        b' a "5-Jan-2026" (\\Seen) {1+}\r\nx',
        b" a {1+}\r\nx ",
        b" a {1+}\r\nx{1+}\r\ny",
        b" a {1+}\r\nx (\\Seen)",
        b" a {1+}\r\nx b {1+}\r\ny",
        b" a CATENATE (TEXT {1+}\r\nx)",
        b" a UTF8 (~{1+}\r\nx",
        b" a UTF8 ~{1+}\r\nx",
    ),
    "store": (
        b"",
        b" 1",
        b" 1 FLAGS",
        b" 1 FLAGS ",
        b" 1 *FLAGS (\\Seen)",
        b" 1 +FLAGS.LOUD (\\Seen)",
        b" 1 FLAGSX (\\Seen)",
        b" 1 FLAGS (\\Seen",
        b" 1 FLAGS (\\Seen  \\Deleted)",
        b" 1 FLAGS (\\*)",
        b" 1 FLAGS (a]b)",
        b" 1 FLAGS (\xe9)",
        b" 1 (UNCHANGEDSINCE) FLAGS ()",
        b" 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS ()",
        b" 1 (X 1) FLAGS ()",
        b" 0 FLAGS ()",
        b" x FLAGS ()",
    ),
    "copy": (b"", b" 1", b" a 1", b" 1 a b", b" 1:* "),
    "uid set": (b"", b" ", b" x", b" 1 2", b" 4294967296"),
    "setacl": (b"", b" a", b" a b", b" a b c d"),
    "who": (b"", b" a", b" a b c"),
    "list": (
        b"",
        b' ""',
        b' "" ',
        b' "" a b',
        b' "" (a',
        b' "" (',
        b' "" ()',
        b' "" (a )',
        b' (X) "" *',
        b' (RECURSIVEMATCH) "" *',
        b' (RECURSIVEMATCH REMOTE) "" *',
        b' "" (' + b" ".join([b"a"] * 21) + b")",
        b' "" * RETURN',
        b' "" * RETURN (X)',
        b' "" * RETURN (STATUS)',
        b' "" * RETURN (STATUS ())',
        b' "" * (SUBSCRIBED)',
        b" % *",
    ),
    "lsub": (b"", b' ""', b' "" (*)', b' "" * x', b' () "" *'),
    "status": (b"", b" a", b" a ()", b" a MESSAGES", b" a (X)", b" a (MESSAGES", b" a (MESSAGES  UNSEEN)", b" a (MESSAGES) x"),
    "fetch": (
        b"",
        b" 1",
        b" 1 ",
        b" 1 ()",
        b" 1 (ALL)",
        b" 1 (FLAGS FAST)",
        b" 1 ALLX",
        b" 1 FULL x",
        b" 1 X",
        b" 1 FLAGS UID",
        b" 1 (FLAGS",
        b" 1 (FLAGS )",
        b" 1 BODY.PEEK",
        b" 1 BODY[",
        b" 1 BODY[1.]",
        b" 1 BODY[0]",
        b" 1 BODY[1.0]",
        b" 1 BODY[01]",
        b" 1 BODY[MIME]",
        b" 1 BODY[X]",
        b" 1 BODY[1.X]",
        b" 1 BODY[TEXT.1]",
        b" 1 BODY[1 TEXT]",
        b" 1 BODY[HEADER.FIELDS]",
        b" 1 BODY[HEADER.FIELDS ()]",
        b" 1 BODY[HEADER.FIELDS(To)]",
        b" 1 BODY[HEADER.FIELDS (To:)]",
        b" 1 BODY[HEADER.FIELDS (" + b" ".join([b"To"] * 201) + b")]",
        b' 1 BODY[HEADER.FIELDS ("")]',
        b" 1 BODY[" + b".".join([b"1"] * 101) + b"]",
        b" 1 BODY[]<0>",
        b" 1 BODY[]<0.0>",
        b" 1 BODY[]<-1.5>",
        b" 1 BODY[]<1.5",
        b" 1 RFC822.HEADER<0.5>",
        b" 1 RFC822.X",
        b" 1 RFC822.PEEK",
        b" 1 BINARY[TEXT]",
        b" 1 BINARY[1.MIME]",
        b" 1 BINARY.SIZE[1]<0.5>",
        b" 1 FLAGS (CHANGEDSINCE)",
        b" 1 FLAGS (VANISHED)",
        b" 1 FLAGS (CHANGEDSINCE 1 X)",
        b" 1 FLAGS (CHANGEDSINCE 1",
        b" $1 FLAGS",
        b" 1 (" + b" ".join([b"FLAGS"] * 201) + b")",
    ),
    "search": (
        b"",
        b" ",
        b" X",
        b" NOT",
        b" NOT ",
        b" OR SEEN",
        b" ()",
        b" (SEEN",
        b" (SEEN FLAGGED))",
        b" SEEN ",
        b" SEEN  FLAGGED",
        b" UNX",
        b" UNALL",
        b" SUBJECT",
        b" SUBJECT ",
        b' SUBJECT "a',
        b" HEADER X-A",
        b" LARGER",
        b" LARGER -1",
        b" LARGER x",
        b" ON 5-Jan-26",
        b" ON 2026-01-05",
        b" ON 5-Jun",
        b" ON 32-Jan-2026",
        b" ON 0-Jan-2026",
        b" ON 29-Feb-2026",
        b" ON 5-Jux-2026",
        b" ON 5-Jan-0000",
        b' ON " 5-Jan-2026"',
        b" ON {12+}\r\n\xd9\xa3-Jan-2026 ",
        b" UID",
        b" UID SEEN",
        b" 0",
        b" MODSEQ",
        b' MODSEQ "/flags/x" 1',
        b" OLDER 5",
        b" CHARSET UTF-8",
        b" RETURN (X) ALL",
        b" RETURN (ALL ALL",
        b" RETURN (ALL)",
        b" " + b"(" * 60 + b"SEEN" + b")" * 60,
        b" " + b"NOT " * 5_000 + b"SEEN",
        b" " + b"OR SEEN " * 5_000 + b"SEEN",
        b" " + b"(" * 100_000,
        b" " + b" ".join([b"SEEN"] * 501),
    ),
    "sort": (
        b"",
        b" ()",
        b" () UTF-8 ALL",
        b" (X) UTF-8 ALL",
        b" (REVERSE) UTF-8 ALL",
        b" (DATE) UTF-8",
        b" (DATE) UTF-8 ",
        b" DATE UTF-8 ALL",
    ),
    "thread": (b"", b" REFERENCES", b" REFERENCES UTF-8", b" REFERENCES UTF-8 ", b" REFERENCES UTF-8 X"),
}


@pytest.mark.parametrize(("verb", "text"), [(verb, text) for verb, texts in _INVALID.items() for text in texts], ids=_shortly)
def test_what_does_not_follow_the_grammar_is_bad(verb: str, text: bytes) -> None:
    with pytest.raises(Bad) as refused:
        read(READERS[verb], text)
    assert len(str(refused.value).split()) > 2, "a refusal says what is expected"


@pytest.mark.parametrize(
    ("verb", "text", "words"),
    [
        ("id", b' ("a" b)', "NIL is expected before 'b)'"),
        ("id", b' (a "b")', "a string is expected before 'a \"b\")'"),
        ("rename", b" a", "a space is expected at the end"),
        ("append", b" a b", "a literal is expected before 'b'"),
        ("copy", b" 1 (", "an atom or a string is expected before '('"),
        ("list", b' "" (', "a pattern is expected at the end"),
        ("search", b" LARGER x", "a number is expected before 'x'"),
        ("search", b" OLDER 5", "OLDER is not offered: WITHIN is not announced"),
        ("search", b" YOUNGER 5", "YOUNGER is not offered: WITHIN is not announced"),
        ("uid set", b" x", "a set of numbers is expected before 'x'"),
        ("mailbox", b" a bcdefghijklmnopqrstuvwxyz", "nothing more is expected before ' bcdefghijklmnopqrst'"),
        ("search", b" (", "an atom is expected at the end"),
        ("store", b" 1 FLAGS (()", "a flag is expected before '()'"),
        ("search", b" ON 5-January-2026-and-no-more", "'5-January-2026-and-n' is not a date such as 5-Jan-2026"),
        ("search", b" ON 30-Feb-2026", "'30-Feb-2026' is not a date such as 5-Jan-2026"),
        ("fetch", b" 1 (" + b"UID " * 200 + b"UID)", "a FETCH asks for at most 200 items; send several (quirks#imap-items)"),
        ("fetch", b" 1 BODY[" + b"1." * 100 + b"1]", "a section has at most 100 numbers"),
        (
            "fetch",
            b" 1 BODY[HEADER.FIELDS (" + b"X " * 200 + b"X)]",
            "a section names at most 200 header fields; ask for HEADER (quirks#imap-items)",
        ),
        ("list", b' "" (' + b"a " * 20 + b"a)", "a LIST holds at most 20 patterns; send several (quirks#imap-items)"),
        ("search", b" " + b"SEEN " * 500 + b"SEEN", "a search holds at most 500 keys, 50 levels deep"),
        ("search", b" " + b"NOT " * 51 + b"SEEN", "a search holds at most 500 keys, 50 levels deep"),
        ("search", b" " + b"(" * 51 + b"SEEN" + b")" * 51, "a search holds at most 500 keys, 50 levels deep"),
        ("search", b" " + b"OR SEEN " * 51 + b"SEEN", "a search holds at most 500 keys, 50 levels deep"),
        ("search", b" " + b"(SEEN " * 51 + b"SEEN" + b")" * 51, "a search holds at most 500 keys, 50 levels deep"),
    ],
)
def test_what_is_bad_is_told_with_what_is_expected_and_where(verb: str, text: bytes, words: str) -> None:
    with pytest.raises(Bad) as refused:
        read(READERS[verb], text)
    assert str(refused.value) == words


@pytest.mark.parametrize(
    ("verb", "text", "words", "known"),
    [
        ("search", b" X", "X is not a search key of this server", {"ALL", "UNSEEN", "SUBJECT", "NOT", "HEADER", "UID", "EMAILID"}),
        ("search", b" SEEN X 5", "X is not a search key of this server", {"NEW", "OR", "MODSEQ"}),
        ("search", b" (NOT (X))", "X is not a search key of this server", {"KEYWORD", "UNKEYWORD"}),
        ("search", b" RETURN (MIN X) ALL", "RETURN does not take X", {"MIN", "SAVE"}),
        ("sort", b" (DATE X) UTF-8 ALL", "SORT does not order by X", {"ARRIVAL", "DATE"}),
        ("fetch", b" 1 X-GM-LABELS", "unsupported FETCH item X-GM-LABELS", {"FLAGS", "BODY[]", "BODY.PEEK[]", "RFC822", "BINARY.SIZE[]"}),
        ("fetch", b" 1 (FLAGS X)", "unsupported FETCH item X", {"UID", "ENVELOPE", "RFC822.SIZE"}),
        ("fetch", b" 1 (ALLX)", "unsupported FETCH item ALLX", {"UID"}),
        ("fetch", b" 1 RFC822.PEEK", "unsupported FETCH item RFC822.PEEK", {"RFC822.HEADER"}),
        ("fetch", b" 1 BODY.PEEK", "unsupported FETCH item BODY.PEEK", {"BODY.PEEK[]"}),
        ("fetch", b" 1 PREVIEW[1]", "unsupported FETCH item PREVIEW", {"BODY[]"}),
        ("fetch", b" 1 FLAGS (X 1)", "unsupported FETCH modifier X", {"CHANGEDSINCE", "VANISHED"}),
        ("store", b" 1 +X-GM-LABELS (a)", "unsupported STORE item +X-GM-LABELS", {"FLAGS", "+FLAGS", "-FLAGS"}),
        ("store", b" 1 FLAGS.LOUD (a)", "unsupported STORE item FLAGS.LOUD", {"FLAGS"}),
        ("store", b" 1 FLAGS. (a)", "unsupported STORE item FLAGS.", {"FLAGS"}),
        ("store", b" 1 (X 1) FLAGS (a)", "unsupported STORE modifier X", {"UNCHANGEDSINCE"}),
        ("status", b" a (X)", "unsupported STATUS item X", {"MESSAGES", "MAILBOXID"}),
        ("list", b' (X) "" *', "unsupported LIST option X", {"SUBSCRIBED", "RECURSIVEMATCH"}),
        ("list", b' "" * RETURN (X)', "unsupported LIST option X", {"CHILDREN", "STATUS"}),
        ("select", b" a (X)", "unsupported SELECT parameter X", {"CONDSTORE", "QRESYNC"}),
    ],
)
def test_a_word_that_is_not_known_is_named_with_those_that_are(verb: str, text: bytes, words: str, known: set[str]) -> None:
    with pytest.raises(Bad) as refused:
        read(READERS[verb], text)
    told, _, listed = str(refused.value).partition(";")
    assert told == words
    assert known <= set(listed.partition(": ")[2].split(", "))


def test_the_search_keys_that_are_told_as_known_are_read() -> None:
    arguments = {"UID": "1", "HEADER": "a b", "MODSEQ": "1", "NOT": "SEEN", "OR": "SEEN SEEN", "LARGER": "1", "SMALLER": "1"}
    for word in search_keys.KNOWN:
        dated = word in ("BEFORE", "ON", "SINCE") or word.startswith("SENT")
        bare = word in ("ALL", "NEW", "OLD", "RECENT") or word.removeprefix("UN") in ("SEEN", "ANSWERED", "DELETED", "DRAFT", "FLAGGED")
        rest = "" if bare else " " + ("5-Jan-2026" if dated else arguments.get(word, "a"))
        assert read(READERS["search"], f" {word}{rest}".encode())


_VALID: list[tuple[str, bytes, Any]] = [
    ("nothing", b"", None),
    ("login", b" camille secret", Login("camille", "secret")),
    ("login", b' "cam ille" "se\\"c\\\\ret"', Login("cam ille", 'se"c\\ret')),
    ("login", b" {7+}\r\ncamille {3+}\r\n\xc3\xa9!", Login("camille", "é!")),
    ("login", b" bal@x.fr*camille secret]", Login("bal@x.fr*camille", "secret]")),
    ("login", b' "" ""', Login("", "")),
    ("authenticate", b" plain", Authenticate("PLAIN", None)),
    ("authenticate", b" PLAIN =", Authenticate("PLAIN", "=")),
    ("authenticate", b" PLAIN AGE+/Yg==", Authenticate("PLAIN", "AGE+/Yg==")),
    ("id", b" NIL", {}),
    ("id", b" ()", {}),
    ("id", b' ("name" "x" "version" NIL)', {"name": "x", "version": ""}),
    ("id", b' ("name" {1+}\r\n\xe9 {1+}\r\n\xe9 "y")', {"name": "\ufffd", "\ufffd": "y"}),
    ("id", b' ("%b" "%b")' % (b"n" * 30, b"v" * 1_024), {"n" * 30: "v" * 1_024}),
    ("id", b' ("%b" "%b")' % (b"n" * 31, b"v" * 1_025), {"n" * 30: "v" * 1_024}),
    ("enable", b" condstore QRESYNC", ("CONDSTORE", "QRESYNC")),
    ("mailbox", b" a]b", "a]b"),
    ("mailbox", b' ""', ""),
    ("mailbox", b" Re&AOc-us", "Reçus"),
    ("mailbox", b' "a \\"b\\" &-"', 'a "b" &'),
    ("mailbox", b" {3+}\r\na b", "a b"),
    ("mailbox", b" {2+}\r\n\xc3\xa9", "é"),
    ("select", b" INBOX", Select("INBOX")),
    ("select", b" a (condstore)", Select("a", condstore=True)),
    ("select", b" a (QRESYNC (7 9))", Select("a", resync=Resync(7, 9, None))),
    ("select", b" a (QRESYNC (7 9 1:3 (1,2 5,6)))", Select("a", resync=Resync(7, 9, SequenceSet(((1, 3),))))),
    ("select", b" a (QRESYNC (7 9 (1,2 5,6)) CONDSTORE)", Select("a", condstore=True, resync=Resync(7, 9, None))),
    ("create", b" a/b/", Create("a/b/")),
    ("create", b" a (use (\\Sent \\Archive))", Create("a", ("\\Sent", "\\Archive"))),
    ("rename", b" a {1+}\r\nb", Rename("a", "b")),
    ("append", b" a {1+}\r\nx", Append("a", (X,))),
    ("append", b" {1+}\r\na {1+}\r\nx", Append("a", (X,))),
    ("append", b" a () {0+}\r\n", Append("a", (X._replace(message=Literal(b"", binary=False)),))),
    (
        "append",
        b' a (\\sEEN $MDNSent) " 5-Jan-2026 09:00:00 +0100" {1+}\r\nx',
        Append("a", (X._replace(flags=("\\sEEN", "$MDNSent"), date=b" 5-Jan-2026 09:00:00 +0100"),)),
    ),
    ("append", b" a ~{2+}\r\n\x00x", Append("a", (X._replace(message=Literal(b"\x00x", binary=True)),))),
    ("append", b" a UTF8 (~{1+}\r\nx)", Append("a", (X._replace(message=Literal(b"x", binary=True)),))),
    ("append", b" a {1+}\r\nx {1+}\r\nx", Append("a", (X, X))),
    (
        "append",
        b' a (\\Seen) {1+}\r\nx "d" UTF8 (~{1+}\r\nx) () {0+}\r\n',
        Append(
            "a",
            (
                X._replace(flags=("\\Seen",)),
                AppendMessage((), b"d", Literal(b"x", binary=True)),
                X._replace(message=Literal(b"", binary=False)),
            ),
        ),
    ),
    ("store", b" 1 FLAGS ()", StoreArguments(ONE, Change.REPLACE, (), silent=False, unchanged_since=None)),
    ("store", b" 1 +flags.silent (\\Seen a)", StoreArguments(ONE, Change.ADD, ("\\Seen", "a"), silent=True, unchanged_since=None)),
    (
        "store",
        b" 1 -FLAGS \\Seen \\Deleted",
        StoreArguments(ONE, Change.REMOVE, ("\\Seen", "\\Deleted"), silent=False, unchanged_since=None),
    ),
    ("store", b" 1 (UNCHANGEDSINCE 0) FLAGS a", StoreArguments(ONE, Change.REPLACE, ("a",), silent=False, unchanged_since=0)),
    ("store", b" $ FLAGS a", StoreArguments(SequenceSet(saved=True), Change.REPLACE, ("a",), silent=False, unchanged_since=None)),
    ("copy", b" 1:* a", Copy(ALL_OF_THEM, "a")),
    ("uid set", b" 1,3:*", SequenceSet(((1, 1), (3, 0)))),
    ("setacl", b" a b lr", Rights("a", "b", Change.REPLACE, "lr")),
    ("setacl", b" a b +lr", Rights("a", "b", Change.ADD, "lr")),
    ("setacl", b' a b "-lr"', Rights("a", "b", Change.REMOVE, "lr")),
    ("setacl", b' a b ""', Rights("a", "b", Change.REPLACE, "")),
    ("who", b" a -b", Rights("a", "-b")),
    ("list", b' "" *', List("", ("*",))),
    ("list", b' "" ""', List("", ("",))),
    ("list", b" a/ %]x", List("a/", ("%]x",))),
    ("list", b' "" {2+}\r\na%', List("", ("a%",))),
    ("list", b' "" (' + b" ".join([b"a"] * 20) + b")", List("", ("a",) * 20, extended=True)),
    (
        "list",
        b' (SPECIAL-USE RECURSIVEMATCH) "" *',
        List("", ("*",), frozenset({"SPECIAL-USE", "RECURSIVEMATCH"}), extended=True),
    ),
    ("list", b' "" (INBOX "a b")', List("", ("INBOX", "a b"), extended=True)),
    ("list", b' () "" *', List("", ("*",), extended=True)),
    (
        "list",
        b' (subscribed RECURSIVEMATCH) "" * return (children STATUS (MESSAGES unseen) SPECIAL-USE)',
        List(
            "",
            ("*",),
            frozenset({"SUBSCRIBED", "RECURSIVEMATCH"}),
            frozenset({"CHILDREN", "STATUS", "SPECIAL-USE"}),
            ("MESSAGES", "UNSEEN"),
            extended=True,
        ),
    ),
    ("list", b' "" * RETURN ()', List("", ("*",), extended=True)),
    ("lsub", b' "" %', List("", ("%",), frozenset({"SUBSCRIBED"}))),
    ("status", b" a (messages UIDNEXT messages)", Status("a", ("MESSAGES", "UIDNEXT"))),
]


@pytest.mark.parametrize(("verb", "text", "value"), _VALID, ids=_shortly)
def test_arguments_are_read(verb: str, text: bytes, value: Any) -> None:
    assert read(READERS[verb], text) == value


def simple(*names: str) -> tuple[FetchItem, ...]:
    return tuple(FetchItem(name, name.encode()) for name in names)


def body(label: bytes, section: Section = WHOLE, *, peek: bool = False, partial: tuple[int, int] | None = None) -> tuple[FetchItem, ...]:
    return (FetchItem("BODY[]", label, section, peek, partial),)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"flags", simple("FLAGS")),
        (b"(UID Flags MODSEQ UID)", simple("UID", "FLAGS", "MODSEQ")),
        (b"fast", simple("FLAGS", "INTERNALDATE", "RFC822.SIZE")),
        (b"ALL", simple("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")),
        (b"FULL", simple("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY")),
        (b"(BODY BODYSTRUCTURE)", simple("BODY", "BODYSTRUCTURE")),
        (b"(" + b" ".join([b"FLAGS"] * 200) + b")", simple("FLAGS")),
        (b"(EMAILID THREADID)", simple("EMAILID", "THREADID")),
        (b"RFC822.SIZE", simple("RFC822.SIZE")),
        (b"RFC822", body(b"RFC822")),
        (b"RFC822.TEXT", body(b"RFC822.TEXT", Section(text="TEXT"))),
        (b"rfc822.header", body(b"RFC822.HEADER", Section(text="HEADER"), peek=True)),
        (b"BODY[]", body(b"BODY[]")),
        (b"body.peek[]", body(b"BODY[]", peek=True)),
        (b"BODY[]<0.10>", body(b"BODY[]<0>", partial=(0, 10))),
        (b"BODY[]<00.9223372036854775807>", body(b"BODY[]<0>", partial=(0, (1 << 63) - 1))),
        (b"BODY[text]<5.4294967295>", body(b"BODY[TEXT]<5>", Section(text="TEXT"), partial=(5, 4294967295))),
        (b"BODY[1]", body(b"BODY[1]", Section((1,)))),
        (b"BODY[" + b".".join([b"1"] * 100) + b"]", body(b"BODY[" + b".".join([b"1"] * 100) + b"]", Section((1,) * 100))),
        (b"BODY[1.23.4.MIME]", body(b"BODY[1.23.4.MIME]", Section((1, 23, 4), "MIME"))),
        (b"BODY[2.HEADER]", body(b"BODY[2.HEADER]", Section((2,), "HEADER"))),
        (b"BODY[2.TEXT]", body(b"BODY[2.TEXT]", Section((2,), "TEXT"))),
        (
            b'BODY[HEADER.FIELDS (To "x\\"y" {4+}\r\nDate)]',
            body(b'BODY[HEADER.FIELDS (To "x\\"y" Date)]', Section((), "HEADER.FIELDS", (b"To", b'x"y', b"Date"))),
        ),
        (
            b"BODY[HEADER.FIELDS (" + b" ".join([b"To"] * 200) + b")]",
            body(b"BODY[HEADER.FIELDS (" + b" ".join([b"To"] * 200) + b")]", Section((), "HEADER.FIELDS", (b"To",) * 200)),
        ),
        (
            b"BODY.PEEK[1.header.fields.not (to)]<1.2>",
            body(b"BODY[1.HEADER.FIELDS.NOT (to)]<1>", Section((1,), "HEADER.FIELDS.NOT", (b"to",)), peek=True, partial=(1, 2)),
        ),
        (b"BINARY[1]", (FetchItem("BINARY[]", b"BINARY[1]", Section((1,)), peek=False),)),
        (b"BINARY.PEEK[]<0.5>", (FetchItem("BINARY[]", b"BINARY[]<0>", Section(), peek=True, partial=(0, 5)),)),
        (b"BINARY.SIZE[1.2]", (FetchItem("BINARY.SIZE[]", b"BINARY.SIZE[1.2]", Section((1, 2))),)),
    ],
)
def test_items_of_fetch_are_read(text: bytes, wanted: tuple[FetchItem, ...]) -> None:
    assert read(items.fetch, b" 1:* " + text) == FetchArguments(ALL_OF_THEM, wanted)


def test_the_modifiers_of_fetch_are_read() -> None:
    assert read(items.fetch, b" 1:* FLAGS (ChangedSince 9 VANISHED)") == FetchArguments(ALL_OF_THEM, simple("FLAGS"), 9, vanished=True)
    assert read(items.fetch, b" $ FAST (CHANGEDSINCE 9)").changed_since == 9


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (b"FULL", True),
        (b"ALL", False),
        (b"BODYSTRUCTURE", False),
        (b"RFC822.SIZE", False),
        (b"RFC822.HEADER", True),
        (b"BINARY.SIZE[1]", True),
    ],
)
def test_only_some_items_need_the_message_itself(text: bytes, needed: bool) -> None:
    assert any(item.needs_bytes for item in read(items.fetch, b" 1 " + text).items) is needed


def test_in_utf8_names_and_quoted_strings_are_as_they_are_written() -> None:
    assert read(commands.mailbox, ' "Reçus &-"'.encode(), utf8=True) == "Reçus &-"
    assert [read(commands.mailbox, b" &AOk-", utf8=utf8) for utf8 in (True, False)] == ["&AOk-", "é"]
    with pytest.raises(Bad):
        read(commands.mailbox, b' "\xff"', utf8=True)


_JUNK = st.lists(
    st.one_of(
        st.sampled_from(
            [b" ", b"(", b")", b'"', b"\\Seen", b"1:*", b"$", b"BODY[", b"]", b"<0.1>", b"HEADER.FIELDS", b"NOT ", b"OR ", b"RETURN "]
        ),
        st.sampled_from(
            [b"FLAGS", b"UTF-8", b"CHARSET ", b"SUBJECT ", b"5-Jan-2026", b"NIL", b"STATUS", b"USE", b"{2+}\r\n\xff\x00", b"&AOk-"]
        ),
        st.binary(max_size=6).map(lambda octets: octets.replace(b"\n", b"").replace(b"{", b"")),
    ),
    max_size=12,
).map(b"".join)


@given(st.sampled_from(sorted(READERS)), _JUNK, st.booleans())
def test_no_argument_does_more_than_be_bad(verb: str, text: bytes, utf8: bool) -> None:
    try:
        read(READERS[verb], b" " + text, utf8=utf8)
    except (Bad, search_keys.BadCharset):
        return
