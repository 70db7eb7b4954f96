"""Who has a letter in charge (prise en charge), and what is done about that."""

from enum import StrEnum


class ChargeState(StrEnum):
    """Where a copy of a letter stands for those who work in its mailbox."""

    OPEN = "open"  # à prendre en charge
    IN_CHARGE = "in_charge"  # prise en charge par quelqu'un
    DONE = "done"  # traitée


class ChargeDeed(StrEnum):
    """What somebody does about it."""

    TAKE = "take"  # prendre en charge
    ASSIGN = "assign"  # confier à un collègue
    RELEASE = "release"  # laisser à d'autres
    FINISH = "done"  # traiter
    REOPEN = "reopen"  # reprendre
    NOTE = "note"  # écrire une note aux collègues


class ChargeChoice(StrEnum):
    """Which letters a list is asked for."""

    NOBODY = "nobody"  # que personne n'a prises
    MINE = "mine"  # que j'ai prises
    IN_CHARGE = "in_charge"  # que quelqu'un a prises
    DONE = "done"  # traitées


KEYWORDS: dict[ChargeState, str] = {ChargeState.IN_CHARGE: "InCharge", ChargeState.DONE: "Handled"}
"""The keywords that show it to mail programs; `$` is left to those that are registered (ref: rfc5788#3)."""
