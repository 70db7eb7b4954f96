"""How many mistakes a connection may make before it is closed; counted here for every door that keeps connections."""

from mss_sim.config.settings import Settings
from mss_sim.words.sentence import Sentence, say


class Patience:
    """The mistakes of one connection."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.connections
        self._passwords = 0
        self._commands = 0

    def note(self, *, wrong_password: bool = False, bad_command: bool = False) -> None:
        """Count the answer to one command."""
        self._passwords += wrong_password
        self._commands += bad_command

    @property
    def tried(self) -> bool:
        """Whether there was a mistake at all."""
        return bool(self._passwords or self._commands)

    @property
    def ended_by(self) -> Sentence | None:
        """Why the connection is closed: `Too many wrong passwords`, `Too many errors`; None while it is borne with."""
        if self._passwords >= self._limits.bad_passwords_max:
            return say("Too many wrong passwords")
        return say("Too many errors") if self._commands >= self._limits.bad_commands_max else None
