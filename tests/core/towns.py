"""A world without doors: the store on a temporary folder, the core over it, and the people of the seed, who act through its verbs."""

import contextlib
import shutil
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from mss_sim.clock import Clock, ManualClock, SystemClock, WorldClock
from mss_sim.config.settings import Settings
from mss_sim.core.access.authentication import Actor
from mss_sim.core.assembly import Core, assemble
from mss_sim.core.control.named_seeds import load
from mss_sim.core.control.start import begin
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Accepted, Addressee, Envelope, Letter, Submitted, prepare
from mss_sim.core.mailflow.outbound_interface import Transport
from mss_sim.core.mailflow.submission import SubmissionRequest
from mss_sim.core.world.access_tokens import Tokens
from mss_sim.core.world.address_cache import Directory
from mss_sim.core.world.authorities import Authorities
from mss_sim.core.world.passwords import Passwords
from mss_sim.core.world.revocation_faults import RevocationServices
from mss_sim.core.world.store_types import Identity, JournalEntry, ListedMessage, ListQuery, Mailbox
from mss_sim.core.world.white_list import WhiteList
from mss_sim.core.world.world import World, faults_of
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import IdSource
from mss_sim.mail.parse import parse
from mss_sim.policy.peers import PeerCertificate
from mss_sim.store import engine, folders, identities, journal, mailboxes, messages, pages, submissions
from mss_sim.store.journal import LineQuery
from mss_sim.store.store import Store
from mss_sim.store.submissions import Event
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import Sentence
from tests.clients import letter
from tests.counters import rows_astray

IDNATS: dict[str, str] = {row["role"]: row["idnat"] for row in load("cabinet")["identities"] if "role" in row}
"""The idNat of each role of the seed."""
BASE_URL = "http://127.0.0.1:8080"


@dataclass
class Town:
    """One world, its time driven by hand, and what its people do in it."""

    core: Core
    clock: ManualClock

    @property
    def world(self) -> World:
        """The world."""
        return self.core.world

    async def identity(self, who: str) -> Identity:
        """Somebody, by role or idNat."""
        found = await self.world.store.read(identities.by_idnat, IDNATS.get(who, who))
        assert found is not None
        return found

    async def actor(self, who: str, door: Door = Door.REST, **chosen: Any) -> Actor:
        """Somebody who has logged in."""
        return Actor(await self.identity(who), door, **chosen)

    async def mailbox(self, address: str) -> Mailbox:
        """A mailbox as it is stored."""
        found = await self.world.store.read(mailboxes.by_address, address)
        assert found is not None
        return found

    async def addresses(self) -> list[str]:
        """Those of all mailboxes, in the order in which they came."""
        return [one.address for one in await self.world.store.read(mailboxes.list_all)]

    async def change(self, address: str, **values: Any) -> None:
        """Change columns of a mailbox, past every right."""
        id_ = (await self.mailbox(address)).id
        await self.world.store.write(lambda conn: mailboxes.change(conn, id_, values), changes_directory=True)

    async def send(
        self,
        who: str | Actor,
        sender: str,
        to: str | list[str],
        subject: str = "Bonjour",
        *,
        path: str | None = None,
        raw: bytes | None = None,
        addressees: tuple[Addressee, ...] | None = None,
        options: dict[str, Any] | None = None,
        **headers: Any,
    ) -> Accepted:
        """Submit a letter; `path` is the return path where it is not the author, `raw` the whole message where it is written elsewhere."""
        actor = await self.actor(who) if isinstance(who, str) else who
        people = addressees or tuple(map(Addressee, [to] if isinstance(to, str) else to))
        octets = raw if raw is not None else letter(sender, [one.address for one in people], subject, **headers).as_bytes(policy=SMTP)
        envelope = Envelope(sender if path is None else path, people)
        return await self.core.submission.submit(actor, SubmissionRequest(envelope, octets, "ESMTPSA", "test", **(options or {})))

    async def written(
        self, who: str, sender: str, to: list[str], subject: str = "Bonjour", *, strict: bool = False, **headers: str
    ) -> Letter:
        """A letter that was submitted and waits for the writer."""
        box, raw = await self.mailbox(sender), letter(sender, to, subject, **headers).as_bytes(policy=SMTP)
        origin = Submitted(box.address, box.operator_id, (await self.identity(who)).id, strict=strict)
        envelope = Envelope(sender, tuple(map(Addressee, to)))
        return prepare(self.world, raw, parse(raw), envelope, origin, fields=(), door=Door.REST, at=self.clock.now())

    async def deliver(self, *letters: Letter) -> list[Accepted | Exception]:
        """Deliver letters as one group, in their order."""
        delivery = Delivery(self.world, lambda: None)
        return await self.world.store.write(lambda conn: delivery.deliver(conn, letters))

    async def bring(
        self,
        sender: str,
        to: str | list[str],
        subject: str = "Bonjour",
        *,
        author: str | None = None,
        raw: bytes | None = None,
        certificate: PeerCertificate | None = None,
        **headers: Any,
    ) -> Accepted:
        """A peer brings a letter to the MX port."""
        people = [to] if isinstance(to, str) else to
        octets = raw if raw is not None else letter(author or sender, people, subject, **headers).as_bytes(policy=SMTP)
        envelope = Envelope(sender, tuple(map(Addressee, people)))
        return await self.core.reception.receive(envelope, octets, protocol="ESMTPS", peer="mta.example", certificate=certificate)

    async def lying(self, address: str, folder: str | None = "INBOX") -> list[ListedMessage]:
        """The copies of a folder, or of all, newest first."""
        box = await self.mailbox(address)

        def query(conn: Connection) -> list[ListedMessage]:
            found = folders.by_name(conn, box.id, folder) if folder else None
            return pages.page(conn, ListQuery(box.id, 100, folder_id=found.id if found else None))

        return await self.world.store.read(query)

    async def subjects(self, address: str, folder: str = "INBOX") -> list[str]:
        """The subjects in a folder, newest first."""
        return [item.message.subject for item in await self.lying(address, folder)]

    async def raw(self, item: ListedMessage) -> bytes:
        """The bytes of a message."""
        return await self.world.store.read(messages.raw, item.message.id)

    async def events(self, sent: Accepted) -> dict[str, list[Event]]:
        """The timeline of each recipient of a letter."""
        number = sent.submission_id
        assert number is not None

        def query(conn: Connection) -> dict[str, list[Event]]:
            people = submissions.people_of(conn, [number])
            found = submissions.events_of(conn, [one.id for one in people])
            return {one.address: found.get(one.id, []) for one in people}

        return await self.world.store.read(query)

    async def kinds(self, sent: Accepted, address: str | None = None) -> list[str]:
        """What happened to a letter, for its only recipient or for one of them, in order."""
        found = await self.events(sent)
        return [event.kind.value for event in found[address or next(iter(found))]]

    async def told(self, address: str) -> list[JournalEntry]:
        """The journal of a mailbox, newest first."""
        box = await self.mailbox(address)
        rows = await self.world.store.read(lambda conn: journal.newest(conn, LineQuery(100), [box.id]))
        return [row.line for row in rows]

    async def acts(self, address: str) -> list[str]:
        """What the journal of a mailbox tells, oldest first."""
        return [line.act.value for line in reversed(await self.told(address))]


REFUSALS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text(encoding="utf-8"))


@contextlib.contextmanager
def refused(rule: Rule, said: str = "") -> Iterator[pytest.ExceptionInfo[Refusal]]:
    """What is done inside is refused by that rule, in words that hold `said`."""
    with pytest.raises(Refusal) as caught:
        yield caught
    assert (caught.value.rule, said in caught.value.detail) == (rule, True), str(caught.value)
    _compare_with_row(caught.value)


def _compare_with_row(refusal: Refusal) -> None:
    """What a refusal carries is what refusals.toml says of it."""
    template = _template_of(refusal.detail)
    if template == "":
        return
    carried = [refusal.reference or "", "unnamed" if refusal.subject is None else "named"]
    row = REFUSALS.get(template)
    assert row in (carried, [carried[0], "either"]), f"refusals.toml has {row} for {template!r}, which carries {carried}"


def _template_of(sentence: Sentence) -> str:
    """The words of a sentence without its values; of one put together of others, those of the first."""
    if sentence.template is not None:
        return sentence.template
    return next((_template_of(value) for value in sentence.values.values() if isinstance(value, Sentence)), "")


_READ: dict[str, Settings] = {}
_PASSWORDS = Passwords()
"""One for all: what it remembers is kept by what a password was hashed to, which no two worlds have in common but those of one seed."""
_HIGHEST = "highest-id"


def _settings(**given: Any) -> Settings:
    """Settings, read once: looking into the environment for each of them takes longer than opening a store."""
    values = {"relay": "direct", "peers_proof": "domain", **given}
    key = repr(sorted(values.items()))
    if key not in _READ:
        _READ[key] = Settings(**values)
    return _READ[key]


def make_world(folder: Path, clock: Clock, igc_clock: Clock | None = None, **settings: Any) -> tuple[World, Store]:
    """A world over a folder, its store open."""
    values = _settings(**settings)
    clock = WorldClock(clock)
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(engine.sqlite_url(folder / "mss-sim.db"), durable=False)
    store.open()
    highest = folder / _HIGHEST
    ids = IdSource(clock, after=int(highest.read_text()) if highest.exists() else 0)
    tokens = Tokens(values, clock, ids, folder / "keys" / "tokens.pem")
    faults = faults_of(values, clock, ids)
    igc = Authorities(folder / "certificates", BASE_URL, igc_clock or SystemClock(), values, RevocationServices(clock, values, faults))
    igc.open()
    directory, white_list = Directory(store, values.message.size_bytes_max), WhiteList(values, clock, store)
    return World(values, store, clock, ids, directory, white_list, _PASSWORDS, tokens, igc, faults), store


async def plant(folder: Path) -> None:
    """Make the seed world in a folder, with its keys."""
    world, store = make_world(folder, ManualClock())
    await begin(world, "cabinet")
    world.tokens.keys.signing()
    await store.close()
    (folder / _HIGHEST).write_text(str(world.ids.next()))


OpenTown = Callable[..., contextlib.AbstractAsyncContextManager[Town]]


def opener(planted: Path, folder: Path) -> OpenTown:
    """What opens a town of its own: a copy of the seed world. When the test is done with it, its counters must be right."""
    count = 0

    @contextlib.asynccontextmanager
    async def opening(*, transport: Transport | None = None, audited: bool = True, **settings: Any) -> AsyncIterator[Town]:
        nonlocal count
        count += 1
        own, clock = folder / f"town{count}", ManualClock()
        shutil.copytree(planted, own)
        world, store = make_world(own, clock, **settings)
        try:
            yield Town(assemble(world, transport=transport), clock)
            if audited:
                assert await store.read(rows_astray) == []
        finally:
            await store.close()

    return opening
