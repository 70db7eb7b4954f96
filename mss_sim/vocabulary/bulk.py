"""Words about work that takes its time: worlds made by numbers, files read in."""

from enum import StrEnum


class Undertaking(StrEnum):
    """What is under way."""

    GENERATION = "generation"
    IMPORT = "import"


class Stage(StrEnum):
    """How far it has come."""

    CHECKING = "checking"
    OPERATORS = "operators"
    PEOPLE = "people"
    LETTERS = "letters"
