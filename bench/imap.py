"""How fast mail is read, searched, filed and told over IMAP; Dovecot stands beside, with the same client and the same letters."""

import os
import smtplib
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from statistics import median

from dovecot import dovecot, idlers_max, missing
from figures import IN_CLEAR, BenchmarkError, Row, Setting, alternate
from fill import multiply
from imap_client import Client, Server, connected, wait_for_all
from load import Letter, compose
from servers import KIB, SENDER, Load, Simulator, simulator

_MAILBOX = "camille.martin@medecin.sim.mssante.fr"
_LOGIN = "camille.martin"
_PASSWORD = "cabinet-2026"  # noqa: S105 - the seed's public password
_PER_IDENTITY = "MSS_SIM_CONNECTIONS_PER_IDENTITY_MAX"
_ROUNDS = 3
_MARKED_EVERY = 100
_NUMBER = b"one.000000000000"
_WORDS = (b"adipiscing", b"tachycarde"), (b"consultation", b"radiographie")  # as long, so that no size changes
_VARY = """
    PRAGMA journal_mode=OFF;
    PRAGMA synchronous=OFF;
    UPDATE message_bodies SET raw = varied(raw, uid), envelope = varied(envelope, uid),
        search_text = CAST(varied(CAST(search_text AS BLOB), uid) AS TEXT)
    FROM copies WHERE copies.message_id = message_bodies.message_id;
    UPDATE messages SET subject_search = CAST(varied(CAST(subject_search AS BLOB), uid) AS TEXT)
    FROM copies WHERE copies.message_id = messages.id;
    PRAGMA journal_mode=WAL;
"""
_LAST = 50
_LISTS = {
    "flags": b"FETCH 1:* (FLAGS UID)",
    "envelopes": b"FETCH 1:* (UID FLAGS ENVELOPE RFC822.SIZE)",
    "letters": b"FETCH 1:* BODY.PEEK[]",
    "envelopes again": b"FETCH 1:* (UID FLAGS ENVELOPE RFC822.SIZE)",
}
_BLOCK = 20
_TURNS = 4
_TURN = 5  # messages in a row on one connection: a processor that does one thing for too short a time never gets fast at it
_STRIDE = 7_919  # prime: the messages that STORE changes are spread over the folder
_STORES = b"STORE %d +FLAGS (\\Flagged)", b"STORE %d -FLAGS (\\Flagged)"
_GROWTH_MAX = 1.3
_IDLE_MB_MAX = 30
_WAKE_MS_MAX = 100
_WAKE_SECONDS = 20.0

_Times = defaultdict[str, list[float]]  # seconds by what was asked


@dataclass(frozen=True, slots=True)
class Filled:
    """A simulator with a full INBOX, and the letter that all in it are made of."""

    server: Server
    letter: bytes
    total: int

    def letters(self) -> Iterator[tuple[bytes, bool]]:
        """The same letters for the peer, and whether each is seen: every other one is, the newest is not."""
        return ((_varied(self.letter, uid), uid % 2 == 0 and uid < self.total) for uid in range(1, self.total + 1))

    @property
    def unseen(self) -> int:
        """How many of them are not seen."""
        return self.total - (self.total - 1) // 2


def fetch(setting: Setting) -> list[Row]:
    """The lists that a client makes of a folder, and all its letters. Every round of Dovecot's is its first over a new folder."""
    ours, theirs = _Times(list), _Times(list)
    with _filled(setting, setting.count(12_000, 300)) as filled, dovecot(setting.folder) as peer:
        for number in range(setting.count(_ROUNDS, 1)):
            with connected(filled.server) as [client]:
                _read(client, "INBOX", filled.total, ours)
            if peer is not None:
                peer.fill(filled.letters(), f"cold{number}")
                with connected(peer.server) as [client]:
                    _read(client, f"cold{number}", filled.total, theirs)
    mine, peers = ({name: [filled.total / one for one in series[name]] for name in _LISTS} for series in (ours, theirs))
    envelopes = _rate("IMAP envelopes", mine["envelopes"], peers["envelopes"], 1, least=10_000)
    again = {"ours_again": mine["envelopes again"], "theirs_again": peers["envelopes again"]}
    return [
        _rate("IMAP flags", mine["flags"], peers["flags"], 0.4, least=60_000),
        replace(envelopes, detail={**envelopes.detail, **again}),
        _rate("IMAP letters of 2 KiB", mine["letters"], peers["letters"], 1, least=10_000),
        _time(f"IMAP last {_LAST} envelopes", ours["last"], theirs["last"], 5),
    ]


def _read(client: Client, folder: str, total: int, times: _Times) -> None:
    """Ask for every list once, in the order of a client that fills its cache, then for the newest several times."""
    _require(client.select(folder), total, f"messages in {folder}")
    for name, command in _LISTS.items():
        times[name].append(_fetched(client, command, total))
    last = b"FETCH %d:* (UID FLAGS ENVELOPE RFC822.SIZE)" % (total - _LAST + 1)
    times["last"] += [_fetched(client, last, _LAST) for _ in range(_BLOCK)]


def _fetched(client: Client, command: bytes, expected: int) -> float:
    seconds = client.ask(command)
    _require(client.count(b" FETCH ("), expected, command.decode())
    return seconds


def commands(setting: Setting) -> list[Row]:
    """NOOP, STORE and SELECT in a large folder; the first two must hardly notice how large it is."""
    few, many, theirs = _Times(list), _Times(list), _Times(list)
    counts = setting.count(1_000, 200), setting.count(100_000, 2_000)
    with _filled(setting, counts[0]) as small, _filled(setting, counts[1]) as large, dovecot(setting.folder, alone=True) as peer:
        places = [(small.server, counts[0], few), (large.server, counts[1], many)]
        if peer is not None:
            peer.fill(large.letters())
            places.append((peer.server, counts[1], theirs))
        for number in range(setting.count(10, 1)):
            with ExitStack() as stack:
                desks = [Desk(stack.enter_context(connected(server))[0], total, times) for server, total, times in places]
                for desk in desks:
                    desk.select()
                for turn in range(_TURNS):
                    for desk in desks:
                        desk.work((number * _TURNS + turn) * _TURN)
    return [
        *_steady("NOOP", "NOOP", counts, few, many, theirs),
        *_steady("STORE of one message", "STORE", counts, few, many, theirs),
        _time(f"IMAP SELECT of {counts[1]:,}", many["SELECT"], theirs["SELECT"], 4),
    ]


@dataclass(frozen=True, slots=True)
class Desk:
    """One connection to one folder, and what was measured there."""

    client: Client
    total: int
    times: _Times

    def select(self) -> None:
        """SELECT, as at the beginning of a session."""
        began = time.perf_counter()
        _require(self.client.select(), self.total, "messages in INBOX")
        self.times["SELECT"].append(time.perf_counter() - began)

    def work(self, done: int) -> None:
        """One turn: flag messages and unflag them again, with a NOOP before each."""
        for step in range(done, done + _TURN):
            place = 1 + step * _STRIDE % self.total
            for command in _STORES:
                self.times["NOOP"].append(self.client.ask(b"NOOP"))
                self.times["STORE"].append(_fetched(self.client, command % place, 1))


def _steady(name: str, kind: str, counts: tuple[int, int], few: _Times, many: _Times, theirs: _Times) -> list[Row]:
    """Two rows: what a command costs in the large folder, and how much more that is than in the small one."""
    small, large = median(few[kind]), median(many[kind])
    ratio = large / small
    growth = Row(
        f"IMAP {name}, growth",
        f"{large * 1_000:.2f} ms at {counts[1]:,}",
        f"{small * 1_000:.2f} ms at {counts[0]:,}, ratio <= {_GROWTH_MAX}",
        ratio,
        ratio <= _GROWTH_MAX,
        {"many": many[kind], "few": few[kind], "limit": _GROWTH_MAX},
    )
    return [_time(f"IMAP {name} at {counts[1]:,}", many[kind], theirs[kind], 1.5), growth]


def search(setting: Setting) -> list[Row]:
    """SEARCH by flag, by subject and by text, each for a word that one letter in a hundred has."""
    ours, theirs = _Times(list), _Times(list)
    (_, text), (_, subject) = _WORDS
    with _filled(setting, setting.count(10_000, 500)) as filled, dovecot(setting.folder) as peer:
        rare = filled.total // _MARKED_EVERY
        keys = {b"UNSEEN": filled.unseen, b"SUBJECT " + subject: rare, b"BODY " + text: rare}
        places = [(filled.server, ours)]
        if peer is not None:
            peer.fill(filled.letters())
            places.append((peer.server, theirs))
        for _ in range(setting.count(7, 2)):
            for server, times in places:
                with connected(server) as [client]:
                    _require(client.select(), filled.total, "messages in INBOX")
                    for key, expected in keys.items():
                        times[key.split()[0].decode()].append(client.ask(b"SEARCH " + key))
                        _require(_numbers_found(client), expected, f"SEARCH {key.decode()}")
    return [
        _time(f"IMAP SEARCH {kind} in {filled.total:,}", ours[kind], theirs[kind], most)
        for kind, most in (("UNSEEN", 3), ("SUBJECT", 60), ("BODY", 1_500))
    ]


def _numbers_found(client: Client) -> int:
    """How many messages the answer to SEARCH names."""
    line = next((line for line in client.answer().split(b"\r\n") if line.startswith(b"* SEARCH")), b"* SEARCH")
    return len(line.split()) - 2


def append(setting: Setting) -> list[Row]:
    """Durable APPEND on one connection, each waiting for its OK."""
    count = setting.count(2_000, 50)
    letter = compose(2 * KIB, SENDER, [_MAILBOX], "append", french=False)
    with simulator(setting.folder, data=setting.folder / "data") as running, dovecot(setting.folder) as peer:
        mine = _appending(_server(running), letter, count)
        ours: list[float] = []
        theirs: list[float] = []
        if peer is None:
            ours = [mine() for _ in range(_ROUNDS)]
        else:
            ours, theirs = alternate(mine, _appending(peer.server, letter, count), _ROUNDS)
    return [_rate("IMAP APPEND of 2 KiB", ours, theirs, 1.5)]


def _appending(server: Server, letter: Letter, count: int) -> Callable[[], float]:
    numbers = iter(range(1_000_000))

    def measure() -> float:
        with connected(server) as [client]:
            before = client.select()
            commands = [_append_command(letter, next(numbers)) for _ in range(count)]
            seconds = sum(map(client.ask, commands))
            _require(client.select(), before + count, "messages in INBOX after APPEND")
        return count / seconds

    return measure


def _append_command(letter: Letter, number: int) -> bytes:
    octets = _octets(letter, number)
    return b"APPEND INBOX {%d+}\r\n%b" % (len(octets), octets)


def idle(setting: Setting) -> list[Row]:
    """What many idle connections cost, and how soon the last of them hears of a new message; the slowest round decides."""
    count, rounds = setting.count(200, 10), setting.count(10, 2)
    letter = compose(2 * KIB, SENDER, [_MAILBOX], "idle", french=False)
    with _many_connections_allowed(), simulator(setting.folder, data=setting.folder / "data", in_clear=True) as running:
        with connected(_server(running)) as [client]:
            client.select()  # what the first connection of all costs is not the price of one more
            client.idle()
        mine = _idle(_server(running), count, rounds, running.resident_bytes, _delivery(running, letter))
    theirs, beside = None, missing()
    with dovecot(setting.folder) as peer:
        if peer is not None:
            fewer = min(count, idlers_max())
            theirs = _idle(peer.server, fewer, rounds, peer.proportional_bytes, lambda number: peer.deliver(_octets(letter, number)))
            beside = f"Dovecot's {fewer}"
    return _idle_rows(count, mine, theirs, beside)


_Idle = tuple[float, list[float]]  # megabytes, and seconds by round


def _idle(server: Server, count: int, rounds: int, memory: Callable[[], int], deliver: Callable[[int], float]) -> _Idle:
    """Let connections idle, then deliver to them; `deliver` tells the moment from which they should know."""
    before = memory()
    times = []
    with connected(server, count) as clients:
        exists = 0
        for client in clients:
            exists = client.select()
            client.idle()
        time.sleep(1)  # for whatever is still put in order after the last log-in
        grown = (memory() - before) / 1e6
        for number in range(1, rounds + 1):
            told = deliver(number)
            times.append(wait_for_all(clients, b"* %d EXISTS\r\n" % (exists + number), _WAKE_SECONDS) - told)
    return grown, times


def _delivery(running: Simulator, letter: Letter) -> Callable[[int], float]:
    """Delivery on the MX port; the clock starts with the 250 after the final dot."""

    def deliver(number: int) -> float:
        with smtplib.SMTP(*running.mx, timeout=_WAKE_SECONDS) as client:
            client.ehlo()
            client.mail(SENDER)
            client.rcpt(_MAILBOX)
            code, text = client.data(_octets(letter, number))
            told = time.perf_counter()
        if code != 250:
            raise BenchmarkError(f"the message for the idle connections was answered {code} {text!r}")
        return told

    return deliver


def _idle_rows(count: int, mine: _Idle, theirs: _Idle | None, beside: str | None) -> list[Row]:
    grown, times = mine
    worst = max(times) * 1_000
    megabytes, slowest = (f" {theirs[0]:.0f} MB", f" {max(theirs[1]) * 1_000:.0f} ms") if theirs else ("", "")
    detail = {"connections": count, "megabytes": grown, "seconds": times, "peer": theirs}
    return [
        Row(
            f"IMAP, memory of {count} idle",
            f"{grown:.1f} MB",
            f"{beside}{megabytes}, < {_IDLE_MB_MAX} MB",
            grown / _IDLE_MB_MAX,
            grown < _IDLE_MB_MAX,
            detail,
            IN_CLEAR,
        ),
        Row(
            f"IMAP, last of {count} idle to hear",
            f"{worst:.1f} ms",
            f"{beside}{slowest}, <= {_WAKE_MS_MAX} ms",
            worst / _WAKE_MS_MAX,
            worst <= _WAKE_MS_MAX,
            detail,
            IN_CLEAR,
        ),
    ]


@contextmanager
def _many_connections_allowed() -> Iterator[None]:
    """All of the idle connections are one person's, who may have ten as a rule."""
    before = os.environ.get(_PER_IDENTITY)
    os.environ[_PER_IDENTITY] = "1000"
    try:
        yield
    finally:
        del os.environ[_PER_IDENTITY]
        if before is not None:
            os.environ[_PER_IDENTITY] = before


@contextmanager
def _filled(setting: Setting, total: int) -> Iterator[Filled]:
    """A simulator whose INBOX was filled while it stood still; letters differ in their Message-ID, one in a hundred in two words."""
    folder = setting.folder / str(total)
    data = folder / "data"
    data.mkdir(parents=True)
    with simulator(folder, data=data, in_clear=True) as running:
        Load(running.mx, 1, connections=1, recipient=_MAILBOX, extra=("--prefix", "one")).run()
    database = data / "mss-sim.db"
    multiply(database, f"<{_NUMBER.decode()}@load.sim.mssante.fr>", total)
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        (letter,) = connection.execute("SELECT raw FROM message_bodies WHERE instr(raw, ?)", (_NUMBER,)).fetchone()
        connection.create_function("varied", 2, _varied)
        connection.executescript(_VARY)
    finally:
        connection.close()
    with simulator(folder, data=data) as running:
        yield Filled(_server(running), letter, total)


def _varied(octets: bytes, uid: int) -> bytes:
    octets = octets.replace(_NUMBER, b"one.%012d" % uid)
    if uid % _MARKED_EVERY == 0:
        for everywhere, rare in _WORDS:
            octets = octets.replace(everywhere, rare)
    return octets


def _server(running: Simulator) -> Server:
    """Where the simulator serves IMAP."""
    place = running.ready["imap"]
    if place is None:
        raise BenchmarkError("this simulator serves no IMAP")
    return Server((place["host"], place["port"]), running.ca_file, _LOGIN, _PASSWORD)


def _octets(letter: Letter, number: int) -> bytes:
    """A letter without the dot that ends it over SMTP."""
    return letter.numbered(number).removesuffix(b".\r\n")


def _require(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise BenchmarkError(f"{what}: {found} instead of {expected}")


def _rate(name: str, ours: Sequence[float], theirs: Sequence[float], share: float, *, least: float = 0) -> Row:
    """A row for rates that must reach a share of the peer's, and some rate in any case."""
    figure = median(ours)
    detail = {"ours": ours, "theirs": theirs, "share": share, "least": least}
    absolute = f", >= {least:,} /s" if least else ""
    if not theirs:
        return Row(name, f"{figure:,.0f} /s", f"{missing()}{absolute}", None, figure >= least if least else None, detail)
    ratio = figure / median(theirs)
    beside = f"Dovecot {median(theirs):,.0f} /s, ratio >= {share:g}"
    return Row(name, f"{figure:,.0f} /s", f"{beside}{absolute}", ratio, ratio >= share and figure >= least, detail)


def _time(name: str, ours: Sequence[float], theirs: Sequence[float], most: float) -> Row:
    """A row for seconds whose median must stay under so many milliseconds."""
    figure = median(ours) * 1_000
    beside = f"Dovecot {median(theirs) * 1_000:.2f} ms" if theirs else missing()
    detail = {"ours": ours, "theirs": theirs, "limit_milliseconds": most}
    return Row(name, f"{figure:.2f} ms", f"{beside}, < {most:,} ms", figure / most, figure < most, detail)
