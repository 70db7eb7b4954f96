"""No reader of what strangers send takes more than linear time: eight times as much to read costs about eight times as long.

Each case is made to meet what once took quadratic time, or could: a search that starts again at every octet, a list that is copied
for each of its members, a library that looks back. Quadratic growth gives 64 where 20 is allowed.
"""

import base64
import contextlib
import io
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from mss_sim.control import import_rows
from mss_sim.core.annuaire.page_addresses import open_sealed
from mss_sim.core.control.seed_fields import check as check_seed
from mss_sim.core.control.seed_formats import parsed as parsed_seed
from mss_sim.errors import Refusal
from mss_sim.evidence import masking
from mss_sim.fhir import patch_paths
from mss_sim.fhir.patches import read_patch
from mss_sim.fhir.query import read_query
from mss_sim.http import spreadsheet, tables
from mss_sim.imap.grammar import commands, items, listings, names, search_keys, sections, threads, wire
from mss_sim.imap.grammar.threads import ThreadedMessage
from mss_sim.ldap import framing
from mss_sim.ldap import messages as ldap
from mss_sim.ldap import names as ldap_names
from mss_sim.mail import addresses, automatic, dsn, headers, mdn, mime, parse, reports, returned, structure, structured, tree
from mss_sim.mail.signed import signed_content
from mss_sim.net import sasl
from mss_sim.scenarios.tree import read_tree
from mss_sim.smtp import commands as smtp
from mss_sim.vocabulary.directory import ResourceType

_FACTOR = 8
_RATIO_MAX = 20
_LEAST_SECONDS = 0.005
_SIZE_MAX = 40_000
_REFUSALS: tuple[type[Exception], ...] = (
    Refusal,
    addresses.AddressError,
    framing.Unreadable,
    search_keys.BadCharset,
    names.BadName,
    parse.MalformedMessage,
    sasl.SaslError,
    smtp.CommandError,
    wire.Bad,
    ValueError,
)

Read = Callable[[Any], object]
Case = tuple[Callable[[int], Any], Read]


def _searched(pairs: Any) -> object:
    return read_query(ResourceType.PRACTITIONER_ROLE, pairs)


def _path(text: str) -> object:
    return patch_paths.read_path(ResourceType.PRACTITIONER, text)


def _patch(octets: bytes) -> object:
    return read_patch(ResourceType.PRACTITIONER, octets, 1_000_000)


_OPERATION = b'{"resourceType":"Parameters","parameter":[{"name":"operation","part":['
_INSERTED = (
    _OPERATION
    + b'{"name":"type","valueCode":"insert"},{"name":"path","valueString":"Practitioner.telecom"},'
    + b'{"name":"value","valueContactPoint":{"system":"email","value":"a@b","extension":['
)


def _seconds(read: Read, what: Any) -> float:
    start = time.thread_time()
    with contextlib.suppress(*_REFUSALS):
        read(what)
    return time.thread_time() - start


def _growth(make: Callable[[int], Any], read: Read) -> float:
    """How many times longer eight times as much takes, from a size on that takes long enough to be measured.

    Processor time, and the shortest of a few tries: what other processes take away is no growth. What is quadratic is found out on the way.
    """
    size = 200
    while (once := min(_seconds(read, make(size)) for _ in range(3))) < _LEAST_SECONDS and size < _SIZE_MAX:
        size *= 2
    once = max(once, _LEAST_SECONDS)
    for factor in (2, 4, _FACTOR):
        what = make(size * factor)
        took = _seconds(read, what)
        for _ in range(4):
            took = took if took < _RATIO_MAX * once else min(took, _seconds(read, what))
        if took > _RATIO_MAX * once:
            break
    return took / once


def _letter(fields: str = "", body: str = "x") -> bytes:
    return f"From: a@b.fr\r\n{fields}\r\n{body}".encode()


def _parse(raw: bytes) -> object:
    return parse.parse(raw, parse.ParseLimits(parts=1_000_000, depth=1_000, search_text_chars=1_000_000))


def _arguments(octets: bytes) -> wire.Arguments:
    return wire.Arguments((octets,), utf8=True)


_LISTS: dict[str, Callable[[int], str]] = {
    "at signs": lambda n: "@" * n,
    "at signs with words": lambda n: "@x " * n,
    "angles opened": lambda n: "<" * n,
    "angles closed": lambda n: ">" * n,
    "comments opened": lambda n: "(" * n,
    "comments closed": lambda n: ")" * n,
    "comments": lambda n: "()" * n,
    "comments in comments": lambda n: "(" * n + ")" * n,
    "a quote opened": lambda n: '"' + "a" * n,
    "backslashes": lambda n: '"' + "\\" * n,
    "quotes": lambda n: '"' * n,
    "quotes escaped": lambda n: '"' + '\\"' * n + '"@b.fr',
    "commas": lambda n: "," * n,
    "groups opened": lambda n: "g:" * n,
    "groups": lambda n: "a:b;" * n,
    "semicolons": lambda n: ";" * n,
    "brackets": lambda n: "[" * n,
    "many addresses": lambda n: "a@b.fr, " * n,
    "many names": lambda n: '"x" <a@b.fr>, ' * n,
    "addresses that pose as names": lambda n: "a@b <c@d>, " * n,
    "an address before every angle": lambda n: "a@b <" * n,
    "blanks before an angle": lambda n: "a" + " " * n + "<a@b",
    "blanks before a word": lambda n: "a" + " " * n + "x",
    "words before an angle": lambda n: "a " * n + "<a@b>",
    "hyphens": lambda n: "a-" * n + " <",
    "a route": lambda n: "<" + "@a," * n + ":b@c>",
    "a long local part": lambda n: "a" * n + "@b.fr",
    "many labels": lambda n: "a@" + "b." * n + "fr",
    "many labels outside ASCII": lambda n: "a@" + "é." * n + "fr",
    "marks on a letter": lambda n: "e" + "\u0301\u0327" * n + "@b.fr",
    "marks on a domain": lambda n: "a@e" + "\u0301\u0327" * n + ".fr",
}

_TEXTS: dict[str, Callable[[int], bytes]] = {
    "encoded words": lambda n: b"=?utf-8?q?a?= " * n,
    "encoded words in many charsets": lambda n: b"".join(b"=?c%d?q?a?= " % number for number in range(n)),
    "encoded words between words": lambda n: b"x =?utf-8?q?a?= " * n,
    "encoded words without an end": lambda n: b"=?a?q?" * n,
    "beginnings of encoded words": lambda n: b"=?" * n,
    "question marks": lambda n: b"=?utf-8?q?" + b"?" * n,
    "a long charset": lambda n: b"=?" + b"a" * n + b"?q?a?=",
    "a long word in base64": lambda n: b"=?utf-8?b?" + b"YWFh" * n + b"?=",
    "a long word of octets": lambda n: b"=?utf-8?q?" + b"=41" * n + b"?=",
    "blanks between encoded words": lambda n: b"=?utf-8?q?a?=" + b" " * n + b"=?utf-8?q?a?=",
    "a word in punycode": lambda n: b"=?punycode?q?" + b"a-" * n + b"?=",
    "a word in UTF-7": lambda n: b"=?utf-7?q?" + b"+AGE-" * n + b"?=",
}

_PARAMETERS: dict[str, Callable[[int], str]] = {
    "semicolons": lambda n: ";" * n,
    "plain ones": lambda n: ";a=b" * n,
    "plain ones and one that is not": lambda n: "; a=b" * n + "*",
    "blanks": lambda n: ";" + " " * n + "x",
    "blanks after a value": lambda n: "; a=b" + " " * n + "?",
    "quotes": lambda n: '; a="' * n,
    "quotes escaped": lambda n: '; a="' + '\\"' * n,
    "backslashes in quotes": lambda n: '; a="' + "\\" * n,
    "words": lambda n: "; " + "a " * n,
    "semicolons in quotes": lambda n: '; a="' + ";" * n + '"',
    "some and a long one": lambda n: "; a=b" * 150 + '; c="' + '\\"' * n,
    "pieces": lambda n: "".join(f"; a*{number}=b" for number in range(n)),
    "encoded pieces": lambda n: "".join(f"; a*{number}*=utf-8''%e9" for number in range(n)),
    "octets": lambda n: "; a*=utf-8''" + "%e9" * n,
    "octets in punycode": lambda n: "; a*=punycode''" + "a-" * n,
    "a long number": lambda n: "; a*" + "9" * n + "=b",
    "comments": lambda n: "; a=(b)" * n,
    "comments in comments": lambda n: "; a=b" + "(" * n + ")" * n,
    "comments opened": lambda n: "; a=b (" * n,
    "comments in one value": lambda n: "; a=" + "(b)c" * n,
    "quotes in comments": lambda n: '; a=b (")' * n,
    "blanks around a slash": lambda n: " " * n + "/" + " " * n + "; a=b",
    "encoded words": lambda n: '; a="' + "=?utf-8?q?a?= " * n + '"',
}

_BODIES: dict[str, tuple[str, Callable[[int], str]]] = {
    "delimiters on one line": ("multipart/mixed; boundary=b", lambda n: "--b" * n),
    "delimiters after a delimiter": ("multipart/mixed; boundary=b", lambda n: "--b" * n + "\r\n--b\r\n"),
    "delimiters with blanks": ("multipart/mixed; boundary=b", lambda n: "--b " * n),
    "blanks after delimiters": ("multipart/mixed; boundary=b", lambda n: ("--b" + " \t" * 50 + "x") * n),
    "closing delimiters": ("multipart/mixed; boundary=b", lambda n: "--b--" * n),
    "empty parts": ("multipart/mixed; boundary=b", lambda n: "--b\r\n" * n),
    "lines that are nearly delimiters": ("multipart/mixed; boundary=b", lambda n: "\r\n--bx" * n),
    "a nest": ("multipart/mixed; boundary=b", lambda n: "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * n),
    "messages in messages": ("message/rfc822", lambda n: "Content-Type: message/rfc822\r\n\r\n" * n),
    "lines in messages in messages": ("message/rfc822", lambda n: "Content-Type: message/rfc822\r\n\r\n" * 95 + "x\r\n" * n),
    "tags opened": ("text/html", lambda n: "<" * n),
    "scripts with blanks opened": ("text/html", lambda n: "<script " * n),
    "scripts opened": ("text/html", lambda n: "<script>" * n),
    "scripts nearly closed": ("text/html", lambda n: "<script></script " * n),
    "blanks in a closing tag": ("text/html", lambda n: "<script></script" + " " * n),
    "entities": ("text/html", lambda n: "&abcdefghij" * n),
    "a long entity": ("text/html", lambda n: "&#" + "1" * n),
    "blanks in quoted-printable": ("text/plain\r\nContent-Transfer-Encoding: quoted-printable", lambda n: " " * n + "x"),
    "lines of blanks": ("text/plain\r\nContent-Transfer-Encoding: quoted-printable", lambda n: (" " * 100 + "\r\n") * n),
    "equal signs": ("text/plain\r\nContent-Transfer-Encoding: base64", lambda n: "=" * n),
    "padded pieces": ("text/plain\r\nContent-Transfer-Encoding: base64", lambda n: "YQ==" * n),
    "padded pieces on lines": ("text/plain\r\nContent-Transfer-Encoding: base64", lambda n: "YQ==\r\n" * n),
    "letters that are no piece": ("text/plain\r\nContent-Transfer-Encoding: base64", lambda n: "=" + "a" * (4 * n + 1)),
    "a text in UTF-7": ("text/plain; charset=utf-7", lambda n: "+AGE-" * n),
    "a text in punycode": ("text/plain; charset=punycode", lambda n: "a-" * n),
}

_WORDS: dict[str, Callable[[int], str]] = {
    "commas": lambda n: "," * n,
    "comments": lambda n: "(a)," * n,
    "comments opened": lambda n: "(" * n,
    "comments closed": lambda n: "(" * n + ")" * n,
    "quotes": lambda n: '"' * n,
    "quotes escaped": lambda n: '"' + '\\"' * n,
    "semicolons": lambda n: ";" * n,
    "words": lambda n: "fr, " * n,
}

_DATES: dict[str, Callable[[int], str]] = {
    "digits": lambda n: "1" * n,
    "blanks": lambda n: " " * n + "x",
    "comments": lambda n: "(" * n,
    "days": lambda n: "Mon, " * n,
    "a far year": lambda n: "1 Jan " + "2" * n + " 00:00:00 +0000",
    "a far zone": lambda n: "1 Jan 2026 00:00:00 +" + "2" * n,
    "colons": lambda n: ":" * n,
}

_SUBJECTS: dict[str, Callable[[int], str]] = {
    "replies": lambda n: "re: " * n,
    "forwards": lambda n: "[fwd: " * n + "]" * n,
    "forwards of replies": lambda n: "[fwd: re: " * n + "(fwd)]" * n,
    "blobs": lambda n: "[a] " * n + "x",
    "blobs opened": lambda n: "[a" * n,
    "brackets": lambda n: "[" * n,
    "replies with blobs opened": lambda n: "re[" * n,
    "trailers": lambda n: "x" + " (fwd)" * n,
    "nearly replies": lambda n: "[a]re [b]" * n,
}


def _of(number: int, id_: str, *references: str, subject: str = "x") -> ThreadedMessage:
    return ThreadedMessage(number, id_, references, subject, number, number, 1)


_THREADS: dict[str, Callable[[int], list[ThreadedMessage]]] = {
    "a chain": lambda n: [_of(i, f"<{i}>", f"<{i - 1}>") for i in range(n)],
    "a chain, the last first": lambda n: [_of(n - i, f"<{i}>", f"<{i - 1}>") for i in range(n)],
    "a chain with all references": lambda n: [_of(i, f"<{i}>", *(f"<{j}>" for j in range(max(0, i - 100), i))) for i in range(n)],
    "a star": lambda n: [_of(i, f"<{i}>", "<root>", subject=f"s{i}") for i in range(n)],
    "a star that falls apart": lambda n: (
        [_of(i, f"<{i}m>", "<root>", f"<{i}>") for i in range(n)] + [_of(2 * n - i, f"<{i}>") for i in range(n)]
    ),
    "one subject": lambda n: [_of(i, f"<{i}>", subject="re: x") for i in range(n)],
    "circles of two": lambda n: [_of(i, f"<{i}>", f"<{i + 1}>", f"<{i + 2}>") for i in range(n)],
    "the end of a chain before its beginning": lambda n: (
        [_of(i, f"<{i}>", f"<{i - 1}>") for i in range(n)] + [_of(n + i, f"<c{i}>", f"<{n - 1}>", "<0>") for i in range(n)]
    ),
}

_NAMES = ("a" * 250, "a/" * 125, "ab" * 125)
_PATTERNS: dict[str, Callable[[int], str]] = {
    "wildcards": lambda n: "*%" * n,
    "stars": lambda n: "*a" * n,
    "levels": lambda n: "%a" * n,
    "levels and an end": lambda n: "%" * n + "b",
    "stars around levels": lambda n: "*a%a" * n,
    "stars and levels": lambda n: "*a%b" * n,
    "long literals": lambda n: "*" + "a" * n + "b*" + "a" * n + "b",
}

_COMMANDS: dict[str, tuple[Callable[[wire.Arguments], object], Callable[[int], bytes]]] = {
    "FETCH, a set": (items.fetch, lambda n: b" " + b"1:2," * n + b"3 FLAGS"),
    "FETCH, items": (items.fetch, lambda n: b" 1 (" + b"FLAGS " * n + b"UID)"),
    "FETCH, sections": (items.fetch, lambda n: b" 1 (" + b" ".join(b"BODY[%d]" % number for number in range(1, n)) + b")"),
    "FETCH, a path": (items.fetch, lambda n: b" 1 BODY[" + b"1." * n + b"1]"),
    "FETCH, fields": (items.fetch, lambda n: b" 1 BODY[HEADER.FIELDS (" + b"a " * n + b"b)]"),
    "FETCH, a long field": (items.fetch, lambda n: b' 1 BODY[HEADER.FIELDS ("' + b"a" * n + b'")]'),
    "SEARCH, keys": (search_keys.search, lambda n: b" " + b" ".join([b"1"] * n)),
    "SEARCH, levels": (search_keys.search, lambda n: b" " + b"(" * n),
    "SEARCH, negations": (search_keys.search, lambda n: b" " + b"NOT " * n),
    "SEARCH, a text": (search_keys.search, lambda n: b' TEXT "' + b'\\"' * n + b'"'),
    "SEARCH, results": (search_keys.search, lambda n: b" RETURN (" + b"ALL " * n + b") ALL"),
    "SORT, criteria": (search_keys.sort, lambda n: b" (" + b"DATE " * n + b"DATE) UTF-8 ALL"),
    "LIST, patterns": (listings.list_, lambda n: b' "" (' + b"* " * n + b"%)"),
    "LIST, a reference": (listings.list_, lambda n: b' "' + b"a" * n + b'" *'),
    "LIST, STATUS items": (listings.list_, lambda n: b' "" * RETURN (STATUS (' + b"MESSAGES " * n + b"UNSEEN))"),
    "STORE, flags": (commands.store, lambda n: b" 1 FLAGS (" + b"a " * n + b"a)"),
    "ID, pairs": (commands.identify, lambda n: b" (" + b'"a" "b" ' * n + b")"),
    "SELECT, a name in UTF-7": (commands.mailbox, lambda n: b" " + b"&AOk-" * n),
}

_PATHS: dict[str, Callable[[int], str]] = {
    "MAIL, no end": lambda n: "FROM:<" + "a" * n,
    "MAIL, quotes opened": lambda n: "FROM:<" + '"a' * n,
    "MAIL, backslashes": lambda n: "FROM:<" + "\\" * n,
    "MAIL, at signs": lambda n: "FROM:<" + "a@" * n,
    "MAIL, angles": lambda n: "FROM:<" + "<" * n,
    "MAIL, words": lambda n: "FROM:<" + "x " * n,
    "MAIL, quotes": lambda n: "FROM:<" + '"a"' * n,
    "MAIL, quotes escaped": lambda n: 'FROM:<"' + '\\"' * n,
    "MAIL, blanks": lambda n: "FROM:" + " " * n + "x",
    "MAIL, a route": lambda n: "FROM:<@" + "a," * n + "x",
    "MAIL, parameters": lambda n: "FROM:<a@b.fr> " + " ".join(f"a{number}=b" for number in range(n)),
    "MAIL, a long ENVID": lambda n: "FROM:<a@b.fr> ENVID=" + "+41" * n,
}

_FIELDS: dict[str, Callable[[int], str]] = {
    "empty lines": lambda n: "\r\n" * n,
    "lines of one blank": lambda n: "\r\n " * n,
    "lines of blanks": lambda n: "a\r\n" + (" " * 50 + "\r\n") * n,
    "blanks": lambda n: "a\r\n" + " \t" * n + "x",
    "groups": lambda n: "Final-Recipient: rfc822; a@b\r\nAction: failed\r\n\r\n" * n,
    "dispositions of comments": lambda n: "Disposition: " + "(" * n + ")" * n + "manual-action/MDN-sent-manually; displayed/" + "(a)," * n,
    "a disposition of semicolons": lambda n: "Disposition: manual-action/MDN-sent-manually" + ";" * n + "displayed" + ";" * n,
    "recipients of comments": lambda n: "Action: failed\r\nFinal-Recipient: rfc822" + "(a;)" * n + ";" + "(" * n + "a@b.fr",
    "a disposition of blanks": lambda n: "Disposition: manual-action" + " " * n + "/" + " " * n + "x;displayed",
}


def _report(kind: str, fields: str) -> bytes:
    machine = f"--b\r\n\r\nx\r\n--b\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n--b--\r\n"
    return _letter(f"Content-Type: multipart/report; report-type={kind}; boundary=b\r\n", machine)


def _notified(raw: bytes) -> object:
    return dsn.parse(raw, parse.parse(raw).root)


def _receipted(raw: bytes) -> object:
    return mdn.parse(raw, parse.parse(raw).root)


_SIGNATURE = bytes.fromhex("308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a0802480")


def _wrapped(count: int) -> bytes:
    """A receipt in as many wrappers as a message may have levels, and the parts of a long one."""
    opened = "".join(f"Content-Type: multipart/signed; boundary=b{number}\r\n\r\n--b{number}\r\n" for number in range(min(count, 90)))
    kind = "multipart/report; report-type=disposition-notification; boundary=c"
    return f"{opened}Content-Type: {kind}\r\n\r\n--c\r\n\r\n{'x' * count}".encode()


def _unreadable(raw: bytes) -> object:
    return mdn.unreadable(raw, parse.parse(raw).root)


def _commands_in(octets: bytes) -> int:
    reader = wire.Reader(line_max=65_536, literal_max=1_000_000)
    count = 0
    for at in range(0, len(octets), 1_000):
        reader.feed(octets[at : at + 1_000])
        while reader.next() is not None:
            count += 1
    return count


def _matched(pattern: str) -> list[object]:
    return [names.pattern(pattern).fullmatch(name) for name in _NAMES]


def _exchange(mechanism: Callable[[bytes | None], Any]) -> Read:
    return lambda response: list(mechanism(response))


def _fields_of(block: bytes) -> headers.Headers:
    return headers.read_headers(block, count_max=1_000_000)


def _parts_of(count: int) -> bytes:
    return _letter("Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\nx\r\n" * count)


def _all_sections(raw: bytes) -> object:
    """Every part, each by a section of its own, as one FETCH may ask for them."""
    letter = sections.MessageSections(raw)
    return [letter.cut(items.Section((number,))) for number in range(1, raw.count(b"--b"))]


def _tree(octets: bytes) -> object:
    return read_tree(octets, 1_000_000_000)


def _rows(octets: bytes) -> object:
    return list(tables.read(io.BytesIO(octets), import_rows.column, 1_000_000_000))


def _row(values: dict[str, str]) -> object:
    return import_rows.new_row(tables.Row(1, values))


_HEADS: dict[str, Callable[[int], bytes]] = {
    "a long name": lambda n: b"a" * n + b"=",
    "a long value": lambda n: b"a=" + b"b" * n,
    "equal signs": lambda n: b"=" * n,
    "pairs": lambda n: b"code=b&" * n,
    "names with a separator": lambda n: b"a?b=" * n,
    "escapes": lambda n: b"%63=" * n,
    "slashes": lambda n: b"//" * n + b"=@",
    "hosts": lambda n: b"//a" * n + b"=@",
    "beginnings of tokens": lambda n: b"eyJ=" * n,
    "a token in many parts": lambda n: b"eyJhbGciOiJ" + b".a" * n,
    "quotes": lambda n: b'a="' * n,
}


def _ldap_message(operation: bytes) -> bytes:
    inner = b"\x02\x01\x01\x63\x84" + len(operation).to_bytes(4) + operation
    return b"\x30\x84" + len(inner).to_bytes(4) + inner


def _framed(octets: bytes) -> None:
    framer = framing.Framer(len(octets))
    for at in range(len(octets)):
        framer.feed(octets[at : at + 1])
        framer.next()
    assert not framer.waiting


_OTHERS: dict[str, Case] = {
    "LDAP: elements in a message": (lambda n: _ldap_message(b"\x04\x00" * n), ldap.read),
    "LDAP: elements in elements": (lambda n: _ldap_message(b"\xa0\x80" * n), ldap.read),
    "LDAP: a message that comes octet by octet": (lambda n: _ldap_message(b"a" * n), _framed),
    "LDAP: a name of escapes": (lambda n: "cn=" + "\\41" * min(n, 1_000), ldap_names.read),
    "a seed of rows": (lambda n: b'[[operators]]\nname = "a"\ndomains = []\n' * n, lambda octets: check_seed(*parsed_seed(octets))),
    "header lines": (lambda n: b"A: b\r\n" * n, _fields_of),
    "header folds": (lambda n: b"A: b\r\n" + b" c\r\n" * n, _fields_of),
    "header lines that are none": (lambda n: b"A\r\n" * n, _fields_of),
    "fields taken out": (lambda n: b"Sender: b\r\n" * n + b"\r\n", lambda raw: headers.without_fields(raw, ["Sender"])),
    "mailboxes passed": (lambda n: _fields_of(b"Delivered-To: a@b.fr\r\n" * n), automatic.automatic_marks),
    "a trace": (lambda n: b"Received: b\r\n" * n + b"\r\n", headers.trace_length),
    "message ids opened": (lambda n: "<" * n, headers.message_ids),
    "message ids with blanks": (lambda n: "< a @ b >" * n, headers.message_ids),
    "a message id of blanks": (lambda n: "<" + " " * n + "@" + " " * n, headers.message_ids),
    "ids without brackets": (lambda n: "a@b, " * n, headers.bare_ids),
    "base64 of no text": (lambda n: base64.encodebytes(b"\xff" * n), lambda body: mime.content(body, 0, len(body), "base64")),
    "uuencode": (lambda n: b"begin 644 a\r\n" + b"$4$L#!```\r\n" * n, lambda body: mime.content(body, 0, len(body), "x-uuencode")),
    "uuencode that does not begin": (lambda n: b"begin 644 " * n, lambda body: mime.content(body, 0, len(body), "x-uuencode")),
    "a letter given back": (lambda n: b"X: y\r\n" * n + b"\r\nx", lambda octets: returned.likeness(octets, b"Z: y\r\n" + octets)),
    "message ids": (lambda n: "".join(f"<{number}@b>" for number in range(n)), headers.message_ids),
    "folded marks": (lambda n: "e" + "\u0301\u0327" * n, parse.fold),
    "folded letters": (lambda n: "aé" * n, parse.fold),
    "a typed value": (lambda n: "a" + " " * n + "!;x", reports.halves_of_typed),
    "an address of a report, signs": (lambda n: "utf-8; " + "+41" * n + "@b.fr", reports.addresses),
    "an address of a report, code points": (lambda n: "utf-8; " + "\\x{E9}" * n + "@b.fr", reports.addresses),
    "an address of a report, code points opened": (lambda n: "utf-8; " + "\\x{" * n, reports.addresses),
    "an address of a report, comments": (lambda n: "rfc822; " + "(a)" * n + "a@b.fr", reports.addresses),
    "an address of a report, angles": (lambda n: "rfc822; " + "<" * n + ">" * n, reports.addresses),
    "options of a receipt": (lambda n: "a=required,b;" * n, mdn.required_options),
    "an option with many values": (lambda n: "a=" + "(x)," * n, mdn.required_options),
    "a signature, elements in elements": (
        lambda n: b"0\x80" + bytes.fromhex("06092a864886f70d010702a0803080") + b"1\x80" * n,
        signed_content,
    ),
    "a signature in pieces": (lambda n: _SIGNATURE + b"\x04\x01x" * n + bytes(6), signed_content),
    "a signature, pieces in pieces": (lambda n: _SIGNATURE + b"$\x80" * n + bytes(2 * n + 6), signed_content),
    "a report in wrappers": (_wrapped, _unreadable),
    "fields cut out": (lambda n: b"A: b\r\n" * n, lambda raw: sections.cut(raw, items.Section((), "HEADER.FIELDS", (b"a",)))),
    "sections of one message": (_parts_of, _all_sections),
    "commands": (lambda n: b"a NOOP\r\n" * n, _commands_in),
    "empty commands": (lambda n: b"\n" * n, _commands_in),
    "a command without an end": (lambda n: b"a" * n, _commands_in),
    "literals": (lambda n: b"a X " + b"{1+}\r\nx" * n + b"\r\n", _commands_in),
    "a slow literal": (lambda n: b"a X {999999+}\r\n" + b"x" * n, _commands_in),
    "a name to UTF-7": (lambda n: "é&" * n, names.encode),
    "RCPT, a long ORCPT": (lambda n: "TO:<a@b.fr> ORCPT=rfc822;" + "+41" * n, lambda text: smtp.read_rcpt.__wrapped__(text, utf8=True)),
    "PLAIN": (lambda n: b"\0" * n, _exchange(sasl.plain)),
    "XOAUTH2": (lambda n: b"user=a\x01" * n, _exchange(sasl.xoauth2)),
    "Accept, many types": (lambda n: "text/csv;q=0.5," * n, spreadsheet.is_preferred),
    "Accept, many parameters": (lambda n: "text/csv" + " ; q = " * n, spreadsheet.is_preferred),
    "Accept, blanks": (lambda n: "text/csv;" + " " * n + "q=1", spreadsheet.is_preferred),
    "a table of semicolons": (lambda n: b"nom;bal\r\n" + b";" * n, _rows),
    "a head of semicolons": (lambda n: b"nom;" * n, _rows),
    "a head of unknown columns": (lambda n: b"x;" * n, _rows),
    "a table of quotes": (lambda n: b'nom\r\n"' + b'""' * n, _rows),
    "a table of lines in one quote": (lambda n: b'nom\r\n"' + b"a\r\n" * n, _rows),
    "a table of rows": (lambda n: b"nom;bal\r\n" + b"a;b\r\n" * n, _rows),
    "a table of empty lines": (lambda n: b"nom\r\n" + b"\r\n" * n, _rows),
    "a table of one octet that is not UTF-8": (lambda n: b"nom\r\n" + b"\xe9\r\n" * n, _rows),
    "rows of JSON": (lambda n: b'{"a": 1}\n' * n, _rows),
    "a row of JSON": (lambda n: b'{"a": "' + b"b" * n, _rows),
    "JSON in JSON": (lambda n: b'{"a": ' * n, _rows),
    "a column with marks": (lambda n: "e" + "\u0301\u0327" * n, import_rows.column),
    "a search of the directory with commas": (lambda n: [("family", "," * n)], _searched),
    "a search of the directory with many parameters": (lambda n: [("family", "a")] * n, _searched),
    "a search of the directory along dots": (lambda n: [("organization." * n, "a")], _searched),
    "a date of the directory": (lambda n: [("_lastUpdated", "2026-01-05T00:00:00." + "1" * n)], _searched),
    "a path of a PATCH": (lambda n: "Practitioner.telecom.where(value='" + "\\'" * n, _path),
    "a path of a PATCH with texts": (lambda n: "''" * n, _path),
    "a path of a PATCH with spaces": (lambda n: "a" + " " * n + "\x00", _path),
    "a PATCH of many operations": (lambda n: b'{"resourceType":"Parameters","parameter":[' + b"{}," * n + b"{}]}", _patch),
    "a PATCH of many parts": (lambda n: _OPERATION + b'{"name":"type"},' * n + b"{}]}]}", _patch),
    "a PATCH of many extensions": (lambda n: _INSERTED + b'{"url":"a"},' * n + b"{}]}}]}]}", _patch),
    "an address of a page": (lambda n: "u" + "A" * n, lambda text: open_sealed("key", text, 0)),
    "a cell of digits": (lambda n: {"idnat": "1" * n, "owner": "1" * n, "quota_bytes": "1" * n, "birth_date": "1" * n}, _row),
    "a cell of co-holders": (lambda n: {"kind": "x", "co_holders": "a;" * n}, _row),
    "a cell of blanks": (lambda n: " " * n + "=", lambda text: spreadsheet.line([text])),
    "YAML: lists in lists": (lambda n: b"[" * n, _tree),
    "YAML: fields in fields": (lambda n: b"{" * n, _tree),
    "YAML: a list between brackets": (lambda n: b"[[1], " + b"[2], " * n, _tree),
    "YAML: names that are asked": (lambda n: b"? " * n, _tree),
    "YAML: lists of one": (lambda n: b"- " * n, _tree),
    "YAML: a list": (lambda n: b"a: [" + b"b, " * n, _tree),
    "YAML: escapes": (lambda n: b'a: "' + b"\\n" * n + b'"', _tree),
    "YAML: a quote that never ends": (lambda n: b"a: '" + b"b\n" * n, _tree),
    "YAML: plain lines": (lambda n: b"a\n" * n, _tree),
    "YAML: a block": (lambda n: b"a: |\n" + b"  b\n" * n, _tree),
    "YAML: comments": (lambda n: b"#\n" * n, _tree),
    "YAML: many keys": (lambda n: b"".join(b"k%d: v\n" % i for i in range(n)), _tree),
    "OAUTHBEARER": (lambda n: b"n,a=" + b"=2C" * n + b",\x01" + b"a=b\x01" * n, _exchange(sasl.oauthbearer)),
}


def _made(make: Callable[[int], str], template: Callable[[str], bytes], read: Read) -> Case:
    return lambda size: template(make(size)), read


def _with_field(name: str) -> Callable[[str], bytes]:
    return lambda value: _letter(f"{name}{value}\r\n")


def _command(read: Callable[[wire.Arguments], object]) -> Read:
    return lambda octets: read(_arguments(octets))


def _cases() -> dict[str, Case]:
    found: dict[str, Case] = {f"people: {name}": (text, addresses.parse_list) for name, text in _LISTS.items()}
    for name, text in _LISTS.items():
        found[f"ENVELOPE: {name}"] = _made(text, lambda value: f"To: {value}".encode(), lambda block: structure.envelope(_fields_of(block)))
    found |= {f"text: {name}": (value, headers.decode) for name, value in _TEXTS.items()}
    for name, text in _PARAMETERS.items():
        found[f"Content-Type: {name}"] = _made(text, _with_field("Content-Type: text/plain"), _parse)
        found[f"Content-Disposition: {name}"] = _made(text, _with_field("Content-Disposition: attachment"), _parse)
    for name, text in _WORDS.items():
        found[f"Content-Language: {name}"] = _made(text, _with_field("Content-Language: "), _parse)
        found[f"Content-Transfer-Encoding: {name}"] = _made(text, _with_field("Content-Transfer-Encoding: "), _parse)
        found[f"a structured field: {name}"] = (text, structured.uncommented)
    for name, (kind, text) in _BODIES.items():
        found[f"body: {name}"] = _made(text, partial(_letter, f"Content-Type: {kind}\r\n"), _parse)
        found[f"tree: {name}"] = _made(text, partial(_letter, f"Content-Type: {kind}\r\n"), tree.tree)
    found |= {f"Date: {name}": _made(text, _with_field("Date: "), _parse) for name, text in _DATES.items()}
    for name, text in _FIELDS.items():
        found[f"DSN: {name}"] = _made(text, partial(_report, "delivery-status"), _notified)
        found[f"MDN: {name}"] = _made(text, partial(_report, "disposition-notification"), _receipted)
    found |= {f"base subject: {name}": (text, threads.base_subject) for name, text in _SUBJECTS.items()}
    found |= {f"THREAD: {name}": (letters, threads.by_references) for name, letters in _THREADS.items()}
    found |= {f"LIST: {name}": (text, _matched) for name, text in _PATTERNS.items()}
    found |= {name: (octets, _command(read)) for name, (read, octets) in _COMMANDS.items()}
    for name, octets in _HEADS.items():
        found[f"a field of HTTP: {name}"] = (octets, partial(masking.field, b"x"))
        found[f"a query: {name}"] = (octets, masking.query)
        found[f"tokens: {name}"] = (octets, masking.tokens)
    found |= {name: (text, smtp.read_mail.__wrapped__) for name, text in _PATHS.items()}
    return found | _OTHERS


_CASES = _cases()


@pytest.mark.no_cover
@pytest.mark.parametrize("name", _CASES)
def test_eight_times_as_much_takes_no_more_than_some_eight_times_as_long(name: str) -> None:
    make, read = _CASES[name]
    growth = _growth(make, read)
    for _ in range(2):  # noise does not come three times
        growth = growth if growth < _RATIO_MAX else min(growth, _growth(make, read))
    assert growth < _RATIO_MAX
