"""The core of one world, put together: its verbs share one world, and a world that is reset is as it began."""

import asyncio
import inspect
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any

import pytest

from mss_sim import log
from mss_sim.clock import SECOND
from mss_sim.core.assembly import assemble
from mss_sim.core.control import snapshots
from mss_sim.core.control.counts import state
from mss_sim.core.control.snapshots import Shelf
from mss_sim.core.psc.clients import FIRST_CLIENT, GRANT_CIBA, find, register
from mss_sim.errors import Rule
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.fhir.entries import resource_id
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.psc import AuthMode
from tests.clients import HOSPITAL, PRACTICE
from tests.core.mailflow.carriers import Carrier
from tests.core.scenarios.playing import SENT, begun
from tests.core.towns import IDNATS, OpenTown, Town, refused


async def test_what_is_put_into_the_queue_wakes_the_queue_that_carries_it(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier, queue_poll_seconds=3_600) as town:
        running = asyncio.create_task(town.core.queue.run())
        await asyncio.sleep(0.1)
        await town.send("hospital", HOSPITAL, PRACTICE)
        for _ in range(1_000):
            if carrier.jobs:
                break
            await asyncio.sleep(0.01)
        running.cancel()
        await town.core.queue.stop(5)
        assert len(carrier.jobs) == 1


async def test_a_reset_world_is_as_it_began_and_nobody_is_logged_in(town: Town) -> None:
    began = await state(town.world)
    client, _ = await register(town.world, "c", None, {"grant_types": [GRANT_CIBA]})
    session = town.core.provider.log_in(IDNATS["doctor"], AuthMode.CARD)
    cookie = town.core.provider.cookie_of(session)
    await town.core.ciba.ask(client, login_hint=IDNATS["doctor"], binding_message="42", channel="CARD")
    await town.send("hospital", HOSPITAL, PRACTICE)
    await town.core.reset("cabinet")
    assert await state(town.world) == began
    assert await town.lying(PRACTICE) == []
    assert (town.core.provider.session_of(cookie), town.core.ciba.pending()) == (None, [])
    assert (await find(town.world, "c"), (await find(town.world, FIRST_CLIENT)) is not None) == (None, True)


async def test_a_restored_world_has_new_uidvalidities_and_the_certificates_of_tests_as_files(town: Town, tmp_path: Path) -> None:
    """A UIDVALIDITY is a whole number, at least the second in which the clock stands (ref: rfc9051#2.3.1.1)."""
    kept, clients = await snapshots.save(town.world, Shelf(tmp_path, 1), "a"), town.world.igc.ca_file.parent / "clients"
    shutil.rmtree(clients)
    town.clock.advance(timedelta(days=1, milliseconds=500))
    await town.core.restore(kept)
    second = town.clock.now() // SECOND
    found = await town.world.store.read(lambda conn: list(conn.exec_driver_sql("SELECT typeof(uid_validity), uid_validity FROM folders")))
    assert {kind for kind, _ in found} == {"integer"}
    assert min(value for _, value in found) >= second
    assert {one.name for one in clients.iterdir()} >= {"app_client.key", "app_client.pem"}


async def test_what_is_made_on_demand_is_of_its_world_and_begins_anew_with_it(town: Town) -> None:
    plays, annuaire = town.core.plays(), town.core.annuaire()
    assert (town.core.plays(), town.core.annuaire()) == (plays, annuaire), "each is made once"
    await begun(town, SENT)
    doctor = await town.identity("doctor")
    await annuaire.one(ResourceType.PRACTITIONER, resource_id(ResourceType.PRACTITIONER, doctor.id))
    await town.core.reset("cabinet")
    assert plays.all() == []
    doctor = await town.identity("doctor")
    assert await annuaire.one(ResourceType.PRACTITIONER, resource_id(ResourceType.PRACTITIONER, doctor.id))


async def test_the_log_tells_acts_where_it_tells_any(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert town.core.process_log is None, "the log of the tests tells errors alone"
    told: list[str] = []
    monkeypatch.setattr(log, "teller", lambda: lambda events: told.extend(name for name, _ in events))
    core = assemble(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert core.process_log is not None
    await core.process_log.close()
    assert told == ["message.submitted", "message.received"]


async def test_who_waits_looks_again_when_a_session_ends(town: Town) -> None:
    """Sessions are kept beside the store, so that no commit tells of them."""
    transcripts = Transcripts(town.clock, town.world.ids, sessions_max=10, lines_max=10)
    core, looks = assemble(replace(town.world, transcripts=transcripts)), 0

    async def look() -> str | None:
        nonlocal looks
        looks += 1
        return "seen" if looks > 1 else None

    waiting = asyncio.create_task(core.waits.until(look, seconds=5))
    await asyncio.sleep(0.05)
    assert looks == 1
    transcripts.open(Door.IMAP, "127.0.0.1")
    assert (await waiting, looks) == ("seen", 2)


@pytest.mark.parametrize("seed", [None, "none"])
async def test_a_world_is_emptied_where_no_seed_is_named(town: Town, seed: str | None) -> None:
    await town.core.reset(seed)
    found = await state(town.world)
    assert (found.operators, found.identities, found.mailboxes) == (0, 0, 0)
    await town.core.reset("cabinet")
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert await town.subjects(PRACTICE) == ["Bonjour"]


async def test_a_seed_that_is_not_there_resets_nothing(town: Town) -> None:
    before = await state(town.world)
    with refused(Rule.INVALID, "There is no seed"):
        await town.core.reset("nothing")
    assert await state(town.world) == before


async def test_resets_at_once_come_one_after_the_other(town: Town) -> None:
    began = await state(town.world)
    await asyncio.gather(*(town.core.reset("cabinet") for _ in range(3)))
    assert await state(town.world) == began


async def test_the_parts_of_a_core_are_those_of_its_world(open_town: OpenTown) -> None:
    async with open_town(psc_auto_approve=True) as town:
        core = town.core
        assert core.provider.switches.auto_approve
        assert (core.authorities, core.white_list, core.revocation) == (core.world.igc, core.world.white_list, core.world.igc.services)


def _parts(of: Any, seen: dict[int, Any]) -> dict[int, Any]:
    """What a core is made of: objects of core's classes behind attributes, in tuples, and behind the calls that are handed over."""
    if id(of) in seen:
        return seen
    if isinstance(of, tuple | list):
        for one in of:
            _parts(one, seen)
    elif inspect.ismethod(of):
        _parts(of.__self__, seen)
    elif isinstance(inner := getattr(of, "__wrapped__", None), partial):
        _parts(inner.args, seen)
    elif type(of).__module__.startswith("mss_sim.core."):
        seen[id(of)] = of
        for _, value in _attributes(of):
            _parts(value, seen)
    return seen


def _attributes(of: Any) -> Iterator[tuple[str, Any]]:
    names = [*getattr(of, "__dict__", ()), *(name for one in type(of).__mro__ for name in getattr(one, "__slots__", ()))]
    return ((name.strip("_"), getattr(of, name)) for name in names if hasattr(of, name))


def _handed(part: Any) -> Iterator[tuple[str, Any, Any]]:
    """(name, type, value) of what a part was made with and keeps."""
    hints, kept = inspect.get_annotations(type(part).__init__), dict(_attributes(part))
    return ((name, hints[name], kept[name]) for name in hints if name in kept)


def test_parts_share_what_there_is_one_of_and_lack_nothing(town: Town) -> None:
    parts = _parts(town.core, {}).values()
    one_of = {type(part): part for part in parts}
    assert len(one_of) > 40
    for part in parts:
        for name, kind, value in _handed(part):
            where = f"{type(part).__name__}.{name}"
            assert value is not None or isinstance(kind, UnionType), where
            if isinstance(kind, type) and kind in one_of and name != "clock":
                assert value is one_of[kind], f"{where} is another one"


async def test_what_a_core_is_given_is_where_it_is_used(town: Town, tmp_path: Path) -> None:
    carrier, shelf = Carrier(), Shelf(tmp_path, 1)
    calls: Any = object()
    core = assemble(town.world, shelf, transport=carrier, calls=calls, mtls_url="https://mtls.example")
    assert (core.queue.transport, core.snapshots, core.provider.mtls_url) == (carrier, shelf, "https://mtls.example")
    assert dict(_attributes(core.webhooks))["transport"] is calls
    assert dict(_attributes(dict(_attributes(core.submission))["delivery"]))["diagnose"] == core.kept_diagnoses.note
