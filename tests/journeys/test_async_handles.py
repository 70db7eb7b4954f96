"""The handles for who awaits: nothing that they do blocks the loop of the test."""

import asyncio
import json
import smtplib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from mss_sim.errors import Refusal
from mss_sim.testing.asking import RestRefused
from mss_sim.testing.asynchronous import AsyncSimulator, AsyncWorld
from mss_sim.testing.attached import AttachedWorld
from mss_sim.testing.handle import HostedWorld, RunningSimulator
from mss_sim.testing.playing import StepFailed
from mss_sim.testing.results import WaitedInVain

PRACTICE = "tilleuls@cabinet.sim.mssante.fr"


async def test_the_loop_goes_on_while_a_world_is_waited_for(async_world: AsyncWorld) -> None:
    """If a wait blocked, nothing of what it waits for could be sent: two hundred wait before the first letter leaves."""
    waits = [asyncio.create_task(async_world.wait("message", mailbox=PRACTICE, subject=f"Lettre {number:03}")) for number in range(200)]
    await asyncio.sleep(0)
    await asyncio.gather(*(async_world.doctor.send([PRACTICE], subject=f"Lettre {number:03}") for number in range(200)))
    assert [found.first.subject for found in await asyncio.gather(*waits)] == [f"Lettre {number:03}" for number in range(200)]


async def test_a_wait_may_be_cancelled(async_world: AsyncWorld) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await async_world.wait("message", subject="ordonnance", timeout=2)
    await async_world.wait("settled")


async def test_a_wait_in_vain_is_told(async_world: AsyncWorld) -> None:
    with pytest.raises(WaitedInVain, match=r"^waited 0\.1 s in vain for 2 letters with mailbox"):
        await async_world.wait("message", mailbox=PRACTICE, count=2, timeout=0.1)
    with pytest.raises(RestRefused, match="A wait for settled looks at nothing: leave mailbox out"):
        await async_world.wait("settled", mailbox=PRACTICE)  # type: ignore[call-overload]


async def test_a_world_of_another_process_is_known_by_its_ready_file(async_world: AsyncWorld, tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    file.write_text(json.dumps(async_world.ready), encoding="utf-8")
    world = AttachedWorld.at(file)
    assert world.ready == async_world.ready
    assert {world.person(called).role for called in ("camille.martin", world.doctor.idnat, world.doctor.address)} == {"doctor"}
    await world.hospital.send([PRACTICE], subject="Compte rendu")
    assert (await world.wait("message", mailbox=PRACTICE)).first.subject == "Compte rendu"
    with pytest.raises(WaitedInVain, match="lacks subject"):
        await world.wait("message", mailbox=PRACTICE, subject="Compte randu", timeout=0)
    [made] = await world.like("doctor")
    assert await world.person(made.login).inbox() == []
    assert world.idnat(made.login) == made.idnat
    assert world.idnat("nobody") == "nobody"
    await world.reset()
    with pytest.raises(KeyError, match=r"nobody is called .*; there are application, assistant"):
        world.person(made.login)
    assert await world.doctor.inbox(PRACTICE) == []


async def test_people_have_clients_to_await(async_world: AsyncWorld) -> None:
    hospital, doctor = async_world.hospital, async_world.doctor
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = hospital.address, PRACTICE, "Compte rendu"
    letter.set_content("Le code est 123456.")
    smtp = await hospital.smtp()
    await smtp.send_message(letter)
    await smtp.quit()
    [came] = await doctor.inbox(PRACTICE, subject="compte rendu", wait=10)
    assert (await doctor.read(came["id"], PRACTICE))["text"].strip() == "Le code est 123456."
    imap = await doctor.imap(PRACTICE)
    assert await asyncio.to_thread(imap.select, "INBOX") == ("OK", [b"1"])
    await asyncio.to_thread(imap.logout)
    assert (await doctor.log_in("MOBILE")).userinfo["SubjectNameID"] == doctor.idnat
    assert (await doctor.token(60)).count(".") == 2
    assert (await doctor.rest("GET", "/me"))["idnat"] == doctor.idnat
    with pytest.raises(RestRefused, match="404 not-found"):
        await hospital.inbox(PRACTICE)


async def test_an_application_logs_in_by_its_certificate(async_world: AsyncWorld, world: HostedWorld) -> None:
    """Of both kinds; SMTP and IMAP let it in by no password."""
    laboratory = async_world.application
    smtp = await laboratory.smtp()
    assert (await smtp.mail(laboratory.address)).code == 250
    await smtp.quit()
    await asyncio.to_thread((await laboratory.imap()).logout)
    with world.application.smtp() as same, world.application.imap() as imap:
        assert same.mail(laboratory.address)[0] == 250
        assert imap.select("INBOX") == ("OK", [b"0"])
    await async_world.faults.add("submission", "reply", {"verb": "AUTH"}, count=None, code="454")
    with pytest.raises(aiosmtplib.SMTPAuthenticationError, match="This failure was asked for"):
        await laboratory.smtp()
    with pytest.raises(smtplib.SMTPAuthenticationError, match="This failure was asked for"):
        world.application.smtp()


async def test_time_and_faults_are_awaited(async_world: AsyncWorld) -> None:
    await async_world.clock.freeze(datetime(2040, 1, 1, tzinfo=UTC))
    assert all(one.at < async_world.clock.now() for one in await async_world.clock.advance("P1D"))
    await async_world.clock.advance(to=datetime(2040, 2, 1, tzinfo=UTC))
    assert await async_world.clock.advance(timedelta(seconds=1)) == []
    assert async_world.clock.now() == datetime(2040, 2, 1, 0, 0, 1, tzinfo=UTC)
    await async_world.clock.pace(60)
    await async_world.clock.run()
    rule = await async_world.faults.add("submission", "reply", {"verb": "AUTH"}, count=None, code="454")
    presets = await async_world.faults.preset("psc-slow", seconds=1)
    with pytest.raises(aiosmtplib.SMTPException, match="This failure was asked for"):
        await async_world.doctor.smtp()
    assert await async_world.faults.fired(rule) >= 1
    assert [one.id for one in await async_world.faults.all()] == [rule, *presets]
    await async_world.faults.lift(rule)
    await async_world.faults.clear()
    assert await async_world.faults.all() == []
    assert {one.who for one in await async_world.sessions(door="smtp")} == {None}


async def test_a_world_is_kept_and_gone_back_to(async_world: AsyncWorld) -> None:
    name = async_world.name[-8:]
    kept = await async_world.save(name, note="nothing was sent", replace=True)
    assert (kept.name, kept.note, kept.seed) == (name, "nothing was sent", "cabinet")
    await async_world.doctor.send([PRACTICE], subject="Bonjour")
    assert (await async_world.differences(name))["letters"].added_count >= 1
    await async_world.restore(name)
    assert await async_world.doctor.inbox(PRACTICE) == []
    assert name in {one.name for one in await async_world.snapshots()}
    await async_world.drop(name)
    with pytest.raises(Refusal, match="no snapshot"):
        await async_world.restore(name)
    [patient] = await async_world.patients(1)
    [like] = await async_world.like("doctor")
    await like.send([PRACTICE], subject="Bonjour")
    await async_world.wait("act", acts=["message.submitted"], who=like.idnat)
    await async_world.reset()
    assert patient["address"] not in {one["address"] for one in await async_world.control("GET", "/mailboxes")}
    assert async_world.persona("doctor")["login"] == async_world.ready["personas"][0]["login"]


async def _fail_in_a_world_of(mss: AsyncSimulator) -> None:
    async with mss.world(name="beside", seed="cabinet", settings={"language": "fr"}) as beside:
        assert beside.doctor.name == "Dr Camille MARTIN"
        raise ZeroDivisionError


async def test_a_simulator_is_a_context_of_its_own() -> None:
    """Started, asked and ended from a loop that goes on; a world in it ends with its block, whatever happens."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(tick())
    async with AsyncSimulator(seed="none") as mss:
        started = ticks
        assert mss.ready["personas"] == []
        with pytest.raises(ZeroDivisionError):
            await _fail_in_a_world_of(mss)
        assert await mss.control("GET", "/worlds") == []
    beating.cancel()
    assert started > 10, "the loop stood still while the simulator began"


async def test_several_simulators_wait_side_by_side(mss: RunningSimulator) -> None:
    """Worlds of the other kind of handle, too: one loop drives them all."""
    with mss.world() as one, mss.world() as other:
        worlds = [AsyncWorld(one), AsyncWorld(other)]
        waits = [asyncio.create_task(world.wait("message", mailbox=PRACTICE)) for world in worlds]
        await asyncio.gather(*(world.doctor.send([PRACTICE], subject=world.name) for world in worlds))
        assert [(await wait).first.subject for wait in waits] == [one.name, other.name]


_COUNTED = """\
title: A letter to the practice
actors: {hospital: paul.durand, doctor: camille.martin}
mailboxes: {practice: {of: doctor, kind: CAB}}
steps:
  - {en: It is sent, actor: hospital, send: {to: practice, subject: Rapport}, as: report}
  - {en: It comes, wait: {letter: report, mailbox: practice}}
  - {en: It is listed, actor: doctor, list: practice, expect: {count: 3}}
"""


@pytest.mark.parametrize("kind", ["of this process", "attached"])
async def test_a_scenario_is_played_as_a_step_of_a_test(async_world: AsyncWorld, tmp_path: Path, kind: str) -> None:
    world = AttachedWorld(lambda: async_world.ready) if kind == "attached" else async_world
    played = await world.play("delegation")
    assert (played.actors["doctor"], played.mailboxes["practice"], len(played.steps)) == (
        world.doctor.idnat,
        PRACTICE,
        len(set(played.steps)),
    )
    assert (await world.wait("message", mailbox=PRACTICE)).first.id
    file = tmp_path / "counted.yaml"
    file.write_text(_COUNTED, encoding="utf-8")
    with pytest.raises(
        StepFailed, match=r"^Step 3 \(line 7\): expected was count 3; what came: count 1\.\n  passed: It is sent\n  passed: It"
    ) as failed:
        await world.play(file)
    told = await world.control("GET", f"/scenarios/{failed.value.play}")
    assert (told["state"], told["failure"]) == ("failed", failed.value.failure)
    file.write_text("steps: 3", encoding="utf-8")
    with pytest.raises(RestRefused, match="422 invalid-request: Line 1: The scenario has no title"):
        await world.play(file)
    with pytest.raises(RestRefused, match="404 not-found: There is no story"):
        await world.play("délégation")
