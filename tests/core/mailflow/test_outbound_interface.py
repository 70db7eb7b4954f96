"""What an answer of another server means."""

import pytest

from mss_sim.core.mailflow.outbound_interface import RecipientReply, ours
from mss_sim.words.sentence import quoted


@pytest.mark.parametrize(("status", "accepted", "final"), [("2.1.5", True, True), ("4.4.1", False, False), ("5.1.1", False, True)])
def test_an_answer_says_whether_it_has_the_letter_and_whether_to_try_again(status: str, accepted: bool, final: bool) -> None:
    answer = RecipientReply(status, quoted("x"))
    assert (answer.accepted, answer.final) == (accepted, final)


def test_what_stands_for_a_reply_reads_like_one_and_names_who_should_have_given_it() -> None:
    assert ours(450, "4.4.1", quoted("no connection"), "mx.example") == RecipientReply(
        "4.4.1", quoted("450 4.4.1 no connection"), "mx.example"
    )
