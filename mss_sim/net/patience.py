"""How many mistakes a connection may make before it is closed; counted here for every door that keeps connections."""

from mss_sim.config.settings import Settings


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
    def ended_by(self) -> str | None:
        """Why the connection is closed: `Too many wrong passwords`, `Too many errors`; None while it is borne with."""
        if self._passwords >= self._limits.bad_passwords_max:
            return "Too many wrong passwords"
        return "Too many errors" if self._commands >= self._limits.bad_commands_max else None
