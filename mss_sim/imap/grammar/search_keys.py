"""The arguments of SEARCH, SORT and THREAD, read into a tree of keys (ref: rfc9051#6.4.4, rfc5256#3)."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, NoReturn

from mss_sim import ids
from mss_sim.clock import SECOND, from_datetime
from mss_sim.imap.grammar.wire import Arguments, Bad, NotUtf8
from mss_sim.mail.criteria import ALL, Key
from mss_sim.vocabulary.mailboxes import Flag
from mss_sim.words.sentence import Sentence, SpokenError, say

_DEPTH_MAX = 50
_KEYS_MAX = 500
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})\Z", re.ASCII)
_DATE_TIME = re.compile(r"([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)([0-5]\d)\Z", re.ASCII)
_DATE_TIME_FORM = say('a date-time is " 5-Jan-2026 09:00:00 +0100", in quotes')
_FLAGS = {"ANSWERED": Flag.ANSWERED, "DELETED": Flag.DELETED, "DRAFT": Flag.DRAFT, "FLAGGED": Flag.FLAGGED, "SEEN": Flag.SEEN}
_RECENT = Key("RECENT")
_SIMPLE = {
    "ALL": ALL,
    "RECENT": _RECENT,
    "OLD": Key("NOT", keys=(_RECENT,)),
    "NEW": Key("AND", keys=(_RECENT, Key("NOT", keys=(Key("FLAG", Flag.SEEN),)))),
}
"""Keys without an argument that name no flag of the store (ref: rfc3501#6.4.4)."""
_TEXTS = frozenset({"FROM", "TO", "CC", "BCC", "SUBJECT", "TEXT", "BODY"})
_DATES = frozenset({"BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"})
_NO_ID = -1  # no object has it: nothing matches
_SEQUENCE_STARTS = frozenset(b"0123456789*$")
CHARSETS = frozenset({"UTF-8", "US-ASCII"})
SORT_KEYS = frozenset({"ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO"})
RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE"})


class BadCharset(SpokenError):
    """The texts of a search are in a charset that is not read here, or not in the one that it names (ref: rfc5530#3).

    `saves` when its result was to be kept as `$`.
    """

    def __init__(self, why: Sentence, *, saves: bool) -> None:
        super().__init__(why)
        self.saves = saves


class Search(NamedTuple):
    """SEARCH. `returns` is None where no RETURN was given, else what to return (ref: rfc4731#3.1)."""

    key: Key
    returns: frozenset[str] | None = None


class Sort(NamedTuple):
    """SORT: criteria as (key, reversed), in order of weight."""

    order: tuple[tuple[str, bool], ...]
    key: Key


class ThreadArguments(NamedTuple):
    """THREAD."""

    algorithm: str
    key: Key


def search(arguments: Arguments) -> Search:
    """SEARCH [RETURN (options)] [CHARSET name] keys."""
    returns: frozenset[str] | None = None
    arguments.space()
    if arguments.skip(b"RETURN ("):
        words: list[str] = []
        while not arguments.skip(b")"):
            words.append(arguments.atom())
            arguments.skip(b" ")
        if unknown := [word for word in words if word not in RETURNS]:
            raise Bad(say("RETURN does not take {word}; known: {known}", word=unknown[0], known=", ".join(sorted(RETURNS))))
        returns = frozenset(words) or frozenset({"ALL"})
        arguments.space()
    named = arguments.skip(b"CHARSET ")
    if named and arguments.utf8_accepted:
        raise Bad(say("after ENABLE UTF8=ACCEPT a SEARCH names no charset: leave CHARSET out (rfc6855#3)"))
    saves = "SAVE" in (returns or ())
    if named:
        _check_charset(arguments.text(), saves=saves)
        arguments.space()
    return Search(_keys_to_the_end(arguments, saves=saves), returns)


def sort(arguments: Arguments) -> Sort:
    """SORT (criteria) charset keys."""
    arguments.expect(b" (")
    order: list[tuple[str, bool]] = []
    while not order or arguments.skip(b" "):
        reverse = arguments.skip(b"REVERSE ")
        word = arguments.atom()
        if word not in SORT_KEYS:
            raise Bad(say("SORT does not order by {word}; known: {known}", word=word, known=", ".join(sorted(SORT_KEYS))))
        order.append((word, reverse))
    arguments.expect(b") ")
    _check_charset(arguments.text())
    arguments.space()
    return Sort(tuple(order), _keys_to_the_end(arguments))


def thread(arguments: Arguments) -> ThreadArguments:
    """THREAD algorithm charset keys."""
    arguments.space()
    algorithm = arguments.atom()
    arguments.space()
    _check_charset(arguments.text())
    arguments.space()
    return ThreadArguments(algorithm, _keys_to_the_end(arguments))


def _check_charset(name: str, *, saves: bool = False) -> None:
    if name.upper() not in CHARSETS:
        raise BadCharset(say("{name} is not understood", name=name[:40]), saves=saves)


def _keys_to_the_end(arguments: Arguments, *, saves: bool = False) -> Key:
    counted = [0]
    try:
        keys = [_key(arguments, 0, counted)]
        while arguments.skip(b" "):
            keys.append(_key(arguments, 0, counted))
    except NotUtf8 as error:  # some clients then try again in another charset, which they do not after BAD
        raise BadCharset(say("The text is not UTF-8: send it in one of these"), saves=saves) from error
    arguments.end()
    return keys[0] if len(keys) == 1 else Key("AND", keys=tuple(keys))


def _key(arguments: Arguments, depth: int, counted: list[int]) -> Key:
    counted[0] += 1
    if depth > _DEPTH_MAX or counted[0] > _KEYS_MAX:
        raise Bad(say("a search holds at most {most} keys, {levels} levels deep", most=_KEYS_MAX, levels=_DEPTH_MAX))
    if arguments.skip(b"("):
        keys = [_key(arguments, depth + 1, counted)]
        while arguments.skip(b" "):
            keys.append(_key(arguments, depth + 1, counted))
        arguments.expect(b")")
        return Key("AND", keys=tuple(keys))
    if arguments.peek() and arguments.peek()[0] in _SEQUENCE_STARTS:
        return Key("SEQUENCE", arguments.sequence())
    word = arguments.atom()
    if word in ("NOT", "OR"):
        arguments.space()
        inner = [_key(arguments, depth + 1, counted)]
        if word == "OR":
            arguments.space()
            inner.append(_key(arguments, depth + 1, counted))
        return Key(word, keys=tuple(inner))
    return _leaf(arguments, word)


def _leaf(arguments: Arguments, word: str) -> Key:
    key = _bare(word)
    if key is None:
        read = _READERS.get(word) or _never(_unknown(word))
        arguments.space()
        key = read(arguments, word)
    return key


def _unknown(word: str) -> Sentence:
    if word in ("OLDER", "YOUNGER"):
        return say("{word} is not offered: WITHIN is not announced", word=word)
    return say("{word} is not a search key of this server; known: {known}", word=word, known=", ".join(KNOWN))


def _bare(word: str) -> Key | None:
    """A key without an argument; None when the word is not one."""
    if word in _SIMPLE:
        return _SIMPLE[word]
    flag = _FLAGS.get(word.removeprefix("UN"))
    if flag is None:
        return None
    key = Key("FLAG", flag)
    return Key("NOT", keys=(key,)) if word.startswith("UN") else key


def _keyword(arguments: Arguments, word: str) -> Key:
    key = Key("KEYWORD", arguments.flag())
    return key if word == "KEYWORD" else Key("NOT", keys=(key,))


def _header(arguments: Arguments, word: str) -> Key:
    name = arguments.text()
    arguments.space()
    return Key(word, (name, arguments.text()))


def _modseq(arguments: Arguments, word: str) -> Key:
    if arguments.peek() == b'"':  # which flag changed is not stored: the whole copy's number stands for it (ref: rfc7162#3.1.5)
        arguments.string()
        arguments.space()
        arguments.atom()
        arguments.space()
    return Key(word, arguments.number())


_READERS: dict[str, Callable[[Arguments, str], Key]] = {
    "KEYWORD": _keyword,
    "UNKEYWORD": _keyword,
    **dict.fromkeys(_TEXTS, lambda arguments, word: Key(word, arguments.text())),
    **dict.fromkeys(_DATES, lambda arguments, word: _dated(word, arguments.text())),
    **dict.fromkeys(("LARGER", "SMALLER"), lambda arguments, word: Key(word, arguments.number())),
    "UID": lambda arguments, _: Key("UIDS", arguments.sequence()),
    "HEADER": _header,
    "MODSEQ": _modseq,
    "EMAILID": lambda arguments, word: Key(word, _id(arguments.text(), "M")),
    "THREADID": lambda arguments, word: Key(word, _id(arguments.text(), "T")),
}
KNOWN = sorted({"NOT", "OR", *_SIMPLE, *_FLAGS, *(f"UN{word}" for word in _FLAGS), *_READERS})
"""Every key, to be told to who sends another word."""


def _id(text: str, kind: str) -> int:
    if not text.startswith(kind):
        return _NO_ID
    try:
        return ids.decode(text.removeprefix(kind))
    except ValueError:
        return _NO_ID


def _dated(word: str, text: str) -> Key:
    found = _DATE.match(text) or _never(say("{text!r} is not a date such as 5-Jan-2026", text=text[:20]))
    try:
        day = date(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
        start = from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
    except ValueError:
        raise Bad(say("{text!r} is not a date such as 5-Jan-2026", text=text[:20])) from None
    next_day = start + 86_400 * SECOND
    sent = "SENT" if word.startswith("SENT") else ""
    if word.endswith("BEFORE"):
        return Key(f"{sent}BEFORE", start)
    if word.endswith("SINCE"):
        return Key(f"{sent}SINCE", start)
    return Key("AND", keys=(Key(f"{sent}SINCE", start), Key(f"{sent}BEFORE", next_day)))


def date_time(octets: bytes) -> int:
    """The instant of an APPEND's date-time (ref: rfc9051#9)."""
    found = _DATE_TIME.match(octets.decode("ascii", "replace")) or _never(_DATE_TIME_FORM)
    try:
        day, month, year, hour, minute, second = (found[1], _MONTHS.index(found[2].lower()) + 1, found[3], *found.group(4, 5, 6))
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), 59 if second == "60" else int(second), tzinfo=UTC)
        offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
        return from_datetime(moment + offset if found[7] == "-" else moment - offset)
    except (ValueError, OverflowError):
        raise Bad(_DATE_TIME_FORM) from None


def _never(why: Sentence) -> NoReturn:
    raise Bad(why)
