"""What an open IMAP connection sees of the rights behind it: a right that ends, ends at once, IDLE included."""

import asyncio
from datetime import timedelta

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.mailbox import mailboxes
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Person, control, letter
from tests.conftest import StartSimulator

_SECRETARY = f"{PRACTICE}*sophie.petit"
_PASSWORD = "cabinet-2026"
_SHARED = f"Shared/{PRACTICE}/INBOX"


async def _revoke(simulator: Simulator, role: str = "secretary") -> None:
    doctor, idnat = Person(simulator, "doctor"), Person(simulator, role).idnat
    for grant in await doctor.get(f"/mailboxes/{PRACTICE}/grants"):
        if grant["grantee"]["idnat"] == idnat:
            assert (await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{grant['id']}")).status_code == 200


async def test_a_revoked_grant_ends_the_idle_connection_that_was_opened_by_it(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, _SECRETARY, _PASSWORD)
    await client.ask("SELECT INBOX")
    await client.idle()
    await _revoke(simulator)
    assert (await client.line()).startswith("* BYE There is no mailbox")
    with pytest.raises(EOFError):
        await client.line()


async def test_a_revoked_grant_ends_a_connection_that_waits_for_its_next_command(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, _SECRETARY, _PASSWORD)
    await client.ask("SELECT INBOX")
    await _revoke(simulator)
    assert (await client.line()).startswith("* BYE")


async def test_a_folder_of_a_namespace_is_lost_and_the_connection_stays(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "sophie.petit", _PASSWORD)
    await client.ask(f'SELECT "{_SHARED}"')
    await client.idle()
    await _revoke(simulator)
    assert (await client.line()).startswith(f"* OK [CLOSED] {_SHARED} is closed:")
    await client.done()
    assert (await client.ask("FETCH 1 FLAGS"))[-1].startswith("BAD no folder is open")
    assert (await client.ask(f'SELECT "{_SHARED}"'))[-1].startswith("NO [NONEXISTENT]")
    assert PRACTICE not in str(await client.ask('LIST "" *'))
    assert "OK completed" in await client.ask("NOOP")
    await client.close()


async def test_every_command_after_the_revocation_is_refused(start: StartSimulator) -> None:
    async with start() as simulator:
        client = await ImapClient.open(simulator, "sophie.petit", _PASSWORD)
        await client.append(_SHARED, letter(HOSPITAL, PRACTICE).as_bytes())
        await client.ask(f'SELECT "{_SHARED}"')
        await _revoke(simulator)
        lines = await client.ask("UID FETCH 1:* BODY[]")
        assert not any("BODY[]" in line for line in lines)
        await client.close()


async def test_a_grant_that_runs_out_ends_the_connection_while_it_idles(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, delegation_tick_seconds=0.01, red_list_kinds=[]) as simulator:
        client = await ImapClient.open(simulator, f"{PRACTICE}*nadia.leroy", _PASSWORD)
        await client.ask("SELECT INBOX")
        await client.idle()
        clock.advance(timedelta(days=90) - timedelta(microseconds=1))
        await asyncio.sleep(0.05)
        assert await client.done() == []
        await client.idle()
        clock.advance(timedelta(microseconds=1))
        assert (await client.line()).startswith("* BYE")


@pytest.mark.parametrize("what", ["mailbox", "identity"])
async def test_a_closed_mailbox_and_a_disabled_identity_say_goodbye(simulator: Simulator, what: str) -> None:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    await client.ask("SELECT INBOX")
    await client.idle()
    if what == "mailbox":
        await mailboxes.change_mailbox(simulator.world, DOCTOR, {"state": "closed"}, actor_id=None, door=Door.CONTROL)
    else:
        idnat = Person(simulator, "doctor").idnat
        assert (await control(simulator, "PATCH", f"/identities/{idnat}", {"enabled": False})).status_code == 200
    said = await client.line()
    assert said.startswith("* BYE The mailbox" if what == "mailbox" else "* BYE Your identity was disabled")
    with pytest.raises(EOFError):
        await client.line()


async def test_a_new_right_counts_at_the_next_command(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "louise.moreau", _PASSWORD)
    assert (await client.ask(f'SELECT "{_SHARED}"'))[-1].startswith("NO [NONEXISTENT]")
    grant = {"grantee": Person(simulator, "newcomer").idnat, "rights": ["see", "read"], "reason": "test"}
    answer = await Person(simulator, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/grants", json=grant)
    assert answer.status_code == 201, answer.text
    assert (await client.ask(f'SELECT "{_SHARED}"'))[-1].startswith("OK [READ-ONLY]")
    await client.close()


async def test_see_without_read_shows_envelopes_and_no_body(simulator: Simulator) -> None:
    doctor = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    await doctor.append(_SHARED, letter(HOSPITAL, PRACTICE, "Résultat", "Glycémie").as_bytes())
    assert (await doctor.ask(f'SETACL "{_SHARED}" louise.moreau l'))[-1].startswith("OK")
    client = await ImapClient.open(simulator, "louise.moreau", _PASSWORD)
    assert (await client.ask(f'SELECT "{_SHARED}"'))[-1].startswith("OK [READ-ONLY]")
    assert "ENVELOPE" in (await client.ask("FETCH 1 ENVELOPE"))[0]
    for command in (
        "FETCH 1 BODY[]",
        "FETCH 1 BODYSTRUCTURE",
        "FETCH 1 BODY",
        "FETCH 1 BODY.PEEK[HEADER]",
        "FETCH 1 BINARY.PEEK[1]",
        "SEARCH TEXT glycemie",
        "SEARCH HEADER X y",
    ):
        assert (await client.ask(command))[-1].startswith("NO [NOPERM] The right read over"), command
    await client.close()
    await doctor.close()


async def test_ten_connections_of_one_identity_and_no_more(simulator: Simulator) -> None:
    clients = [await ImapClient.open(simulator, "camille.martin", _PASSWORD) for _ in range(10)]
    eleventh = await ImapClient.open(simulator)
    answer = await eleventh.ask(f"LOGIN camille.martin {_PASSWORD}")
    assert answer == ["NO [LIMIT] You have as many connections as one person may have, 10: close one. (quirks#connections)"]
    await clients[0].ask("LOGOUT")
    await clients[0].close()
    await asyncio.sleep(0.1)
    assert (await eleventh.ask(f"LOGIN camille.martin {_PASSWORD}"))[-1].startswith("OK")
    for client in [*clients[1:], eleventh]:
        await client.close()


async def test_silence_ends_a_connection_sooner_before_login_than_after(start: StartSimulator) -> None:
    async with start(imap_login_timeout_seconds=0.2, imap_idle_timeout_seconds=1.2) as simulator:
        silent = await ImapClient.open(simulator)
        assert await silent.line() == "* BYE Idle too long"
        client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
        await asyncio.sleep(0.5)
        assert (await client.ask("NOOP")) == ["OK completed"]
        assert await client.line() == "* BYE Idle too long"


async def test_a_grant_that_runs_out_ends_a_direct_connection_without_a_folder(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, delegation_tick_seconds=0.01, red_list_kinds=[]) as simulator:
        idler, waiter = [await ImapClient.open(simulator, f"{PRACTICE}*nadia.leroy", _PASSWORD) for _ in range(2)]
        await idler.idle()
        clock.advance(timedelta(days=90))
        for client in (idler, waiter):
            assert (await client.line()).startswith("* BYE There is no mailbox")


async def test_setacl_tells_nothing_to_who_may_not_manage_and_is_not_for_holders(simulator: Simulator) -> None:
    assistant = await ImapClient.open(simulator, f"{PRACTICE}*nadia.leroy", _PASSWORD)
    for command in ("SETACL INBOX sophie.petit +r", "DELETEACL INBOX louise.moreau", "SETACL INBOX nobody +r"):
        assert (await assistant.ask(command))[-1].startswith("NO [NOPERM]"), command
    doctor = await ImapClient.open(simulator, f"{PRACTICE}*camille.martin", _PASSWORD)
    assert (await doctor.ask("SETACL INBOX hugo.bernard lr"))[-1].startswith("NO [CANNOT] hugo.bernard holds this mailbox already")
    assistant.writer.write(b"z DELETEACL INBOX nadia.leroy\r\n")
    assert (await assistant.line()).startswith("* BYE"), "one may renounce, and then one is out"


async def test_what_is_put_into_a_folder_bears_only_flags_that_the_actor_may_set(simulator: Simulator) -> None:
    doctor = await ImapClient.open(simulator, f"{PRACTICE}*camille.martin", _PASSWORD)
    await doctor.ask("SETACL INBOX louise.moreau lrikx")
    newcomer = await ImapClient.open(simulator, f"{PRACTICE}*louise.moreau", _PASSWORD)
    secretary = await ImapClient.open(simulator, f"{PRACTICE}*sophie.petit", _PASSWORD)
    raw = letter(HOSPITAL, PRACTICE).as_bytes()
    await newcomer.append("INBOX", raw, "\\Seen \\Deleted urgent")
    await secretary.append("INBOX", raw, "\\Seen \\Deleted urgent")
    await doctor.ask("EXAMINE INBOX")
    assert (await doctor.ask("FETCH 1:2 FLAGS"))[:2] == ["* 1 FETCH (FLAGS (\\Recent))", "* 2 FETCH (FLAGS (\\Seen \\Recent urgent))"]


async def test_a_right_that_is_taken_leaves_the_end_of_the_others(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as simulator:
        doctor = Person(simulator, "doctor")
        until = "2026-02-01T00:00:00Z"
        grant = {"grantee": Person(simulator, "newcomer").idnat, "rights": ["see", "read", "mark"], "valid_until": until}
        assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=grant)).status_code == 201
        client = await ImapClient.open(simulator, f"{PRACTICE}*camille.martin", _PASSWORD)
        assert (await client.ask("SETACL INBOX louise.moreau -sw"))[-1].startswith("OK")
        grants = [one for one in await doctor.get(f"/mailboxes/{PRACTICE}/grants") if one["grantee"]["idnat"] == grant["grantee"]]
        in_force = [one for one in grants if one["revoked_at"] is None]
        assert [(sorted(one["rights"]), one["valid_until"]) for one in in_force] == [(["read", "see"], until)]
        await client.close()


async def test_home_is_the_first_mailbox_of_ones_own_and_never_a_collective_one(simulator: Simulator) -> None:
    locum, desk, own = Person(simulator, "locum"), "accueil@cabinet.sim.mssante.fr", "yann.legall@medecin.sim.mssante.fr"
    for address, kind, told in ((desk, "CAB", "NO [NONEXISTENT] You own no mailbox"), (own, "PER", "OK [READ-WRITE]")):
        made = await control(simulator, "POST", "/mailboxes", {"address": address, "kind": kind, "owner_idnat": locum.idnat})
        assert made.status_code == 201, made.text
        client = await ImapClient.open(simulator, "yann.legall", _PASSWORD)
        assert (await client.ask("SELECT INBOX"))[-1].startswith(told)
        assert (await client.ask(f'SELECT "Shared/{desk}/INBOX"'))[-1].startswith("OK [READ-WRITE]")
        await client.close()
