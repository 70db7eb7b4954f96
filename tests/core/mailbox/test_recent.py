"""What no session was told of yet: the first that opens a folder for writing sees it, and nobody after."""

import pytest

from mss_sim.core.mailbox import recent
from mss_sim.core.mailbox.recent import Recent


def test_the_first_who_claims_sees_what_came_and_the_next_what_came_since() -> None:
    seen = Recent()
    assert (seen.first(7), seen.claim(7, 5), seen.first(7)) == (1, 1, 5)
    assert seen.claim(7, 5) == 5, "nothing came since"
    assert (seen.claim(7, 8), seen.claim(7, 6), seen.first(7)) == (5, 8, 8)
    assert seen.first(8) == 1, "another folder is another matter"


def test_a_new_world_was_told_of_to_nobody() -> None:
    seen = Recent()
    seen.claim(7, 5)
    seen.forget()
    assert seen.first(7) == 1


def test_of_many_folders_the_one_longest_untouched_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_FOLDERS_MAX", 2)
    seen = Recent()
    for folder in (1, 2, 1, 3):
        seen.claim(folder, seen.first(folder) + 1)
    assert [seen.first(folder) for folder in (1, 2, 3)] == [3, 1, 2]
