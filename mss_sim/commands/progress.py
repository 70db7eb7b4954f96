"""How far something is that takes its time (GET /control/bulk): a bar on a terminal, else a line now and then, both on standard error."""

import sys
import threading
from collections.abc import Callable
from typing import Any, Self

from mss_sim.app.asking import ask

_LOOK_SECONDS = 0.5
_LINES = 10
"""Lines about one stage where there is no terminal."""


def watched(http: str, key: str | None, work: Callable[[], Any]) -> Any:
    """What a request answers that takes its time; meanwhile it is shown how far it is."""
    outcome: list[Any] = []
    over = threading.Event()

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again below, where the waiting caller sees it
            outcome.append(error)
        finally:
            over.set()

    thread = threading.Thread(target=run, daemon=True)  # so that Ctrl-C ends the program while it is asked
    thread.start()
    with _Shown() as shown:
        while not over.wait(_LOOK_SECONDS):
            try:
                shown.show(ask(http, key, "/control/bulk"))
            except OSError:  # what is wrong is told by the request itself
                continue
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def tell(line: str) -> None:
    """A line about progress, on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class _Shown:
    """The bar, or the lines."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""
        self._told = -1

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - few commands take their time
            from rich.progress import Progress  # noqa: PLC0415

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, now: dict[str, Any]) -> None:
        """Show what GET /control/bulk answers."""
        stage, done, total = now["stage"], now["done"], now["total"]
        if stage is None:
            return
        if self._bar is not None:
            if stage != self._stage:
                self._task = self._bar.add_task(stage, total=total)
            self._bar.update(self._task, completed=done)
        part = done * _LINES // max(total, 1)
        if self._bar is None and (stage, part) != (self._stage, self._told):
            tell(f"{stage}: {done} of {total}")
        self._stage, self._told = stage, part
