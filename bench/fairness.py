"""How much of its speed a world keeps while a client of another world of the same process misbehaves as hard as it can."""

import contextlib
import multiprocessing
import select
import socket
import time
from multiprocessing.synchronize import Event as Flag
from typing import Any

from figures import Row, Setting
from servers import simulator
from worlds import ask, connection, letter, post

_CONNECTIONS = 20
_SHARE_MIN = 0.5
_SECONDS = 5.0
_ROUNDS = 3
_FLOOD = b"NOOP\r\n" * 5_000


def worlds_apart(setting: Setting) -> list[Row]:
    """Letters that one client sends to a world over REST, alone and beside the flood on the SMTP port of another, in turns.

    Two who ask for all that there is get half each: that is a fair share.
    """
    seconds, rounds = (_SECONDS, _ROUNDS) if not setting.quick else (0.5, 1)
    alone: list[float] = []
    beside: list[float] = []
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running:
        other: dict[str, Any] = ask(running, "POST", "/control/worlds", {}, 201)
        sending, body = connection(running), letter("Compte rendu")
        for _ in range(rounds):
            alone.append(_rate(sending, body, seconds))
            with _flood(other["submission"]["host"], other["submission"]["port"]):
                beside.append(_rate(sending, body, seconds))
    share = sum(beside) / sum(alone)
    detail = {"per_second_alone": alone, "per_second_beside": beside, "connections": _CONNECTIONS}
    figure = f"{share:.0%} of {sum(alone) / rounds:.0f} letters/s"
    return [Row("a world beside a flood in another", figure, f"> {_SHARE_MIN:.0%}", share / _SHARE_MIN, share > _SHARE_MIN, detail)]


def _rate(sending: Any, body: bytes, seconds: float) -> float:
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        post(sending, body)
        count += 1
    return count / passed


@contextlib.contextmanager
def _flood(host: str, port: int) -> Any:
    """A process that sends commands on many connections, reads no answer before it has to, and comes again when it is cut."""
    over = multiprocessing.Event()
    process = multiprocessing.Process(target=_pour, args=(host, port, over), daemon=True)
    process.start()
    time.sleep(0.5)
    try:
        yield
    finally:
        over.set()
        process.join(10)


def _pour(host: str, port: int, over: Flag) -> None:
    opened: list[socket.socket] = []
    while not over.is_set():
        while len(opened) < _CONNECTIONS:
            made = socket.create_connection((host, port))
            made.setblocking(False)
            opened.append(made)
        ready, writable, _ = select.select(opened, opened, [], 1)
        for one in {*ready, *writable}:
            try:
                with contextlib.suppress(BlockingIOError):
                    while one.recv(65_536):
                        pass
                with contextlib.suppress(BlockingIOError):
                    one.send(_FLOOD)
            except OSError:
                opened.remove(one)
                one.close()
