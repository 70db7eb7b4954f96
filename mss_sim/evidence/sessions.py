"""The sessions of clients as they are looked for: by door, client, person, verdict, rule, the newest first, those that go on too."""

from collections.abc import Iterator
from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.evidence.runs import Runs
from mss_sim.evidence.transcripts import Transcript, Transcripts
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionVerdict


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions are asked for; what is None is not looked at.

    `who`: the idNat that logged in; `client`: a piece of the client's name, in any case; `rule`: one that refused something in it;
    `since`: where something was said then or later; `refused`: whether a rule refused something at all; `letter`: the Message-ID of one
    that the client brought.
    """

    door: Door | None = None
    who: str | None = None
    client: str | None = None
    verdict: SessionVerdict | None = None
    rule: str | None = None
    since: Micros | None = None
    refused: bool | None = None
    letter: str | None = None

    def __contains__(self, one: Transcript) -> bool:
        return (
            self.door in (None, one.door)
            and self.who in (None, one.facts.get("identity"))
            and (self.client is None or self.client.casefold() in one.facts.get("client", "").casefold())
            and self.verdict in (None, one.verdict)
            and (self.rule is None or self.rule in one.rules)
            and (self.since is None or one.last_at >= self.since)
            and self.refused in (None, bool(one.rules))
            and (self.letter is None or self.letter in one.brought)
        )


class Sessions:
    """The sessions of one world, those of HTTP ended when nothing was said for a while."""

    def __init__(self, transcripts: Transcripts, runs: Runs) -> None:
        self._transcripts = transcripts
        self._runs = runs

    def newest_first(self, query: SessionQuery, before: int | None = None) -> Iterator[Transcript]:
        """Those that a query asks for, of before the session with that id."""
        self._runs.close_silent()
        return (one for one in self._transcripts.newest_first(before) if one in query)

    def find(self, id_: str) -> Transcript | None:
        """The session with that id, if it is still kept."""
        self._runs.close_silent()
        return self._transcripts.find(id_)
