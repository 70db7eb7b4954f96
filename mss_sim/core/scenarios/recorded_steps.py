"""A line of the journal as a step of a recording.

| line                                       | step                                                              |
|--------------------------------------------|-------------------------------------------------------------------|
| submitted                                  | `send`, under a name by which later steps know the letter          |
| received                                   | `wait` for it there; for a report by its subject                   |
| read, flagged, moved, deleted              | `open`, `mark`, `move`, `delete`                                   |
| receipt sent                               | `receipt`; a patient's leaves by itself and is not repeated        |
| granted, revoked, renounced                | `grant` with durations in the place of instants, `revoke`          |
| closed, reopened                           | `close`, `reopen`                                                  |
| something that a mailbox did by itself     | `journal`: that it does it again                                   |
| anything else, and what is about an earlier letter or grant | a note that tells of it, for the editor of the file |

Where somebody has moved the clock, a minute or more between two lines is an `advance`; where it stands still, any time is.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mss_sim.clock import SECOND, Micros
from mss_sim.core.world.store_types import GrantRow, Identity
from mss_sim.scenarios import deeds
from mss_sim.scenarios.deeds import Deed
from mss_sim.scenarios.enclosures import Enclosed
from mss_sim.scenarios.model import Role, Step, Telling
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN
from mss_sim.words.sentence import Sentence, quoted, say

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")
_LINE_CHARS_MAX = 500
_SHOWN_CHARS = 60
_ITEMS_MAX = 100


@dataclass(frozen=True, slots=True)
class LetterSeen:
    """A letter that lines tell of; the texts are empty where they are gone. `left_out`: how many of its files no scenario holds."""

    id: int
    thread_id: int | None
    message_id: str | None
    subject: str
    text: str = ""
    receipt: bool = False
    closes: bool = False
    answers: str | None = None
    files: tuple[Enclosed, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal with what it is about. `thread_id`: of the conversation that an act names."""

    at: Micros
    act: Act
    door: Door
    detail: dict[str, Any]
    actor: Identity | None = None
    mailbox: str | None = None
    letter: LetterSeen | None = None
    grant: GrantRow | None = None
    grantee: Identity | None = None
    thread_id: int | None = None


@dataclass(slots=True)
class Recorder:
    """Steps out of lines, one after another; `pause`: from how much time between two lines on it is told, None where it never is."""

    pause: Micros | None = None
    roles: dict[str, Role] = field(default_factory=dict)
    """The actors so far, by their names."""
    _names: dict[int, str] = field(default_factory=dict)
    _letters: dict[str, str] = field(default_factory=dict)
    _threads: dict[int, str] = field(default_factory=dict)
    _grants: dict[int, str] = field(default_factory=dict)
    _last_at: Micros | None = None

    def steps(self, line: Line) -> Iterator[Step]:
        """The steps of a line; none for one that repeats what another step does by itself."""
        passed = line.at - self._last_at if self._last_at is not None else 0
        self._last_at = line.at
        if self.pause is not None and passed >= self.pause:
            yield _step(say("Time passes"), deeds.Advance(_duration(passed)))
        made = _MAKERS[line.act](self, line) if line.act in _MAKERS and self._by_hand(line) else self._other(line)
        if made is not None:
            yield made

    def _by_hand(self, line: Line) -> bool:
        return line.actor is not None or line.act is Act.RECEIVED

    def _actor(self, who: Identity) -> str:
        """The name of an actor, given when they first do something."""
        if who.id not in self._names:
            plain = _NOT_A_NAME.sub("-", _ascii(f"{who.given_name} {who.family_name}")).strip("-")[:30] or "somebody"
            name = plain if plain[0].isalpha() else f"a-{plain}"
            taken = self.roles.keys()
            self._names[who.id] = name if name not in taken else next(f"{name}-{n}" for n in range(2, 1_000) if f"{name}-{n}" not in taken)
            self.roles[self._names[who.id]] = Role(called=who.idnat)
        return self._names[who.id]

    def _known(self, letter: LetterSeen | None) -> str | None:
        return self._letters.get(_key(letter)) if letter else None

    def _new_letter(self, letter: LetterSeen) -> str:
        name = self._letters[_key(letter)] = f"letter-{len(self._letters) + 1}"
        if letter.thread_id is not None:
            self._threads.setdefault(letter.thread_id, name)
        return name

    def submitted(self, line: Line) -> Step | None:
        """A letter that was sent."""
        letter, to = line.letter, tuple(line.detail.get("to", ()))[:_ITEMS_MAX]
        if letter is None or line.actor is None or not to:
            return self._other(line)
        answers = self._letters.get(letter.answers) if letter.answers else None
        deed = deeds.Send(
            to=to,
            subject=one_line(letter.subject),
            text=_UNSEEN.sub("", letter.text.replace("\r\n", "\n")).rstrip("\n"),
            from_=line.mailbox,
            answers=answers,
            receipt=letter.receipt,
            closes=letter.closes,
            files=letter.files,
        )
        told = say("{who} sends “{subject}” to {to}", who=line.actor.name, subject=_short(letter.subject), to=_short(", ".join(to)))
        if letter.left_out:
            told = say("{told} (files that are not recorded, for their size: {count})", told=told, count=letter.left_out)
        return _step(told, deed, self._actor(line.actor), self._new_letter(letter))

    def received(self, line: Line) -> Step | None:
        """A letter that came."""
        letter = line.letter
        if letter is None:
            return None
        told = say("“{subject}” comes to {mailbox}", subject=_short(letter.subject), mailbox=line.mailbox)
        known = self._known(letter)
        if known is not None:
            return _step(told, deeds.Wait(letter=known, mailbox=line.mailbox))
        return _step(told, deeds.Wait(mailbox=line.mailbox, subject=one_line(letter.subject) or None), None, self._new_letter(letter))

    def read(self, line: Line) -> Step | None:
        """A letter that was read."""
        return self._of_letter(line, deeds.Open, say("{who} reads “{subject}”", **_about(line)))

    def deleted(self, line: Line) -> Step | None:
        """A letter that was deleted."""
        return self._of_letter(line, deeds.Delete, say("{who} deletes “{subject}”", **_about(line)))

    def flagged(self, line: Line) -> Step | None:
        """A letter whose flags were changed."""
        words = {name: tuple(line.detail.get(name, ()))[:_ITEMS_MAX] for name in ("add", "remove")}
        return self._of_letter(line, deeds.Mark, say("{who} marks “{subject}”", **_about(line)), **words)

    def moved(self, line: Line) -> Step | None:
        """A letter that was put into another folder."""
        folder = one_line(str(line.detail.get("to", ""))) or "Archive"
        told = say("{who} puts “{subject}” into {folder}", folder=folder, **_about(line))
        return self._of_letter(line, deeds.Move, told, folder=folder)

    def receipt_sent(self, line: Line) -> Step | None:
        """A read receipt; a patient's leaves by itself."""
        if (line.mailbox or "").endswith(f"@{PATIENT_DOMAIN}"):
            return None
        return self._of_letter(line, deeds.Receipt, say("{who} sends the read receipt of “{subject}”", **_about(line)))

    def closed(self, line: Line) -> Step | None:
        """A conversation that was closed."""
        return self._of_thread(line, deeds.Close, say("{who} closes the conversation", **_about(line)))

    def reopened(self, line: Line) -> Step | None:
        """A conversation that was opened again."""
        return self._of_thread(line, deeds.Reopen, say("{who} opens the conversation again", **_about(line)))

    def granted(self, line: Line) -> Step | None:
        """A mailbox that was delegated."""
        grant, grantee = line.grant, line.grantee
        if grant is None or grantee is None or line.actor is None:
            return self._other(line)
        name = self._grants[grant.id] = f"grant-{len(self._grants) + 1}"
        deed = deeds.Grant(
            to=self._actor(grantee),
            rights=tuple(sorted(grant.rights)),
            mailbox=line.mailbox,
            from_=_from_then(grant.valid_from, line.at),
            until=_from_then(grant.valid_until, line.at),
            reason=one_line(grant.reason),
        )
        told = say("{who} delegates {mailbox} to {grantee}", who=line.actor.name, mailbox=line.mailbox, grantee=grantee.name)
        return _step(told, deed, self._actor(line.actor), name)

    def revoked(self, line: Line) -> Step | None:
        """A grant that was taken back, or renounced."""
        name = self._grants.get(line.grant.id) if line.grant else None
        if name is None or line.actor is None:
            return self._other(line)
        return _step(say("{who} takes the grant over {mailbox} back", **_about(line)), deeds.Revoke(name), self._actor(line.actor))

    def _of_letter(self, line: Line, kind: Callable[..., Deed], told: Sentence, **given: Any) -> Step | None:
        name = self._known(line.letter)
        if name is None or line.actor is None:
            return self._other(line)
        return _step(told, kind(letter=name, mailbox=line.mailbox, **given), self._actor(line.actor))

    def _of_thread(self, line: Line, kind: Callable[..., Deed], told: Sentence) -> Step | None:
        name = self._threads.get(line.thread_id) if line.thread_id is not None else None
        if name is None or line.actor is None:
            return self._other(line)
        return _step(told, kind(letter=name, mailbox=line.mailbox), self._actor(line.actor))

    def _other(self, line: Line) -> Step:
        """What cannot be played again, told; and what a mailbox did by itself, as something to be seen again."""
        where = line.mailbox or say("nothing")
        if line.actor is None and line.door is Door.SYSTEM and line.mailbox:
            told = say("{mailbox} does something by itself: {act}", mailbox=line.mailbox, act=line.act.value)
            return _step(told, deeds.Journal((line.act,), mailbox=line.mailbox))
        who = line.actor.name if line.actor else say("The control plane")
        why = quoted(f" ({line.detail['rule']})" if "rule" in line.detail else "")
        told = say("Not played again: {who}, {act} in {mailbox}{why}", who=who, act=line.act.value, mailbox=where, why=why)
        return _step(told, deeds.Note())


def in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines so that what follows from an act stands after it: a read receipt is written down after it has come."""
    found: list[Line] = []
    for line in lines:
        place = len(found)
        while line.act is Act.RECEIPT_SENT and place and _follows(found[place - 1], line):
            place -= 1
        found.insert(place, line)
    return found


def _follows(earlier: Line, receipt: Line) -> bool:
    about = earlier.letter.id if earlier.letter else None
    return earlier.actor is None and earlier.at == receipt.at and receipt.letter is not None and about != receipt.letter.id


_MAKERS: dict[Act, Callable[[Recorder, Line], Step | None]] = {
    Act.SUBMITTED: Recorder.submitted,
    Act.RECEIVED: Recorder.received,
    Act.READ: Recorder.read,
    Act.FLAGGED: Recorder.flagged,
    Act.MOVED: Recorder.moved,
    Act.DELETED: Recorder.deleted,
    Act.RECEIPT_SENT: Recorder.receipt_sent,
    Act.GRANTED: Recorder.granted,
    Act.REVOKED: Recorder.revoked,
    Act.RENOUNCED: Recorder.revoked,
    Act.CLOSED: Recorder.closed,
    Act.REOPENED: Recorder.reopened,
}


def _key(letter: LetterSeen) -> str:
    return letter.message_id or str(letter.id)


def _about(line: Line) -> dict[str, object]:
    who = line.actor.name if line.actor else ""
    return {"who": who, "subject": _short(line.letter.subject if line.letter else ""), "mailbox": line.mailbox}


def _step(told: Sentence, deed: Deed, actor: str | None = None, called: str | None = None) -> Step:
    telling = Telling(told.in_language(Language.EN), told.in_language(Language.FR))
    return Step(line=0, tells=telling, deed=deed, actor=actor, called=called)


def one_line(text: str) -> str:
    """A text as a field of one line has it."""
    return _CONTROLS.sub(" ", text)[:_LINE_CHARS_MAX]


def _short(text: str) -> str:
    plain = one_line(text)
    return plain if len(plain) <= _SHOWN_CHARS else f"{plain[:_SHOWN_CHARS]}…"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _duration(span: Micros) -> str:
    """A duration of ISO 8601, in seconds."""
    return f"PT{span // SECOND}.{span % SECOND:06d}S" if span % SECOND else f"PT{span // SECOND}S"


def _from_then(instant: Micros | None, then: Micros) -> str | None:
    """An instant as a duration from the line on; one that had passed is no more than now."""
    return None if instant is None or instant <= then else _duration(instant - then)
