"""kill -9 under load: whatever got 250 is there, once."""

import sqlite3
import time
from collections import Counter
from pathlib import Path

from figures import IN_CLEAR, BenchmarkError, Row, Setting
from servers import RECIPIENT, Load, simulator, start

_KILLS = 3
COPIES = """
    SELECT messages.rfc_message_id FROM copies
    JOIN messages ON messages.id = copies.message_id
    JOIN message_bodies ON message_bodies.message_id = messages.id
    JOIN folders ON folders.id = copies.folder_id
    JOIN mailboxes ON mailboxes.id = folders.mailbox_id
    WHERE mailboxes.address = :address AND folders.name = 'INBOX'
"""
COUNTER = """
    SELECT folders.exists_count FROM folders JOIN mailboxes ON mailboxes.id = folders.mailbox_id
    WHERE mailboxes.address = :address AND folders.name = 'INBOX'
"""


def crash(setting: Setting) -> list[Row]:
    """Kill the process in the middle of a load, several times over the same data, then count."""
    data = setting.folder / "data"
    acknowledged: list[str] = []
    kills = setting.count(_KILLS, 1)
    for number in range(kills):
        acknowledged += _killed_under_load(setting, data, f"crash{number}")
    with simulator(setting.folder, data=data, in_clear=True):
        pass  # recovery, then an orderly stop: what is read below is what a user would find
    stored, off, check = _read_back(data / "mss-sim.db")
    lost = sum(1 for message_id in acknowledged if stored[message_id] == 0)
    doubled = sum(1 for copies in stored.values() if copies > 1)
    detail = {
        "kills": kills,
        "acknowledged": len(acknowledged),
        "lost": lost,
        "doubled": doubled,
        "stored": sum(stored.values()),
        "folder_counter_off_by": off,
        "quick_check": check,
    }
    figure = f"{len(acknowledged):,} acknowledged, {lost} lost, {doubled} doubled"
    return [Row("kill -9 under load", figure, "0 lost, 0 doubled", None, lost == 0 and doubled == 0, detail, IN_CLEAR)]


def _killed_under_load(setting: Setting, data: Path, prefix: str) -> list[str]:
    """The Message-IDs that got 250 before the process was killed."""
    told = setting.folder / f"{prefix}.acknowledged"
    running = start(setting.folder, data=data, mx_port=setting.mx_port, in_clear=True)
    load = Load(running.mx, 1_000_000, extra=("--acknowledged", str(told), "--prefix", prefix))
    process = load.start()
    try:
        time.sleep(setting.count(30, 10) / 10)
    finally:
        running.kill()
    outcome = load.outcome(process)
    if outcome.sent == 0:
        raise BenchmarkError(f"nothing was acknowledged before the kill: {outcome.first_error}")
    return told.read_text(encoding="ascii").splitlines()


def _read_back(database: Path) -> tuple[Counter[str], int, str]:
    """Copies by Message-ID in the INBOX, by how much its counter is off, and what SQLite says of the file."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        stored = Counter(row[0] for row in connection.execute(COPIES, {"address": RECIPIENT}))
        counter = connection.execute(COUNTER, {"address": RECIPIENT}).fetchone()[0]
        check = connection.execute("PRAGMA quick_check").fetchone()[0]
    finally:
        connection.close()
    return stored, counter - sum(stored.values()), check
