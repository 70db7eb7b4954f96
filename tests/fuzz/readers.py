"""The readers that strangers can reach, each as a function of bytes that raises nothing but its own error."""

import asyncio
import contextlib
import io
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request

from mss_sim import ids
from mss_sim.clock import SystemClock
from mss_sim.control import import_rows
from mss_sim.core.annuaire.page_addresses import open_sealed
from mss_sim.core.control import seed_fields, seed_formats
from mss_sim.core.psc.hashes import is_verifier
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.dns import server
from mss_sim.errors import Refusal
from mss_sim.evidence import exchanges
from mss_sim.fhir.patch_paths import read_path
from mss_sim.fhir.patches import read_patch
from mss_sim.fhir.query import read_query
from mss_sim.http import parameters, sessions, spreadsheet, tables
from mss_sim.http.paging import Page, PagedList
from mss_sim.imap.grammar import commands, items, listings, names, search_keys, sections, threads, wire
from mss_sim.ldap import framing, messages
from mss_sim.ldap import names as ldap_names
from mss_sim.mail import addresses, automatic, dsn, headers, mdn, parse, reports, structure, structured, tree
from mss_sim.mail.signed import signed_content
from mss_sim.net import sasl
from mss_sim.pki import revocation
from mss_sim.pki.names import compared_dn, read_dn, read_serial
from mss_sim.policy import identifiers
from mss_sim.psc import authentication
from mss_sim.scenarios import shelf
from mss_sim.scenarios.reading import read_scenario
from mss_sim.scenarios.tree import NotAScenario
from mss_sim.smtp import commands as smtp
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.mailboxes import IdentityKind
from tests.fuzz.documents import read_document, some_documents

CORPUS = Path(__file__).parents[1] / "corpus"
SECONDS_MAX = 1.0
"""Processor time that the reading of one input may take, and that of a slow machine many times over."""


class Reader(NamedTuple):
    """`read` raises one of `refusals` or nothing; `seeds` are what the fuzzer begins with."""

    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: Sequence[bytes]


def feed(reader: Reader, octets: bytes) -> None:
    """Let it read; whatever it raises beside its own errors comes out, and AssertionError when it takes too long."""
    start = time.thread_time()
    with contextlib.suppress(*reader.refusals):
        reader.read(octets)
    took = time.thread_time() - start
    assert took < SECONDS_MAX, f"{len(octets)} bytes took {took:.1f} s"


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def _letter(octets: bytes) -> None:
    raw = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    message = parse.parse(raw)
    structure.body_structure(raw, message.root, message.headers, extended=False)
    structure.envelope(message.headers)
    automatic.automatic_marks(message.headers)
    dsn.parse(raw, message.root)
    mdn.parse(raw, message.root)
    mdn.unreadable(raw, message.root)
    assert message.preview is not None
    assert message.search_text.isprintable() or message.search_text.encode("utf-8") is not None
    tree.tree(raw)
    letter = sections.MessageSections(raw)
    assert letter.body is not None
    for path in ((), (1,), (1, 1), (2,), (1, 2, 1)):
        for text in ("", "HEADER", "TEXT", "MIME") if path else ("", "HEADER", "TEXT"):
            letter.cut(items.Section(path, text))


def _decoded(octets: bytes) -> None:
    raw = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    for path in ((), (1,), (1, 1)):
        try:
            sections.decoded(raw, items.Section(path))
        except sections.UnknownEncoding:
            continue


def _structured(octets: bytes) -> None:
    text = _text(octets)
    found = structured.read(text)
    assert all(name for name, _ in found.parameters)
    for mark in ",;:":
        assert "".join(structured.halves(text, mark)) == text
        structured.uncommented(text, mark)
    structured.listed(text)
    structured.word(text)


def _reported(octets: bytes) -> None:
    text = headers.decode(octets)
    assert all(addresses.canonical(address) == address for address in reports.addresses(text))
    assert all(mdn.required_options(text))


def _people(octets: bytes) -> None:
    found = addresses.parse_list(_text(octets))
    assert all(addresses.canonical(address) == address for _, address in found)


def _header(octets: bytes) -> None:
    text = headers.decode(octets)
    assert text.encode("utf-8") is not None
    headers.message_ids(text)
    headers.bare_ids(text)
    parse.date_as_written(text)
    parse.fold(text)


_IMAP_READERS: tuple[Callable[[wire.Arguments], object], ...] = (
    items.fetch,
    search_keys.search,
    search_keys.sort,
    search_keys.thread,
    listings.list_,
    listings.lsub,
    listings.status,
    commands.login,
    commands.authenticate,
    commands.identify,
    commands.enable,
    commands.select,
    commands.create,
    commands.rename,
    commands.append,
    commands.store,
    commands.copy,
    commands.uid_set,
    commands.setacl,
    commands.who,
)


def _commands(octets: bytes) -> None:
    """The first octet says by how many octets the rest comes, the second which verb's arguments they are."""
    if len(octets) < 2:
        return
    step, read = octets[0] or 1, _IMAP_READERS[octets[1] % len(_IMAP_READERS)]
    reader = wire.Reader(line_max=8_192, literal_max=4_096)
    for at in range(2, len(octets), step):
        reader.feed(octets[at : at + step])
        while (event := reader.next()) is not None:
            if isinstance(event, wire.Command):
                _read_arguments(read, event)


def _read_arguments(read: Callable[[wire.Arguments], object], command: wire.Command) -> None:
    for utf8 in (False, True):
        try:
            read(wire.Arguments(command.pieces, utf8=utf8))
        except (wire.Bad, search_keys.BadCharset):
            continue


def _folder_names(octets: bytes) -> None:
    pattern, _, name = octets.partition(b"\n")
    names.pattern(_text(pattern)).fullmatch(_text(name))
    decoded = names.decode(name, utf8=False)
    assert b"&" not in name or not name.isascii() or names.encode(decoded) == name


def _threads(octets: bytes) -> None:
    """Each line is a subject and the references of one letter, by single letters."""
    letters = []
    for number, line in enumerate(octets.split(b"\n")[:500]):
        subject, _, references = line.partition(b"|")
        threads.base_subject(_text(subject))
        letters.append(
            threads.ThreadedMessage(
                number, chr(references[0]) if references else None, tuple(map(chr, references[1:])), _text(subject), 0, 0, 1
            )
        )
    threads.by_references(letters)
    threads.ordered(letters, [("SUBJECT", False), ("DATE", True)])


def _envelope(octets: bytes) -> None:
    argument = _text(octets)
    for read in (smtp.read_mail, lambda text: smtp.read_rcpt(text, utf8=True), lambda text: smtp.read_rcpt(text, utf8=False)):
        try:
            read(argument)
        except smtp.CommandError:
            continue


def _sasl(octets: bytes) -> None:
    for mechanism in sasl.MECHANISMS.values():
        try:
            exchange = mechanism(sasl.decode(_text(octets)) if octets[:1] == b"=" else octets)
            next(exchange)
            exchange.send(octets)
        except (sasl.SaslError, StopIteration):
            continue


def _certificate_names(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace")
    assert compared_dn(text) == compared_dn(text)
    read_dn(text)


async def _zone(name: str) -> Sequence[tuple[str, str]] | bool:
    if not name.lower().rstrip(".").endswith("sim.mssante.fr"):
        raise LookupError(name)
    return [("MX", "10 mail.sim.mssante.fr"), ("A", "127.0.0.1"), ("SRV", "0 1 993 mail.sim.mssante.fr"), ("AAAA", "::1")]


def _dns(octets: bytes) -> None:
    responder = server.Responder(_zone, SystemClock())
    for transport in ("udp", "tcp"):
        answer = asyncio.run(responder.answer(octets, "127.0.0.1", transport))
        assert answer is None or (answer[:2] == octets[:2] and (transport == "tcp" or len(answer) <= 512))


def _form(octets: bytes) -> None:
    found = parameters.of_query(Request({"type": "http", "query_string": octets, "headers": []}))
    found.check()
    is_verifier(found.get("code_verifier") or "")


def _assertion(octets: bytes) -> None:
    """The only part of a client assertion that is read before its signature is checked."""
    authentication._unverified_subject(_text(octets))  # noqa: SLF001 - what it is called by needs a whole world


def _table(octets: bytes) -> None:
    for row in tables.read(io.BytesIO(octets), import_rows.column, 4_096):
        with contextlib.suppress(Refusal):
            import_rows.new_row(row)


def _cursor(octets: bytes) -> None:
    for listing in PagedList:
        Page(50, _text(octets)).before(listing)


def _identifier(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace")
    for kind in IdentityKind:
        identifiers.warnings(text, kind)


def _id(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace")
    assert ids.encode(ids.decode(text)) == text


def _letters() -> Iterable[bytes]:
    return (path.read_bytes() for path in sorted(CORPUS.glob("*.eml")))


_DNS_QUESTION = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03sim\x07mssante\x02fr\x00\x00\x0f\x00\x01"


def _seed(octets: bytes) -> None:
    with contextlib.suppress(Refusal):
        seed_formats.of_archive(io.BytesIO(octets), "seed.zip", 1_000_000)
    seed_fields.check(*seed_formats.parsed(octets))


def _archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("seed.toml", _SEED)
        archive.writestr("letters/1.eml", b"Subject: a\r\n\r\nb")
    return packed.getvalue()


_SEED = b'[clock]\nmode = "frozen"\n[[letters]]\nfile = "letters/1.eml"\ncopies = [{ mailbox = "a@b.fr", flags = ["x"] }]\n'


def _masked(octets: bytes) -> object:
    """What evidence shows of a head: whatever it holds, printable, and no longer than it may be."""
    name, _, value = octets.partition(b"\n")
    head = exchanges.request_line("GET", name, value) + exchanges.fields([(name, value), (b"referer", octets), (octets, name)])
    shown = sessions.safe_octets(head)
    assert shown.isprintable()
    return shown


def _directory(octets: bytes) -> None:
    pairs = parse_qsl(octets.decode("utf-8", "replace"), keep_blank_values=True)
    for type_ in ResourceType:
        with contextlib.suppress(Refusal):
            read_query(type_, pairs)
    open_sealed("key", dict(pairs).get("id", ""), 0)


def _ldap(octets: bytes) -> None:
    """A message as a connection reads it, and what a filter in it says of an entry."""
    request = messages.read_request(messages.read(octets), 100)
    assert request.text() is not None
    if isinstance(request, messages.Search):
        assert request.filter.holds({"cn": [b"test"], "certificateRevocationList": [b""]}) in (True, False, None)
        ldap_names.read(request.base)


def _ldap_stream(octets: bytes) -> None:
    """The first octet says by how many octets the rest comes."""
    framer, step = framing.Framer(4_096), (octets[0] if octets else 0) or 1
    for at in range(1, len(octets), step):
        framer.feed(octets[at : at + step])
        while framer.next() is not None:
            assert framer.waiting <= len(octets)


def _patched(octets: bytes) -> None:
    head, _, body = octets.partition(b"\n")
    for type_ in ResourceType:
        with contextlib.suppress(Refusal):
            read_path(type_, head.decode("utf-8", "replace"))
        with contextlib.suppress(Refusal):
            read_patch(type_, body, 100)


_PATCHED = b"""Practitioner.telecom.where(value='a@b').rank
{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"insert"},{"name":"path","valueString":
"Practitioner.telecom"},{"name":"index","valueInteger":0},{"name":"value","valueContactPoint":{"system":"email","value":"a@b","rank":1}}]}]}"""


READERS: dict[str, Reader] = {
    "ldap": Reader(
        _ldap,
        (framing.Unreadable, framing.TooComplex, messages.BadRequest, ldap_names.NoName),
        (
            bytes.fromhex("300c020101600702010304008000"),
            bytes.fromhex("3024020103631f04000a01020a0100020100020100010100a30a0402636e0404746573743000"),
            bytes.fromhex("3021020104631c04000a01000a0100020100020100010100a4090402636e3003800161") + bytes.fromhex("3000"),
            bytes.fromhex("300e0201037709800731") + b".2.3.4",
            bytes.fromhex("30050201024200"),
        ),
    ),
    "ldap-stream": Reader(
        _ldap_stream,
        (framing.Unreadable,),
        (b"\x03" + bytes.fromhex("300c020101600702010304008000") * 2, b"\x01\x30\x84\x00\x00\x00\x05\x02\x01\x02\x42\x00"),
    ),
    "ldap-name": Reader(
        lambda octets: ldap_names.read(octets.decode("utf-8", "replace")),
        (ldap_names.NoName,),
        (b'cn=a\\,b+ou="c,d",2.5.4.10=\\41 ; c=#0C0141', b" CN = a , o=b"),
    ),
    "document": Reader(read_document, (parse.MalformedMessage,), some_documents()),
    "seed": Reader(_seed, (Refusal,), (_SEED, _archive())),
    "masked": Reader(
        _masked, (), (b"code=a&%63ode=b\nBasic YQ==", b"authorization\nBearer eyJhbGciOi.x.y", b"referer\nhttp://a:b@c/?token=d#e=f")
    ),
    "letter": Reader(_letter, (parse.MalformedMessage,), (*_letters(), b"Content-Type: text/plain; a*0*=utf-8''%e9; a*1=b\n\nx")),
    "part": Reader(_decoded, (OverflowError,), (*_letters(), b"Content-Transfer-Encoding: quoted-printable\n\n=41 =\n=4")),
    "structured": Reader(_structured, (), (b'a/b (c (d)); e="f;\\"g" (h); i*0*=j;', b"fr (x), en", b"rfc822 (a;b); c@d (e)")),
    "reported": Reader(_reported, (), (b"rfc822 (x); <a+2Bb@c.fr> (y)", b"utf-8; \\x{E9}t\\x{e9}@c.fr", b"a=required,b; (c) d=optional")),
    "signed": Reader(
        signed_content,
        (),
        (bytes.fromhex("308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a0802480040178") + bytes(6),),
    ),
    "people": Reader(_people, (), (b'Ana (x) <a@b.fr>, "b, c"@d.fr, g: e@f.fr;', b"<@a,@b:c@d.fr>", "é@é.fr".encode())),
    "address": Reader(lambda octets: addresses.canonical(_text(octets)), (addresses.AddressError,), (b'"a b"@c.fr', "É@É.fr".encode())),
    "header": Reader(_header, (), (b"=?utf-8?q?a=C3=A9?= =?iso-8859-1?b?6Q==?= b", b"<a@b> <c@d>")),
    "imap-commands": Reader(
        _commands,
        (),
        (
            b"\x20\x00a FETCH 1:*,3 (UID BODY.PEEK[1.2.HEADER.FIELDS (To Cc)]<0.10> BINARY.SIZE[1]) (CHANGEDSINCE 3 VANISHED)\r\n",
            b'\x20\x01a SEARCH RETURN (MIN SAVE) CHARSET UTF-8 OR (FROM "x" NOT SEEN) TEXT {3+}\r\nabc SINCE 1-Jan-2026 UID $\r\n',
            b"\x05\x02a SORT (REVERSE DATE SUBJECT) UTF-8 ALL\r\n",
            b'\x05\x04a LIST (SUBSCRIBED RECURSIVEMATCH) "" ("*" "%&AOk-") RETURN (STATUS (MESSAGES))\r\n',
            b'\x05\x07a LOGIN "a" {1+}\r\nb\r\n',
            b"\x05\x0ba SELECT INBOX (QRESYNC (1 2 3:4 (1 2)))\r\n",
            b'\x05\x0ea APPEND x (\\Seen) " 5-Jan-2026 09:00:00 +0100" UTF8 (~{3+}\r\nabc)\r\n',
            b"\x05\x0fa STORE 1 (UNCHANGEDSINCE 5) -FLAGS.SILENT (\\Deleted x)\r\n",
        ),
    ),
    "imap-names": Reader(_folder_names, (names.BadName,), (b"*%a/%\nINBOX/a", b"%\n&AOk-&-")),
    "threads": Reader(_threads, (), (b"re: x|ab\n[fwd: x]|ba\nx (fwd)|c", b"a|ab\nb|bc\nc|ca")),
    "smtp-paths": Reader(
        _envelope,
        (),
        (b"FROM:<@a:b@c.fr> SIZE=10 RET=FULL ENVID=a+41 SMTPUTF8", b'TO:<"a b"@c.fr> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c.fr'),
    ),
    "scenario": Reader(
        lambda octets: read_scenario(octets, size_bytes_max=262_144, steps_max=200),
        (NotAScenario,),
        tuple(map(shelf.octets, shelf.names())),
    ),
    "sasl": Reader(
        _sasl, (), (b"\0a\0b", b"user=a@b.fr\x01auth=Bearer x\x01\x01", b"n,a=a=2Cb,\x01host=x\x01auth=Bearer t\x01\x01", b"AGEAYg==")
    ),
    "certificate-names": Reader(
        _certificate_names, (ValueError,), ("CN=a\\,b,OU=c,O=d,ST=Rhône (69),C=FR".encode(), b"CN=\\41+OU=x, O=#0401")
    ),
    "serial": Reader(lambda octets: read_serial(octets.decode("utf-8", "replace")), (ValueError,), (b"0x01:AB",)),
    "ocsp": Reader(
        lambda octets: revocation.read_request(octets, ()), (revocation.UnreadableRequestError,), (b"0\x05\x30\x03\x30\x01\x30",)
    ),
    "dns": Reader(_dns, (), (_DNS_QUESTION, _DNS_QUESTION[:-4] + b"\xc0\x0c\x00\xff\x00\x01")),
    "form": Reader(_form, (OAuthError,), (b"grant_type=authorization_code&code=a%20b&code_verifier=x", b"a=1&a=2&b=%00")),
    "assertion": Reader(_assertion, (OAuthError,), (b"e30.eyJzdWIiOiJhIn0.YQ", b"e30.e30.", b"..", b"a.W10.b")),
    "accept": Reader(
        lambda octets: spreadsheet.is_preferred(octets.decode("latin-1")),
        (),
        (b"text/csv;q=0.5, application/json", b"*/*;q=0., text/csv;q=1.000"),
    ),
    "table": Reader(
        _table,
        (tables.TableError,),
        (
            "type;idnat;nom\r\nprofessional;1;LÉGER\r\n".encode("cp1252"),
            b'sep=,\n"bal","type de bal"\n"a@b.fr","PER"\n',
            b'{"kind": "patient", "idnat": "285037511300167", "ins": [{"state": "provisional"}]}\n',
            b"\xff\xfe" + "nom\tbal\n".encode("utf-16-le"),
        ),
    ),
    "patch": Reader(_patched, (), (_PATCHED,)),
    "directory": Reader(
        _directory,
        (Refusal,),
        (
            b"family:exact=a,b&_lastUpdated=ge2026-01-05&_count=1",
            b"organization.name=x&_include=*&_elements=a,b",
            b"identifier=a%7Cb&id=uAAAA",
        ),
    ),
    "cursor": Reader(_cursor, (Refusal,), (b"f0000000000000", b"m1")),
    "identifier": Reader(_identifier, (), (b"285037511300167", b"899700420062", b"590000010000017/SEC0001")),
    "id": Reader(_id, (ValueError,), (b"0000000000000", b"zzz")),
}
