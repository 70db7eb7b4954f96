"""Run the benchmarks, print one table, write the results.

    python bench/run.py [--only NAME] [--quick]

The last line is `all met`, or `falls short: ` with the names. The exit status is 1 only when a benchmark could not run.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import acceptance
import clock
import crash
import directory
import documents
import events
import fairness
import imap
import many_people
import national
import pages
import patients
import processes
import psc
import resources
import rest
import trust
import watch_list
import web
import worlds
from figures import Benchmark, Row, Setting
from rich.console import Console
from rich.table import Table

BENCHMARKS: dict[str, Benchmark] = {
    "small": acceptance.small,
    "large": acceptance.large,
    "starttls": acceptance.starttls,
    "front_door": acceptance.front_door,
    "fifty": acceptance.fifty,
    "pages": pages.pages,
    "rest": rest.rest,
    "crash": crash.crash,
    "ready": resources.ready,
    "memory": resources.memory,
    "imap_fetch": imap.fetch,
    "imap_commands": imap.commands,
    "imap_search": imap.search,
    "imap_append": imap.append,
    "imap_idle": imap.idle,
    "psc_tokens": psc.tokens,
    "logins": trust.logins,
    "relay": trust.relay,
    "two_processes": processes.two_processes,
    "clock": clock.month,
    "patients": patients.circle,
    "watch_list": watch_list.pages,
    "many_people": many_people.made_and_imported,
    "worlds": worlds.worlds,
    "restore": worlds.restore,
    "waits": worlds.waits,
    "listeners": events.listeners,
    "worlds_apart": fairness.worlds_apart,
    "web": web.opened,
    "web_part": web.part,
    "national_tenth": national.tenth,
    "directory_tenth": directory.tenth,
    "documents": documents.diagnosed,
}
WHEN_ASKED: dict[str, Benchmark] = {"national": national.whole, "directory": directory.whole}
"""Those that take so long that they are run by name alone."""
_RESULTS = Path(__file__).resolve().parent / "results.json"
_COLUMNS_MIN = 120
_SYNCS = 50


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the simulator against its peers and limits.")
    parser.add_argument("--only", action="append", choices={**BENCHMARKS, **WHEN_ASKED}, help="run this one; repeat for more")
    parser.add_argument("--quick", action="store_true", help="small counts, to see that everything runs; the figures mean little")
    parser.add_argument("--mx-port", type=int, default=0, help="port of the simulator under load; 0 = any")
    parser.add_argument("--folder", type=Path, help="where temporary data folders go; it should be on a disk, not in memory")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="JSON file to write")
    return parser.parse_args()


def measure(name: str, options: argparse.Namespace) -> tuple[list[Row], bool]:
    """The rows of one benchmark, run in a folder of its own that is removed afterwards; False when it could not run."""
    folder = Path(tempfile.mkdtemp(prefix="mss-sim-bench-", dir=options.folder))
    print(f"{name} ...", file=sys.stderr, flush=True)
    began, busy_before = time.perf_counter(), _busy_elsewhere()
    ran = True
    try:
        rows = {**BENCHMARKS, **WHEN_ASKED}[name](Setting(folder, options.quick, options.mx_port))
    except Exception as error:  # noqa: BLE001 - one that cannot run must not keep the others from it
        traceback.print_exc()
        rows, ran = [Row(name, f"could not run: {error}", "", None, False)], False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.perf_counter() - began
    elsewhere = (_busy_elsewhere() - busy_before) / seconds
    print(f"{name}: {seconds:.0f} s; others kept {elsewhere:.2f} processors busy", file=sys.stderr, flush=True)
    noted = {"seconds": round(seconds, 1), "processors_busy_elsewhere": round(elsewhere, 2)}
    return [replace(row, detail={**row.detail, **noted}) for row in rows], ran


def _busy_elsewhere() -> float:
    """Processor seconds that the machine has spent on anything but this program and the ones it started and saw end."""
    user, nice, system, _idle, _wait, hard, soft = Path("/proc/stat").read_text(encoding="ascii").split()[1:8]
    ticks = sum(map(int, (user, nice, system, hard, soft)))
    own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return ticks / os.sysconf("SC_CLK_TCK") - own


def table(rows: list[Row]) -> Table:
    """The rows for people."""
    shown = Table("benchmark", "settings", "figure", "peer or limit", "ratio", "met?")
    marks = {None: "-", True: "yes", False: "NO"}
    for row in rows:
        shown.add_row(row.name, row.settings, row.figure, row.against, "-" if row.ratio is None else f"{row.ratio:.2f}", marks[row.met])
    return shown


def machine(folder: Path | None) -> dict[str, Any]:
    """What the figures depend on besides the program: processors, versions, and how long the disk takes to sync."""
    packages = ("aiosmtpd", "uvloop", "sqlalchemy", "fastapi", "uvicorn")
    return {
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "sync_milliseconds": _sync_milliseconds(folder),
    }


def _sync_milliseconds(folder: Path | None) -> float:
    """The median time that four KiB take to reach the disk."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            file.write(bytes(4_096))
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - began) * 1_000)
    return statistics.median(times)


def write(rows: list[Row], about: dict[str, Any], options: argparse.Namespace) -> None:
    """Write what was measured so far."""
    results = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": about,
        "rows": [asdict(row) for row in rows],
    }
    options.results.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Run what was asked for; the exit status."""
    options = read_options()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # folders and processes are cleared away then too
    rows: list[Row] = []
    could_run = True
    about = machine(options.folder)
    for name in options.only or BENCHMARKS:
        measured, ran = measure(name, options)
        rows += measured
        could_run = could_run and ran
        write(rows, about, options)  # a run of an hour that is cut keeps what it measured
    console = Console()
    console.width = max(console.width, _COLUMNS_MIN)
    console.print(table(rows))
    short = [row.name for row in rows if row.met is False]
    print(f"falls short: {', '.join(short)}" if short else "all met")
    return 0 if could_run else 1


if __name__ == "__main__":
    sys.exit(main())
