"""What every verb of the core needs: settings, store, time, ids, authorities, and the cached directory."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mss_sim.clock import SECOND, WorldClock
from mss_sim.config.settings import Settings
from mss_sim.core.world.access_tokens import Tokens
from mss_sim.core.world.address_cache import Directory
from mss_sim.core.world.authorities import Authorities
from mss_sim.core.world.known_people import KnownPeople
from mss_sim.core.world.passwords import Passwords
from mss_sim.core.world.tally import Tally
from mss_sim.core.world.uses import Uses
from mss_sim.core.world.white_list import WhiteList
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.faults.faults import FaultLimits, Faults
from mss_sim.ids import IdSource, encode
from mss_sim.mail.parse import ParseLimits
from mss_sim.store.store import Store
from mss_sim.words.sentence import Sentence

_CONTROL_KEY = "control-key"
_DIRECTORY_KEY = "directory-api-key"


def faults_of(settings: Settings, clock: WorldClock, ids: IdSource) -> Faults:
    """The rules by which a world may fail: none at first."""
    given = settings.faults
    limits = FaultLimits(given.rules_max, given.lifetime_seconds, given.lifetime_seconds_max, given.delay_seconds_max)
    return Faults(clock, lambda: encode(ids.next()), limits)


@dataclass(frozen=True)
class World:
    """One simulated trust space. Several can live in one process; nothing is shared between them."""

    settings: Settings
    store: Store
    clock: WorldClock
    ids: IdSource
    directory: Directory
    white_list: WhiteList
    passwords: Passwords
    tokens: Tokens
    igc: Authorities
    faults: Faults
    """The rules by which a seam of this world fails; they end with the process."""
    tally: Tally = field(default_factory=Tally)
    steps_planned: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after a commit that planned what a patient will do."""
    beginning_anew: list[Callable[[], None]] = field(default_factory=list)
    """Called when the world is emptied or restored, so that what is cached beside the store is dropped."""
    gone_back: list[Callable[[], None]] = field(default_factory=list)
    """Called when the world has gone back to a snapshot, with its keys and secrets."""
    seeds_dir: Path | None = None
    """The folder of uploaded seeds; None if none is configured."""
    transcripts: Transcripts | None = None
    """What was said on its connections; None where it has no doors."""

    @property
    def control_key(self) -> str | None:
        """What the control plane asks for: the key that was set, or by setting the one that the data folder keeps; None: nothing."""
        given = self.settings.control_key
        return self.tokens.keys.secret(_CONTROL_KEY) if given is None and self.settings.control_key_drawn else given

    @property
    def directory_key(self) -> str:
        """What clients of the national directory must show: the key that was set, or the one that the data folder keeps."""
        return self.settings.directory.api_key or self.tokens.keys.secret(_DIRECTORY_KEY)

    @cached_property
    def people(self) -> KnownPeople:
        """What is kept of people between two requests."""
        return KnownPeople(self.store)

    @cached_property
    def uses(self) -> Uses:
        """Which mailboxes somebody uses."""
        return Uses(self.clock)

    @cached_property
    def parse_limits(self) -> ParseLimits:
        """The limits of a message here."""
        return ParseLimits(
            header_size_bytes=self.settings.message.header_size_bytes_max,
            header_count=self.settings.message.header_count_max,
            parts=self.settings.message.mime_parts_max,
            depth=self.settings.message.mime_depth_max,
            search_text_chars=self.settings.search.text_chars_max,
        )

    def new_uid_validity(self) -> int:
        """A UIDVALIDITY for a new folder: the second, or what no folder of this world had before it was emptied (ref: rfc9051#2.3.1.1)."""
        return max(self.clock.now() // SECOND, self.store.uid_validity_floor + 1)

    def translated(self, sentence: Sentence) -> str:
        """A sentence as this world says it, to be stored or sent."""
        return sentence.in_language(self.settings.language)
