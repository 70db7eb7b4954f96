"""What a page of the watch list costs over REST in a mailbox that sent a hundred thousand letters, on both databases.

One letter that asks for a receipt is sent by the API and multiplied inside the database of the stopped simulator: most were opened, some
failed or are delayed, a part is not opened yet and too young for the list, a part is old enough.
"""

import base64
import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx
from figures import BenchmarkError, Row, Setting, percentile
from processes import postgresql
from servers import RECIPIENT, Simulator, simulator
from sqlalchemy import Connection, Table, create_engine, insert, select, text

from mss_sim.clock import DAY
from mss_sim.models import tables
from mss_sim.vocabulary.mail import TimelineKind

_MAILBOX = RECIPIENT
_LOGIN = ("camille.martin", "cabinet-2026")
_PATIENT = "285037511300167@patient.mssante.fr"
_LIMIT = 50
_MILLISECONDS_MAX = 50.0
_MILLISECOND = 1 << 22  # of an id: see mss_sim/ids.py
_STEP = _MILLISECOND + 64  # so that no event of one letter gets the id of another's
_BATCH = 5_000
_AGES = ((TimelineKind.FAILED, 1), (TimelineKind.DELAYED, 0), (TimelineKind.DELIVERED, 3), (TimelineKind.DELIVERED, 9))
"""What became of letters in turns, and how many days ago; of eight letters, four were opened."""


def pages(setting: Setting) -> list[Row]:
    """The first page, one deep inside and one of each reason; the slowest decides."""
    count = setting.count(100_000, 1_000)
    rows = [_measured(setting, "SQLite", count, None)]
    with postgresql() as url:
        rows.append(_measured(setting, "PostgreSQL", count, url))
    return rows


def _measured(setting: Setting, name: str, count: int, url: str | None) -> Row:
    folder = setting.folder / name
    folder.mkdir()
    data = folder / "data"
    with simulator(folder, data=data, database=url) as running:
        letter = {"to": [_PATIENT], "subject": "Résultats", "text": "Bonjour.", "request_read_receipt": True}
        with httpx.Client(base_url=running.ready["http"], auth=_LOGIN, timeout=60) as client:
            client.post(f"/api/v1/mailboxes/{_MAILBOX}/messages", json=letter).raise_for_status()
        _wait_for_delivery(running)
    _multiply(url.replace("postgresql://", "postgresql+psycopg://") if url else f"sqlite:///{data / 'mss-sim.db'}", count)
    with simulator(folder, data=data, database=url) as running, _connection(running) as connection:
        times = {path: _times(connection, path, setting.count(100, 3)) for path in _paths(connection)}
    slowest = max(percentile(found, 0.95) for found in times.values())
    detail = {
        path.partition("?")[2]: {"p95_milliseconds": percentile(found, 0.95), "median_milliseconds": median(found)}
        for path, found in times.items()
    }
    figure = f"p95 {slowest:.1f} ms at {count:,} sent"
    limit = f"< {_MILLISECONDS_MAX:g} ms"
    return Row(f"watch list, {name}", figure, limit, slowest / _MILLISECONDS_MAX, slowest < _MILLISECONDS_MAX, detail)


def _wait_for_delivery(running: Simulator) -> None:
    """The patient's operator is another one: the letter goes over the wire."""
    with httpx.Client(base_url=running.ready["http"], auth=_LOGIN, timeout=60) as client:
        for _ in range(200):
            sent = client.get(f"/api/v1/mailboxes/{_MAILBOX}/sent").raise_for_status().json()["items"][0]
            if sent["recipients"][0]["state"] == TimelineKind.DELIVERED:
                return
            time.sleep(0.05)
    raise BenchmarkError("the letter was not delivered")


def _multiply(url: str, count: int) -> None:
    """Copy the one letter, column by column, so that a new column needs no change here."""
    engine = create_engine(url)
    with engine.begin() as conn:
        (watched,) = _rows(conn, tables.watch_list)
        (person,) = (row for row in _rows(conn, tables.recipients) if row["id"] == watched["recipient_id"])
        (letter,) = (row for row in _rows(conn, tables.submissions) if row["id"] == person["submission_id"])
        (message,) = (row for row in _rows(conn, tables.messages) if row["id"] == letter["message_id"])
        events = [row for row in _rows(conn, tables.timeline) if row["recipient_id"] == person["id"]]
        for first in range(1, count, _BATCH):
            _copy(conn, range(first, min(first + _BATCH, count)), watched, person, letter, message, events)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("ANALYZE"))
    engine.dispose()


def _rows(conn: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in conn.execute(select(table))]  # noqa: SLF001 - SQLAlchemy's documented name


def _copy(
    conn: Connection,
    numbers: range,
    watched: dict[str, Any],
    person: dict[str, Any],
    letter: dict[str, Any],
    message: dict[str, Any],
    events: list[dict[str, Any]],
) -> None:
    added: dict[Table, list[dict[str, Any]]] = {
        table: [] for table in (tables.messages, tables.submissions, tables.recipients, tables.timeline, tables.watch_list)
    }
    for number in numbers:
        state, days = _AGES[number // 2 % len(_AGES)]
        back = number * _STEP + days * DAY // 1_000 * _MILLISECOND
        added[tables.messages].append({**message, "id": message["id"] - back, "rfc_message_id": f"<{number}@bench>"})
        added[tables.submissions].append({**letter, "id": letter["id"] - back, "message_id": message["id"] - back})
        added[tables.recipients].append({**person, "id": person["id"] - back, "submission_id": letter["id"] - back})
        for event in events:
            added[tables.timeline].append({**event, "id": event["id"] - back, "recipient_id": person["id"] - back})
        if number % 2:
            entry = {"recipient_id": person["id"] - back, "state": state.value, "event_id": watched["event_id"] - back}
            added[tables.watch_list].append({**watched, **entry, "since_at": watched["since_at"] - number * 1_000 - days * DAY})
    for table, rows in added.items():
        if rows:
            conn.execute(insert(table), rows)


@contextmanager
def _connection(running: Simulator) -> Iterator[http.client.HTTPConnection]:
    place = urlsplit(running.ready["http"])
    connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def _paths(connection: http.client.HTTPConnection) -> list[str]:
    """The first page, one after a thousand entries, and those of each reason."""
    first = f"/api/v1/mailboxes/{_MAILBOX}/watch-list?limit={_LIMIT}"
    cursor = _page(connection, first.replace(f"limit={_LIMIT}", "limit=200"))[1]["next_cursor"]
    deep = [f"{first}&cursor={cursor}"] if cursor else []
    return [first, *deep, *(f"{first}&reason={reason}" for reason in ("not_delivered", "delayed", "not_opened")), f"{first}&after_days=5"]


def _times(connection: http.client.HTTPConnection, path: str, count: int) -> list[float]:
    _page(connection, path)
    return [_page(connection, path)[0] for _ in range(count)]


def _page(connection: http.client.HTTPConnection, path: str) -> tuple[float, dict[str, Any]]:
    headers = {"Authorization": "Basic " + base64.b64encode(":".join(_LOGIN).encode()).decode()}
    began = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    milliseconds = (time.perf_counter() - began) * 1_000
    found: dict[str, Any] = json.loads(body)
    if answer.status != 200 or len(found["items"]) < _LIMIT:
        raise BenchmarkError(f"GET {path} answered {answer.status}: {body[:200].decode('utf-8', 'replace')}")
    return milliseconds, found
