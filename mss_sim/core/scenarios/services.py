"""The verbs that plays act by; apart from what plays them, which is loaded with the first scenario."""

from dataclasses import dataclass

from mss_sim.core.feed.settling import Settling
from mss_sim.core.feed.waiting import Waits
from mss_sim.core.mailflow.read_receipts import Receipts
from mss_sim.core.mailflow.reading import LetterReading
from mss_sim.core.mailflow.submission import Submission
from mss_sim.core.world.agenda import Agenda
from mss_sim.core.world.world import World


@dataclass(frozen=True, slots=True)
class Services:
    """The verbs that a play acts by: those that every door is given."""

    world: World
    submission: Submission
    receipts: Receipts
    reading: LetterReading
    settling: Settling
    agenda: Agenda
    waits: Waits
