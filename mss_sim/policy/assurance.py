"""Whether the level of assurance of a log-in is at least the one that was asked for."""

import re

_LEVEL = re.compile(r"(?P<scale>.*?)(?P<height>[0-9]{1,9})", re.DOTALL)


def reaches(given: str, wanted: str) -> bool:
    """Whether a log-in of level `given` has at least the level `wanted`: `eidas2` has `eidas1`.

    Levels of one scale are compared by the number at their end, others have only themselves (ref: quirks#psc-assurance).
    """
    mine, asked = _LEVEL.fullmatch(given), _LEVEL.fullmatch(wanted)
    if mine is None or asked is None or mine["scale"] != asked["scale"]:
        return given == wanted
    return int(mine["height"]) >= int(asked["height"])
