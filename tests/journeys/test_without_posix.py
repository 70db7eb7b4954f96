"""What Windows has not is not needed: the program starts, serves and ends without it. Windows itself was not tried."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from mss_sim.net.listening import bind

_POORER = """
import asyncio, os, shutil, signal, socket, sys, tempfile, ssl, subprocess, uuid, getpass, http.server
for name in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "uvloop", "readline", "curses"):
    sys.modules[name] = None
for name in ("fork", "forkpty", "getuid", "geteuid", "getgid", "getegid", "setsid", "getpgid", "killpg", "uname", "sysconf", "nice",
             "chown", "lchown", "mkfifo", "fchmod", "O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC", "O_NONBLOCK", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGQUIT", "pthread_sigmask", "sigwait"):
    if hasattr(signal, name):
        delattr(signal, name)
pair, unix = socket.socketpair, socket.AF_UNIX
socket.socketpair = lambda *_: pair(unix)  # Windows has one of its own, by which its loops are woken
for name in ("AF_UNIX", "SO_REUSEPORT", "send_fds", "recv_fds"):
    if hasattr(socket, name):
        delattr(socket, name)
missing = asyncio.AbstractEventLoop.add_signal_handler  # it says that there is none
for kind in (asyncio.SelectorEventLoop, asyncio.BaseEventLoop):
    kind.add_signal_handler = kind.remove_signal_handler = missing
from mss_sim.cli import main
main()
"""
_PORTS = ("--submission-port", "0", "--mx-port", "0", "--imap-port", "0", "--http-port", "0", "--dns-port", "0", "--https-port", "0")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_it_runs_without_what_windows_has_not(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", _POORER, "run", "--data", str(tmp_path / "data"), *_PORTS, "--traps", "--log-level", "error"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ready_file = tmp_path / "data" / "ready.json"
    deadline = time.monotonic() + 60
    while not ready_file.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ready = json.loads(ready_file.read_text(encoding="utf-8"))
    doctor = ("camille.martin", "cabinet-2026")
    assert httpx.get(f"{ready['http']}/api/v1/me", auth=doctor).json()["idnat"] == "899700420013"
    letter = {"to": ["paul.durand@hopital-ormes.sim.mssante.fr"], "subject": "Bonjour", "text": "Bonjour."}
    sent = httpx.post(f"{ready['http']}/api/v1/mailboxes/camille.martin@medecin.sim.mssante.fr/messages", auth=doctor, json=letter)
    timeline = f"{ready['http']}{sent.json()['timeline_url']}"
    while httpx.get(timeline, auth=doctor).json()["recipients"][0]["state"] != "delivered":
        assert time.monotonic() < deadline, httpx.get(timeline, auth=doctor).text
        time.sleep(0.05)
    running.send_signal(number)
    said = running.communicate(timeout=20)
    assert (running.returncode, said[1]) == (0, "")
    assert not ready_file.exists()


def test_a_port_belongs_to_one_process_where_reusing_it_would_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """SO_KEEPALIVE plays the option that only Windows has."""
    with bind("http", "127.0.0.1", 0) as listener:
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) != 0
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_KEEPALIVE, raising=False)
    with bind("http", "127.0.0.1", 0) as listener:
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 0
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0


def test_the_poorer_system_is_poorer() -> None:
    """Otherwise the first test would show nothing."""
    probe = _POORER.replace("from mss_sim.cli import main\nmain()", "import uvloop")
    played = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=False)
    assert "import of uvloop halted" in played.stderr
    assert os.name == "posix"
