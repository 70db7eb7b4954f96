"""What a copy keeps when it goes to another mailbox, and how many questions a long list asks of the store."""

from typing import Any

import pytest
from sqlalchemy import Engine, event

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Person, letter

_PASSWORD = "cabinet-2026"
_SHARED = f"Shared/{PRACTICE}"


async def _policy(simulator: Simulator, mailbox: str, policy: str) -> None:
    answer = await Person(simulator, "doctor").rest("PATCH", f"/mailboxes/{mailbox}", json={"seen_policy": policy})
    assert answer.status_code == 200


@pytest.mark.parametrize("verb", ["COPY", "MOVE"])
@pytest.mark.parametrize("there", ["shared", "personal"])
@pytest.mark.parametrize("here", ["shared", "personal"])
async def test_what_its_reader_has_seen_stays_seen_in_another_mailbox(simulator: Simulator, here: str, there: str, verb: str) -> None:
    await _policy(simulator, DOCTOR, here)
    await _policy(simulator, PRACTICE, there)
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    for subject in ("lu", "non lu"):
        await client.append("INBOX", letter(HOSPITAL, DOCTOR, subject).as_bytes())
    await client.ask("SELECT INBOX")
    await client.ask("STORE 1 +FLAGS (\\Seen)")
    assert (await client.ask(f'{verb} 1:2 "{_SHARED}/Archive"'))[-1].startswith("OK")
    await client.ask(f'EXAMINE "{_SHARED}/Archive"')
    assert (await client.ask("SEARCH SEEN"))[0] == "* SEARCH 1"
    assert (await client.ask(f'STATUS "{_SHARED}/Archive" (UNSEEN)'))[0].endswith("(UNSEEN 1)")
    other = await ImapClient.open(simulator, f"{PRACTICE}*hugo.bernard", _PASSWORD)
    await other.ask("EXAMINE Archive")
    seen = "* SEARCH 1" if there == "shared" or here == "shared" else "* SEARCH"
    assert (await other.ask("SEARCH SEEN"))[0] == seen
    for one in (client, other):
        await one.close()


async def test_a_list_of_many_folders_asks_the_store_no_more_than_one_of_few(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    asked: list[str] = []

    def note(*said: Any) -> None:
        asked.append(said[2])

    counts = []
    event.listen(Engine, "before_cursor_execute", note)
    try:
        for _ in range(2):
            asked.clear()
            lines = await client.ask('LIST "" * RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN SIZE))')
            counts.append(sum("copies" in one for one in asked))
            assert sum(line.startswith("* STATUS") for line in lines) > 5
            for number in range(60):
                await client.ask(f"CREATE Patients/{number}")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert 0 < counts[0] == counts[1]
    await client.close()
