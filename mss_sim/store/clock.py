"""The pace of a world's clock, kept over restarts and shared by the processes of one database: one row, none for the machine's time."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from mss_sim.clock import Micros, Pace
from mss_sim.models.tables import clock
from mss_sim.store.engine import CLOCK_SET, announce

_ONLY = 1


@dataclass(frozen=True, slots=True)
class KeptClock:
    """How the clock runs. `advancing_to`: it was being moved there, to run so again from there on."""

    pace: Pace
    advancing_to: Micros | None = None


def kept(conn: Connection) -> KeptClock | None:
    """What is kept of the clock; None for the machine's time."""
    row = conn.execute(select(clock.c.world_at, clock.c.machine_at, clock.c.rate, clock.c.advancing_to)).one_or_none()
    return KeptClock(Pace(row[0], row[1], row[2]), row[3]) if row else None


def keep(conn: Connection, wanted: KeptClock | None) -> None:
    """Keep that, and tell the other processes."""
    announce(conn, CLOCK_SET)
    conn.execute(delete(clock))
    if wanted is not None:
        pace = wanted.pace
        values = {"world_at": pace.world_at, "machine_at": pace.machine_at, "rate": pace.rate, "advancing_to": wanted.advancing_to}
        conn.execute(insert(clock), [{"id": _ONLY, **values}])
