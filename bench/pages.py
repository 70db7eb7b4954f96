"""What a page of 50 costs over REST in a mailbox of a million messages, against one of a thousand."""

import base64
import http.client
import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from figures import BenchmarkError, Row, Setting, percentile
from fill import multiply
from servers import RECIPIENT, Load, Simulator, simulator

from mss_sim.http.paging import PagedList, cursor

_SHARED = RECIPIENT
_PERSONAL = "camille.martin@medecin.sim.mssante.fr"
_LOGIN = "camille.martin:cabinet-2026"
_LIMIT = 50
_RATIO_MAX = 1.5
_BLOCK = 20
_BLOCK_SECONDS = 1.5
_STRIDE = 7_919  # prime: deep pages are spread over the older half of the mailbox

_Kind = tuple[str, bool]
_KINDS: tuple[_Kind, ...] = ((_SHARED, False), (_SHARED, True), (_PERSONAL, False), (_PERSONAL, True))


@dataclass(slots=True)
class Reader:
    """One simulator as one client reads it; `times` in milliseconds by (mailbox, deep inside or not)."""

    connection: http.client.HTTPConnection
    total: int
    times: defaultdict[_Kind, list[float]] = field(default_factory=lambda: defaultdict(list))
    asked: int = 0

    def page(self, kind: _Kind) -> float:
        """Ask for one page; milliseconds until its last byte."""
        address, deep = kind
        path = f"/api/v1/mailboxes/{address}/messages?folder=INBOX&limit={_LIMIT}"
        newest = self.total
        if deep:
            self.asked += 1
            newest = _LIMIT + 1 + self.asked * _STRIDE % (self.total // 2 - _LIMIT - 1)
            path += f"&cursor={cursor(PagedList.FOLDER, newest + 1)}"
        headers = {"Authorization": "Basic " + base64.b64encode(_LOGIN.encode()).decode()}
        began = time.perf_counter()
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        milliseconds = (time.perf_counter() - began) * 1_000
        found = json.loads(body)
        if answer.status != 200 or not found["next_cursor"] or [one["uid"] for one in found["items"]] != _uids_of_page(newest):
            raise BenchmarkError(f"GET {path} answered {answer.status}: {body[:200].decode('utf-8', 'replace')}")
        return milliseconds

    def block(self, count: int) -> None:
        """Measure every kind of page in turn; a slow kind is cut short, its few times tell enough."""
        self.connection.close()  # while the other simulator was measured, the server may have closed it for its silence
        for kind in _KINDS:
            self.page(kind)
            times = self.times[kind]
            until = time.perf_counter() + _BLOCK_SECONDS
            for _ in range(count):
                times.append(self.page(kind))
                if time.perf_counter() > until:
                    break


def _uids_of_page(newest: int) -> list[int]:
    return list(range(newest, newest - _LIMIT, -1))


def pages(setting: Setting) -> list[Row]:
    """Pages at the top and deep inside, of a shared and of a personal mailbox, two simulators running, measured in turns."""
    counts = 1_000, setting.count(1_000_000, 5_000)
    seed = _one_message(setting)
    with _reader(setting, seed, counts[0]) as few, _reader(setting, seed, counts[1]) as many:
        for reader in (few, many):
            for kind in _KINDS:
                reader.page(kind)
        for _ in range(setting.count(10, 1)):
            many.block(_BLOCK)
            few.block(_BLOCK)
    return [_row(f"page of {_LIMIT}, {word} mailbox", address, few, many) for word, address in _MAILBOXES]


_MAILBOXES = (("shared", _SHARED), ("personal", _PERSONAL))


def _row(name: str, address: str, few: Reader, many: Reader) -> Row:
    """The worse of the page at the top and the page deep inside decides."""
    compared = []
    detail = {}
    for deep in (False, True):
        large, small = (percentile(reader.times[address, deep], 0.95) for reader in (many, few))
        compared.append((large / small, large, small))
        detail["deep" if deep else "top"] = {
            "p95_milliseconds": {"many": large, "few": small},
            "median_milliseconds": {"many": median(many.times[address, deep]), "few": median(few.times[address, deep])},
        }
    ratio, large, small = max(compared)
    return Row(
        name,
        f"p95 {large:.1f} ms at {many.total:,}",
        f"p95 {small:.1f} ms at {few.total:,}, ratio <= {_RATIO_MAX}",
        ratio,
        ratio <= _RATIO_MAX,
        {**detail, "messages": [few.total, many.total], "limit": _RATIO_MAX},
    )


def _one_message(setting: Setting) -> Path:
    """A data folder with one message of 2 KiB in both INBOXes, its simulator stopped."""
    data = setting.folder / "one"
    with simulator(setting.folder, data=data, in_clear=True) as running:
        Load(running.mx, 1, connections=1, extra=("--to", _PERSONAL, "--prefix", "one")).run()
    return data


@contextmanager
def _reader(setting: Setting, seed: Path, total: int) -> Iterator[Reader]:
    folder = setting.folder / str(total)
    data = folder / "data"
    shutil.copytree(seed, data)
    multiply(data / "mss-sim.db", "<one.000000000000@load.sim.mssante.fr>", total)
    with simulator(folder, data=data) as running:
        connection = _connect(running)
        try:
            yield Reader(connection, total)
        finally:
            connection.close()


def _connect(running: Simulator) -> http.client.HTTPConnection:
    place = urlsplit(running.ready["http"])
    return http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=60)
