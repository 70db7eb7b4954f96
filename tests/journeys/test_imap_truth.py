"""Numbers stay true: whatever two clients and REST do to one folder, each client's picture of it is the store's."""

import random
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, ImapClient, Person, letter
from tests.conftest import StartSimulator

_PASSWORD = "cabinet-2026"
_STEPS = 60


class Mirror:
    """What a client believes of a folder, from the responses alone."""

    def __init__(self, client: ImapClient) -> None:
        self.client = client
        self.rows: list[tuple[int | None, frozenset[str]]] = []
        self.told: list[str] = []

    async def ask(self, command: str) -> str:
        """Run a command and believe what it tells; its tagged line."""
        *lines, tagged = await self.client.ask(command)
        for line in lines:
            self.believe(line)
        return tagged

    def believe(self, line: str) -> None:
        if found := re.fullmatch(r"\* (\d+) EXISTS", line):
            count = int(found[1])
            assert count >= len(self.rows), f"EXISTS {count} takes messages away from {len(self.rows)}"
            self.rows += [(None, frozenset())] * (count - len(self.rows))
        elif found := re.fullmatch(r"\* (\d+) EXPUNGE", line):
            del self.rows[int(found[1]) - 1]
        elif found := re.fullmatch(r"\* VANISHED (?:\(EARLIER\) )?([\d:,]+)", line):
            gone = {uid for low, high in _ranges(found[1]) for uid in range(low, high + 1)}
            self.rows = [row for row in self.rows if row[0] not in gone]
        elif found := re.fullmatch(r"\* (\d+) FETCH \((.*)\)", line):
            at = int(found[1]) - 1
            assert at < len(self.rows), f"{line} speaks of a message that is not there"
            uid, flags = self.rows[at]
            if told := re.search(r"UID (\d+)", found[2]):
                assert uid in (None, int(told[1])), f"{line}: it was UID {uid}"
                uid = int(told[1])
            if told := re.search(r"FLAGS \(([^)]*)\)", found[2]):
                flags = frozenset(told[1].split()) - {"\\Recent"}  # of this session alone
            self.rows[at] = uid, flags

    async def add_in_silence(self, numbers: str, flag: str) -> str:
        """A change that the client makes in its own picture, and is told nothing of but what others did."""
        low, high = sorted(int(number) for number in numbers.split(":"))
        self.rows[low - 1 : high] = [(uid, flags | {flag}) for uid, flags in self.rows[low - 1 : high]]
        return await self.ask(f"STORE {numbers} +FLAGS.SILENT ({flag})")

    async def learn(self) -> None:
        """Ask for the UIDs and flags of what is new."""
        for number, (uid, _) in enumerate(self.rows, 1):
            if uid is None:
                await self.ask(f"FETCH {number} (UID FLAGS)")


def _ranges(text: str) -> list[tuple[int, int]]:
    return [(int(low), int(high or low)) for low, _, high in (piece.partition(":") for piece in text.split(","))]


async def _step(dice: random.Random, mirror: Mirror, rest: Person) -> None:
    count = len(mirror.rows)
    some = f"{dice.randint(1, count)}:{dice.randint(1, count)}" if count else "1"
    choices: list[Callable[[], Awaitable[list[str] | str | None]]] = [
        lambda: mirror.client.append("INBOX", letter(HOSPITAL, DOCTOR, "nouveau").as_bytes()),
        lambda: mirror.ask("NOOP"),
        lambda: _by_rest(dice, rest),
    ]
    if count:
        flag = dice.choice(("\\Seen", "\\Flagged", "\\Deleted", "urgent"))
        choices += [
            lambda: mirror.ask(f"STORE {some} +FLAGS ({flag})"),
            lambda: mirror.add_in_silence(some, flag),
            lambda: mirror.ask(f"STORE {some} -FLAGS ({flag})"),
            lambda: mirror.ask(f"UID STORE {dice.randint(1, 40)} FLAGS (\\Answered)"),
            lambda: mirror.ask(f"FETCH {some} (FLAGS UID)"),
            lambda: mirror.ask("EXPUNGE"),
            lambda: mirror.ask(f"COPY {some} INBOX"),
            lambda: mirror.ask(f"MOVE {dice.randint(1, count)} Archive"),
            lambda: mirror.ask("SEARCH UNSEEN"),
        ]
    answer = await dice.choice(choices)()
    for line in answer[:-1] if isinstance(answer, list) else []:
        mirror.believe(line)
    if isinstance(answer, str):
        assert answer.startswith("OK"), answer
    await mirror.learn()  # VANISHED names UIDs: a client that uses it knows them all


async def _by_rest(dice: random.Random, rest: Person) -> None:
    items = await rest.inbox(DOCTOR, limit=100)
    if not items:
        return
    item = dice.choice(items)
    path = f"/mailboxes/{DOCTOR}/messages/{item['id']}"
    verb = dice.choice(("flag", "unflag", "delete", "send"))
    if verb == "delete":
        assert (await rest.rest("DELETE", path)).status_code in (204, 404)
    elif verb == "send":
        assert (await Person(rest.simulator, "hospital").send(HOSPITAL, to=[DOCTOR])).status_code == 201
    else:
        change: dict[str, Any] = {"add" if verb == "flag" else "remove": ["\\Flagged", "\\Seen"]}
        assert (await rest.rest("PATCH", path, json=change)).status_code in (200, 404)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("enabled", ["", "ENABLE QRESYNC"])
async def test_two_clients_and_rest_agree_with_the_store(start: StartSimulator, database: str | None, seed: int, enabled: str) -> None:
    dice = random.Random(f"{seed}{enabled}")  # noqa: S311 - a game that can be played again
    async with start(database_url=database) as simulator:
        rest = Person(simulator, "doctor")
        mirrors = []
        for _ in range(2):
            client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
            if enabled:
                await client.ask(enabled)
            mirrors.append(Mirror(client))
            await mirrors[-1].ask("SELECT INBOX")
        for _ in range(_STEPS):
            await _step(dice, dice.choice(mirrors), rest)
        for mirror in mirrors:
            await mirror.ask("NOOP")
            await mirror.learn()
            assert mirror.rows == await _truth(simulator)
            assert await mirror.client.ask("NOOP") == ["OK completed"], "nothing is told twice"
            await mirror.client.close()


async def _truth(simulator: Simulator) -> list[tuple[int, frozenset[str]]]:
    """The folder as a client that has just come sees it."""
    client = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    await client.ask("EXAMINE INBOX")
    lines = await client.ask("UID FETCH 1:* (FLAGS)")
    await client.close()
    found = [re.fullmatch(r"\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\)\)", line) for line in lines[:-1]]
    return [(int(one[1]), frozenset(one[2].split())) for one in found if one]


async def test_a_new_message_is_recent_for_one_session_alone(simulator: Simulator) -> None:
    poller, reader = [await ImapClient.open(simulator, "camille.martin", _PASSWORD) for _ in range(2)]
    for client in (poller, reader):
        await client.ask("SELECT INBOX")
    found: list[int] = []
    for subject in ("un", "deux", "trois"):
        await Person(simulator, "hospital").send(HOSPITAL, to=[DOCTOR], subject=subject)
        for client in (reader, poller) if subject == "deux" else (poller, reader):
            await client.ask("NOOP")
        found.append(len((await poller.ask("SEARCH NEW"))[0].split()) - 2)
    assert found == [1, 1, 2], "the second one was told to the reader first"
    assert (await reader.ask("SEARCH RECENT"))[0] == "* SEARCH 2"
    assert "* 1 FETCH (FLAGS (\\Recent))" in await poller.ask("FETCH 1 FLAGS")
    assert "* 1 FETCH (FLAGS ())" in await reader.ask("FETCH 1 FLAGS")
    late = await ImapClient.open(simulator, "camille.martin", _PASSWORD)
    assert "* 0 RECENT" in await late.ask("SELECT INBOX")
    for client in (poller, reader, late):
        await client.close()
