"""Pseudonyms: nobody's name is left, the same person is the same throughout, and what is nobody's stays."""

import pytest

from mss_sim.mail.pseudonyms import Pseudonyms, addresses_in

_NAMES = ("Dr Camille MARTIN", "Cabinet des Tilleuls", "Zoé Le Goff")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("MAIL FROM:<camille.martin@medecin.sim.mssante.fr>", "MAIL FROM:<mailbox-1@domain-1.example>"),
        ("GET /mailboxes/a%40b.fr/x", "GET /mailboxes/mailbox-1%40domain-1.example/x"),
        ("Dr Camille MARTIN", "Person-1"),
        ("LOGIN camille.martin ********", "LOGIN Name-1.Name-2 ********"),
        ("CN=CR_MARTIN.pdf", "CN=CR_Name-1.pdf"),
        ("=?utf-8?q?Zo=C3=A9_Le_Goff?= said", "Person-1 said"),
        ("899700420013, 285037511300167, 125062a00401714", "number-1, number-2, number-3"),
        ("EHLO mail.hopital.fr", "EHLO mail.domain-1.example"),
        ("from 10.1.2.3 by 127.0.0.1", "from 192.0.2.1 by 127.0.0.1"),
        ("UIDVALIDITY 1767600000", "UIDVALIDITY 1767600000"),
        ("2026-01-05T08:00:00Z S 250 2.1.0 OK", "2026-01-05T08:00:00Z S 250 2.1.0 OK"),
        ("martinets", "martinets"),
        ("des lettres", "des lettres"),
    ],
)
def test_people_have_other_names_and_nothing_else_changes(text: str, told: str) -> None:
    assert Pseudonyms(_NAMES, ("hopital.fr",)).of(text) == told


def test_names_of_fewer_than_three_characters_stay_since_they_are_words_of_everything() -> None:
    assert Pseudonyms(["Li", "  A ", "Ana"]).of("Li, A, Ana") == "Li, A, Person-1"
    assert Pseudonyms(["Li"]).of("Li") == "Li"


def test_the_same_person_is_the_same_throughout_and_others_are_others() -> None:
    names = Pseudonyms(_NAMES)
    assert names.of("a@b.fr, A@B.fr, c@b.fr") == "mailbox-1@domain-1.example, mailbox-1@domain-1.example, mailbox-2@domain-1.example"
    assert names.of("a@b.fr") == "mailbox-1@domain-1.example"


def test_a_value_of_json_keeps_its_shape() -> None:
    value = {"who": "Zoé Le Goff", "n": 3, "to": [{"address": "a@b.fr"}, None]}
    assert Pseudonyms(_NAMES).of_all(value) == {"who": "Person-1", "n": 3, "to": [{"address": "mailbox-1@domain-1.example"}, None]}


def test_addresses_are_found_wherever_they_stand() -> None:
    assert addresses_in('{"a": "X <A.b@c.fr>", "u": "/x/d%40e.fr/y"}') == {"a.b@c.fr", "d@e.fr"}


def test_without_names_addresses_still_have_others() -> None:
    assert Pseudonyms(()).of("a@b.fr, MARTIN") == "mailbox-1@domain-1.example, MARTIN"
