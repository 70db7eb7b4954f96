"""Why something was refused, as a session remembers it: the rule and its words, without the exception that brought it."""

from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.words.sentence import Sentence

FAILURES = frozenset({Rule.FAULT.value, Rule.STORE_UNAVAILABLE.value})
"""The rules that tell of what no client can do better."""


class Why(NamedTuple):
    """Why something was refused. `rule` is one of ours, or the code of an OAuth error; None where the protocol alone says no.

    `reference` is a key of docs/references/index.toml with its place, `subject` the address or name that it is about.
    """

    rule: str | None
    detail: Sentence
    reference: str | None = None
    subject: str | None = None


class Refused(NamedTuple):
    """One refusal: when, the beginning of the command that it answers, the code that the client was told."""

    at: Micros
    command: bytes
    answer: str
    why: Why


def whys(refusal: Refusal) -> tuple[Why, ...]:
    """A refusal; that of several recipients, one by one."""
    told = refusal.refusals if isinstance(refusal, RecipientsRefused) else (refusal,)
    return tuple(Why(one.rule.value, one.detail, one.reference, one.subject) for one in told)
