"""Webhooks over real sockets: posted, verified by a library that does not know us, tried again as time is moved; targets that misbehave."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.http.examples import ID
from tests.clients import HOSPITAL, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator

_OK = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"


class _Target:
    """A server on this machine that keeps what it is posted, and answers as it is told: bytes, or None to hang."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[bytes | None] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._more = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        self.requests.append((fields, await reader.readexactly(int(fields["content-length"]))))
        self._more.set()
        answer = self.answers.pop(0) if self.answers else _OK
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    async def until(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """What was posted, once it is so much."""
        async with asyncio.timeout(30):
            while len(self.requests) < count:
                self._more.clear()
                await self._more.wait()
        return self.requests


@asynccontextmanager
async def _target(context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[_Target]:
    target = _Target()
    server = await asyncio.start_server(target.serve, host, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    target.url = f"{'https' if context else 'http'}://localhost:{port}/mss?from=sim"
    async with server:
        yield target


async def _register(simulator: Simulator, url: str, **more: Any) -> dict[str, Any]:
    made = await control(simulator, "POST", "/webhooks", {"url": url, "kinds": ["message.received"], **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def _write(simulator: Simulator, subject: str = "Bonjour") -> None:
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, subject))).code == 250


async def _log(simulator: Simulator, hook: dict[str, Any], done: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """What a webhook was told, once that is as it is expected."""
    async with asyncio.timeout(30):
        while True:
            items: list[dict[str, Any]] = (await control(simulator, "GET", f"/webhooks/{hook['id']}/deliveries")).json()["items"]
            if done(items):
                return items
            await asyncio.sleep(0.01)


async def test_a_letter_is_posted_and_a_library_verifies_it(simulator: Simulator) -> None:
    async with _target() as target:
        hook = await _register(simulator, target.url)
        await _write(simulator, "Résultats")
        [(fields, body)] = await target.until(1)
        event = Webhook(hook["secret"]).verify(body.decode(), fields)
        assert (event["type"], event["data"]["mailbox"], event["data"]["message"]["subject"]) == ("message.received", PRACTICE, "Résultats")
        assert (fields["host"], fields["content-type"]) == (target.url.split("/")[2], "application/json")
        [told] = await _log(simulator, hook, lambda items: bool(items) and items[0]["state"] == "delivered")
    assert (told["tries"], told["status"], told["next_try_at"], told["position"]) == (1, 204, None, event["data"]["position"])
    [listed] = (await control(simulator, "GET", "/webhooks")).json()
    assert listed == {**hook, "secret": None, "position": listed["position"]} or "secret" not in listed


async def test_what_fails_is_posted_again_as_time_is_moved(simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen"})
    async with _target() as target:
        target.answers = [
            b"HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\noops",
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        ]
        hook = await _register(simulator, target.url)
        await _write(simulator)
        [told] = await _log(simulator, hook, lambda items: bool(items) and items[0]["status"] == 500)
        assert (told["state"], told["answer"]) == ("waiting", "oops")
        moved = await control(simulator, "POST", "/clock/advance", {"by": "PT10S"})
        assert [one["kind"] for one in moved.json()["fired"]] == ["webhook.tried"]
        [told] = await _log(simulator, hook, lambda items: items[0]["status"] == 302)
        assert told["answer"] == "redirects are not followed: http://127.0.0.1:1/"
        await control(simulator, "POST", "/clock/advance", {"by": "PT1M"})
        requests = await target.until(3)
        await _log(simulator, hook, lambda items: items[0]["state"] == "delivered")
    assert len({fields["webhook-id"] for fields, _ in requests}) == 1
    assert len({body for _, body in requests}) == 1


async def test_a_delivery_tells_whether_it_is_taken_tried_again_or_given_up(start: StartSimulator) -> None:
    async with start(clock=ManualClock(), webhooks_tries_max=2) as simulator, _target() as target:
        no = b"HTTP/1.1 503 No\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy"
        target.answers = [_OK, no, no]
        hook = await _register(simulator, target.url)
        await _write(simulator, "Premier")
        [first] = await _log(simulator, hook, lambda items: bool(items) and items[0]["state"] == "delivered")
        came = {"position": first["position"], "kind": "message.received", "last_try_at": "2026-01-05T08:00:00Z"}
        assert first == {"id": first["id"], "state": "delivered", "tries": 1, "next_try_at": None, "status": 204, "answer": "", **came}
        await _write(simulator, "Second")
        second, _ = await _log(simulator, hook, lambda items: items[0]["tries"] == 1 and items[0]["status"] == 503)
        failed = {"id": second["id"], **came, "position": second["position"], "status": 503, "answer": "busy"}
        assert second == {**failed, "state": "waiting", "tries": 1, "next_try_at": "2026-01-05T08:00:05Z"}
        await control(simulator, "POST", "/clock/advance", {"by": "PT5S"})
        second, _ = await _log(simulator, hook, lambda items: items[0]["tries"] == 2)
    assert second == {**failed, "state": "given_up", "tries": 2, "next_try_at": None, "last_try_at": "2026-01-05T08:00:05Z"}


async def test_a_target_that_hangs_is_left_and_others_hear_meanwhile(start: StartSimulator) -> None:
    async with start(webhooks_timeout_seconds=0.3) as simulator, _target() as dead, _target() as alive:
        dead.answers = [None] * 9
        lost, told = await _register(simulator, dead.url), await _register(simulator, alive.url)
        for number in range(3):
            await _write(simulator, str(number))
        await alive.until(3)
        items = await _log(simulator, lost, lambda items: any(one["tries"] for one in items))
        await _log(simulator, told, lambda items: all(one["state"] == "delivered" for one in items))
        assert (items[-1]["status"], items[-1]["answer"]) == (None, "no answer within 0.3 seconds")


async def test_an_answer_without_end_is_not_read_to_its_end(simulator: Simulator) -> None:
    async with _target() as target:
        target.answers = [b"HTTP/1.1 500 No\r\ncontent-length: 100000000\r\n\r\n" + b"x" * 1_000_000]
        hook = await _register(simulator, target.url)
        await _write(simulator)
        [told] = await _log(simulator, hook, lambda items: bool(items) and items[0]["tries"] == 1 and items[0]["status"] == 500)
        assert told["answer"] == "x" * 500


async def test_any_octets_may_be_answered(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator, _target() as target:
        target.answers = [b"HTTP/1.1 500 No\r\nconnection: close\r\n\r\na\0b\xed\xa0\x80\xff"]
        hook = await _register(simulator, target.url)
        await _write(simulator)
        [told] = await _log(simulator, hook, lambda items: bool(items) and items[0]["tries"] == 1 and items[0]["status"] == 500)
        assert told["answer"].rstrip("\ufffd") == "ab"


async def test_an_answer_is_not_unpacked(simulator: Simulator) -> None:
    """A few octets would become many."""
    packed = gzip.compress(b"0" * 50_000_000)
    async with _target() as target:
        target.answers = [b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n" + packed]
        hook = await _register(simulator, target.url)
        await _write(simulator)
        [told] = await _log(simulator, hook, lambda items: bool(items) and items[0]["state"] == "delivered")
        [(fields, _)] = await target.until(1)
    assert (fields["accept-encoding"], told["status"], "000" in told["answer"]) == ("identity", 200, False)


async def test_a_target_in_tls_is_trusted_by_the_authority_of_the_world(simulator: Simulator) -> None:
    made = simulator._made_certificates  # noqa: SLF001 - a server of this machine with a certificate of the world
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.cert_file, made.key_file)
    async with _target(context) as target:
        hook = await _register(simulator, target.url)
        await _write(simulator)
        [(fields, body)] = await target.until(1)
        assert Webhook(hook["secret"]).verify(body.decode(), fields)["type"] == "message.received"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[fe80::1]/",
        "http://0.0.0.0:80/",
        "http://2130706434.example.invalid@10.0.0.1/",
        "http://user:pass@127.0.0.1/",
        "file:///etc/passwd",
    ],
)
async def test_nothing_is_posted_where_nobody_allowed_it(simulator: Simulator, url: str) -> None:
    answer = await control(simulator, "POST", "/webhooks", {"url": url})
    assert (answer.status_code, answer.json()["subject"], answer.json()["reference"]) == (422, "url", "quirks#webhooks")
    assert (await control(simulator, "GET", "/webhooks")).json() == []


async def test_a_name_is_allowed_by_the_setting(start: StartSimulator) -> None:
    async with start(webhooks_hosts=["localhost"]) as simulator, _target() as target:
        await _register(simulator, target.url)
        await _write(simulator)
        await target.until(1)
        refused = await control(simulator, "POST", "/webhooks", {"url": target.url.replace("localhost", "127.0.0.1")})
        assert refused.status_code == 422


async def test_events_are_posted_once_more_and_a_webhook_is_switched_off_and_removed(simulator: Simulator) -> None:
    async with _target() as target:
        hook = await _register(simulator, target.url, mailbox=PRACTICE, after="0")
        await _write(simulator)
        await target.until(1)
        await _log(simulator, hook, lambda items: bool(items) and items[0]["state"] == "delivered")
        again = await control(simulator, "POST", f"/webhooks/{hook['id']}/replay", {"after": 0})
        assert again.json() == {"events": 1}
        await target.until(2)
        told = (await control(simulator, "GET", f"/webhooks/{hook['id']}/deliveries")).json()["items"][0]
        one = await control(simulator, "POST", f"/webhooks/{hook['id']}/replay", {"delivery": told["id"]})
        assert one.json() == {"events": 1}
        await target.until(3)
        assert len({fields["webhook-id"] for fields, _ in target.requests}) == 1
        off = await control(simulator, "PATCH", f"/webhooks/{hook['id']}", {"enabled": False})
        assert off.json()["enabled"] is False
        await _write(simulator)
        assert (await control(simulator, "DELETE", f"/webhooks/{hook['id']}")).status_code == 204
        assert (await control(simulator, "DELETE", f"/webhooks/{hook['id']}")).status_code == 404
        assert len(target.requests) == 3


@pytest.mark.parametrize("body", [{}, {"delivery": ID, "after": 0}, {"delivery": ID, "until": 1}, {"until": 1}])
async def test_one_event_or_a_range_is_told_once_more(simulator: Simulator, body: dict[str, Any]) -> None:
    hook = await _register(simulator, "http://127.0.0.1:9/")
    refused = await control(simulator, "POST", f"/webhooks/{hook['id']}/replay", body)
    assert (refused.status_code, refused.json()["subject"]) == (422, "delivery")
    unknown = await control(simulator, "POST", f"/webhooks/{hook['id']}/replay", {"delivery": ID})
    assert (unknown.status_code, unknown.json()["subject"]) == (404, ID)


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ({"url": "http://127.0.0.1:9/", "kinds": ["message.recieved"]}, "kind"),
        ({"url": "http://127.0.0.1:9/", "mailbox": "nobody"}, "mailbox"),
        ({"url": "http://127.0.0.1:9/", "secret": "short"}, "secret"),
        ({"url": "http://127.0.0.1:9/", "after": "x"}, "after"),
    ],
)
async def test_what_cannot_be_is_told_by_its_name(simulator: Simulator, body: dict[str, Any], subject: str) -> None:
    answer = await control(simulator, "POST", "/webhooks", body)
    assert (answer.status_code, answer.json()["subject"]) == (422, subject)


async def test_a_reset_forgets_webhooks_and_a_restart_does_not(start: StartSimulator, tmp_path: Any) -> None:
    folder = tmp_path / "kept"
    async with start(data_dir=folder) as simulator:
        await _register(simulator, "http://127.0.0.1:9/")
        await _write(simulator)
    async with start(data_dir=folder) as simulator:
        [hook] = (await control(simulator, "GET", "/webhooks")).json()
        async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
            assert (await client.get(f"/control/webhooks/{hook['id']}/deliveries?limit=1")).json()["items"][0]["kind"] == "message.received"
        await control(simulator, "POST", "/reset")
        assert (await control(simulator, "GET", "/webhooks")).json() == []


async def test_rest_comes_when_what_is_due_was_posted(simulator: Simulator) -> None:
    async with _target() as target:
        hook = await _register(simulator, target.url)
        await _write(simulator)
        answer = await control(simulator, "POST", "/wait", {"kind": "settled"})
        assert answer.json()["met"]
        assert len(target.requests) == 1
        [told] = (await control(simulator, "GET", f"/webhooks/{hook['id']}/deliveries")).json()["items"]
        assert told["state"] == "delivered"
