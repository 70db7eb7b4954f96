"""Scenarios: what a step does, of what type it is, and how far a play has come."""

from enum import StrEnum


class Level(StrEnum):
    """What a scenario tests, in the words of the test space of the ANS."""

    N1 = "N1"  # unitaire, sans partenaire
    N2 = "N2"  # unitaire, avec un partenaire
    N3 = "N3"  # scénario enchaîné


class StepType(StrEnum):
    """What a step is for, in the words of the same space."""

    TRANSACTION = "TRANSACTION"  # un échange
    PREUVE = "PREUVE"  # une trace à montrer
    INFORMATION = "INFORMATION"  # une explication
    VALIDATION = "VALIDATION"  # un contrôle du résultat
    INSTRUCTION = "INSTRUCTION"  # une consigne


class Verb(StrEnum):
    """What a step does; the name of its key in a file."""

    SEND = "send"  # envoyer
    OPEN = "open"  # ouvrir
    LIST = "list"  # voir la liste
    MARK = "mark"  # marquer
    MOVE = "move"  # classer
    DELETE = "delete"  # supprimer
    RECEIPT = "receipt"  # accuser lecture
    GRANT = "grant"  # déléguer
    REVOKE = "revoke"  # révoquer
    CLOSE = "close"  # clore l'échange
    REOPEN = "reopen"  # rouvrir l'échange
    MAY_WRITE = "may-write"  # peut-il écrire ?
    WAIT = "wait"  # attendre un message
    JOURNAL = "journal"  # attendre une ligne du journal
    TIMELINE = "timeline"  # attendre un événement du suivi
    SETTLE = "settle"  # attendre que plus rien ne soit en route
    CLOCK = "clock"  # régler l'horloge
    ADVANCE = "advance"  # faire passer le temps
    FAULT = "fault"  # provoquer une panne
    LIFT = "lift"  # lever les pannes
    BEHAVE = "behave"  # donner un comportement à un usager
    NOTE = "note"  # dire quelque chose


ACTED: frozenset[Verb] = frozenset(
    {Verb.SEND, Verb.OPEN, Verb.LIST, Verb.MARK, Verb.MOVE, Verb.DELETE, Verb.RECEIPT, Verb.GRANT, Verb.REVOKE, Verb.CLOSE, Verb.REOPEN}
)
"""What a person does, with the rights of that person; the rest is done to the world, past every right."""

USUAL_TYPE: dict[Verb, StepType] = {
    **dict.fromkeys(ACTED, StepType.TRANSACTION),
    Verb.MAY_WRITE: StepType.VALIDATION,
    Verb.WAIT: StepType.VALIDATION,
    Verb.JOURNAL: StepType.PREUVE,
    Verb.TIMELINE: StepType.PREUVE,
    Verb.SETTLE: StepType.VALIDATION,
    **dict.fromkeys((Verb.CLOCK, Verb.ADVANCE, Verb.FAULT, Verb.LIFT, Verb.BEHAVE), StepType.INSTRUCTION),
    Verb.NOTE: StepType.INFORMATION,
}
"""The type of a step that names none."""


class StepState(StrEnum):
    """What became of a step."""

    WAITING = "waiting"
    PASSED = "passed"
    FAILED = "failed"
    NOT_PLAYED = "not-played"  # a step before it failed


class PlayState(StrEnum):
    """How far a play has come."""

    READY = "ready"  # a step waits
    PLAYING = "playing"
    PASSED = "passed"
    FAILED = "failed"
