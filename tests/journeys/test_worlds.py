"""Several worlds in one process: each a world of its own, made in a moment, gone when nobody needs it."""

import asyncio
import resource
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.config.settings import Settings
from mss_sim.errors import Refusal
from mss_sim.http.hosting import NewWorld
from mss_sim.worlds import Worlds
from tests.clients import HOSPITAL, PRACTICE, Person, letter
from tests.conftest import StartSimulator
from tests.journeys.test_command_line import Process
from tests.journeys.test_snapshots import rewritten


def _settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder / "data", submission_port=0, mx_port=0, imap_port=0, http_port=0, **more)


@pytest.fixture
async def worlds(tmp_path: Path) -> AsyncIterator[Worlds]:
    async with Worlds(_settings(tmp_path)) as running:
        yield running


async def _ask(worlds: Worlds, method: str, path: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=worlds.first.ready()["http"], timeout=60) as client:
        return await client.request(method, f"/control{path}", **options)


async def _made(worlds: Worlds, **wanted: Any) -> dict[str, Any]:
    answer = await _ask(worlds, "POST", "/worlds", json=wanted)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


class _Ready:
    """What `Person` asks of a simulator, for a world that is known by its ready document alone."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self._ready = ready

    def ready(self) -> dict[str, Any]:
        return self._ready


def _person(ready: dict[str, Any], role: str) -> Person:
    return Person(_Ready(ready), role)  # type: ignore[arg-type]


def _exists(file: str) -> bool:
    return Path(file).exists()


@pytest.fixture(autouse=True)
def arriving() -> None:
    """These worlds are known from outside alone: nobody waits for their queues."""


async def _inbox(ready: dict[str, Any], count: int) -> list[str]:
    """The subjects in the practice's INBOX once there are so many."""
    doctor = _person(ready, "doctor")
    for _ in range(500):
        found = [row["subject"] for row in await doctor.inbox(PRACTICE)]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("nothing came")


async def test_a_letter_of_one_world_is_in_no_other(worlds: Worlds) -> None:
    one, other = await _made(worlds, name="one"), await _made(worlds, name="other")
    assert (await _person(one, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Chez nous"))).code == 250
    assert await _inbox(one, 1) == ["Chez nous"]
    assert await _person(other, "doctor").inbox(PRACTICE) == []
    assert await _person(worlds.first.ready(), "doctor").inbox(PRACTICE) == []
    assert len({one["http"], other["http"], worlds.first.ready()["http"]}) == 3
    assert one["ca_file"] != other["ca_file"]
    assert one["psc"]["issuer"] != other["psc"]["issuer"]


async def test_a_token_of_one_world_opens_no_other(worlds: Worlds) -> None:
    one, other = await _made(worlds), await _made(worlds)
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{one['http']}/control/tokens", json={"who": "doctor"})
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        opened = [(await client.get(f"{world['http']}/api/v1/me", headers=bearer)).status_code for world in (one, other)]
    assert opened == [200, 401]


async def test_each_has_its_clock_its_settings_and_its_faults(worlds: Worlds) -> None:
    frozen = {"mode": "frozen", "at": "2040-01-01T00:00:00Z"}
    still, other = await _made(worlds, clock=frozen, settings={"language": "fr"}), await _made(worlds)
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{still['http']}/control/clock")).json()["now"] == "2040-01-01T00:00:00Z"
        assert (await client.get(f"{other['http']}/control/clock")).json()["mode"] == "real"
        assert (await client.post(f"{still['http']}/control/faults/presets/mes-down")).status_code == 201
        assert (await client.get(f"{other['http']}/control/faults")).json() == []
        french = await client.get(f"{still['http']}/api/v1/me")
        english = await client.get(f"{other['http']}/api/v1/me")
    assert (french.json()["code"], french.json()["detail"][:12]) == ("authentication-required", "Dites qui vo")
    assert english.json()["detail"].startswith("Say who you are")


async def test_worlds_are_listed_touched_and_ended_once(worlds: Worlds) -> None:
    made = await _made(worlds, name="mine", lifetime_seconds=600)
    [listed] = (await _ask(worlds, "GET", "/worlds")).json()
    assert listed == {name: made[name] for name in listed}
    assert listed.keys() == {"id", "name", "seed", "snapshot", "http", "made_at", "ends_at", "lifetime_seconds"}
    assert (listed["name"], listed["seed"], listed["snapshot"], listed["lifetime_seconds"]) == ("mine", "cabinet", None, 600)
    assert (await _ask(worlds, "GET", "/worlds/mine")).json() == made
    touched = (await _ask(worlds, "POST", f"/worlds/{made['id']}/touch")).json()
    assert touched["ends_at"] > made["ends_at"]
    ended = await asyncio.gather(*(_ask(worlds, "DELETE", "/worlds/mine") for _ in range(3)))
    assert sorted(answer.status_code for answer in ended) == [204, 404, 404]
    assert (await _ask(worlds, "GET", "/worlds")).json() == []
    assert not _exists(made["ca_file"])
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", made["submission"]["port"])


async def test_one_that_nobody_touches_ends(worlds: Worlds) -> None:
    made = await _made(worlds, lifetime_seconds=0.05)
    for _ in range(500):
        if not (await _ask(worlds, "GET", "/worlds")).json() and not _exists(made["ca_file"]):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it lives")


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"seed": "nothing"}, 422, "invalid-request"),
        ({"seed": "cabinet", "snapshot": "x"}, 422, "invalid-request"),
        ({"snapshot": "x"}, 404, "not-found"),
        ({"snapshot": "../x"}, 422, "invalid-request"),
        ({"settings": {"imap_resent": True}}, 422, "invalid-request"),
        ({"settings": {"data_dir": "/"}}, 422, "invalid-request"),
        ({"settings": {"control_key": None}}, 422, "invalid-request"),
        ({"settings": {"imap_recent": "perhaps"}}, 422, "invalid-request"),
        ({"settings": {"imap_port": -1}}, 422, "invalid-request"),
        ({"clock": {"mode": "paced"}}, 422, "invalid-request"),
        ({"clock": {"mode": "frozen", "at": "1999-01-01T00:00:00Z"}}, 409, "conflict"),
        ({"lifetime_seconds": 0}, 422, "invalid-request"),
        ({"lifetime_seconds": 1e300}, 422, "invalid-request"),
        ({"settings": {"psc_clients_file": "/etc/passwd"}}, 422, "invalid-request"),
        ({"settings": {"documents_schematron": "/etc"}}, 422, "invalid-request"),
        ({"settings": {"documents_schematron_files": ["*"]}}, 422, "invalid-request"),
        ({"settings": {"worlds_max": 5}}, 422, "invalid-request"),
        ({"settings": {"mailbox_quota_bytes": 10**30}}, 422, "invalid-request"),
        ({"settings": {"queue_lease_seconds": 1e308}}, 422, "invalid-request"),
        ({"settings": {"hostname": "é"}}, 422, "invalid-request"),
        ({"name": ".."}, 422, "invalid-request"),
        ({"name": "a b"}, 422, "invalid-request"),
        ({"name": "taken"}, 409, "conflict"),
        ({"colour": "blue"}, 422, "invalid-request"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_no_world(worlds: Worlds, wanted: dict[str, Any], status: int, code: str) -> None:
    await _made(worlds, name="taken")
    answer = await _ask(worlds, "POST", "/worlds", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert [one["name"] for one in (await _ask(worlds, "GET", "/worlds")).json()] == ["taken"]


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("certificates/authorities/ACR-EL.key", "its certificates"),
        ("certificates/ca.pem", "its certificates"),
        ("certificates/server.key", "its certificates"),
        ("keys/tokens.pem", "its keys"),
        ("keys/directory-api-key.secret", "its keys"),
    ],
)
async def test_a_snapshot_with_a_broken_key_is_named_by_what_is_wrong_with_it(worlds: Worlds, broken: str, what: str) -> None:
    await _ask(worlds, "POST", "/snapshots", json={"name": "good"})
    octets = rewritten((await _ask(worlds, "GET", "/snapshots/good/file")).content, broken, b"\xff\xfe no key")
    assert (await _ask(worlds, "PUT", "/snapshots/broken/file", content=octets)).status_code == 201
    answer = await _ask(worlds, "POST", "/worlds", json={"snapshot": "broken"})
    told = "broken.mss-sim is no snapshot of a world: "
    assert (answer.status_code, answer.json()["detail"]) == (422, f"{told}{what} cannot be read.")
    assert (await _ask(worlds, "GET", "/worlds")).json() == []


async def test_there_are_so_many_and_no_more_however_fast_they_are_asked_for(tmp_path: Path) -> None:
    async with Worlds(_settings(tmp_path, worlds_max=3), seed="none") as worlds:
        answers = await asyncio.gather(*(_ask(worlds, "POST", "/worlds", json={}) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 422, 422, 422]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 422} == {"limit-reached"}


def _files_at_most(soft: int, hard: int) -> Callable[[], None]:
    """What a shell says before it begins a program: how many files it may have open, and how many it may ask for."""
    return partial(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))


def test_the_few_files_that_a_shell_grants_at_first_are_not_the_end_of_worlds(tmp_path: Path) -> None:
    """A world has a dozen open: the usual 1,024 were full with ninety worlds, of two hundred and fifty."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    started = Process(tmp_path / "ready.json", "--memory", first=_files_at_most(100, most))
    worlds = f"{started.ready['http']}/control/worlds"
    assert [httpx.post(worlds, json={}, timeout=60).status_code for _ in range(10)] == [201] * 10
    assert started.stop() == 0


def test_where_no_more_files_may_be_opened_one_world_more_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    started = Process(tmp_path / "ready.json", "--memory", first=_files_at_most(100, 100))
    worlds = f"{started.ready['http']}/control/worlds"
    with httpx.Client(timeout=60) as client:
        made: list[dict[str, Any]] = []
        while (answer := client.post(worlds, json={})).status_code == 201:
            made.append(answer.json())
        assert (answer.status_code, answer.json()["code"], len(made) > 2) == (503, "store-unavailable", True)
        assert [one["id"] for one in client.get(worlds).json()] == [one["id"] for one in made], "nothing of it is left"
        assert client.delete(f"{worlds}/{made[0]['id']}").status_code == 204
        assert client.post(worlds, json={}).status_code == 201, "there is room again"
        assert httpx.get(f"{made[1]['http']}/readyz").status_code == 200
    assert started.stop() == 0


async def test_how_long_one_lives_is_a_setting(tmp_path: Path) -> None:
    async with Worlds(_settings(tmp_path, worlds_lifetime_seconds=90, worlds_lifetime_seconds_max=100), seed="none") as worlds:
        assert (await _made(worlds))["lifetime_seconds"] == 90
        assert (await _made(worlds, lifetime_seconds=100.0))["lifetime_seconds"] == 100
        longer = await _ask(worlds, "POST", "/worlds", json={"lifetime_seconds": 101.0})
        assert (longer.status_code, "100" in longer.json()["detail"]) == (422, True)


async def test_a_world_that_was_made_so_makes_none(worlds: Worlds) -> None:
    made = await _made(worlds)
    async with httpx.AsyncClient(base_url=made["http"]) as client:
        answer = await client.post("/control/worlds", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_with_a_key_each_world_asks_for_it(tmp_path: Path) -> None:
    key = {"X-Control-Key": "a-key-of-ours"}
    async with Worlds(_settings(tmp_path, control_key="a-key-of-ours")) as worlds:
        assert (await _ask(worlds, "POST", "/worlds", json={})).status_code == 403
        made = (await _ask(worlds, "POST", "/worlds", json={}, headers=key)).json()
        assert made["control_key"] == "a-key-of-ours"
        async with httpx.AsyncClient(base_url=made["http"]) as client:
            assert [(await client.get("/control/state", headers=given)).status_code for given in ({}, key)] == [403, 200]


def _play(http: str, number: int) -> list[str]:
    """What a test of a user does: a world of his own, a letter sent, the letter read."""
    subject = f"Lettre {number}"
    with httpx.Client(timeout=60, verify=False) as client:  # noqa: S501 - in clear
        ready = client.post(f"{http}/control/worlds", json={"name": f"test-{number}", "snapshot": "begun"}).json()
        roles = {one["role"]: (one["login"], one["password"]) for one in ready["personas"]}
        _send(ready, roles["hospital"], subject)
        return [one["subject"] for one in _read(client, ready, roles["doctor"])]


def _send(ready: dict[str, Any], account: tuple[str, str], subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", ready["submission"]["port"], timeout=60) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        smtp.login(*account)
        smtp.send_message(letter(HOSPITAL, PRACTICE, subject))


def _read(client: httpx.Client, ready: dict[str, Any], account: tuple[str, str]) -> list[dict[str, Any]]:
    url = f"{ready['http']}/api/v1/mailboxes/{PRACTICE}/messages"
    found: list[dict[str, Any]] = client.get(url, params={"wait": 60}, auth=account, timeout=90).json()["items"]
    return found


def test_two_hundred_worlds_have_their_own_letters_at_once(tmp_path: Path) -> None:
    """Two hundred tests side by side against one process, none of which sees another, or sleeps."""
    started = Process(tmp_path / "ready.json", "--data", str(tmp_path / "data"), "--log-level", "error")
    http = started.ready["http"]
    assert httpx.post(f"{http}/control/snapshots", json={"name": "begun"}).status_code == 201
    with ThreadPoolExecutor(16) as turns:
        found = list(turns.map(_play, [http] * 200, range(200)))
    assert found == [[f"Lettre {number}"] for number in range(200)]
    assert len(httpx.get(f"{http}/control/worlds").json()) == 200
    assert httpx.get(f"{http}/control/state").json()["messages"] == 0
    assert started.stop() == 0


def test_one_that_is_ended_under_load_ends(tmp_path: Path) -> None:
    """Letters that were on their way are refused or lost with it; the first world has seen nothing of it, and nothing is logged."""
    started = Process(tmp_path / "ready.json", "--data", str(tmp_path / "data"), "--log-level", "error", errors=tmp_path / "errors.txt")
    http = started.ready["http"]
    ready = httpx.post(f"{http}/control/worlds", json={"name": "busy"}, timeout=60).json()
    account = next((one["login"], one["password"]) for one in ready["personas"] if one["role"] == "hospital")

    def send_on() -> int:
        taken = 0
        with suppress(OSError, smtplib.SMTPException):
            while True:
                _send(ready, account, "Bonjour")
                taken += 1
        return taken

    with ThreadPoolExecutor(8) as senders:
        sending = [senders.submit(send_on) for _ in range(8)]
        while not httpx.get(f"{ready['http']}/control/state").json()["messages"]:
            pass
        began = time.monotonic()
        assert httpx.delete(f"{http}/control/worlds/busy", timeout=60).status_code == 204
        assert time.monotonic() - began < 10
        assert sum(one.result() for one in sending) > 0
    assert httpx.get(f"{http}/control/state").json()["messages"] == 0
    assert started.stop() == 0
    assert (tmp_path / "errors.txt").read_text() == ""


def test_whatever_is_under_way_ends_with_its_world_and_is_told_so(tmp_path: Path) -> None:
    """People who are made, years that pass, a file that comes slowly, a wait: the world ends, nobody is told of a defect."""
    started = Process(tmp_path / "ready.json", "--data", str(tmp_path / "data"), "--log-level", "error", errors=tmp_path / "errors.txt")
    worlds = f"{started.ready['http']}/control/worlds"
    ready = httpx.post(worlds, json={"name": "busy", "settings": {"webhooks_timeout_seconds": 1.0}}, timeout=60).json()
    control = f"{ready['http']}/control"

    def ask(path: str, **options: Any) -> int:
        with suppress(httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):  # hung up on is told, too
            return httpx.post(f"{control}{path}", timeout=60, **options).status_code
        return 503

    ended = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield b"type;idnat;nom\n"
        ended.wait(30)
        yield b"professional;899700421011;LEGRAND\n"

    with ThreadPoolExecutor(8) as clients, socket.create_server(("127.0.0.1", 0)) as silent:
        hook = {"url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "after": "0"}
        assert ask("/webhooks", json=hook) == 201
        work = [
            clients.submit(ask, "/import", content=slowly()),
            clients.submit(ask, "/generate", json={"practitioners": 100_000, "operators": 3}),
            clients.submit(ask, "/clock/advance", json={"by": "P3Y"}),
            clients.submit(ask, "/wait", json={"kind": "message", "timeout": 60}),
        ]
        while not httpx.get(f"{control}/bulk").json()["done"]:
            pass
        assert httpx.delete(f"{worlds}/busy", timeout=60).status_code == 204
        ended.set()
        assert {one.result() for one in work} <= {409, 503}
    assert started.stop() == 0
    assert (tmp_path / "errors.txt").read_text() == ""


async def test_addresses_that_lead_to_the_first_world_lead_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSS_SIM_PSC_BASE_URL", "http://psc.example:9000")
    monkeypatch.setenv("MSS_SIM_IGC_URL", "http://igc.example:9001")
    async with Worlds(_settings(tmp_path)) as worlds:
        assert worlds.first.ready()["psc"]["issuer"].startswith("http://psc.example:9000/")
        made = await _made(worlds)
        assert made["psc"]["issuer"].startswith(made["http"])
        assert str(worlds.simulator(made["id"]).world.igc.places).count(made["http"])


async def test_who_asks_while_the_process_stops_gets_no_world_and_leaves_none(tmp_path: Path) -> None:
    worlds = Worlds(_settings(tmp_path), seed="none")
    await worlds.first.start()
    making = [asyncio.create_task(worlds.create(NewWorld())) for _ in range(4)]
    while not worlds.making:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    await worlds.stop()
    made = await asyncio.gather(*making, return_exceptions=True)
    assert {type(one) for one in made} == {Refusal}
    assert worlds.all() == []
    with pytest.raises(Refusal, match="stops"):
        await worlds.create(NewWorld())


async def test_a_flood_in_one_world_leaves_the_others_their_share(start: StartSimulator) -> None:
    """Twenty connections, each with a packet of thousands of commands: answered in turn, they kept everybody waiting for seconds."""
    async with start() as flooded, start() as other:
        doctor, at = Person(other, "doctor"), flooded.ready()["submission"]
        assert (await doctor.rest("GET", "/me")).status_code == 200  # the first request loads the web framework
        writers = [(await asyncio.open_connection(at["host"], at["port"]))[1] for _ in range(20)]
        for writer in writers:
            writer.write(b"NOOP\r\n" * 20_000)
        loop, took = asyncio.get_running_loop(), []
        for _ in range(5):
            began = loop.time()
            assert (await doctor.rest("GET", "/me")).status_code == 200
            took.append(loop.time() - began)
        for writer in writers:
            writer.transport.abort()
    assert max(took) < 1, took
