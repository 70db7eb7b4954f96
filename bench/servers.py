"""The processes that are measured: a simulator, the stock peer, and the load that drives either."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import IN_CLEAR, BenchmarkError

SENDER = "paul.durand@hopital-ormes.sim.mssante.fr"
SENDER_LOGIN = "paul.durand"
SENDER_PASSWORD = "hopital-2026"  # noqa: S105 - the seed's public password
SENDER_OPERATOR = "Hôpital des Ormes"
AS_SENDER = ("--login", SENDER_LOGIN, "--password", SENDER_PASSWORD)
WARD = "cardiologie@hopital-ormes.sim.mssante.fr"
"""A mailbox of the sender's operator."""
RECIPIENT = "tilleuls@cabinet.sim.mssante.fr"
KIB = 1_024

_HERE = Path(__file__).resolve().parent
_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LOAD_SECONDS = 240.0

Address = tuple[str, int]


@dataclass(slots=True)
class Simulator:
    """A running simulator. `ready` is its ready file; `seconds` is how long it took to write it."""

    process: "subprocess.Popen[bytes]"
    ready: dict[str, Any]
    seconds: float
    log: Path

    @property
    def mx(self) -> Address:
        """Where it takes mail of other operators."""
        return self.ready["mx"]["host"], self.ready["mx"]["port"]

    @property
    def submission(self) -> Address:
        """Where it takes mail of clients."""
        return self.ready["submission"]["host"], self.ready["submission"]["port"]

    @property
    def ca_file(self) -> str:
        """The certificate of its authority."""
        return str(self.ready["ca_file"])

    def resident_bytes(self) -> int:
        """The resident memory of the process now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * KIB
        raise BenchmarkError("the system does not tell the resident memory of a process")

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far, both kinds."""
        return processor_seconds(self.process.pid)

    def kill(self) -> None:
        """End it as a power cut of the process would: no handler runs."""
        self.process.kill()
        self.process.wait(_STOP_SECONDS)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BenchmarkError(f"the simulator did not stop within {_STOP_SECONDS:g} s") from None
        if code != 0:
            raise BenchmarkError(f"the simulator ended with status {code}: {_tail(self.log)}")


def processor_seconds(pid: int) -> float:
    """The processor time that a process has used so far, both kinds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(
    folder: Path,
    *,
    data: Path | None = None,
    mx_port: int = 0,
    in_clear: bool = False,
    database: str | None = None,
    more: Mapping[str, object] | None = None,
) -> Simulator:
    """Start a simulator on `data`, or in memory, and wait for its ready file; `folder` takes that file and its log.

    Its settings are the defaults but for `more`, by name; `in_clear` takes those of that name. Compiled modules are kept,
    as they are where a wheel is installed.
    """
    environment = {"PYTHONDONTWRITEBYTECODE": "", **{f"MSS_SIM_{name.upper()}": str(value) for name, value in (more or {}).items()}}
    if in_clear:
        environment |= {f"MSS_SIM_{name.upper()}": value for name, value in (one.split("=") for one in IN_CLEAR.split(", "))}
    ready_file, log = folder / "ready.json", folder / "simulator.log"
    ready_file.unlink(missing_ok=True)
    where = ["--memory"] if data is None else ["--data", str(data)]
    if database is not None:
        environment["MSS_SIM_DATABASE_URL"] = database
    ports = ["--mx-port", str(mx_port), "--submission-port", "0", "--imap-port", "0", "--http-port", "0"]
    command = [sys.executable, "-m", "mss_sim", "run", *where, *ports, "--ready-file", str(ready_file)]
    began = time.perf_counter()
    with log.open("ab") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=errors, stderr=errors, env={**os.environ, **environment})
    while not ready_file.exists():
        if process.poll() is not None:
            raise BenchmarkError(f"the simulator ended with status {process.returncode}: {_tail(log)}")
        if time.perf_counter() - began > _READY_SECONDS:
            process.kill()
            raise BenchmarkError(f"the simulator was not ready after {_READY_SECONDS:g} s: {_tail(log)}")
        time.sleep(0.001)
    seconds = time.perf_counter() - began
    return Simulator(process, json.loads(ready_file.read_text(encoding="utf-8")), seconds, log)


@contextmanager
def simulator(
    folder: Path,
    *,
    data: Path | None = None,
    mx_port: int = 0,
    in_clear: bool = False,
    database: str | None = None,
    more: Mapping[str, object] | None = None,
) -> Iterator[Simulator]:
    """A simulator for the length of a block; it is stopped in order unless it has ended already."""
    running = start(folder, data=data, mx_port=mx_port, in_clear=in_clear, database=database, more=more)
    try:
        yield running
    except BaseException:
        running.kill()
        raise
    running.stop()


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or "it wrote nothing"


@contextmanager
def peer() -> Iterator[Address]:
    """Stock aiosmtpd for the length of a block."""
    process = subprocess.Popen([sys.executable, str(_HERE / "peer.py")], stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise BenchmarkError("the peer did not start")
        told = json.loads(line)
        yield told["host"], told["port"]
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
        if process.stdout:
            process.stdout.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load came to."""

    sent: int
    seconds: float
    per_second: float
    errors: int
    first_error: str | None


@dataclass(frozen=True, slots=True)
class Load:
    """What to send where; `extra` are further options of load.py."""

    to: Address
    count: int
    size: int = 2 * KIB
    connections: int = 10
    recipient: str = RECIPIENT
    extra: Sequence[str] = ()

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the load as a process of its own."""
        host, port = self.to
        options = {
            "--host": host,
            "--port": port,
            "--count": self.count,
            "--size": self.size,
            "--connections": self.connections,
            "--from": SENDER,
            "--to": self.recipient,
        }
        words = [str(word) for pair in options.items() for word in pair]
        return subprocess.Popen([sys.executable, str(_HERE / "load.py"), *words, *self.extra], stdout=subprocess.PIPE)

    def outcome(self, process: "subprocess.Popen[bytes]") -> Outcome:
        """Wait for a started load and read what it printed."""
        try:
            printed, _ = process.communicate(timeout=_LOAD_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise BenchmarkError(f"the load was not over after {_LOAD_SECONDS:g} s") from None
        if process.returncode != 0:
            raise BenchmarkError(f"the load ended with status {process.returncode}")
        return Outcome(**json.loads(printed))

    def run(self) -> Outcome:
        """Send everything; BenchmarkError when one message was not accepted."""
        outcome = self.outcome(self.start())
        if outcome.errors or outcome.sent != self.count:
            raise BenchmarkError(f"{outcome.sent} of {self.count} messages were accepted: {outcome.first_error}")
        return outcome

    def rate(self) -> float:
        """Send everything; messages per second."""
        return self.run().per_second
