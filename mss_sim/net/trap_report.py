"""What the traps of a world show of its clients: of each trap at each door the newest verdict that says something."""

from dataclasses import dataclass

from mss_sim.net.traps import Traps
from mss_sim.policy.traps import judge
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.trust import TrapName, Verdict
from mss_sim.words.sentence import Sentence, say

_NOBODY = say("nobody came")


@dataclass(slots=True)
class TrapFinding:
    """What one trap shows at one door; `NOT-OBSERVED` without a connection. `session`: the transcript that shows it."""

    trap: TrapName
    door: Door
    verdict: Verdict = Verdict.NOT_OBSERVED
    why: Sentence = _NOBODY
    session: str | None = None
    visits: int = 0


def report(traps: Traps) -> list[TrapFinding]:
    """One finding for each trap and door, in the order of `TrapName`."""
    findings = {(trap, door): TrapFinding(trap, door) for trap in TrapName for door in (Door.SMTP, Door.IMAP)}
    for visit in traps.newest_first():
        finding, judged = findings[visit.trap.name, visit.transcript.door], judge(visit.trap.name, traps.seen(visit))
        finding.visits += 1
        if finding.verdict is Verdict.NOT_OBSERVED and (finding.session is None or judged.verdict is not Verdict.NOT_OBSERVED):
            finding.verdict, finding.why, finding.session = judged.verdict, judged.why, visit.transcript.id
    return list(findings.values())
