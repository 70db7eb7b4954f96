"""The national day: how long a simulator takes for the letters that a whole country writes in a day, and whether all of them are there.

28 million messages a month are 1,300,000 in a working day. They go among the 800,000 mailboxes of 321 operators that
`mss-sim seed --generate national` makes, as unequal as the real ones and of the same kinds, patients being 5 %. What each letter is:
`day_letters`.

The settings are those that somebody would run for a whole day of a country. Half of the letters come in by the submission port from people
who log in, half by the MX port from the servers of operators, which the load plays with the certificates of all of them. What a person
writes to another operator of the same world is delivered at once (`relay=direct`): there are a hundred thousand pairs of operators, and
most letters would need a connection of their own, of which one process is both ends, to try what the letters at the MX port try already.
The benchmark `relay` measures that way. Patients open their letters at once, so that each read receipt goes back within the day
(`patient_behaviour`). The rest is as everybody has it: durable, logged, with a copy in Sent.

The processor time of the simulator is told beside, for it tells more where others use the same processors; the load has its own process.
The clock runs from the first connection until nothing is under way, nothing is due and nothing waits: the last receipt is in its mailbox.
Making the people is not in it; it is done once, and kept as a snapshot. A tenth of the letters goes among a tenth of the mailboxes and of
the operators, and may take a tenth of the time.
"""

import base64
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from day_letters import Day, number_of
from figures import BenchmarkError, Row, Setting, percentile
from servers import Simulator, simulator

from mss_sim.core.control.fictional_trust_space import NATIONAL, Counts

_LETTERS = 1_300_000
_SECONDS_MAX = 1_200.0
_LIST_MILLISECONDS_MAX = 20.0
_LISTS = 500
_SETTINGS = {"relay": "direct", "patient_behaviour": "opens-at-once"}
_DEADLINE_SECONDS = 3 * 3_600
_ASK_SECONDS = 1_800
_HERE = Path(__file__).resolve().parent
_LYING = """
    SELECT m.rfc_message_id, b.address FROM messages m JOIN copies c ON c.message_id = m.id
    JOIN folders f ON f.id = c.folder_id AND f.name = 'INBOX' JOIN mailboxes b ON b.id = c.mailbox_id
    WHERE m.rfc_message_id LIKE '%.day@load.sim.mssante.fr>'
"""
_RECEIPTS = """
    SELECT count(*) FROM messages m JOIN copies c ON c.message_id = m.id JOIN folders f ON f.id = c.folder_id AND f.name = 'INBOX'
    WHERE m.return_path = ''
"""


def whole(setting: Setting) -> list[Row]:
    """The whole country; it is measured when it is asked for by name."""
    return _measured(setting, "the national day", 1_000 if setting.quick else 1)


def tenth(setting: Setting) -> list[Row]:
    """A tenth of it."""
    return _measured(setting, "a tenth of the national day", 1_000 if setting.quick else 10)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of the letters: how many were answered with 250, lie nowhere, lie twice or where they do not belong; and their receipts."""

    acknowledged: int
    lost: int
    doubled: int
    astray: int
    receipts: int
    receipts_due: int

    @property
    def kept(self) -> bool:
        """Whether all is as it was promised."""
        return not (self.lost or self.doubled or self.astray) and self.receipts == self.receipts_due


def _measured(setting: Setting, name: str, part: int) -> list[Row]:
    counts = Counts(*(-(-of // part) for of in (NATIONAL.practitioners, NATIONAL.organisations, NATIONAL.patients, NATIONAL.operators)))
    count, data = _LETTERS // part, setting.folder / "data"
    with _settings(), simulator(setting.folder, data=data, mx_port=setting.mx_port) as running:
        began = time.perf_counter()
        made = _ask(running, "POST", "/control/generate", _numbers(counts))
        making = time.perf_counter() - began
        _fetch_certificates(running, setting.folder)
        began, used = time.perf_counter(), running.cpu_seconds()
        told = _load(setting.folder, count, counts)
        accepted = time.perf_counter() - began
        _settle(running)
        seconds, used = time.perf_counter() - began, running.cpu_seconds() - used
        lists = _lists(running, Day(counts), setting.count(_LISTS, 20))
        resident = running.resident_bytes()
    outcome = _outcome(data / "mss-sim.db", Day(counts), (setting.folder / "acknowledged").read_bytes())
    slow = percentile(lists, 0.95)
    detail = {
        "letters": count,
        "mailboxes": made["mailboxes"],
        "operators": counts.operators,
        "sessions": told["sessions"],
        "day_seconds": seconds,
        "accepted_seconds": accepted,
        "making_seconds": making,
        "processor_seconds": used,
        "resident_bytes": resident,
        "database_bytes": (data / "mss-sim.db").stat().st_size,
        "astray": outcome.astray,
        "list_median_milliseconds": percentile(lists, 0.5),
        "receipts_due": outcome.receipts_due,
    }
    limit = _SECONDS_MAX / part
    figure = f"{seconds:,.0f} s, {count / seconds:,.0f} /s, {used * 1_000 / count:.2f} ms of processor for each of {count:,} letters"
    kept = f"{outcome.acknowledged:,} acknowledged, {outcome.lost} lost, {outcome.doubled} doubled, {outcome.receipts:,} receipts"
    met = seconds <= limit and told["errors"] == 0
    ratio = slow / _LIST_MILLISECONDS_MAX
    shown = ", ".join(f"{key}={value}" for key, value in _SETTINGS.items())
    return [
        Row(name, figure, f"<= {limit:,.0f} s", seconds / limit, met, {**detail, "first_error": told["first_error"]}, shown),
        Row(f"{name}, what is there", kept, f"0 lost, 0 doubled, {outcome.receipts_due:,} receipts", None, outcome.kept, {}, shown),
        Row(f"{name}, a list at its end", f"p95 {slow:.1f} ms", f"< {_LIST_MILLISECONDS_MAX:g} ms", ratio, ratio < 1, {}, shown),
    ]


def _numbers(counts: Counts) -> dict[str, int]:
    """The numbers of a network by their names, as they are asked for."""
    return {name: getattr(counts, name) for name in ("practitioners", "organisations", "patients", "operators")}


@contextmanager
def _settings() -> Iterator[None]:
    """Simulators that are started meanwhile have the settings of the day."""
    given = {f"MSS_SIM_{name.upper()}": value for name, value in _SETTINGS.items()}
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            del os.environ[name]


def _fetch_certificates(running: Simulator, folder: Path) -> None:
    """The certificate and key of each operator's server, in files that have its name."""
    connection = _connection(running)
    for one in _ask(running, "GET", "/control/certificates"):
        if one["operator"] and one["profile"] == "ORG_AUTH_CLI":
            for form, suffix in (("pem", "pem"), ("key", "key")):
                connection.request("GET", f"/control/certificates/{one['serial']}/{form}")
                (folder / f"{one['operator']}.{suffix}").write_bytes(connection.getresponse().read())
    connection.close()


def _load(folder: Path, count: int, counts: Counts) -> dict[str, Any]:
    """What the load told once its last letter was answered."""
    options = {"ready": folder / "ready.json", "certificates": folder, "acknowledged": folder / "acknowledged", "count": count}
    options |= _numbers(counts)
    command = [sys.executable, str(_HERE / "day_load.py"), *(word for name, one in options.items() for word in (f"--{name}", str(one)))]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=_DEADLINE_SECONDS, check=False)
    if done.returncode != 0:
        raise BenchmarkError(f"the load ended with status {done.returncode}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _settle(running: Simulator) -> None:
    """Until nothing is under way, nothing is due, and nothing waits to be tried again."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    settled = {"kind": "settled", "timeout": 60.0}
    while not _ask(running, "POST", "/control/wait", settled)["met"] or _ask(running, "GET", "/control/queue?limit=1"):
        if time.monotonic() > deadline:
            raise BenchmarkError("the simulator did not come to rest")
        time.sleep(0.1)


def _lists(running: Simulator, day: Day, count: int) -> list[float]:
    """Milliseconds of the first page of INBOX, asked for once by each of so many practitioners; they asked who they are before."""
    connection, times = _connection(running), []
    for reader in map(day.reader, range(count)):
        account = base64.b64encode(f"{reader.login}:{reader.password}".encode()).decode()
        _get(connection, "/api/v1/me", account)
        began = time.perf_counter()
        _get(connection, f"/api/v1/mailboxes/{quote(reader.address)}/messages?folder=INBOX&limit=50", account)
        times.append((time.perf_counter() - began) * 1_000)
    connection.close()
    return times


def _get(connection: http.client.HTTPConnection, path: str, account: str) -> None:
    connection.request("GET", path, headers={"Authorization": f"Basic {account}"})
    answer = connection.getresponse()
    octets = answer.read()
    if answer.status != 200:
        raise BenchmarkError(f"GET {path} answered {answer.status}: {octets[:200].decode('utf-8', 'replace')}")


def _outcome(database: Path, day: Day, acknowledged: bytes) -> _Outcome:
    """Compare what was answered with 250 with what lies in the INBOXes of a stopped simulator."""
    lying, astray, due = bytearray(len(acknowledged)), 0, 0
    to = []
    for letter in map(day.letter, range(len(acknowledged))):
        to.append(letter.to)
        due += acknowledged[letter.number] and (letter.displayed or letter.delivered)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as stored:
        for rfc_message_id, address in stored.execute(_LYING):
            number = number_of(rfc_message_id)
            astray += address != to[number]
            lying[number] = min(lying[number] + 1, 2)
        receipts = stored.execute(_RECEIPTS).fetchone()[0]
    found = Counter(zip(acknowledged, lying, strict=True))
    return _Outcome(sum(acknowledged), found[1, 0], found[0, 2] + found[1, 2], astray, receipts, due)


def _connection(running: Simulator) -> http.client.HTTPConnection:
    place = urlsplit(running.ready["http"])
    return http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=_ASK_SECONDS)


def _ask(running: Simulator, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    connection = _connection(running)
    connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    octets = answer.read()
    connection.close()
    if answer.status != 200:
        raise BenchmarkError(f"{method} {path} answered {answer.status}: {octets[:200].decode('utf-8', 'replace')}")
    return json.loads(octets)
