"""The core of one world, assembled: what a front end receives."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from mss_sim import log
from mss_sim.clock import SECOND
from mss_sim.core.access import carer_view_upkeep, journal
from mss_sim.core.access.grant_turns import GrantTurns
from mss_sim.core.access.process_log import ProcessLog
from mss_sim.core.access.wrong_passwords import WrongPasswords
from mss_sim.core.annuaire import publication
from mss_sim.core.annuaire.pruning_turns import Pruning
from mss_sim.core.control import named_seeds as seeds
from mss_sim.core.control.bulk_work import BulkWork
from mss_sim.core.control.snapshot_extras import take_up
from mss_sim.core.control.snapshots import Shelf, Snapshot, unpacked
from mss_sim.core.control.start import begin
from mss_sim.core.feed.listening import Feed
from mss_sim.core.feed.settling import Settling
from mss_sim.core.feed.waiting import Waits
from mss_sim.core.feed.webhooks import Webhooks, WebhookTransport
from mss_sim.core.mailbox.closing import Closings
from mss_sim.core.mailbox.diagnosis import Diagnoses
from mss_sim.core.mailbox.kept_diagnoses import KeptDiagnoses
from mss_sim.core.mailbox.recent import Recent
from mss_sim.core.mailbox.retention import Retention
from mss_sim.core.mailbox.selected_folder import FolderWatch
from mss_sim.core.mailflow.absence_turns import Absences
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.due_tries import DueTries
from mss_sim.core.mailflow.outbound_interface import Transport
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.mailflow.read_receipts import Receipts
from mss_sim.core.mailflow.reading import LetterReading
from mss_sim.core.mailflow.reception import Reception
from mss_sim.core.mailflow.submission import Submission
from mss_sim.core.mailflow.unused_to_red_list import UnusedMailboxes
from mss_sim.core.mailflow.watch_digests import WatchDigests
from mss_sim.core.patients.doing_steps import Steps
from mss_sim.core.patients.due_steps import Patients
from mss_sim.core.psc.ciba import Ciba
from mss_sim.core.psc.provider import Provider
from mss_sim.core.scenarios.services import Services
from mss_sim.core.trust import operator_certificates
from mss_sim.core.world.agenda import Agenda, Waiting
from mss_sim.core.world.authorities import Authorities
from mss_sim.core.world.commit_wakeups import Wakeups
from mss_sim.core.world.revocation_faults import RevocationServices
from mss_sim.core.world.white_list import WhiteList
from mss_sim.core.world.world import World
from mss_sim.store.schema import highest_id

if TYPE_CHECKING:
    from mss_sim.core.annuaire.fhir_searches import Annuaire
    from mss_sim.core.scenarios.plays import Plays

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Core:
    """The world and the verbs that keep state between two calls."""

    world: World
    submission: Submission
    reception: Reception
    receipts: Receipts
    reading: LetterReading
    queue: Queue
    patients: Patients
    wakeups: Wakeups
    folder_watch: FolderWatch
    recent: Recent
    diagnoses: Diagnoses
    kept_diagnoses: KeptDiagnoses
    provider: Provider
    ciba: Ciba
    wrong_passwords: WrongPasswords
    white_list: WhiteList
    authorities: Authorities
    revocation: RevocationServices
    watch_digests: WatchDigests
    agenda: Agenda
    followed: tuple[tuple[Waiting, asyncio.Event, float], ...]
    """What the agenda follows while time passes by itself: by what it is woken, and how often it is looked at besides, in seconds."""
    resetting: asyncio.Lock
    bulk: BulkWork
    process_log: ProcessLog | None
    """None where the log tells no acts."""
    waits: Waits
    settling: Settling
    feed: Feed
    webhooks: Webhooks
    plays: Callable[[], "Plays"]
    """The scenarios that are played; made when the first one is asked for, since a start does not load what plays them."""
    annuaire: Callable[[], "Annuaire"]
    """The national directory; made when it is asked for the first time."""
    snapshots: Shelf | None
    """Where snapshots of this world are kept; None if nowhere."""

    async def reset(self, seed: str | None) -> None:
        """Empty the world, forget all log-ins, and begin anew with a seed; Refusal(INVALID) for an unknown seed."""
        if seed is not None:
            seeds.check(self.world, seed)
        async with self.resetting:
            async with self.agenda.exchanged(), self.queue.suspended():
                await self.world.store.reset()
                self._begin_anew()
                await self.agenda.open()
            await begin(self.world, seed)

    async def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this world, or of one with the same authorities, its keys included; who is connected is told.

        Refusals of `unpacked`.

        What is refused is refused before anything is touched.
        """
        async with self.resetting, unpacked(self.world, snapshot) as wanted:
            async with self.agenda.exchanged(), self.queue.suspended():
                await self.world.store.load_from(wanted.database, self.world.clock.now() // SECOND)
                self.world.ids.rise_to(await self.world.store.read(highest_id))
                self._begin_anew()
                await asyncio.to_thread(self.world.tokens.keys.put_back, wanted.keys)
                take_up(self.world, wanted.memory)
                await self.agenda.open()
            for tell in self.world.gone_back:
                tell()
            await operator_certificates.write_files(self.world, self.world.igc.ca_file.parent / "clients")

    def open_ended(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """What ends all that may take long, and refuses what comes then: for who ends the world."""
        return self.feed.close, self.waits.close, self.bulk.close, self.agenda.close

    def _begin_anew(self) -> None:
        """Forget all that is kept beside the store; who is connected is told."""
        for forget in self.world.beginning_anew:
            forget()


def assemble(
    world: World,
    snapshots: Shelf | None = None,
    *,
    transport: Transport | None = None,
    calls: WebhookTransport | None = None,
    mtls_url: str | None = None,
) -> Core:
    """The core of a world. `snapshots` is where those of it are kept, `transport` carries letters out of it, `calls` posts to webhooks,
    `mtls_url` is where client certificates are asked for.
    """
    tell, woken, resetting, waits = log.teller(), asyncio.Event(), asyncio.Lock(), Waits(world)
    kept = KeptDiagnoses(world, Diagnoses(world), waits.look_again)
    delivery, provider = Delivery(world, woken.set, kept.note), Provider(world, mtls_url)
    queue = Queue(world, delivery, woken, transport, waits.look_again)
    _connect(world, waits)
    submission, receipts = Submission(world, delivery), Receipts(world, delivery)
    reading = LetterReading(world, receipts)
    patients = Patients(world, Steps(world, delivery, submission, receipts))
    ciba, recent, wrong_passwords = Ciba(provider), Recent(), WrongPasswords(world.settings)
    bulk, digests, webhooks = BulkWork(resetting), WatchDigests(world, delivery), Webhooks(world, calls, waits.look_again)
    lives = (UnusedMailboxes(world, delivery), Closings(world), Retention(world), Pruning(world))
    waiting = (GrantTurns(world), Absences(world), patients, DueTries(world, queue), digests, *lives, webhooks)
    agenda, settling = Agenda(world.store, world.clock, waiting), Settling(world, queue, patients, webhooks, kept)
    beside = (world.white_list, world.igc.services, world.faults, world.uses, world.tokens.keys, world.tally)
    world.beginning_anew.extend(one.forget for one in (provider, ciba, recent, wrong_passwords, bulk, kept, *beside))
    woken_by = (digests, digests.woken), (patients, world.steps_planned), (webhooks, webhooks.woken)
    return Core(
        world=world,
        submission=submission,
        reception=Reception(world, delivery),
        receipts=receipts,
        reading=reading,
        queue=queue,
        patients=patients,
        wakeups=Wakeups(world.store, world.clock, tick_seconds=world.settings.delegation.tick_seconds),
        folder_watch=FolderWatch(world),
        recent=recent,
        diagnoses=kept.made,
        kept_diagnoses=kept,
        provider=provider,
        ciba=ciba,
        wrong_passwords=wrong_passwords,
        white_list=world.white_list,
        authorities=world.igc,
        revocation=world.igc.services,
        watch_digests=digests,
        agenda=agenda,
        followed=_followed(world, woken_by, lives),
        resetting=resetting,
        bulk=bulk,
        process_log=ProcessLog(world, tell) if tell else None,
        waits=waits,
        settling=settling,
        feed=Feed(world),
        webhooks=webhooks,
        plays=cache(partial(_plays, Services(world, submission, receipts, reading, settling, agenda, waits))),
        annuaire=cache(partial(_annuaire, world)),
        snapshots=snapshots,
    )


def _followed(
    world: World, woken_by: Sequence[tuple[Waiting, asyncio.Event]], lives: Sequence[Waiting]
) -> tuple[tuple[Waiting, asyncio.Event, float], ...]:
    """What the agenda follows: what is woken by something, and what is looked at as often as the queue."""
    woken = ((one, by_it, _MINUTE) for one, by_it in woken_by)
    return (*woken, *((one, asyncio.Event(), world.settings.queue.poll_seconds) for one in lives))


def _connect(world: World, waits: Waits) -> None:
    """Have what a world does beside its verbs follow what happens in it."""
    if world.transcripts:
        world.transcripts.watch(waits.look_again)
    journal.keep_attempts(world)
    journal.keep_visits(world)
    carer_view_upkeep.follow_commits(world)
    publication.follow_commits(world)


def _annuaire(world: World) -> "Annuaire":
    """The directory of a world, which is loaded anew when the world begins anew."""
    from mss_sim.core.annuaire.fhir_searches import Annuaire  # noqa: PLC0415 - most worlds are not asked for addresses

    made = Annuaire(world)
    world.beginning_anew.append(made.forget)
    return made


def _plays(services: Services) -> "Plays":
    """The plays of a world, which are forgotten when it begins anew."""
    from mss_sim.core.scenarios.plays import Plays  # noqa: PLC0415 - most worlds play no scenario

    made = Plays(services)
    services.world.beginning_anew.append(made.forget)
    return made
