"""Searches over the copies of one folder; a tree in, a set of UIDs out (ref: rfc9051#6.4.4).

Each leaf is one query over the folder; AND, OR and NOT are set operations. Header fields without a column are read from the bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, not_, or_, select

from mss_sim.clock import DAY, Micros
from mss_sim.mail.criteria import Key
from mss_sim.mail.headers import decode, read_headers, split
from mss_sim.mail.parse import date_as_written, fold, parse
from mss_sim.models.tables import copies, message_bodies, messages
from mss_sim.store.folder_index import Marks
from mss_sim.vocabulary.mailboxes import Flag

_HEADER_OCTETS = 256 * 1024
_USUAL_OCTETS = 8 * 1024
"""Most headers are shorter; more is read of the others alone."""
_FIELDS_MAX = 1_000
_FEW = 400
_PEOPLE_AND_SUBJECT = (messages.c.from_search, messages.c.to_search, messages.c.subject_search)


class Scope(NamedTuple):
    """Where to search: the folder, every UID of the folder that counts, and the marks of all copies in it as the searcher sees them."""

    folder_id: int
    all: frozenset[int]
    marks: Callable[[], Marks]


def find(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    """The UIDs that match a key."""
    look = _LOOKS.get(key.kind, _by_columns)
    return look(conn, scope, key)


def _every(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    """All of the keys; the later ones are not evaluated once nothing is left."""
    found: AbstractSet[int] = scope.all
    for one in key.keys:
        if found:
            found = found & find(conn, scope, one)
    return found


def _either(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    return find(conn, scope, key.keys[0]) | find(conn, scope, key.keys[1])


def _not(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    return scope.all - find(conn, scope, key.keys[0])


def _keyword(_scope: Scope, word: str) -> Any:
    return (" " + func.lower(copies.c.keywords) + " ").contains(f" {word.lower()} ", autoescape=True)


_CONDITIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "KEYWORD": _keyword,
    "FROM": lambda _, text: messages.c.from_search.contains(fold(text), autoescape=True),
    "SUBJECT": lambda _, text: messages.c.subject_search.contains(fold(text), autoescape=True),
    "ANYBODY": lambda _, text: messages.c.to_search.contains(fold(text), autoescape=True),
    "LARGER": lambda _, octets: messages.c.size_bytes > octets,
    "SMALLER": lambda _, octets: messages.c.size_bytes < octets,
    "SINCE": lambda _, instant: copies.c.internal_at >= instant,
    "BEFORE": lambda _, instant: copies.c.internal_at < instant,
    "MODSEQ": lambda _, modseq: copies.c.modseq >= modseq,
    "EMAILID": lambda _, number: messages.c.id == number,
    "THREADID": lambda _, number: messages.c.thread_id == number,
}


def _by_columns(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    query = select(copies.c.uid).join(messages, messages.c.id == copies.c.message_id)
    return (
        set(conn.execute(query.where(copies.c.folder_id == scope.folder_id, _CONDITIONS[key.kind](scope, key.value))).scalars()) & scope.all
    )


def _by_date(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    """Copies by the day that their Date says, whatever its zone; where the instant does not tell, the header does (ref: rfc9051#6.4.4)."""
    bound, sent = key.value, messages.c.sent_at
    query = select(copies.c.uid).join(messages, messages.c.id == copies.c.message_id).where(copies.c.folder_id == scope.folder_id)
    since = key.kind == "SENTSINCE"
    sure = set(conn.execute(query.where(sent >= bound + DAY if since else sent < bound - DAY)).scalars())
    head = func.substr(message_bodies.c.raw, 1, _HEADER_OCTETS)
    near = query.join(message_bodies, message_bodies.c.message_id == messages.c.id).where(sent >= bound - DAY, sent < bound + DAY)
    rows = conn.execute(near.with_only_columns(copies.c.uid, head).execution_options(yield_per=100))
    return (sure | {uid for uid, octets in rows if (_date_written(bytes(octets)) >= bound) is since}) & scope.all


def _date_written(head: bytes) -> Micros:
    return next((date for value in _values(head, "Date") if (date := date_as_written(decode(value))) is not None), 0)


def _by_flag(_conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    marks = scope.marks()
    return (marks.seen() if key.value is Flag.SEEN else marks.having(int(key.value))) & scope.all


def _by_text(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    query = select(copies.c.uid).join(message_bodies, message_bodies.c.message_id == copies.c.message_id)
    holds = message_bodies.c.search_text.contains(fold(key.value), autoescape=True)
    found = set(conn.execute(query.where(copies.c.folder_id == scope.folder_id, holds)).scalars()) & scope.all
    return found | _with_header(conn, scope._replace(all=scope.all - found), lambda head: _says(head, fold(key.value)))


def _by_header(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    """Copies in which a field of that name contains the text; an empty text tests whether the field exists."""
    name, text = key.value
    return _with_header(conn, scope, lambda head: holds(head, name, fold(text)))


def _with_header(conn: Connection, scope: Scope, wanted: Callable[[bytes], bool]) -> AbstractSet[int]:
    """Copies whose message begins with octets, its whole header among them, that are wanted."""
    found: set[int] = set()
    long: list[int] = []
    for uid, head in _heads(conn, scope, _USUAL_OCTETS):
        if len(head) == _USUAL_OCTETS and split(head)[0] == len(head):
            long.append(uid)
        elif wanted(head):
            found.add(uid)
    for at in range(0, len(long), _FEW):
        some = scope._replace(all=frozenset(long[at : at + _FEW]))
        found.update(uid for uid, head in _heads(conn, some, _HEADER_OCTETS) if wanted(head))
    return found


def _heads(conn: Connection, scope: Scope, octets: int) -> Iterator[tuple[int, bytes]]:
    """So many octets from the beginning of each copy's message."""
    if not scope.all:
        return
    head = func.substr(message_bodies.c.raw, 1, octets)
    query = select(copies.c.uid, head).join(message_bodies, message_bodies.c.message_id == copies.c.message_id)
    query = query.where(copies.c.folder_id == scope.folder_id)
    if len(scope.all) <= _FEW:
        query = query.where(copies.c.uid.in_(list(scope.all)))
    for uid, raw in conn.execute(query.execution_options(yield_per=100)):
        if uid in scope.all:
            yield uid, bytes(raw)


def _says(head: bytes, wanted: str) -> bool:
    """Whether any field, its name included, contains the text. What is plain is not read field by field, which most letters are."""
    block = head[: split(head)[0]]
    if block.isascii() and b"=?" not in block:
        return wanted in fold(block.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t").decode("ascii"))
    try:
        fields = read_headers(block, count_max=_FIELDS_MAX).fields
    except OverflowError:
        return False
    return any(wanted in fold(f"{name}: {decode(value)}") for name, value in fields)


def holds(head: bytes, name: str, wanted: str) -> bool:
    """Whether a field of that name, in the octets that a message begins with, contains a folded text; an empty one: whether it is there."""
    return any(wanted in fold(decode(value)) for value in _values(head, name))


def _values(head: bytes, name: str) -> Sequence[bytes]:
    try:
        return read_headers(head[: split(head)[0]], count_max=_FIELDS_MAX).all(name)
    except OverflowError:
        return ()


def _by_body(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    """Copies whose search text matches, then those among them where the match is in the body and not only in the header."""
    wanted = fold(key.value)
    query = (
        select(copies.c.uid, message_bodies.c.raw)
        .join(messages, messages.c.id == copies.c.message_id)
        .join(message_bodies, message_bodies.c.message_id == copies.c.message_id)
        .where(copies.c.folder_id == scope.folder_id, message_bodies.c.search_text.contains(wanted, autoescape=True))
    )
    sure = not_(or_(*(column.contains(wanted, autoescape=True) for column in _PEOPLE_AND_SUBJECT)))
    found = set(conn.execute(query.with_only_columns(copies.c.uid).where(sure)).scalars())
    doubtful = conn.execute(query.where(not_(sure)).execution_options(yield_per=50))
    return (found | {uid for uid, raw in doubtful if wanted in fold(parse(bytes(raw)).text)}) & scope.all


def _by_people(conn: Connection, scope: Scope, key: Key) -> AbstractSet[int]:
    """The column of To also contains Cc; which of the two matched is read from the header of the possible matches."""
    wider = find(conn, scope, Key("ANYBODY", key.value)) if key.kind != "BCC" else scope.all
    return wider & _by_header(conn, scope._replace(all=frozenset(wider)), Key("HEADER", (key.kind, key.value)))


_LOOKS: dict[str, Callable[[Connection, Scope, Key], AbstractSet[int]]] = {
    "ALL": lambda _conn, scope, _key: scope.all,
    "UID": lambda _conn, scope, key: set(key.value) & scope.all,
    "AND": _every,
    "OR": _either,
    "NOT": _not,
    "FLAG": _by_flag,
    "HEADER": _by_header,
    "SENTSINCE": _by_date,
    "SENTBEFORE": _by_date,
    "TO": _by_people,
    "CC": _by_people,
    "BCC": _by_people,
    "TEXT": _by_text,
    "BODY": _by_body,
}
