"""A provider whose clock is wrong: the instants in ID tokens are moved, as a fault says; nothing else follows that clock."""

from typing import Any

from mss_sim.core.world.world import World
from mss_sim.faults.actions import Skew
from mss_sim.faults.rules import Facts
from mss_sim.vocabulary.faults import Point

_INSTANTS = ("iat", "exp", "auth_time")


def skewed(world: World, claims: dict[str, Any]) -> dict[str, Any]:
    """The claims of an ID token as that clock has them."""
    if not world.faults.at(Point.CLOCK):
        return claims
    fault = world.faults.find(Point.CLOCK, Facts(identities=(str(claims.get("preferred_username", "")),)))
    if fault is None or not isinstance(fault.action, Skew):
        return claims
    return {**claims, **{name: int(claims[name] + fault.action.seconds) for name in _INSTANTS if name in claims}}
