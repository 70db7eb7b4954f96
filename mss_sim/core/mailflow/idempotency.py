"""Retries: the same key and request send once (the Idempotency-Key of the REST door).

The key is looked up in the transaction that delivers, so that two retries at the same moment cannot both send.
"""

from collections.abc import Sequence

import orjson

from mss_sim.clock import SECOND
from mss_sim.core.mailflow.letter import Accepted, Answer, Letter, RoutedLetter, Warned, answer_of
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import submissions
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import SendMode
from mss_sim.words.sentence import quoted, say


def split_same_keys(letters: Sequence[Letter]) -> tuple[list[Letter], list[Letter]]:
    """The letters of a group, and those that must wait because another in the group has the same key."""
    seen: set[tuple[int, str]] = set()
    now: list[Letter] = []
    later: list[Letter] = []
    for letter in letters:
        origin = letter.submitted
        key = (origin.actor_id, origin.idempotency.key) if origin and origin.idempotency else None
        (later if key in seen else now).append(letter)
        if key:
            seen.add(key)
    return now, later


def previous_answer(world: World, conn: Connection, letter: Letter) -> Accepted | None:
    """The earlier response to the same key, None when the key is new; Refusal when it was used for another request."""
    origin = letter.submitted
    if origin is None or origin.idempotency is None:
        return None
    key, request_hash = origin.idempotency
    not_before = letter.at - world.settings.http.idempotency_seconds * SECOND
    known = submissions.recall_key(conn, origin.actor_id, key, not_before)
    if known is None:
        return None
    if known.request_hash != request_hash:
        raise Refusal(Rule.IDEMPOTENCY_MISMATCH, say("This Idempotency-Key was used for another request; take a new one."))
    return _read(known)


def remember(world: World, conn: Connection, stored: Sequence[RoutedLetter]) -> None:
    """Keep the response for the letters that have a key; later events never change the response to a retry."""
    for sorted_ in stored:
        letter, origin = sorted_.letter, sorted_.letter.submitted
        if origin and origin.idempotency and letter.submission_id is not None:
            key, request_hash = origin.idempotency
            answer = _written(world, answer_of(sorted_))
            one = submissions.Remembered(origin.actor_id, key, request_hash, letter.submission_id, answer, letter.at)
            submissions.remember_key(conn, one)


def _written(world: World, answer: Accepted) -> str:
    whys = [(one.refusal.rule, world.translated(one.refusal.detail)) if one.refusal else None for one in answer.outcomes]
    outcomes = [(one.address, one.kind, why) for one, why in zip(answer.outcomes, whys, strict=True)]
    kept = {name: getattr(answer, name) for name in ("message_id", "left_from", "mode", "sent_copy_id", "sent_in", "rfc_message_id")}
    warnings = [(one.address, world.translated(one.why)) for one in answer.warnings]
    return orjson.dumps({**kept, "outcomes": outcomes, "warnings": warnings}).decode("utf-8")


def _read(known: submissions.Remembered) -> Accepted:
    kept = orjson.loads(known.answer)
    outcomes = tuple(
        Answer(address, TimelineKind(kind), Refusal(Rule(why[0]), quoted(why[1]), subject=address) if why else None)
        for address, kind, why in kept.pop("outcomes")
    )
    mode = SendMode(kept.pop("mode"))
    warnings = tuple(Warned(address, quoted(why)) for address, why in kept.pop("warnings", ()))
    return Accepted(**kept, submission_id=known.submission_id, outcomes=outcomes, mode=mode, replayed=True, warnings=warnings)
