"""One IMAP session: the actor, the open folder, what the client enabled. No socket: the connection is a `Stream`.

    NOT AUTHENTICATED ──LOGIN, AUTHENTICATE──▶ AUTHENTICATED ──SELECT──▶ SELECTED
                                                     ▲──CLOSE, UNSELECT──┘

The verbs are functions over a session, one file per kind; `verbs/table.py` lists them. A client that loses the open folder is notified at
once: `BYE` when it was in the mailbox that it logged in to, `OK [CLOSED]` when it was in one of the other namespaces.
"""

import asyncio
from typing import Protocol

from mss_sim.config.settings import Settings
from mss_sim.core.access.authentication import Actor, token_expired
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.assembly import Core
from mss_sim.core.mailbox import messages, selected_folder
from mss_sim.core.mailbox.selected_folder import FolderPoll, FolderRef
from mss_sim.core.world.commit_wakeups import Watcher
from mss_sim.core.world.store_types import Folder, Mailbox
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.refusals import Why, whys
from mss_sim.evidence.transcripts import Transcript
from mss_sim.faults.faults import Fault, Faults
from mss_sim.imap.grammar import responses
from mss_sim.imap.view import View
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.vocabulary.evidence import SessionEnd
from mss_sim.vocabulary.imap import Capability
from mss_sim.vocabulary.mailboxes import NAMESPACE_OTHERS, NAMESPACE_SHARED, MailboxKind, MailboxState
from mss_sim.words.sentence import Sentence, say

LOST = frozenset({Rule.NOT_FOUND, Rule.AUTHENTICATION_FAILED, Rule.MAILBOX_CLOSED})
"""The rules by which the open folder may no longer be seen."""
OWN_KINDS = frozenset({MailboxKind.PER, MailboxKind.PATIENT})


class Stream(Protocol):
    """The part of a connection that a session needs."""

    def send(self, octets: bytes) -> None:
        """Append octets to those waiting to be sent."""

    async def flush(self) -> None:
        """Send them; wait while the client does not read."""

    async def line(self) -> bytes:
        """The next line of an exchange."""

    async def line_or(self, event: asyncio.Event) -> bytes | None:
        """The next line, or None when the event is set first."""

    def ahead(self) -> bool:
        """Whether there are octets that the client sent without waiting for its response."""

    def nudge(self) -> None:
        """Wake the task that waits for the client: an event occurred."""

    def fail(self, fault: Fault) -> None:
        """Send what is answered from here on, to the end of the command, as a fault has it."""

    def admit(self, identity_id: int) -> bool:
        """Assign the connection to an identity; False when that identity has too many."""


class RefusedWithCode(Exception):
    """A refusal that this verb shows with a specific response code (ref: rfc5530#3)."""

    def __init__(self, refusal: Refusal, code: str) -> None:
        super().__init__(refusal, code)
        self.refusal = refusal
        self.code = code


class ConnectionClosed(Exception):
    """The connection is over; the last response has been sent."""


class Session:
    """One client. `home` is the mailbox whose folders have no prefix; `direct` when the client opened that mailbox by its address."""

    def __init__(self, settings: Settings, core: Core, stream: Stream, transcript: Transcript) -> None:
        self.settings = settings
        self.core = core
        self.stream = stream
        self.transcript = transcript
        self.tls = False
        self.certificate: bytes | None = None
        self.stripped = self.locked = False  # the effect of a trap on its clients: no STARTTLS, no log-in
        self.compressed = False
        self.faults: Faults | None = None  # nothing fails behind a trap
        self.masked: frozenset[str] = frozenset()  # capabilities that a fault hides from this client
        self.login = ""
        self.whys: tuple[Why, ...] = ()  # the rules that refused the command under way
        self.actor_or_none: Actor | None = None
        self.home: str | None = None
        self.direct = False
        self.view: View | None = None
        self.enabled: set[Capability] = set()  # by ENABLE, or by using them (ref: rfc5161#3.1, rfc7162#3.1)
        self.literal_max = settings.imap.literal_bytes_before_login_max
        self.tag = b"*"
        self.awake = asyncio.Event()
        self.rights_changed = asyncio.Event()
        self.watcher: Watcher = core.wakeups.watch(self._wake)

    @property
    def world(self) -> World:
        """The world behind the core."""
        return self.core.world

    @property
    def actor(self) -> Actor:
        """The logged-in actor."""
        if self.actor_or_none is None:
            raise Refusal(Rule.AUTHENTICATION_REQUIRED, say("Log in first."), reference="rfc9051#3.1")
        return self.actor_or_none

    @property
    def opened(self) -> View:
        """The open folder."""
        if self.view is None:
            raise Refusal(Rule.NOT_FOUND, say("No folder is open any more: SELECT one."), reference="rfc9051#3.2")
        return self.view

    @property
    def utf8(self) -> bool:
        """Whether names are sent in UTF-8."""
        return bool(self.enabled & {Capability.UTF8, Capability.IMAP4REV2})

    @property
    def tells_recent(self) -> bool:
        """Whether the client is told what is \\Recent, which IMAP4rev2 took away."""
        return self.settings.imap.recent and Capability.IMAP4REV2 not in self.enabled

    @property
    def condstore(self) -> bool:
        """Whether modification sequences are sent unsolicited."""
        return bool(self.enabled & {Capability.CONDSTORE, Capability.QRESYNC})

    def offers(self, capability: Capability) -> bool:
        """Whether a capability is not masked."""
        return not self.masks(capability)

    def masks(self, word: str) -> bool:
        """Whether the settings or a fault take a word from the capability line, by the whole of it or by what stands before its `=`."""
        names = {word, word.partition("=")[0]}
        return not names.isdisjoint(self.settings.imap.capabilities_masked) or not names.isdisjoint(self.masked)

    def _wake(self, *, rights: bool) -> None:
        self.awake.set()
        if rights:
            self.rights_changed.set()
        self.stream.nudge()

    def say(self, line: bytes) -> None:
        """Send one untagged or tagged line."""
        self.transcript.server(line)
        self.stream.send(line + b"\r\n")

    async def begin(self, actor: Actor) -> None:
        """Start with an authenticated actor: find their home mailbox."""
        self.direct = actor.mailbox is not None
        self.home = actor.mailbox
        held = await messages.held_mailboxes(self.world, actor)
        limits = [self.size_limit(one.mailbox) for one in held]
        self.literal_max = max(limits, default=self.settings.imap.literal_bytes_before_login_max)
        if actor.mailbox is None:
            opened = [one.mailbox for one in held if one.access.role is not None and one.mailbox.state is not MailboxState.CLOSED]
            own = [mailbox for mailbox in opened if mailbox.kind in OWN_KINDS]
            self.home = own[0].address if own else None
        self.watcher.until = await selected_folder.check(self.world, actor, self.home)
        self.actor_or_none = actor
        self.transcript.logged_in(actor.identity.idnat)
        self.transcript.facts["mailbox"] = self.home or ""

    def size_limit(self, mailbox: Mailbox) -> int:
        """The largest message that a mailbox accepts, in bytes."""
        return self.world.directory.limit_of(mailbox.message_size_bytes_max, mailbox.operator_id)

    def place(self, name: str) -> FolderRef:
        """The folder that a name leads to; Refusal(NOT_FOUND) when there is none. Whether it may be seen is checked when it is used."""
        if not self.direct:
            for prefix in (NAMESPACE_OTHERS, NAMESPACE_SHARED):
                if name.startswith(prefix + "/"):
                    return _within(name, name[len(prefix) + 1 :])
        if self.home is None:
            detail = say(
                "You own no mailbox: open a folder below {shared}/ or {others}/, or log in as mailbox*login.",
                shared=NAMESPACE_SHARED,
                others=NAMESPACE_OTHERS,
            )
            raise Refusal(Rule.NOT_FOUND, detail, subject=name[:100])
        return FolderRef(self.home, _spelled(name))

    async def seen_place(self, name: str) -> FolderRef:
        """The same, when the mailbox may be seen under that name: a collective one is shared, a person's is another user's."""
        place = self.place(name)
        if place.address != self.home or name.startswith((NAMESPACE_OTHERS + "/", NAMESPACE_SHARED + "/")):
            held = await messages.held_mailbox(self.world, self.actor, place.address)
            if namespace_of(held, self.home) != name.partition("/")[0] and not self.direct:
                raise _nowhere(name)
        return place

    def open(self, view: View) -> None:
        """A folder is open now."""
        self.view = view
        self.watcher.folders = {view.selected.folder.id}
        self.watcher.until = self._soonest(view.selected.until)

    def note_recent(self, view: View, folder: Folder, known: int = 1) -> None:
        """The client is about to be told of the copies from the UID `known`: of which it is the first to hear, they are recent."""
        if self.tells_recent:
            recent = self.core.recent
            first = recent.first(folder.id) if view.read_only else recent.claim(folder.id, folder.uid_next)
            view.add_recent(max(first, known), folder.uid_next)

    def close(self) -> None:
        """No folder is open."""
        self.view = None
        self.watcher.folders = set()

    async def refresh(self) -> None:
        """Report the changes in the open folder since the last report, or that it is lost."""
        self.awake.clear()
        view = self.view
        if view is None or token_expired(self.world, self.actor):
            await self.check()
            return
        try:
            changes = await self.core.folder_watch.poll(FolderPoll(self.actor, view.place, view.known))
        except Refusal as refusal:
            await self._lose(refusal)
            return
        self.watcher.until = self._soonest(changes.selected.until)
        self.note_recent(view, changes.selected.folder, view.known.uid_next)
        for line in view.responses_since(changes, vanished=Capability.QRESYNC in self.enabled, modseq=self.condstore):
            self.say(line)

    async def check(self) -> None:
        """Send BYE to a client that may no longer be connected."""
        self.rights_changed.clear()
        if self.actor_or_none is None:
            return
        try:
            until = await selected_folder.check(self.world, self.actor, self.home)
        except Refusal as refusal:
            await self.leave(refusal.detail, *whys(refusal))
        else:
            self.watcher.until = until if self.view is None else self._soonest(until, self.view.selected.until)

    def _soonest(self, *instants: int | None) -> int | None:
        """The first of some instants and of the token's expiry, when it ends the connection."""
        return min((one for one in (*instants, self.actor.until) if one), default=None)

    async def _lose(self, refusal: Refusal) -> None:
        if refusal.rule not in LOST:
            raise refusal
        await self.check()
        view, self.view = self.view, None
        self.watcher.folders = set()
        if view is not None:
            self.say(b"* OK [CLOSED] " + self.spoken(say("{name} is closed: {detail}", name=view.name, detail=refusal.detail)))

    def spoken(self, sentence: Sentence) -> bytes:
        """A sentence for the text of a response, in the language of this world."""
        return responses.spoken(sentence, self.settings.language, utf8=self.utf8).encode()

    async def leave(self, why: Sentence, *rules: Why) -> None:
        """Send BYE and end the connection; `rules`: by which the client may not stay, if it is not just time to go."""
        self.transcript.ended = SessionEnd.SERVER
        if rules:
            self.transcript.refuse("BYE", *rules)
        self.say(b"* BYE " + self.spoken(why))
        await self.stream.flush()
        raise ConnectionClosed

    def end(self) -> None:
        """The connection is gone."""
        self.watcher.close()


def _within(name: str, rest: str) -> FolderRef:
    text, _, folder = rest.partition("/")
    try:
        address = canonical(text)
    except AddressError:
        raise _nowhere(name) from None
    if not folder:
        raise Refusal(Rule.NOT_FOUND, say("{name} holds folders and no messages: open {name}/INBOX.", name=name), subject=name[:100])
    return FolderRef(address, _spelled(folder))


def _spelled(name: str) -> str:
    """INBOX, and what is below it, in any case (ref: rfc9051#5.1)."""
    first, slash, rest = name.partition("/")
    return f"INBOX{slash}{rest}" if first.upper() == "INBOX" else name


def _nowhere(name: str) -> Refusal:
    return Refusal(Rule.NOT_FOUND, say("There is no folder {name} that you may see.", name=name[:100]), subject=name[:100])


def namespace_of(held: MailboxAccess, home: str | None) -> str:
    """The prefix under which a mailbox is seen; empty for the actor's own."""
    if held.mailbox.address == home:
        return ""
    return NAMESPACE_OTHERS if held.mailbox.kind in OWN_KINDS else NAMESPACE_SHARED
