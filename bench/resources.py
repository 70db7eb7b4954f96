"""How soon a simulator is ready, and what memory it takes."""

from statistics import median

import httpx
from figures import IN_CLEAR, Row, Setting
from servers import Load, simulator

_READY_SECONDS_MAX = 1.5
_RESIDENT_MB_MAX = 150
_START_MB_MAX = 75
_STARTS = 5


def ready(setting: Setting) -> list[Row]:
    """From the start of the process to the ready file, an empty world with the seed planted."""
    times = []
    with simulator(setting.folder):  # the first start compiles the modules
        pass
    for _ in range(setting.count(_STARTS, 2)):
        with simulator(setting.folder) as running:
            times.append(running.seconds)
    figure = median(times)
    row = Row(
        "ready",
        f"{figure:.2f} s",
        f"<= {_READY_SECONDS_MAX} s",
        figure / _READY_SECONDS_MAX,
        figure <= _READY_SECONDS_MAX,
        {"seconds": times},
    )
    return [row]


def memory(setting: Setting) -> list[Row]:
    """The resident memory of a process that is ready, that was asked over HTTP, and that has taken 12,000 messages."""
    count = setting.count(12_000, 300)
    with simulator(setting.folder, mx_port=setting.mx_port, in_clear=True) as running:
        before = running.resident_bytes() / 1e6
        httpx.get(f"{running.ready['http']}/healthz").raise_for_status()
        asked = running.resident_bytes() / 1e6
        Load(running.mx, count).run()
        after = running.resident_bytes() / 1e6
    start = Row("memory at start", f"{before:.0f} MB", f"<= {_START_MB_MAX} MB", before / _START_MB_MAX, before <= _START_MB_MAX)
    with_http = Row("memory after the first request over HTTP", f"{asked:.0f} MB", "-", None, None)
    row = Row(
        f"memory after {count:,} messages",
        f"{after:.0f} MB",
        f"<= {_RESIDENT_MB_MAX} MB",
        after / _RESIDENT_MB_MAX,
        after <= _RESIDENT_MB_MAX,
        {"megabytes_at_start": before, "megabytes": after, "messages": count},
        IN_CLEAR,
    )
    return [start, with_http, row]
