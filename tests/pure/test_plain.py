"""Text in ASCII for readers that speak nothing else."""

import pytest

from mss_sim.mail.plain import in_ascii


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ~ text", "plain ~ text"),
        ("Pro Santé Connect", "Pro Sante Connect"),
        ("ÀÉÎÕÜ çñ", "AEIOU cn"),
        ("e\u0301te\u0301", "ete"),
        ("cœur, Œuvre, Straße, Łódź", "coeur, OEuvre, Strasse, Lodz"),
        ("l’été – «oui»…", 'l\'ete - "oui"...'),
        ("a\u00a0b", "a b"),
        ("3 €", "3 EUR"),
        ("日本 \ufffd", "?? ?"),
        ("\udcff", "?"),
    ],
)
def test_accents_are_taken_off_and_nothing_else_is_lost(text: str, shown: str) -> None:
    assert in_ascii(text) == shown
