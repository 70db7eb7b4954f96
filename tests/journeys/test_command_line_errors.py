"""What the command line says when something is wrong: one line on standard error, however narrow the terminal, and an exit status.

2 for what was typed wrong, or stands wrong in the environment; 1 for what was tried and failed.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mss_sim.app.data_folder import upgrade_database
from mss_sim.clock import SystemClock
from mss_sim.config.settings import Settings
from mss_sim.core.world.authorities import Authorities
from mss_sim.core.world.revocation_faults import RevocationServices
from mss_sim.net import tls
from tests.conftest import StartSimulator

_RUN = ("run", "--memory", "--submission-port", "0", "--mx-port", "0", "--imap-port", "0", "--http-port", "0")
_SEND = ("send", "--from", "a@x.example", "--to", "b@x.example", "--login", "a", "--password", "secret-word")
_NOWHERE = "http://127.0.0.1:1"


class Wrong(NamedTuple):
    """One mistake. {tmp} is the test's folder, {taken} a port that somebody listens on without ever answering as a simulator."""

    command: tuple[str, ...]
    status: int
    said: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


_TYPED = (
    Wrong((), 2, ("a command is missing", "--help")),
    Wrong(("db",), 2, ("a command is missing", "--help")),
    Wrong(("fly",), 2, ("No such command 'fly'", "--help")),
    Wrong(("run", "--fly"), 2, ("No such option: --fly.", "--help")),
    Wrong(("run", "--imap-prot", "0"), 2, ("No such option: --imap-prot. Did you mean --imap-port? Try --help.",)),
    Wrong(("persona",), 2, ("No such command 'persona'. Did you mean 'personas'", "? Try --help.")),
    Wrong(("send",), 2, ("Missing option '--from'",)),
    Wrong(("run", "--seed", "nothing"), 2, ("there is no seed nothing", "cabinet")),
    Wrong(("run", "--memory", "--data", "x"), 2, ("--data and --memory exclude each other",)),
    Wrong((*_RUN, "--submission-port", "99999"), 2, ("--submission-port", "less than or equal to 65535")),
    Wrong((*_RUN, "--imap-port", "abc"), 2, ("--imap-port", "integer")),
    Wrong((*_RUN, "--host", ""), 2, ("--host", "at least 1 character")),
    Wrong((*_RUN, "--log-level", "loud"), 2, ("there is no log level loud", "debug, info, warning, error")),
    Wrong(("db", "upgrade", "--url", "nonsense"), 2, ("database URL cannot be read", "postgresql://")),
    Wrong(("db", "upgrade", "--url", "postgresql://u:secret@host:port/x"), 2, ("database URL cannot be read",)),
    Wrong(("db", "upgrade", "--url", "mysql://u:secret@x/y"), 2, ("for mysql", "sqlite:/// or postgresql:// is expected")),
    Wrong(("token", "x", "--http", "ftp://x"), 2, ("ftp://x is not an http URL",)),
    Wrong(("token", "x", "--lifetime", "0"), 2, ("--lifetime", "greater than or equal to 1")),
    Wrong((*_SEND, "--port", "99999"), 2, ("--port", "65535")),
    Wrong((*_SEND, "--subject", "a\nb"), 2, ("one line of text",)),
)
_ENVIRONMENT = tuple(
    Wrong(_RUN, 2, said, ((name, value),))
    for name, value, said in (
        ("MSS_SIM_MESSAGE_RECIPIENTS_MAX", "abc", ("MSS_SIM_MESSAGE_RECIPIENTS_MAX: ", "integer")),
        ("MSS_SIM_MAX_RECIPIENTS", "3", ("Unknown setting MSS_SIM_MAX_RECIPIENTS", "MSS_SIM_MESSAGE_RECIPIENTS_MAX")),
        ("MSS_SIM_CONECTIONS_MAX", "3", ("Unknown setting MSS_SIM_CONECTIONS_MAX", "MSS_SIM_CONNECTIONS_MAX")),
        ("MSS_SIM_PROFILE", "loose", ("MSS_SIM_PROFILE: ", "'development' or 'strict'")),
        ("MSS_SIM_IMAP_CAPABILITIES_MASKED", "MOVE", ("MSS_SIM_IMAP_CAPABILITIES_MASKED: ", "JSON list")),
        ("MSS_SIM_CONTROL_KEY", "secret", ("MSS_SIM_CONTROL_KEY: ", "at least 8 characters")),
        ("MSS_SIM_CERTIFICATE_HOSTS", '["a b"]', ("MSS_SIM_CERTIFICATE_HOSTS: ", "match pattern")),
        ("MSS_SIM_DATABASE_URL", "nonsense", ("database URL cannot be read",)),
    )
)
_TRIED = (
    Wrong((*_RUN, "--http-port", "{taken}"), 1, ("cannot listen on 127.0.0.1, http port {taken}", "in use", "--http-port")),
    Wrong((*_RUN, "--imap-port", "{taken}"), 1, ("cannot listen on 127.0.0.1, imap port {taken}", "in use", "--imap-port")),
    Wrong((*_RUN, "--host", "192.0.2.1"), 1, ("cannot listen on 192.0.2.1", "--host")),
    Wrong((*_RUN, "--host", "no.such.host.invalid"), 1, ("cannot listen on no.such.host.invalid", "--host")),
    Wrong((*_RUN, "--ready-file", "{tmp}/none/ready.json"), 1, ("the ready file", "No such file", "--ready-file")),
    Wrong(("run", "--data", "{tmp}/file"), 1, ("the data folder {tmp}/file cannot be made", "--data")),
    Wrong(("run", "--data", "{tmp}/file/below"), 1, ("the data folder {tmp}/file/below cannot be made", "--data")),
    Wrong(("run", "--data", "/proc/none"), 1, ("the data folder /proc/none cannot be made", "--data")),
    Wrong(("run", "--data", "{tmp}/corrupt"), 1, ("corrupt/mss-sim.db cannot be used", "not a database", "--data")),
    Wrong(("run", "--data", "{tmp}/occupied"), 1, ("occupied/mss-sim.db cannot be used", "unable to open", "--data")),
    Wrong(("run", "--data", "{tmp}/certified"), 2, ("certificates", "cannot be read", "delete that folder")),
    Wrong(("db", "upgrade", "--data", "{tmp}/corrupt"), 1, ("corrupt/mss-sim.db cannot be used", "not a database")),
    Wrong(("db", "upgrade", "--data", "{tmp}/file"), 1, ("the data folder {tmp}/file cannot be made",)),
    Wrong(("db", "upgrade", "--url", "postgresql://u:secret@127.0.0.1:1/x"), 1, ("postgresql", "refused", "check its URL")),
    Wrong(_RUN, 1, ("postgresql", "refused", "check its URL"), (("MSS_SIM_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/x"),)),
    Wrong(("token", "x", "--http", _NOWHERE), 1, (f"no simulator answers at {_NOWHERE}", "mss-sim run")),
    Wrong(("seed", "--http", _NOWHERE), 1, (f"no simulator answers at {_NOWHERE}", "mss-sim run")),
    Wrong(("token", "x", "--http", "http://127.0.0.1:port"), 1, ("no simulator answers", "port", "--http")),
    Wrong(("token", "x", "--http", "http://a b/"), 1, ("no simulator answers", "--http")),
    Wrong((*_SEND, "--ca", "{tmp}/ca.pem", "--port", "1"), 1, ("127.0.0.1:1", "refused", "is a simulator running there")),
    Wrong((*_SEND, "--ca", "{tmp}/none.pem"), 1, ("none.pem: No such file", "--ca")),
    Wrong((*_SEND, "--ca", "{tmp}/file"), 1, ("file: it holds no certificate", "--ca")),
    Wrong((*_SEND, "--ca", "{tmp}"), 1, ("Is a directory", "--ca")),
    Wrong((*_SEND, "--ca", "{tmp}/ca.pem", "--attach", "{tmp}/none.pdf"), 1, ("none.pdf cannot be read: No such file", "--attach")),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is broken in it, and the certificate of an authority."""
    tmp = tmp_path_factory.mktemp("errors")
    (tmp / "file").write_text("a file\n", encoding="utf-8")
    (tmp / "corrupt").mkdir()
    (tmp / "corrupt" / "mss-sim.db").write_bytes(b"no database" * 1_000)
    (tmp / "occupied" / "mss-sim.db").mkdir(parents=True)
    folder, clock, settings = tmp / "certified" / "certificates", SystemClock(), Settings()
    certificates = tls.ensure(
        folder, Authorities(folder, "http://localhost", clock, settings, RevocationServices(clock, settings)), ["localhost"]
    )
    certificates.ca_file.rename(tmp / "ca.pem")
    for path in (certificates.ca_file, certificates.cert_file):
        path.write_text("no certificate\n", encoding="utf-8")
    upgrade_database(tmp / "certified", None)
    return tmp


@pytest.fixture(scope="module")
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


def _fail(command: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "mss_sim", *command]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "COLUMNS": "80", **environment})


def _check(failed: subprocess.CompletedProcess[str], wrong: Wrong, **names: str) -> None:
    assert failed.stderr.count("\n") == 1, failed.stderr
    assert failed.stderr.startswith("mss-sim: ")
    for words in wrong.said:
        assert words.format(**names) in failed.stderr
    assert failed.returncode == wrong.status
    assert "secret" not in failed.stderr


@pytest.mark.parametrize(
    "wrong", [*_TYPED, *_ENVIRONMENT, *_TRIED], ids=lambda wrong: " ".join((*wrong.command[-2:], *dict(wrong.environment)))
)
def test_an_error_is_one_line(wrong: Wrong, place: Path, taken: str) -> None:
    names = {"tmp": str(place), "taken": taken}
    failed = _fail(tuple(word.format(**names) for word in wrong.command), dict(wrong.environment))
    _check(failed, wrong, **names)


async def test_what_a_running_simulator_refuses_is_one_line(start: StartSimulator) -> None:
    async with start() as simulator:
        ready = simulator.ready()
        where = ("--port", str(ready["submission"]["port"]), "--host", "localhost", "--ca", ready["ca_file"])
        for wrong in (
            Wrong(("token", "nobody", "--http", "{http}"), 1, ("nobody",)),
            Wrong(("seed", "nothing", "--http", "{http}"), 1, ("There is no seed nothing", "cabinet")),
            Wrong(("token", "camille.martin", "--http", "{http}/elsewhere"), 1, ("404",)),
            Wrong((*_SEND, *where), 1, ("535 5.7.8",)),
            Wrong((*_SEND, *where, "--port", str(ready["imap"]["port"])), 1, ("",)),
        ):
            command = tuple(word.format(http=ready["http"]) for word in wrong.command)
            _check(await asyncio.to_thread(_fail, command, {}), wrong)


async def test_what_another_server_says_is_told_whatever_its_octets(start: StartSimulator) -> None:
    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("554 relais fermé\r\n".encode("latin-1"))
        writer.close()

    async with start() as simulator, await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        where = ("--port", str(server.sockets[0].getsockname()[1]), "--ca", simulator.ready()["ca_file"])
        _check(await asyncio.to_thread(_fail, (*_SEND, *where), {}), Wrong(_SEND, 1, ("554 relais ferm\N{REPLACEMENT CHARACTER}",)))
