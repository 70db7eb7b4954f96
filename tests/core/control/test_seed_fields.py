"""What may stand in seed.toml: each table, each field, each kind of value; what may not is told by its line."""

import tomllib

import pytest

from mss_sim.core.control.named_seeds import load, shipped
from mss_sim.core.control.seed_fields import check
from mss_sim.errors import Rule
from tests.core.towns import refused


def _check(text: str) -> None:
    check(text, tomllib.loads(text))


@pytest.mark.parametrize("name", shipped())
def test_the_seeds_that_ship_say_nothing_else(name: str) -> None:
    check("", load(name))


def test_settings_are_those_of_a_world() -> None:
    _check('[settings]\nlanguage = "fr"\nimap_recent = false\n')
    for name in ("http_port", "data_dir", "control_key", "worlds_max", "colour"):
        with refused(Rule.INVALID, f"{name} is no setting of a world"):
            _check(f"[settings]\n{name} = 1\n")


def test_a_number_is_from_0_to_2_to_the_62() -> None:
    operator = '[[operators]]\nname = "a"\ndomains = []\nmessage_size_bytes_max = '
    for number in (0, 2**62):
        _check(operator + str(number))
    for number in (-1, 2**62 + 1):
        with refused(Rule.INVALID, "message_size_bytes_max is a whole number, not below 0"):
            _check(operator + str(number))


_PERSON = '[[identities]]\nidnat = "1"\nkind = "patient"\nfamily_name = "X"\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[identity]]\n", "identity is not known there"),
        ("clock = 1\n", "clock is written in sections, each under [clock]"),
        ("[mailboxes]\n", "mailboxes is written in sections, each under [[mailboxes]]"),
        ("\n[[operators]]\n", "line 2, operators: name is missing"),
        ('[[ operators ]] # one\nname = 1\ndomains = ["a"]', "line 1, operators: name is a text"),
        ('[[operators]]\nname = "a"\ndomains = "a"', "domains is a list, in brackets"),
        ('[[operators]]\nname = "a"\ndomains = [1]', "domains is a list of which each is a text"),
        ('[[operators]]\nname = "a"\ndomains = []\nmessage_size_bytes_max = true', "is a whole number"),
        ('[[operators]]\nname = "a"\ndomains = []\nauthentication = ["card"]', "each is one of"),
        (_PERSON + 'enabled = "yes"', "enabled is true or false"),
        (_PERSON + "psc = '[1]'", "psc is a table, or the JSON of one"),
        (_PERSON + 'password_hash = "scrypt$a$b"', "password_hash is a hash as this program writes it"),
        (_PERSON + "ins = [{ birth_date = 2026-01-01T00:00:00Z }]", "ins.birth_date is a day"),
        (_PERSON + "ins = 1", "ins is a list of tables"),
        (_PERSON + "ins = [{ representatives = [{}] }]", "ins.representatives.idnat is missing"),
        ('[clock]\nmode = "fast"', "mode is one of real, offset, frozen, paced"),
        ('[clock]\nmode = "paced"\nrate = 0', "rate is a number above 0"),
        ('[clock]\nmode = "frozen"\nat = 2026-01-01T00:00:00', "at is an instant with its zone"),
        ('[clock]\nmode = "frozen"\nat = 1969-12-31T23:59:59.999999Z', "at is an instant with its zone"),
        ('[clock]\nmode = "frozen"\nat = 2200-01-01T00:00:00Z', "before 2090"),
        ('[[mailboxes]]\naddress = "a"\nkind = "PER"\nowner = "x"\nclosing = []', "closing is a table"),
        ('[[mailboxes]]\naddress = "a"\nkind = "PER"\nowner = "x"\nbehaviour = 1', "behaviour is the name of a behaviour"),
        ("operators = [{}]", "operators 1: name is missing"),
    ],
)
def test_what_may_not_stand_there_is_told(text: str, why: str) -> None:
    with refused(Rule.INVALID, why):
        _check(text)
