"""What HTTP lets nobody do: fill the memory before saying who they are, hold connections, guess passwords, misname it, see a defect."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import ssl
import stat
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.control import people_and_mailboxes
from tests.clients import DOCTOR, PRACTICE, Person
from tests.conftest import StartSimulator

MEBI = 1024 * 1024
BASIC = "Basic " + base64.b64encode(b"camille.martin:cabinet-2026").decode()


def head(method: str, path: str, *fields: str, host: str = "localhost") -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]).encode()


def connect(simulator: Simulator, scheme: str = "http") -> socket.socket:
    """A raw connection to the HTTP or the HTTPS port."""
    url = httpx.URL(simulator.ready()[scheme])
    client = socket.create_connection((url.host, url.port), timeout=20)
    if scheme == "http":
        return client
    context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
    return context.wrap_socket(client, server_hostname="localhost")


def answer_of(client: socket.socket) -> tuple[int, dict[str, str], Any]:
    """(status, header fields, JSON) of an answer, read until the server hangs up or all of it came."""
    octets = b""
    while True:
        try:
            more = client.recv(65_536)
        except (ConnectionResetError, ssl.SSLError):
            more = b""
        octets += more
        top, end, body = octets.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in top.decode().lower().split("\r\n")[1:]) if end else {}
        if not more or (end and len(body) >= int(fields.get("content-length", 0))):
            return int(octets.split(b" ", 2)[1]) if octets else 0, fields, json.loads(body) if body else None


async def ask(simulator: Simulator, *pieces: bytes, scheme: str = "http") -> tuple[int, dict[str, str], Any]:
    """Send pieces on one connection; the answer."""

    def play() -> tuple[int, dict[str, str], Any]:
        with connect(simulator, scheme) as client:
            with contextlib.suppress(ConnectionError):  # it may be refused before all is sent
                for piece in pieces:
                    client.sendall(piece)
            return answer_of(client)

    return await asyncio.to_thread(play)


def pour(client: socket.socket, size: int) -> int:
    """Send that many bytes, as long as they are taken; how many were."""
    sent, piece = 0, b"x" * 65_536
    try:
        while sent < size:
            sent += client.send(piece)
    except (ConnectionError, ssl.SSLError, TimeoutError):
        pass
    return sent


def received(client: socket.socket) -> int:
    """How many bytes came; 0 at the end of the connection, however it ended."""
    try:
        return len(client.recv(65_536))
    except ConnectionResetError:
        return 0


def modes(files: list[Path]) -> dict[str, str]:
    """Who may do what with files, in octal."""
    return {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files}


SENDING = f"/api/v1/mailboxes/{DOCTOR}/messages"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("path", "field", "status"),
    [
        (SENDING, "X-Nothing: x", 401),
        (SENDING, "Authorization: Basic !!!", 401),
        ("/api/v1/grants/hand-over", "X-Nothing: x", 401),
        (SENDING, f"Authorization: {BASIC}", 413),
        ("/control/identities", "X-Nothing: x", 413),
        ("/auth/realms/esante-wallet/protocol/openid-connect/token", "X-Nothing: x", 413),
    ],
)
async def test_a_body_of_200_mebibytes_is_refused_before_it_is_read(
    start: StartSimulator, scheme: str, path: str, field: str, status: int
) -> None:
    async with start(https_port=0) as simulator:

        def play() -> tuple[int, tuple[int, dict[str, str], Any]]:
            with connect(simulator, scheme) as client:
                client.sendall(head("POST", path, field, "Content-Type: application/json", f"Content-Length: {200 * MEBI}"))
                told = answer_of(client)
                return pour(client, 200 * MEBI), told

        taken, (found, fields, body) = await asyncio.to_thread(play)
        assert (found, fields["connection"]) == (status, "close")
        assert body["status"] == status
        assert taken < 20 * MEBI  # what the kernel's buffers hold, and what is thrown away so that the client gets its answer


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/control/identities", "application/json"),
        ("/auth/realms/esante-wallet/protocol/openid-connect/token", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_does_not_tell_its_size_is_cut_at_the_limit(simulator: Simulator, path: str, media_type: str) -> None:
    chunk = b"%x\r\n%b\r\n" % (MEBI, b"x" * MEBI)
    pieces = [head("POST", path, f"Content-Type: {media_type}", "Transfer-Encoding: chunked"), chunk, chunk, b"0\r\n\r\n"]
    assert (await ask(simulator, *pieces))[0] == 413


async def test_who_waits_for_the_go_ahead_is_refused_without_it(simulator: Simulator) -> None:
    asked = head("POST", SENDING, "Expect: 100-continue", "Content-Type: message/rfc822", "Content-Length: 10")
    status, _, body = await ask(simulator, asked)
    assert (status, body["code"]) == (401, "authentication-required")


async def test_a_refused_body_is_never_taken_for_a_request(simulator: Simulator) -> None:
    smuggled = head("GET", "/api/v1/me", f"Authorization: {BASIC}")
    asked = head("POST", SENDING, "Content-Type: message/rfc822", f"Content-Length: {len(smuggled)}")

    def play() -> bytes:
        with connect(simulator) as client:
            client.sendall(asked + smuggled)
            octets = b""
            while more := client.recv(65_536):
                octets += more
            return octets

    assert (await asyncio.to_thread(play)).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (b"GET /api/v1/me HT", 408),
        (head("GET", "/healthz")[:-2], 408),
        (head("POST", SENDING, f"Authorization: {BASIC}", "Content-Type: message/rfc822", "Content-Length: 100") + b"x", 408),
        (b"", 0),
    ],
    ids=["a request line", "a head without its end", "a body", "nothing"],
)
async def test_what_is_half_sent_has_its_time(start: StartSimulator, scheme: str, begun: bytes, status: int) -> None:
    async with start(https_port=0, http_head_timeout_seconds=0.5, http_body_timeout_seconds=0.5) as simulator:
        assert (await ask(simulator, begun, scheme=scheme))[0] == status


@pytest.mark.parametrize(("limit", "status"), [(65_536, 200), (16_384, 431)])
async def test_a_head_over_the_limit_is_refused(start: StartSimulator, limit: int, status: int) -> None:
    async with start(http_head_bytes_max=limit) as simulator:
        long = [b"X-Long: %b\r\n" % (b"x" * 8_000) for _ in range(5)]
        asked = b"".join([head("GET", "/control/state")[:-2], *long, b"\r\n"])
        assert (await ask(simulator, asked))[0] == status, "in one read"
        found, _, body = await ask(simulator, asked[:10_000], asked[10_000:])
        assert found == status
        told = f"The head of a request has at most {limit} bytes."
        assert status == 200 or (body["code"], body["reference"], body["detail"]) == ("head-too-large", "rfc6585#5", told)


@pytest.mark.parametrize(("limit", "status"), [(1_048_576, 422), (2_048, 413)])
async def test_a_body_over_the_limit_is_refused(start: StartSimulator, limit: int, status: int) -> None:
    async with start(http_body_bytes_max=limit) as simulator:
        body = json.dumps({"idnat": "x" * 4_000}).encode()
        asked = head("POST", "/control/identities", "Content-Type: application/json", f"Content-Length: {len(body)}")
        assert (await ask(simulator, asked + body))[0] == status


async def test_connections_beyond_the_limit_are_told_so_and_the_others_served(start: StartSimulator) -> None:
    async with start(http_connections_max=3) as simulator:
        held = [connect(simulator) for _ in range(3)]
        status, fields, body = await ask(simulator, head("GET", "/healthz"))
        assert (status, fields["retry-after"], body["code"]) == (503, "1", "too-many-connections")
        held[0].sendall(head("GET", "/healthz"))
        assert (await asyncio.to_thread(answer_of, held[0]))[0] == 200
        for one in held:
            one.close()


async def test_who_takes_no_answer_is_dropped(start: StartSimulator) -> None:
    async with start(http_body_timeout_seconds=0.5, http_connections_max=2) as simulator:
        await ask(simulator, head("GET", "/openapi.json"))  # it is written when it is first asked for, which takes a while
        client = connect(simulator)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.sendall(head("GET", "/openapi.json") * 100)
        await asyncio.sleep(2)
        others = [connect(simulator) for _ in range(2)]  # as many as there may be: the first one counts no longer
        for other in others:
            other.sendall(head("GET", "/healthz"))
            assert (await asyncio.to_thread(other.recv, 12)) == b"HTTP/1.1 200"
        for one in (client, *others):
            one.close()


HOSTED = ["/api/v1/me", "/auth/realms/esante-wallet/.well-known/openid-configuration", "/control/state", "/docs", "/openapi.json"]


@pytest.mark.parametrize("path", HOSTED)
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", ""])
async def test_a_page_of_another_site_does_not_reach_the_simulator_by_its_own_name(simulator: Simulator, path: str, host: str) -> None:
    status, _, body = await ask(simulator, head("GET", path, f"Authorization: {BASIC}", host=host))
    assert (status, body["code"]) == (421, "host-unknown")
    assert "MSS_SIM_HTTP_HOSTS" in body["detail"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:8080", "mail.sim.mssante.fr", "bench.example", "mss-sim:8080"]
)
async def test_the_names_of_the_simulator_are_heard(start: StartSimulator, host: str) -> None:
    async with start(http_hosts=("bench.example",), certificate_hosts=("MSS-SIM",)) as simulator:
        assert (await ask(simulator, head("GET", "/api/v1/me", f"Authorization: {BASIC}", host=host)))[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/listeblanchemssante.xml"])
async def test_what_anybody_may_fetch_is_answered_under_any_name(simulator: Simulator, path: str) -> None:
    client = connect(simulator)
    client.sendall(head("GET", path, host="annuaire.example"))
    assert (await asyncio.to_thread(client.recv, 12)) == b"HTTP/1.1 200"
    client.close()


@pytest.mark.parametrize(("proxies", "status"), [((), 429), (("127.0.0.1",), 401)], ids=["nobody is believed", "a proxy is"])
async def test_where_a_request_says_it_comes_from_is_believed_of_named_proxies_alone(
    start: StartSimulator, proxies: tuple[str, ...], status: int
) -> None:
    wrong = "Authorization: Basic " + base64.b64encode(b"camille.martin:wrong").decode()
    async with start(http_proxies=proxies, wrong_passwords_max=2) as simulator:
        for number in range(2):
            assert (await ask(simulator, head("GET", "/api/v1/me", wrong, f"X-Forwarded-For: 192.0.2.{number}")))[0] == 401
        assert (await ask(simulator, head("GET", "/api/v1/me", wrong, "X-Forwarded-For: 192.0.2.9")))[0] == status


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)])
async def test_a_proxy_does_not_make_its_clients_this_machine(start: StartSimulator, proxies: tuple[str, ...]) -> None:
    async with start(http_proxies=proxies) as simulator:
        status, _, body = await ask(simulator, head("GET", "/control/state", "X-Forwarded-For: 192.0.2.7"))
        assert (status, body["code"]) == (403, "control-forbidden")


async def test_another_mailbox_before_the_star_is_no_other_login(start: StartSimulator) -> None:
    async with start(wrong_passwords_max=2) as simulator:
        for number in range(2):
            assert (await attempt(simulator, f"x{number}@a.example*Camille.Martin", "wrong")).status_code == 401
        assert (await attempt(simulator, "camille.martin", "cabinet-2026")).status_code == 429


async def test_half_a_second_head_has_its_time_too(start: StartSimulator) -> None:
    async with start(http_head_timeout_seconds=0.5) as simulator:

        def play() -> tuple[int, int]:
            with connect(simulator) as client:
                client.sendall(head("GET", "/control/state"))
                first = answer_of(client)[0]
                client.sendall(b"GET /control/st")
                return first, answer_of(client)[0]

        assert await asyncio.to_thread(play) == (200, 408)


@pytest.mark.parametrize(("seconds", "kept"), [(1, False), (30, True)])
async def test_a_connection_that_is_silent_after_an_answer_is_kept_as_long_as_the_setting_says(
    start: StartSimulator, *, seconds: int, kept: bool
) -> None:
    async with start(http_keep_alive_seconds=seconds) as simulator:

        def play() -> bool:
            with connect(simulator) as client:
                client.sendall(head("GET", "/control/state"))
                assert answer_of(client)[0] == 200
                client.settimeout(2.5)
                with contextlib.suppress(TimeoutError):
                    assert client.recv(1) == b""
                    return False
                return True

        assert await asyncio.to_thread(play) is kept


async def test_what_follows_the_last_chunk_is_bounded(simulator: Simulator) -> None:
    begun = head("POST", "/control/identities", "Content-Type: application/json", "Transfer-Encoding: chunked")
    trailers = [b"X-Long: %b\r\n" % (b"x" * 8_000) for _ in range(20)]
    assert (await ask(simulator, begun, b"2\r\n{}\r\n0\r\n", *trailers))[0] in (431, 0)


async def attempt(simulator: Simulator, login: str, password: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=(login, password), timeout=20) as client:
        return await client.get("/api/v1/me")


async def test_wrong_passwords_are_slowed_down_then_refused_for_a_while(start: StartSimulator) -> None:
    async with start(wrong_passwords_max=3, wrong_passwords_pause_seconds=2) as simulator:
        for _ in range(3):
            assert (await attempt(simulator, "camille.martin", "wrong")).status_code == 401
        refused = await attempt(simulator, "camille.martin", "cabinet-2026")
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-passwords")
        assert 1 <= int(refused.headers["Retry-After"]) <= 2
        assert (await attempt(simulator, "sophie.petit", "cabinet-2026")).status_code == 200  # another login of the same client
        await asyncio.sleep(2)
        assert (await attempt(simulator, "camille.martin", "cabinet-2026")).status_code == 200
        assert (await attempt(simulator, "camille.martin", "wrong")).status_code == 401  # counted anew


async def test_a_right_password_clears_the_count(start: StartSimulator) -> None:
    async with start(wrong_passwords_max=2, wrong_passwords_pause_seconds=0.5) as simulator:
        for _ in range(3):
            assert (await attempt(simulator, "camille.martin", "wrong")).status_code == 401
            assert (await attempt(simulator, "camille.martin", "cabinet-2026")).status_code == 200


async def test_each_wrong_password_takes_longer(start: StartSimulator) -> None:
    async with start(wrong_passwords_pause_seconds=60) as simulator:
        began = time.monotonic()
        for _ in range(4):
            await attempt(simulator, "camille.martin", "wrong")
        assert time.monotonic() - began > 0.12 + 0.24 + 0.48 + 0.96


async def test_what_lies_in_the_data_folder_is_for_its_owner_alone(start: StartSimulator, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "data"
        async with start():
            pass
        folder.chmod(0o777)
        async with start() as simulator:
            await Person(simulator, "doctor").send(PRACTICE, to=[DOCTOR])
            simulator.write_ready_file(tmp_path / "ready.json")
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
            files = [file for file in folder.rglob("*") if file.is_file()]
            databases = [file for file in files if file.name.startswith("mss-sim.db")]
            keys = [file for file in files if b"PRIVATE KEY" in file.read_bytes()]
            assert len(databases) >= 2
            assert len(keys) >= 3
            assert modes([*databases, *keys]) == dict.fromkeys([file.name for file in (*databases, *keys)], "0o600")
    finally:
        os.umask(before)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_who_sends_a_body_byte_by_byte_is_not_waited_for(start: StartSimulator, scheme: str) -> None:
    async with start(https_port=0, http_body_timeout_seconds=0.6) as simulator:
        asked = head("POST", SENDING, f"Authorization: {BASIC}", "Content-Type: message/rfc822", "Content-Length: 100")

        def play() -> tuple[float, tuple[int, dict[str, str], Any]]:
            began = time.monotonic()
            with connect(simulator, scheme) as client:
                client.sendall(asked)
                with contextlib.suppress(OSError):
                    for _ in range(20):
                        client.sendall(b"x")
                        time.sleep(0.2)
                return time.monotonic() - began, answer_of(client)

        _, (status, fields, body) = await asyncio.to_thread(play)
        assert (status, fields["connection"], body["code"]) == (408, "close", "request-too-slow")


async def test_a_slow_but_steady_reader_gets_all_its_answers(start: StartSimulator) -> None:
    async with start(http_body_timeout_seconds=0.5) as simulator:
        url = httpx.URL(simulator.ready()["http"])
        async with httpx.AsyncClient() as asking:
            size = len((await asking.get(f"{url}/openapi.json")).content)
        client = socket.socket()
        client.settimeout(20)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.connect((url.host, url.port))
        client.sendall(head("GET", "/openapi.json") * 40)

        def slowly() -> int:
            octets, began = 0, time.monotonic()
            while octets < 40 * size:
                more = len(client.recv(1 << 20))
                octets += more
                assert more, f"cut after {octets} of {40 * size} bytes and {time.monotonic() - began:.1f} s"
                time.sleep(0.01)
            return octets

        assert await asyncio.to_thread(slowly) >= 40 * size
        client.close()


async def test_who_never_ends_his_handshake_is_cut(start: StartSimulator) -> None:
    async with start(https_port=0, http_head_timeout_seconds=1.0) as simulator:
        url = httpx.URL(simulator.ready()["https"])

        def play() -> list[tuple[int, float]]:
            began = time.monotonic()
            with contextlib.ExitStack() as stack:
                held = [stack.enter_context(socket.create_connection((url.host, url.port), timeout=20)) for _ in range(4)]
                return [(received(one), time.monotonic() - began) for one in held]

        assert all(octets == 0 and 0.9 < seconds < 5 for octets, seconds in await asyncio.to_thread(play))
        assert (await ask(simulator, head("GET", "/healthz"), scheme="https"))[0] == 200


async def test_a_burst_of_wrong_passwords_is_counted_one_by_one(start: StartSimulator) -> None:
    async with start(wrong_passwords_max=3) as simulator:
        found = await asyncio.gather(*(attempt(simulator, "camille.martin", f"wrong{number}") for number in range(12)))
        assert sorted(one.status_code for one in found) == [401] * 3 + [429] * 9


async def test_a_burst_of_right_passwords_is_let_in(start: StartSimulator) -> None:
    async with start(wrong_passwords_max=3) as simulator:
        found = await asyncio.gather(*(attempt(simulator, "camille.martin", "cabinet-2026") for _ in range(12)))
        assert {one.status_code for one in found} == {200}


async def test_a_database_named_by_its_url_is_for_its_owner_alone(start: StartSimulator, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with start(database_url=f"sqlite:///{tmp_path / 'named.db'}") as simulator:
            await Person(simulator, "doctor").send(PRACTICE, to=[DOCTOR])
            assert modes([tmp_path / "named.db", tmp_path / "named.db-wal"]) == {"named.db": "0o600", "named.db-wal": "0o600"}
    finally:
        os.umask(before)


@pytest.mark.parametrize(("values", "status"), [(90, 201), (110, 413)])
async def test_a_body_of_too_many_values_is_refused_however_long_its_texts_may_be(start: StartSimulator, values: int, status: int) -> None:
    async with start(http_values_max=100) as simulator:
        doctor = Person(simulator, "doctor")
        fields = {f"X-Field-{number}": "x" for number in range(values // 3)}  # a name, a text, and a comma
        sent = await doctor.send(DOCTOR, to=[PRACTICE], text='a, "b", ' * 1_000, headers=fields)
        assert (sent.status_code, sent.json().get("code")) == (status, None if status == 201 else "message-too-large")


@pytest.mark.parametrize(("language", "title"), [("en", "Internal error"), ("fr", "Erreur interne")])
async def test_a_defect_is_answered_in_the_shape_of_a_refusal_and_shows_nothing_of_the_program(
    start: StartSimulator, monkeypatch: pytest.MonkeyPatch, language: str, title: str
) -> None:
    async with start(language=language) as simulator:
        with monkeypatch.context() as broken:
            broken.setattr(people_and_mailboxes, "find_people", lambda *_, **__: 1 / 0)
            status, headers, told = await ask(simulator, head("GET", "/control/people"))
        assert (status, headers["content-type"]) == (500, "application/problem+json")
        assert (told["type"], told["title"], told["status"]) == ("about:blank", title, 500)
        assert not any(word in json.dumps(told) for word in ("ZeroDivisionError", "division", "Traceback", ".py"))
        assert (await ask(simulator, head("GET", "/control/people")))[0] == 200, "the next one is answered as ever"


async def test_how_much_a_body_may_hold_is_said_by_what_it_is_for(start: StartSimulator) -> None:
    """As announced, before a byte of it is sent: of the whole limit no word is lost, of one byte more all."""
    mailbox, letters = f"/api/v1/mailboxes/{DOCTOR}", 25_000_000 * 3 // 2 + 1_000_000
    limits = [
        *(("POST", "/control/identities", 1_024), ("POST", f"{mailbox}/folders", 1_024), ("POST", "/control/messages", 1_024)),
        *(("POST", f"{mailbox}/messages", letters), ("PUT", f"{mailbox}/messages", 1_024), ("POST", f"{mailbox}/messages/x", 1_024)),
        *(("POST", "/ui/as/doctor/write", letters), ("POST", "/ui/write", 1_024)),
        *(("PUT", "/control/snapshots/x/file", 3_000), ("POST", "/control/snapshots/x/file", 1_024)),
        *(("PUT", "/control/seeds/x/file", 4_000), ("POST", "/control/seeds/x/file", 1_024), ("PUT", "/control/seeds", 1_024)),
        *(("POST", "/control/import", 5_000), ("POST", "/control/imports", 1_024)),
    ]
    async with start(
        http_body_bytes_max=1_024, snapshots_size_bytes_max=3_000, seeds_size_bytes_max=4_000, bulk_bytes_max=5_000
    ) as simulator:

        def refused(method: str, path: str, size: int) -> bool:
            with connect(simulator) as client:
                client.sendall(head(method, path, f"Authorization: {BASIC}", f"Content-Length: {size}", "Expect: 100-continue"))
                return client.recv(12) == b"HTTP/1.1 413"

        for method, path, limit in limits:
            told = [await asyncio.to_thread(refused, method, path, size) for size in (limit, limit + 1)]
            assert told == [False, True], (method, path)


@pytest.mark.parametrize(
    ("path", "field", "counted"),
    [
        ("/control/identities", "X-Nothing: x", True),
        ("/control/identities", "Content-Type: application/json; charset=utf-8", True),
        ("/control/identities", "Content-Type: APPLICATION/FHIR+JSON", True),
        ("/control/identities", "Content-Type: text/plain", False),
        ("/control/identities", "Content-Type: text/plain; of=json", False),
        ("/control/import", "Content-Type: application/json", False),
    ],
)
async def test_values_are_counted_where_a_body_may_be_read_at_once(start: StartSimulator, path: str, field: str, *, counted: bool) -> None:
    async with start(http_values_max=100) as simulator:
        body = json.dumps(["x"] * 60).encode()
        _, _, told = await ask(simulator, head("POST", path, field, f"Content-Length: {len(body)}") + body)
        assert ((told or {}).get("reference") == "quirks#http-bounds") is counted, told
