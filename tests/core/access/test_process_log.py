"""The log tells each act in one line once it is committed: by whom, where, through which door, about which letter. It tells no failure."""

import asyncio
import cProfile
import io
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from mss_sim import log
from mss_sim.core.access import authentication, delegation, identities, journal
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.process_log import Noted, ProcessLog
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailbox.messages import open_message
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.store.journal import JournalEntry, LetterLabel
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.words.sentence import quoted, say
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.mailflow.carriers import LATER, Carrier
from tests.core.mailflow.test_queue import CLINIC
from tests.core.towns import IDNATS, OpenTown, Town


class Told:
    """What was printed since it was last looked at."""

    def __init__(self, out: io.StringIO) -> None:
        self._out = out

    def lines(self) -> list[str]:
        """The lines, without time and level; those of other parts of the program are left out."""
        text = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return [" ".join(line.split(" ", 1)[1].removeprefix("[info     ] ").split()) for line in text.splitlines() if "part=" not in line]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What the log tells; it is set up for acts, and as it was for tests afterwards."""
    out = io.StringIO()
    with monkeypatch.context() as changed:
        changed.setattr(sys, "stderr", out)
        log.configure("info")
    yield Told(out)
    log.configure("error")


@pytest.fixture
def level() -> Iterator[None]:
    """The level is set back."""
    yield
    log.configure("error")


async def _calm(town: Town) -> None:
    """Wait until the log has looked up what it had to."""
    process_log = town.core.process_log
    assert process_log is not None
    await process_log.close()


async def test_a_letter_is_told_by_its_sender_and_by_its_mailbox(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        sent = await town.send("hospital", HOSPITAL, PRACTICE, "Compte rendu")
        await _calm(town)
        about = f'message_id={sent.rfc_message_id} subject="Compte rendu"'
        assert told.lines() == [
            f"message.submitted who=paul.durand mailbox={HOSPITAL} door=rest to={PRACTICE} {about}",
            f"message.received mailbox={PRACTICE} door=rest from={HOSPITAL} {about}",
        ]


async def test_an_act_by_a_grant_names_it_and_its_letter(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        await town.send("hospital", HOSPITAL, PRACTICE, "Compte rendu")
        item = (await town.lying(PRACTICE))[0]
        secretary = await town.actor("secretary")
        await asyncio.sleep(0.1)
        told.lines()
        await open_message(town.world, secretary, PRACTICE, item.copy.id)
        await _calm(town)
        grant_id = (await town.told(PRACTICE))[0].grant_id
        assert grant_id is not None
        [line] = told.lines()
        where = f"mailbox={PRACTICE} door=rest grant={encode(grant_id)}"
        assert line == f'message.read who=sophie.petit {where} message_id={item.message.rfc_message_id} subject="Compte rendu"'


async def test_a_grant_is_told_with_its_rights(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        wanted = GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.READ}))
        row = await delegation.grant(town.world, journal.by(await town.actor("doctor")), wanted)
        await _calm(town)
        rest = f"door=rest grant={encode(row.id)} rights=read,see grantee={IDNATS['newcomer']}"
        assert sorted(told.lines()[0].split()) == sorted(f"grant.created who=camille.martin mailbox={PRACTICE} {rest}".split())


async def test_every_line_of_the_journal_is_told(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        await town.send("doctor", PRACTICE, [DOCTOR, HOSPITAL])
        await town.bring(HOSPITAL, PRACTICE)
        await mailboxes.change_mailbox(town.world, PRACTICE, {"label": "Les Tilleuls"}, actor_id=None, door=Door.CONTROL)
        await _calm(town)
        acts = sorted(line.split()[0] for line in told.lines())
        known = [entry.act.value for box in (PRACTICE, DOCTOR, HOSPITAL) for entry in await town.told(box)]
        assert acts == sorted(act for act in known if act != "grant.created")


async def test_nothing_is_told_before_the_commit_or_of_what_is_rolled_back(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        box = (await town.mailbox(PRACTICE)).id

        def written(conn: Connection, name: str) -> None:
            made = Entry(Act.FOLDER_CREATED, box, {"name": name})
            journal.write(town.world, conn, Requester(None, Door.CONTROL), [made])

        def kept(conn: Connection) -> list[str]:
            written(conn, "kept")
            return told.lines()

        def failing(conn: Connection) -> None:
            written(conn, "lost")
            raise ValueError("a defect")

        def bulk(conn: Connection, items: Any) -> list[Any]:
            for item in items:
                written(conn, item)
                if item == "bad":
                    raise ValueError(item)
            return list(items)

        store = town.world.store
        units = (store.write(kept), store.write(failing), store.write(lambda conn: written(conn, "also kept")))
        bulks = (store.write_in_bulk(bulk, item) for item in ("good", "bad", "better"))
        results = await asyncio.gather(*units, *bulks, return_exceptions=True)
        assert results[0] == [], "nothing was told before the commit"
        assert [isinstance(one, ValueError) for one in results] == [False, True, False, False, True, False]
        lone = await asyncio.gather(*(store.write_in_bulk(bulk, item) for item in ("bad", "best")), return_exceptions=True)
        assert isinstance(lone[0], ValueError)
        await _calm(town)
        names = [line.partition("name=")[2] for line in told.lines()]
        assert names == ["kept", '"also kept"', "good", "better", "best"]


async def test_what_fails_at_the_commit_is_not_told(told: Told, open_town: OpenTown, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_town() as town:
        failures = [OSError("the disk is full")]

        def broken(conn: Connection) -> set[int]:
            if failures:
                raise failures.pop()
            return set()

        with monkeypatch.context() as failing:
            failing.setattr("mss_sim.store.writer.touched", broken)  # asked as the transaction ends
            with pytest.raises(OSError, match="full"):
                await town.send("hospital", HOSPITAL, PRACTICE, "perdu")
        await town.send("hospital", HOSPITAL, PRACTICE, "tenu")
        await _calm(town)
        assert ["perdu" in line for line in told.lines()] == [False, False]


async def test_a_letter_that_waits_is_told_at_each_try(told: Told, open_town: OpenTown) -> None:
    async with open_town(relay="smtp", transport=Carrier(LATER)) as town:
        sent = await town.send("hospital", HOSPITAL, CLINIC)
        await town.core.queue.work()
        town.clock.advance(timedelta(minutes=1))
        await town.core.queue.work()
        await _calm(town)
        first, second = [line for line in told.lines() if line.startswith("message.waits")]
        why = f'tries=1 next_try_at=2026-01-05T08:01:00Z reply="{LATER.reply.in_language(Language.EN)}"'
        assert first == f"message.waits to={CLINIC} mailbox={HOSPITAL} {why} message_id={sent.rfc_message_id} subject=Bonjour"
        assert "tries=2 next_try_at=2026-01-05T08:03:00Z" in second


async def test_a_letter_that_waits_from_the_beginning_is_told_too(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        await town.change(PRACTICE, state=MailboxState.SUSPENDED)
        await town.send("hospital", HOSPITAL, PRACTICE)
        await _calm(town)
        [line] = [line for line in told.lines() if line.startswith("message.waits")]
        assert line.startswith(f'message.waits to={PRACTICE} mailbox={HOSPITAL} tries=1 next_try_at=2026-01-05T08:01:00Z reply="450 4.2.1 ')


async def test_lines_keep_their_order_while_names_are_looked_up(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        for number in range(20):
            await town.send("hospital" if number % 2 else "doctor", HOSPITAL if number % 2 else DOCTOR, PRACTICE, str(number))
        await _calm(town)
        seen = [int(line.rpartition("subject=")[2]) for line in told.lines()]
        assert seen == [number for number in range(20) for _ in range(2)]


async def test_what_is_noted_while_many_names_are_looked_up_is_told_afterwards_by_its_own(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        process_log = town.core.process_log
        assert process_log is not None
        hugo = await town.identity("doctor2")
        process_log.noted([JournalEntry(1, 2, Act.FLAGGED, Door.IMAP, 1_000 + number) for number in range(30)])
        await asyncio.sleep(0)  # the names of thirty are looked up in a thread
        process_log.noted([JournalEntry(1, 2, Act.READ, Door.IMAP, hugo.id)])
        await _calm(town)
        *many, last = told.lines()
        assert many == [f"message.flagged who={encode(1_000 + number)} door=imap" for number in range(30)]
        assert last == "message.read who=hugo.bernard door=imap"


async def test_names_are_forgotten_when_there_are_too_many(told: Told, open_town: OpenTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mss_sim.core.access.process_log._NAMES_MAX", 3)
    async with open_town() as town:
        process_log = town.core.process_log
        assert process_log is not None
        box = (await town.mailbox(PRACTICE)).id
        looked: list[int] = []
        look = process_log._unknown  # noqa: SLF001 - how often the store is asked

        def counted(rows: Sequence[Noted]) -> tuple[set[int], set[int], set[int]]:
            looked.append(len(look(rows)[0]))
            return look(rows)

        monkeypatch.setattr(process_log, "_unknown", counted)
        for who in (11, 12, 13, 11):
            process_log.noted([JournalEntry(1, 2, Act.FLAGGED, Door.IMAP, who, box)])
            await asyncio.sleep(0.05)
        assert sum(looked) > 2 * 3, "the fourth was asked for anew"


async def test_a_letter_that_was_removed_is_told_as_the_journal_has_it(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        process_log = town.core.process_log
        assert process_log is not None
        process_log.noted([JournalEntry(1, 2, Act.DELETED, Door.IMAP, detail={"subject": "Parti", "rfc_message_id": "<a@b.fr>"})])
        assert told.lines() == ["message.deleted door=imap message_id=<a@b.fr> subject=Parti"]


async def test_who_and_what_is_gone_is_told_by_its_id(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        gone = JournalEntry(1, 2, Act.FLAGGED, Door.IMAP, 3, 4, None, 5, {})
        process_log = town.core.process_log
        assert process_log is not None
        process_log.noted([gone])
        await _calm(town)
        after = JournalEntry(1, 2, Act.FLAGGED, Door.IMAP, 33, 44, None, 5, {})
        process_log.noted([after])
        assert told.lines() == [
            f"message.flagged who={encode(3)} mailbox={encode(4)} door=imap",
            f"message.flagged who={encode(33)} mailbox={encode(44)} door=imap",
        ], "what comes after the end is told too"


async def test_who_has_another_login_is_told_by_it_from_then_on(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        hugo = await town.identity("doctor2")
        process_log = town.core.process_log
        assert process_log is not None
        for login in ("hugo.bernard", "hugo.b"):
            await identities.change_identity(town.world, hugo.idnat, {}, login, "cabinet-2026")
            process_log.noted([JournalEntry(1, 2, Act.FLAGGED, Door.IMAP, hugo.id)])
            await asyncio.sleep(0.1)
        await _calm(town)
        assert told.lines() == ["message.flagged who=hugo.bernard door=imap", "message.flagged who=hugo.b door=imap"]


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Bonjour", "Bonjour"),
        ("", '""'),
        ('Un "mot" \\ é', '"Un \\"mot\\" \\\\ é"'),
        ("a\nb=c \x1b[31m\x9b\u2028\u202e", '"a\\nb=c \\u001b[31m\\u009b\\u2028\\u202e"'),
        ("\U000e0001", '"\\udb40\\udc01"'),
    ],
)
async def test_no_text_makes_a_line_of_its_own_or_moves_a_terminal(told: Told, open_town: OpenTown, subject: str, shown: str) -> None:
    async with open_town() as town:
        process_log = town.core.process_log
        assert process_log is not None
        process_log.noted([JournalEntry(1, 2, Act.RECEIVED, Door.MX, about=LetterLabel(subject, None))])
        assert told.lines() == [f"message.received door=mx subject={shown}"]


async def test_a_long_list_is_told_by_its_beginning(told: Told, open_town: OpenTown) -> None:
    async with open_town() as town:
        process_log = town.core.process_log
        assert process_log is not None
        process_log.noted([JournalEntry(1, 2, Act.SUBMITTED, Door.REST, detail={"to": [str(number) for number in range(12)], "mode": "x"})])
        assert told.lines() == ["message.submitted door=rest to=0,1,2,3,4,5,6,7,8,+3"]


@pytest.mark.parametrize("level_", ["warning", "error"])
async def test_above_info_nothing_is_noted(level: None, open_town: OpenTown, level_: str) -> None:
    log.configure(level_)
    async with open_town() as town:
        assert town.core.process_log is None
        await town.send("hospital", HOSPITAL, PRACTICE)
        noted = await town.world.store.write(lambda conn: conn.get_execution_options()["noted"])
        assert noted.rows is None


def test_a_program_that_set_up_no_log_is_told_nothing(level: None) -> None:
    import structlog

    structlog.reset_defaults()
    assert log.teller() is None


def test_machines_are_told_in_json(level: None, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    log.configure("info", json_lines=True)
    tell = log.teller()
    assert tell is not None
    tell([("message.read", {"who": "a\nb"}), ("message.read", {"who": "c"})])
    first, second = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (first["event"], first["who"], first["level"], second["who"]) == ("message.read", "a\nb", "info", "c")
    assert logging.getLevelNamesMapping()[first["level"].upper()] == logging.INFO


@pytest.mark.no_cover
async def test_a_line_costs_few_calls(told: Told, open_town: OpenTown) -> None:
    """An accepted letter takes some two thousand calls: telling it must stay far below a fiftieth of its time."""
    async with open_town() as town:
        process_log: ProcessLog | None = town.core.process_log
        assert process_log is not None
        box = (await town.mailbox(PRACTICE)).id
        about = LetterLabel("Compte rendu", "<x@y.fr>")
        line = JournalEntry(1, 2, Act.RECEIVED, Door.MX, None, box, None, 3, {"from": HOSPITAL}, about)
        rows: list[Noted] = [line] * 100
        process_log.noted(rows[:1])
        await asyncio.sleep(0.1)
        profile = cProfile.Profile()
        profile.runcall(process_log.noted, rows)
        assert sum(row.callcount for row in profile.getstats()) < 45 * len(rows)


async def test_log_ins_are_told_in_their_turn_by_login_and_way(told: Told, open_town: OpenTown) -> None:
    """REST says who it is at each request, which is no log-in."""
    async with open_town() as town:
        for door, mailbox in ((Door.IMAP, PRACTICE), (Door.SMTP, None), (Door.REST, None)):
            await authentication.with_password(town.world, "sophie.petit", "cabinet-2026", door=door, mailbox=mailbox)
        token = authentication.mint_token(town.world, IDNATS["doctor"])
        await authentication.with_token(town.world, token, door=Door.IMAP)
        town.core.provider.log_in(IDNATS["doctor"], AuthMode.MOBILE)
        await _calm(town)
        assert told.lines() == [
            f"login who=sophie.petit mailbox={PRACTICE} door=imap by=password",
            "login who=sophie.petit door=smtp by=password",
            "login who=camille.martin door=imap by=psc",
            f"login who={IDNATS['doctor']} door=psc by={AuthMode.MOBILE.value}",
        ]


async def test_what_a_door_refuses_is_told_in_english_with_what_it_is_about(told: Told, open_town: OpenTown) -> None:
    async with open_town(language=Language.FR) as town:
        detail = say("There is no mailbox {address}.", address="x@y.fr")
        town.world.tally.refused(Door.SMTP, Refusal(Rule.UNKNOWN_MAILBOX, detail, subject="x@y.fr"))
        town.world.tally.refused(Door.REST, Refusal(Rule.INVALID, quoted("a\nb \x1b[31m")))
        await _calm(town)
        assert told.lines() == [
            'refused door=smtp rule=unknown-mailbox subject=x@y.fr detail="There is no mailbox x@y.fr."',
            'refused door=rest rule=invalid-request detail="a\\nb \\u001b[31m"',
        ]
