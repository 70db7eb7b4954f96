"""The closing, the handing over and the retention of a mailbox, as the REST API and the control plane show it."""

from datetime import datetime
from typing import Any

from mss_sim.clock import iso
from mss_sim.core.world.store_types import Closing
from mss_sim.http.shapes import In, OneLine, Out


class ClosingOut(Out):
    """A mailbox that is to be closed."""

    asked_at: datetime
    closes_at: datetime
    """Until then it can be cancelled."""


class RetentionOut(Out):
    """How long a mailbox keeps letters."""

    days: int | None
    """Null: for good."""


class OwnerIn(In):
    """Whose a mailbox is to be, by idNat, login or own address."""

    idnat: OneLine


def closing_out(row: Closing | None) -> dict[str, Any] | None:
    """A closing as it goes out."""
    return {"asked_at": iso(row.asked_at), "closes_at": iso(row.closes_at)} if row else None
