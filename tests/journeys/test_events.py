"""Events over HTTP, as a browser's EventSource and a script hear them: what happened, to whom it may be told, from where one left off."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.carers import PASSWORD, let_in, make_carer, mask
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator

_STREAM = "text/event-stream"


@dataclass
class _Event:
    id: str = ""
    event: str = ""
    data: dict[str, Any] = field(default_factory=dict)


class _Ears:
    """A client of server-sent events; heartbeats are events without a kind."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.first = _Event()
        self._lines = response.aiter_lines()

    async def next(self, *, heartbeats: bool = False) -> _Event:
        """The next event."""
        found = _Event()
        async with asyncio.timeout(20):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name in ("id", "event"):
                    setattr(found, name, value)
                elif name == "data":
                    found.data = json.loads(value)
                elif not line and (found.event or (heartbeats and found.id)):
                    return found
                elif not line:
                    found = _Event()
        raise EOFError("the stream has ended")


@asynccontextmanager
async def _listen(simulator: Simulator, path: str, who: str | None = None, **headers: str) -> AsyncIterator[_Ears]:
    """A stream that has begun: what happens from here on is heard."""
    account = Person(simulator, who).account if who else None
    async with _hearing(simulator, path, (account["login"], account["password"]) if account else None, **headers) as ears:
        yield ears


@asynccontextmanager
async def _hearing(simulator: Simulator, path: str, auth: tuple[str, str] | None, **headers: str) -> AsyncIterator[_Ears]:
    """The same, for somebody who is no persona."""
    async with (
        httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=60, auth=auth) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        assert (response.status_code, response.headers["content-type"]) == (200, f"{_STREAM}; charset=utf-8")
        ears = _Ears(response)
        ears.first = await ears.next(heartbeats=True)
        yield ears


async def _page(simulator: Simulator, query: str = "") -> dict[str, Any]:
    """What happened, as a page of JSON."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answer = await client.get(f"/control/events?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _write(simulator: Simulator, to: str = PRACTICE, subject: str = "Bonjour") -> None:
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, to, letter(HOSPITAL, to, subject))).code == 250


async def test_a_letter_is_heard_by_who_holds_the_mailbox_and_by_the_control_plane(simulator: Simulator) -> None:
    async with (
        _listen(simulator, f"/api/v1/events?kind=message.received&mailbox={PRACTICE}", "doctor") as doctor,
        _listen(simulator, "/control/events?kind=message.received") as everything,
    ):
        await _write(simulator, subject="Résultats")
        heard, told = await doctor.next(), await everything.next()
    assert (heard.event, heard.data["mailbox"], heard.data["message"]["subject"]) == ("message.received", PRACTICE, "Résultats")
    assert (heard.id, heard.data["detail"]["from"], heard.data["door"]) == (str(heard.data["position"]), HOSPITAL, "mx")
    message = await Person(simulator, "doctor").rest("GET", f"/mailboxes/{PRACTICE}/messages/{heard.data['message']['id']}")
    assert message.json()["subject"] == "Résultats"
    found = await control(simulator, "GET", f"/messages/{told.data['message']['id']}")
    assert found.json()["message_id"] == told.data["message"]["message_id"] == heard.data["message"]["message_id"]


async def test_who_comes_again_misses_nothing(simulator: Simulator) -> None:
    """As a browser does: with the id of the last event that it saw."""
    async with _listen(simulator, "/control/events?kind=message.received") as ears:
        await _write(simulator, subject="Un")
        first = await ears.next()
    for subject in ("Deux", "Trois"):
        await _write(simulator, subject=subject)
    again = {"Last-Event-ID": first.id}
    async with (
        httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=60) as client,
        client.stream("GET", "/control/events?kind=message.received", headers=again) as response,
    ):
        ears = _Ears(response)
        assert [(await ears.next()).data["message"]["subject"] for _ in range(2)] == ["Deux", "Trois"]


async def test_every_event_has_the_next_position(simulator: Simulator) -> None:
    await _write(simulator)
    page = await _page(simulator, "after=0")
    positions = [event["position"] for event in page["events"]]
    assert positions == list(range(1, len(positions) + 1))
    rest = await _page(simulator, f"after={page['cursor']}")
    later = [event["position"] for event in rest["events"]]
    assert later == list(range(len(positions) + 1, len(positions) + len(later) + 1))


async def test_a_secretary_sees_the_mailbox_come_and_go(simulator: Simulator) -> None:
    """What a page of hers needs: it opens when the doctor grants, hears of letters, and closes when he revokes."""
    doctor, newcomer = Person(simulator, "doctor"), Person(simulator, "newcomer")
    async with _listen(simulator, "/api/v1/events", "newcomer") as hers, _listen(simulator, "/api/v1/events", "doctor") as his:
        rights = {"grantee": newcomer.idnat, "rights": ["see", "read", "send_on_behalf"]}
        made = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json=rights)
        granted = await hers.next()
        assert (granted.event, granted.data["mailbox"], granted.data["who"]["idnat"]) == ("grant.created", DOCTOR, doctor.idnat)
        await _write(simulator, DOCTOR)
        arrived = await hers.next()
        assert (arrived.event, arrived.data["who"], arrived.data["detail"]) == ("message.received", None, None)
        assert (await newcomer.rest("DELETE", f"/mailboxes/{DOCTOR}/grants/{made.json()['id']}")).status_code == 200
        assert (await hers.next()).event == "grant.renounced"
        heard = [(await his.next()).event for _ in range(3)]
        assert heard == ["grant.created", "message.received", "grant.renounced"]
        await _write(simulator, DOCTOR)
        assert (await his.next()).event == "message.received"
    silent = await newcomer.rest("GET", "/events?after=0&kind=message.*", headers={"Accept": "application/json"})
    assert silent.json()["events"] == []


async def test_a_masked_letter_makes_no_sound_for_a_carer(simulator: Simulator) -> None:
    patient, carer = Person(simulator, "patient"), await make_carer(simulator)
    await let_in(patient, carer)
    await mask(patient, f"correspondents/{HOSPITAL}")
    async with (
        _listen(simulator, "/control/events?kind=message.received") as everything,
        _hearing(simulator, f"/api/v1/events?mailbox={PATIENT}", (carer.account["login"], PASSWORD)) as his,
    ):
        await _write(simulator, PATIENT, "Masqué")
        masked = await everything.next()
        doctor = Person(simulator, "doctor")
        assert (await doctor.smtp(DOCTOR, PATIENT, letter(DOCTOR, PATIENT, "Ouvert"))).code == 250
        shown = await everything.next()
        first = await his.next(heartbeats=True)
        assert (first.event, first.data["message"]["subject"]) == ("message.received", "Ouvert"), "a heartbeat would tell of the other one"
    page = await carer.rest("GET", "/events?after=0&kind=message.*", headers={"Accept": "application/json"})
    subjects = {event["message"]["subject"] for event in page.json()["events"] if event["message"]}
    assert (masked.data["message"]["subject"], shown.data["message"]["subject"]) == ("Masqué", "Ouvert")
    assert subjects == {"Ouvert"}
    own = await patient.rest("GET", "/events?after=0&kind=message.received", headers={"Accept": "application/json"})
    assert [event["message"]["subject"] for event in own.json()["events"]] == ["Masqué", "Ouvert"]


async def test_whoever_listens_learns_that_the_world_was_reset(simulator: Simulator, start: StartSimulator) -> None:
    async with (
        _listen(simulator, "/control/events?kind=grant.created") as everything,
        _listen(simulator, "/api/v1/events", "doctor") as his,
    ):
        before = (await _page(simulator))["cursor"]
        assert (await control(simulator, "POST", "/reset")).status_code == 204
        reset = await everything.next()
        assert (reset.event, reset.data["at"], reset.data["mailbox"]) == ("world.reset", None, None)
        assert int(reset.id) > int(before)
        last = await his.next()
        assert (last.event, last.data["code"]) == ("refused", "authentication-failed"), "his log-in is of the world that was"
        first = [event["kind"] for event in (await _page(simulator, "after=0"))["events"]]
    async with start() as other:
        assert first == ["world.reset", *(event["kind"] for event in (await _page(other, "after=0"))["events"])]


async def test_a_heartbeat_keeps_the_connection_and_carries_the_position(start: StartSimulator) -> None:
    async with (
        start(feed_heartbeat_seconds=0.05) as simulator,
        _listen(simulator, "/control/events?kind=conversation.closed") as ears,
    ):
        await _write(simulator)
        page = await _page(simulator, "after=0")
        last = page["cursor"]
        async with asyncio.timeout(20):
            while (await ears.next(heartbeats=True)).id != last:
                pass


@pytest.mark.parametrize(
    ("query", "subject"),
    [
        ("kind=message.recieved", "kind"),
        ("kind=", None),
        ("after=x", "after"),
        ("after=-1", "after"),
        ("after=99999999999999999999", "after"),
        ("mailbox=nobody", "mailbox"),
        ("seconds=-1", None),
        ("kinds=message.*", "kinds"),
    ],
)
async def test_what_would_never_come_is_refused(simulator: Simulator, query: str, subject: str | None) -> None:
    answer = await control(simulator, "GET", f"/events?{query}&seconds=0" if "seconds" not in query else f"/events?{query}")
    if query == "kind=":
        assert answer.status_code == 200, "an empty one is none"
        return
    assert (answer.status_code, answer.json().get("subject")) == (422, subject)


async def test_a_position_that_was_never_given_is_refused_wherever_it_stands(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answer = await client.get("/control/events?seconds=0", headers={"Last-Event-ID": "x"})
    assert (answer.status_code, answer.json()["subject"]) == (422, "Last-Event-ID")


async def test_who_was_last_in_another_world_hears_that_it_began_anew_and_what_happens_from_here_on(simulator: Simulator) -> None:
    """A browser comes again by itself with the position that a simulator gave which kept nothing: it must not hear nothing for long."""
    newest = (await _page(simulator))["cursor"]
    async with _listen(simulator, "/control/events?kind=message.received", **{"Last-Event-ID": "4711"}) as ears:
        assert (ears.first.event, ears.first.id) == ("world.reset", newest)
        await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])
        assert (await ears.next()).event == "message.received"
    page = await _page(simulator, "after=4711&kind=message.received")
    assert ([one["kind"] for one in page["events"]], int(page["cursor"]) > int(newest)) == (["world.reset"], True)
    for path, body in (("/webhooks", {"url": "http://127.0.0.1:9/", "after": "4711"}), ("/wait", {"kind": "act", "after": "4711"})):
        assert (await control(simulator, "POST", path, body)).status_code == 422
    assert (await control(simulator, "GET", "/scenarios/recording?after=4711")).status_code == 422


async def test_a_mailbox_that_one_may_not_see_does_not_exist(simulator: Simulator) -> None:
    newcomer = Person(simulator, "newcomer")
    texts = []
    for mailbox in (DOCTOR, "nobody@cabinet.sim.mssante.fr"):
        answer = await newcomer.rest("GET", f"/events?mailbox={mailbox}")
        assert answer.status_code == 404
        texts.append(answer.json()["detail"].replace(mailbox, ""))
    assert texts[0] == texts[1]


async def test_a_listener_that_is_gone_is_forgotten(simulator: Simulator) -> None:
    feed = simulator.core.feed
    async with _listen(simulator, "/control/events"):
        assert feed.count == 1
    async with asyncio.timeout(20):
        while feed.count:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def test_a_stop_ends_the_streams_at_once(start: StartSimulator) -> None:
    async with start() as simulator, _listen(simulator, "/control/events") as ears:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await simulator.stop()
        assert loop.time() - begun < 4
        with pytest.raises(EOFError):
            await ears.next()


async def test_every_kind_is_listed_with_the_schema_of_its_detail(simulator: Simulator) -> None:
    listed = {one["kind"]: one["detail"] for one in (await control(simulator, "GET", "/events/kinds")).json()["kinds"]}
    await _write(simulator)
    page = await _page(simulator, "after=0")
    for event in page["events"]:
        assert event["detail"].keys() <= listed[event["kind"]]["properties"].keys(), event


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("application/json, text/event-stream", "text/event-stream; charset=utf-8"),
        ("text/event-stream", "text/event-stream; charset=utf-8"),
        ("*/*", "text/event-stream; charset=utf-8"),
    ],
)
async def test_a_page_is_for_who_takes_json_and_no_stream(simulator: Simulator, accept: str, media_type: str) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        answer = await client.get("/control/events?seconds=0", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
