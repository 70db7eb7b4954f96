"""How fast the directory of a whole country answers: addresses while somebody types, searches of software, walks, and the daily file.

The world is the one of the national day: 800,000 mailboxes, 535,000 of which and more are in the daily file. A tenth of it has the same
limits, but for what grows with the world. People type the name of somebody who is there, letter by letter, then the beginning of a given
name, and every third a town: as many answers as letters. The first question of each kind loads what it needs, and is told by itself.

A figure is what the client waited, on the same machine; the processor time of the simulator is told beside, for it tells more where
others use the same processors.
"""

import base64
import http.client
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson
from figures import BenchmarkError, Row, Setting, percentile
from servers import Simulator, simulator

from mss_sim.core.control.fictional_patients import drawn
from mss_sim.core.control.fictional_trust_space import NATIONAL, Counts, Network

_SUGGESTION_MAX, _NUMBER_MAX, _PREFIX_MAX = 20.0, 5.0, 30.0
"""Milliseconds."""
_RESOURCES_PER_SECOND_MIN = 20_000
_LINES, _SECONDS_MAX, _BYTES_MAX = 535_000, 20.0, 150_000_000
"""Of the daily file, how long so many lines may take, and how much memory."""
_PAGE = 2_000
_DELTA_PAGES = 10
_PATIENCE_SECONDS = 3_600
_DOCTOR = "camille.martin:cabinet-2026"
_SAMPLE_SECONDS = 0.02
_NEXT = re.compile(rb'"relation":"next","url":("[^"]+")')
_Pairs = list[tuple[float, float]]


def whole(setting: Setting) -> list[Row]:
    """The whole country; it is measured when it is asked for by name."""
    return _measured(setting, "directory", 1_000 if setting.quick else 1)


def tenth(setting: Setting) -> list[Row]:
    """A tenth of it."""
    return _measured(setting, "a tenth of the directory", 1_000 if setting.quick else 10)


@dataclass(slots=True)
class _Client:
    """One connection that is kept; every answer is read whole."""

    running: Simulator
    connection: http.client.HTTPConnection

    def get(self, path: str) -> bytes:
        """The octets of an answer that must be there."""
        fhir = path.startswith("/fhir/")
        key, login = self.running.ready["directory"]["api_key"], base64.b64encode(_DOCTOR.encode()).decode()
        self.connection.request("GET", path, headers={"ESANTE-API-KEY": key} if fhir else {"Authorization": f"Basic {login}"})
        answer = self.connection.getresponse()
        octets = answer.read()
        if answer.status != 200:
            raise BenchmarkError(f"GET {path} answered {answer.status}: {octets[:200].decode('utf-8', 'replace')}")
        return octets

    def timed(self, path: str) -> tuple[float, float]:
        """Milliseconds until the answer, and of processor of the simulator meanwhile."""
        used, began = self.running.cpu_seconds(), time.perf_counter()
        self.get(path)
        return (time.perf_counter() - began) * 1_000, (self.running.cpu_seconds() - used) * 1_000


def _measured(setting: Setting, name: str, part: int) -> list[Row]:
    counts = Counts(*(-(-of // part) for of in (NATIONAL.practitioners, NATIONAL.organisations, NATIONAL.patients, NATIONAL.operators)))
    network, times = Network(counts), setting.count(200, 5)
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running, _client(running) as client:
        _make(running, counts)
        loading = client.timed("/fhir/v2/Practitioner?family=none")
        words = client.timed("/api/v1/directory/suggestions?q=none")
        typed = [client.timed(path) for path in _typed(network, setting.count(30, 2))]
        by_number = [client.timed(path) for path in _numbers(network, times)]
        by_name = [client.timed(path) for path in _names(network, times)]
        return [
            _loaded(f"{name}, loaded", counts, loading),
            _loaded(f"{name}, its words", counts, words),
            _row(f"{name}, suggestion while typing", typed, _SUGGESTION_MAX),
            _row(f"{name}, by RPPS", by_number, _NUMBER_MAX),
            _row(f"{name}, beginning of a name", by_name, _PREFIX_MAX),
            _walked(f"{name}, delta", client, f"Practitioner?_lastUpdated=ge2000-01-01&_count={_PAGE}", _DELTA_PAGES),
            _walked(f"{name}, whole walk", client, f"Practitioner?_count={_PAGE}", None),
            _extracted(f"{name}, daily file", client),
        ]


@contextmanager
def _client(running: Simulator) -> Iterator[_Client]:
    place = urlsplit(running.ready["http"])
    connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=_PATIENCE_SECONDS)
    try:
        yield _Client(running, connection)
    finally:
        connection.close()


def _make(running: Simulator, counts: Counts) -> None:
    """Make the people of the world."""
    wanted = {name: getattr(counts, name) for name in ("practitioners", "organisations", "patients", "operators")}
    with _client(running) as client:
        client.connection.request("POST", "/control/generate", json.dumps(wanted), {"Content-Type": "application/json"})
        answer = client.connection.getresponse()
        octets = answer.read()
    if answer.status != 200:
        raise BenchmarkError(f"the world was not made: {answer.status} {octets[:200].decode('utf-8', 'replace')}")


def _somebody(network: Network, count: int) -> Iterator[tuple[int, Any]]:
    """Practitioners here and there, the same ones each time."""
    for number in range(count):
        place = drawn(f"directory/{number}", network.counts.practitioners)
        yield number, network.practitioner(place).person


def _typed(network: Network, count: int) -> Iterator[str]:
    """What is asked while somebody types a name, and now and then a town."""
    for number, person in _somebody(network, count):
        organisation = network.organisation(drawn(f"directory/{number}/town", network.counts.organisations)).person
        town = organisation.city if organisation else ""
        whole = f"{person.family_name} {person.given_name[:3]}".lower() + (f" {town[:5].lower()}" if number % 3 == 0 else "")
        yield from (f"/api/v1/directory/suggestions?{urlencode({'q': whole[:length]})}" for length in range(2, len(whole) + 1))


def _numbers(network: Network, count: int) -> Iterator[str]:
    for _, person in _somebody(network, count):
        asked = quote(f"https://rpps.esante.gouv.fr|{person.idnat[1:]}")
        yield f"/fhir/v2/Practitioner?identifier={asked}&_revinclude=PractitionerRole:practitioner"


def _names(network: Network, count: int) -> Iterator[str]:
    for number, person in _somebody(network, count):
        yield f"/fhir/v2/Practitioner?{urlencode({'family': person.family_name[: 3 + number % 4]})}"


def _loaded(name: str, counts: Counts, once: tuple[float, float]) -> Row:
    seconds, used = once[0] / 1_000, once[1] / 1_000
    figure = f"{seconds:.1f} s, {used:.1f} s of processor, {counts.practitioners + counts.organisations:,} entries"
    return Row(name, figure, "told only", None, None, {"seconds": seconds, "processor_seconds": used})


def _row(name: str, times: _Pairs, limit: float) -> Row:
    waited, used = [one[0] for one in times], [one[1] for one in times]
    slow, mean = percentile(waited, 0.95), sum(used) / len(used)
    figure = f"p95 {slow:.1f} ms, median {median(waited):.1f} ms, {mean:.1f} ms of processor"
    detail = {
        "questions": len(times),
        "median_milliseconds": median(waited),
        "longest_milliseconds": max(waited),
        "processor_milliseconds": mean,
    }
    return Row(name, figure, f"< {limit:g} ms", slow / limit, slow < limit, detail)


def _walked(name: str, client: _Client, search: str, pages_max: int | None) -> Row:
    """Pages by their links, as far as is asked. Each is read to its last octet; what its resources say is not taken apart.

    Making Python objects of a page takes a client longer than the simulator takes to answer it: that is the client's own time.
    """
    used, began = client.running.cpu_seconds(), time.perf_counter()
    path, pages, resources = f"/fhir/v2/{search}", 0, 0
    while path and (pages_max is None or pages < pages_max):
        page = client.get(path)
        resources, pages = resources + page.count(b'"fullUrl":'), pages + 1
        found = _NEXT.search(page)
        next_ = urlsplit(orjson.loads(found[1])) if found else None
        path = f"{next_.path}?{next_.query}" if next_ else ""
    seconds, used = time.perf_counter() - began, client.running.cpu_seconds() - used
    rate = resources / seconds
    figure = f"{rate:,.0f} resources/s, {resources:,} on {pages} pages, {used / resources * 1e6:.0f} µs of processor each"
    ratio = rate / _RESOURCES_PER_SECOND_MIN
    detail = {"seconds": seconds, "processor_seconds": used, "resources": resources, "pages": pages}
    return Row(name, figure, f">= {_RESOURCES_PER_SECOND_MIN:,} resources/s", ratio, ratio >= 1, detail)


def _extracted(name: str, client: _Client) -> Row:
    """The daily file: how long, and how much more memory than before at the most."""
    running, path = client.running, urlsplit(client.running.ready["directory"]["extraction"]).path
    before, used, began = running.resident_bytes(), running.cpu_seconds(), time.perf_counter()
    with _highest(running) as highest:
        octets = client.get(path)
    seconds, used, more = time.perf_counter() - began, running.cpu_seconds() - used, highest[0] - before
    with zipfile.ZipFile(io.BytesIO(octets)) as archive, archive.open(archive.namelist()[0]) as text:
        lines = sum(1 for _ in text) - 1
    limit = _SECONDS_MAX * lines / _LINES
    figure = f"{seconds:.1f} s, {used:.1f} s of processor, {more / 1e6:.0f} MB more, {lines:,} lines"
    detail = {"seconds": seconds, "processor_seconds": used, "more_bytes": more, "lines": lines, "octets": len(octets)}
    ratio = max(seconds / limit, more / _BYTES_MAX)
    return Row(name, figure, f"< {limit:.1f} s, < {_BYTES_MAX / 1e6:.0f} MB", ratio, ratio < 1, detail)


@contextmanager
def _highest(running: Simulator) -> Iterator[list[int]]:
    """The most resident memory that is seen while the block lasts."""
    seen, over = [running.resident_bytes()], threading.Event()

    def look() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            seen[0] = max(seen[0], running.resident_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
