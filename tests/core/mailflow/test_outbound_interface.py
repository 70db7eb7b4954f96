"""What an answer of another server means."""

import pytest

from mss_sim.core.mailflow.outbound_interface import RecipientReply
from mss_sim.words.sentence import quoted


@pytest.mark.parametrize(("status", "accepted", "final"), [("2.1.5", True, True), ("4.4.1", False, False), ("5.1.1", False, True)])
def test_an_answer_says_whether_it_has_the_letter_and_whether_to_try_again(status: str, accepted: bool, final: bool) -> None:
    answer = RecipientReply(status, quoted("x"))
    assert (answer.accepted, answer.final) == (accepted, final)
