"""What a play waits for: each a look at the store, done again after each commit that may matter (`core/feed`)."""

from collections.abc import Sequence

from mss_sim.core.feed import wait_conditions
from mss_sim.core.feed.near_misses import NearMiss, near_misses
from mss_sim.core.feed.wait_conditions import FoundLetter
from mss_sim.core.scenarios.stage import Facts, KnownLetter, Missed, Stage
from mss_sim.core.world.store_types import ActQuery, EventQuery, LetterQuery
from mss_sim.mail.parse import fold
from mss_sim.scenarios import deeds
from mss_sim.words.sentence import Sentence, joined, say

_EVENTS_MAX = 200


async def wait(stage: Stage, deed: deeds.Wait, called: str | None) -> Facts:
    """Letters that came since the play began, or that none comes."""
    query, mailbox = _query(stage, deed), stage.cast.address(deed.mailbox) if deed.mailbox else None
    folders = await wait_conditions.folders_of(stage.world, mailbox) if mailbox else None
    search = wait_conditions.LetterSearch(stage.world, query, mailbox, stage.since)
    found: list[FoundLetter] = []

    async def look() -> bool | None:
        found[:] = await search.look()
        return True if len(found) >= query.limit else None

    came = await stage.services.waits.until(look, deed.timeout, folders) is not None
    if came is deed.none:
        near = [] if came else await near_misses(stage.world, search.near, mailbox)
        raise Missed(_letters_wanted(deed), _letters_came(found, near))
    if called and found:
        stage.letters[called] = KnownLetter(found[0].message.rfc_message_id, found[0].message.id)
    return {}


def _query(stage: Stage, deed: deeds.Wait) -> LetterQuery:
    known = stage.letters[deed.letter] if deed.letter else None
    return LetterQuery(
        deed.count,
        from_=_folded(deed.from_),
        to=_folded(deed.to),
        subject=_folded(deed.subject),
        text=_folded(deed.text),
        message_id=known.message_id if known else None,
        has_document=deed.document,
    )


def _folded(text: str | None) -> str | None:
    return fold(text) if text else None


def _letters_wanted(deed: deeds.Wait) -> Sentence:
    if deed.none:
        return say("no letter within {seconds} s", seconds=deed.timeout)
    return say("letters within {seconds} s: {count}", count=deed.count, seconds=deed.timeout)


def _letters_came(found: Sequence[FoundLetter], near: Sequence[NearMiss]) -> Sentence:
    count = say("letters: {count}", count=len(found))
    if not near:
        return count
    others = joined(
        (say("“{subject}” lacks {marks}", subject=one.message.subject, marks=", ".join(one.lacks)) for one in near[:3]),
        "; ",
    )
    return say("{count}; nearest: {others}", count=count, others=others)


async def journal(stage: Stage, deed: deeds.Journal) -> Facts:
    """Lines of the journal since the play began."""
    mailbox = stage.cast.address(deed.mailbox) if deed.mailbox else None
    who = stage.cast.people[deed.who].idnat if deed.who else None
    query = ActQuery(deed.count, acts=deed.acts)
    found: list[str] = []

    async def look() -> bool | None:
        rows = (await wait_conditions.find_acts(stage.world, query, mailbox, who, stage.since)).rows
        found[:] = [row.line.act.value for row in rows]
        return True if len(found) >= deed.count else None

    came = await stage.services.waits.until(look, deed.timeout) is not None
    if came is deed.none:
        wanted = ", ".join(deed.acts)
        none = say("no line {acts} within {seconds} s", acts=wanted, seconds=deed.timeout)
        some = say("lines {acts} within {seconds} s: {count}", count=deed.count, acts=wanted, seconds=deed.timeout)
        raise Missed(none if deed.none else some, say("lines: {count} ({acts})", count=len(found), acts=", ".join(found)))
    return {}


async def timeline(stage: Stage, deed: deeds.Timeline) -> Facts:
    """All that is to have happened to a letter, for one of its recipients or for any."""
    known, wanted = stage.letters[deed.letter], {kind.value for kind in deed.events}
    recipient = stage.cast.address(deed.recipient) if deed.recipient else None
    query = EventQuery(_EVENTS_MAX, recipient=recipient, message_id=known.message_id)
    found: list[str] = []

    async def look() -> bool | None:
        found[:] = [one.kind.value for one in (await wait_conditions.find_events(stage.world, query, None)).rows]
        return True if wanted <= set(found) else None

    if await stage.services.waits.until(look, deed.timeout) is None:
        expected = say("{events} within {seconds} s", events=", ".join(deed.events), seconds=deed.timeout)
        raise Missed(expected, say("the events {events}", events=", ".join(dict.fromkeys(found)) or say("nothing")))
    return {}


async def settle(stage: Stage, deed: deeds.Settle) -> Facts:
    """That nothing is under way, and nothing due."""

    async def look() -> bool | None:
        return True if await stage.services.settling.over() else None

    if await stage.services.waits.until(look, deed.timeout) is None:
        raise Missed(say("rest within {seconds} s", seconds=deed.timeout), say("something is under way or due"))
    return {}
