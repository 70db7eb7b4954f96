"""How long a client that makes mistakes is borne with: the same count behind every door."""

import pytest

from mss_sim.config.settings import Settings
from mss_sim.net.patience import Patience


@pytest.mark.parametrize(
    ("passwords", "commands", "ended"),
    [
        (0, 0, None),
        (1, 2, None),
        (2, 0, "Too many wrong passwords"),
        (0, 3, "Too many errors"),
        (2, 3, "Too many wrong passwords"),
        (5, 0, "Too many wrong passwords"),
    ],
)
def test_a_connection_ends_at_the_limit_of_its_mistakes(passwords: int, commands: int, ended: str | None) -> None:
    mistakes = Patience(Settings(connections_bad_passwords_max=2, connections_bad_commands_max=3))
    for _ in range(passwords):
        mistakes.note(wrong_password=True)
    for _ in range(commands):
        mistakes.note(bad_command=True)
    mistakes.note()
    assert (mistakes.ended_by, mistakes.tried) == (ended, bool(passwords + commands))
