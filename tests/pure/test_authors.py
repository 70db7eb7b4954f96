"""Who says that he wrote a letter: the table of `policy/authors.py`, line by line."""

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import addresses_of
from mss_sim.mail.parse import parse
from mss_sim.policy.authors import decide_authors, decide_one_operator

ANA, BEA = "ana.roy@sim.mssante.fr", "bea.petit@sim.mssante.fr"


def decide(header: str, *, has_sender: bool = False) -> None:
    parsed = parse(header.replace("\n", "\r\n").encode() + b"Subject: s\r\n\r\nt\r\n")
    decide_authors(len(parsed.headers.all("From")), addresses_of(parsed.from_), has_sender=has_sender)


@pytest.mark.parametrize(
    ("header", "has_sender", "words"),
    [
        pytest.param("", False, "no From", id="none"),
        pytest.param("From:\n", False, "no From", id="empty"),
        pytest.param("From: Ana Roy\n", False, "no From", id="a name alone"),
        pytest.param("From: nobody:;\n", False, "no From", id="an empty group"),
        pytest.param("From: <>\n", True, "no From", id="a null path"),
        pytest.param("From: =?utf-8?q?ana.roy=40sim.mssante.fr?=\n", False, "no From", id="an address that is an encoded word"),
        pytest.param(f"From: {ANA}\nFrom: {ANA}\n", True, "more than one", id="two fields"),
        pytest.param(f"From: {ANA}, {BEA}\n", False, "several mailboxes", id="two mailboxes"),
    ],
)
def test_a_letter_of_nobody_is_refused(header: str, has_sender: bool, words: str) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        decide(header, has_sender=has_sender)
    assert refused.value.rule is Rule.MALFORMED_MESSAGE


@pytest.mark.parametrize(
    ("header", "has_sender"),
    [
        pytest.param(f"From: {ANA}\n", False, id="one"),
        pytest.param(f"From: Ana <{ANA}>, {ANA}\n", False, id="one twice"),
        pytest.param(f"From: Ana: {ANA};\n", False, id="one in a group"),
        pytest.param(f"From: {ANA}, {BEA}\n", True, id="two and a Sender"),
    ],
)
def test_a_letter_of_somebody_is_taken(header: str, has_sender: bool) -> None:
    decide(header, has_sender=has_sender)


@pytest.mark.parametrize("operators", [{ANA: 1}, {ANA: 1, BEA: 1}])
def test_a_letter_of_one_operator_is_taken(operators: dict[str, int]) -> None:
    decide_one_operator(operators)


def test_a_letter_of_two_operators_is_refused_with_both_names() -> None:
    with pytest.raises(Refusal, match=f"{ANA} and {BEA} are mailboxes of two operators") as refused:
        decide_one_operator({ANA: 1, BEA: 2})
    assert (refused.value.rule, refused.value.subject) == (Rule.SEND_NOT_ALLOWED, BEA)
