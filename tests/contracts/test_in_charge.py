"""The promise of who is about a letter: taken by any door, it is seen by all at once, and of two who take it one has it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.errors import Rule
from mss_sim.vocabulary.charge import ChargeDeed
from tests.clients import HOSPITAL, PRACTICE, ImapClient, Person, control
from tests.contracts.handling import Hand, ImapHand, Item, RestHand, WebHand

TAKE, RELEASE, FINISH, REOPEN = ChargeDeed.TAKE, ChargeDeed.RELEASE, ChargeDeed.FINISH, ChargeDeed.REOPEN


@pytest.fixture
async def pages(world: Simulator) -> AsyncIterator[WebHand]:
    opened = WebHand(world)
    yield opened
    await opened.close()


@pytest.fixture(params=["rest", "imap", "web"])
def hand(request: pytest.FixtureRequest, world: Simulator, pages: WebHand) -> Hand:
    """Each door, in turn."""
    doors: dict[str, Hand] = {"rest": RestHand(world), "imap": ImapHand(world), "web": pages}
    return doors[request.param]


async def _letter(world: Simulator, subject: str = "Bilan") -> Item:
    sent = await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], subject=subject)
    assert sent.status_code == 201, sent.text
    return (await Person(world, "doctor").inbox(PRACTICE))[0]


async def _shown(world: Simulator, role: str = "doctor2") -> dict[str, Any]:
    """The newest letter, as a colleague's REST lists it."""
    return (await Person(world, role).inbox(PRACTICE))[0]


async def _stands(world: Simulator, pages: WebHand) -> tuple[str, str | None, list[str]]:
    """State, who, keywords: as REST tells; IMAP and pages must tell the same."""
    item = await _shown(world)
    charge = item["charge"] or {"state": "open", "who": None}
    who = charge["who"]["name"] if charge["who"] else None
    client = await ImapClient.open(world, f"{PRACTICE}*hugo.bernard", "cabinet-2026")
    await client.ask("EXAMINE INBOX")
    [flags, _] = await client.ask(f"UID FETCH {item['uid']} FLAGS")
    await client.close()
    assert [word for word in ("InCharge", "Handled") if f"{word}" in flags] == item["keywords"]
    list_ = await pages.page("doctor2", f"/mailboxes/{PRACTICE}")
    assert {"open": 0, "in_charge": 1, "done": 1}[charge["state"]] == list_.count(f": {who}</span>")
    letter = await pages.page("doctor2", f"/mailboxes/{PRACTICE}/letters/{item['id']}")
    told = {"open": "Personne n’a pris", "in_charge": f"{who} a pris ce message", "done": f"{who} a traité ce message"}
    assert told[charge["state"]] in letter
    return charge["state"], who, item["keywords"]


async def test_a_deed_by_one_door_is_told_by_all(hand: Hand, world: Simulator, pages: WebHand) -> None:
    item = await _letter(world)
    assert await _stands(world, pages) == ("open", None, [])
    for deed, stands in (
        (TAKE, ("in_charge", "Sophie PETIT", ["InCharge"])),
        (RELEASE, ("open", None, [])),
        (FINISH, ("done", "Sophie PETIT", ["Handled"])),
        (REOPEN, ("open", None, [])),
    ):
        assert await hand.do("secretary", PRACTICE, item, deed) == "ok"
        assert await _stands(world, pages) == stands
    lines = (await Person(world, "doctor").get(f"/mailboxes/{PRACTICE}/journal", limit=100))["items"]
    told = [
        (line["act"], line["door"], line["actor"]["name"], line["detail"])
        for line in reversed(lines)
        if line["actor"] and line["actor"]["name"] == "Sophie PETIT"
    ]
    message, sophie = {"message": item["id"]}, Person(world, "secretary").idnat
    assert told == [
        ("message.taken", hand.name, "Sophie PETIT", message),
        ("message.released", hand.name, "Sophie PETIT", {**message, "from": sophie}),
        ("message.handled", hand.name, "Sophie PETIT", message),
        ("message.taken_up", hand.name, "Sophie PETIT", {**message, "from": sophie}),
    ]


async def test_what_a_colleague_has_is_refused_and_they_are_named(hand: Hand, world: Simulator) -> None:
    item = await _letter(world)
    assert await RestHand(world).do("doctor", PRACTICE, item, TAKE) == "ok"
    for deed in (TAKE, RELEASE, FINISH):
        assert await hand.do("secretary", PRACTICE, item, deed) == hand.shows(Rule.IN_CHARGE)
    assert "Camille MARTIN" in await hand.says("secretary", PRACTICE, item, TAKE)
    assert (await _shown(world))["charge"]["who"]["name"] == "Dr Camille MARTIN"
    assert await hand.do("doctor2", PRACTICE, item, RELEASE) == "ok", "who manages the mailbox may"
    assert await hand.do("secretary", PRACTICE, item, FINISH) == "ok"
    assert await hand.do("doctor", PRACTICE, item, TAKE) == hand.shows(Rule.IN_CHARGE)


async def test_of_two_who_take_it_at_the_same_time_one_has_it(hand: Hand, world: Simulator, pages: WebHand) -> None:
    """By the same door, and by two different ones."""
    others: list[Hand] = [RestHand(world), ImapHand(world), pages]
    for role in ("secretary", "doctor"):  # who is logged in already
        await pages.page(role, f"/mailboxes/{PRACTICE}")
    for other in others:
        item = await _letter(world, f"{hand.name} et {other.name}")
        tried = await asyncio.gather(hand.do("secretary", PRACTICE, item, TAKE), other.do("doctor", PRACTICE, item, TAKE))
        who = (await _shown(world))["charge"]["who"]["name"]
        lost = other if who == "Sophie PETIT" else hand
        assert sorted(tried) == sorted(("ok", lost.shows(Rule.IN_CHARGE)))
    lines = (await Person(world, "doctor").get(f"/mailboxes/{PRACTICE}/journal", limit=100))["items"]
    assert [line["act"] for line in lines].count("message.taken") == len(others)


async def test_without_the_right_nothing_is_done_and_the_journal_keeps_that_it_was_tried(hand: Hand, world: Simulator) -> None:
    item = await _letter(world)
    grant = {"grantee": Person(world, "newcomer").idnat, "rights": ["see", "read", "file"]}
    assert (await control(world, "POST", f"/mailboxes/{PRACTICE}/grants", grant)).status_code == 201
    assert await hand.do("newcomer", PRACTICE, item, TAKE) == hand.shows(Rule.RIGHT_MISSING)
    assert (await _shown(world))["charge"] is None
    newest = (await Person(world, "doctor").get(f"/mailboxes/{PRACTICE}/journal", limit=1))["items"][0]
    assert (newest["act"], newest["door"], newest["detail"]) == ("right.refused", hand.name, {"right": "mark"})


async def test_a_mail_program_that_idles_and_a_wait_hear_of_it_at_once(hand: Hand, world: Simulator) -> None:
    item = await _letter(world)
    client = await ImapClient.open(world, f"{PRACTICE}*hugo.bernard", "cabinet-2026")
    await client.ask("SELECT INBOX")
    await client.idle()
    assert await hand.do("secretary", PRACTICE, item, TAKE) == "ok"
    line = await client.line()
    assert "InCharge" in line
    await client.done()
    await client.close()
    asked = await Person(world, "secretary").rest("GET", "/events?after=0&kind=message.taken", headers={"Accept": "application/json"})
    newest = asked.json()["events"][-1]
    assert (newest["mailbox"], newest["message"]["id"]) == (PRACTICE, item["id"])
