"""Structured logging to standard error.

One line per event, key=value for people, JSON for machines (docs/guide/log.md). Nothing here prints the text of a message or a credential.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence

import structlog

from mss_sim.clock import SystemClock, iso

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str = "info", *, json_lines: bool = False) -> None:
    """Set the process up once, from the command line; libraries that log through `logging` follow `level` too.

    ValueError when there is no such level.
    """
    if level.lower() not in LEVELS:
        raise ValueError(f"there is no log level {level}; the levels are {', '.join(LEVELS)}")
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    plain = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        exception_formatter=structlog.dev.plain_traceback,  # the rich one shows local variables: letters, passwords
    )
    renderers = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()] if json_lines else [plain]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of one part of the program."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger


Told = tuple[str, Mapping[str, str]]
"""An event of level info: its name, and its fields in the order in which they are printed."""


def teller() -> Callable[[Sequence[Told]], None] | None:
    """What prints many events at once, for a tenth of what a logger takes; None where info is not printed, or nothing was set up."""
    if not structlog.is_configured() or not structlog.get_logger().is_enabled_for(logging.INFO):
        return None
    told = structlog.get_config()
    out = told["logger_factory"]()
    as_json = isinstance(told["processors"][-1], structlog.processors.JSONRenderer)

    def tell(events: Sequence[Told]) -> None:
        now = iso(SystemClock().now())
        write = _json_line if as_json else _line
        out.msg("\n".join([write(now, name, fields) for name, fields in events]))

    return tell


def _line(now: str, name: str, fields: Mapping[str, str]) -> str:
    return f"{now} [info     ] {name:<30} " + " ".join([f"{key}={_shown(value)}" for key, value in fields.items()])


def _json_line(now: str, name: str, fields: Mapping[str, str]) -> str:
    return json.dumps({"event": name, **fields, "level": "info", "timestamp": now})


def _shown(value: str) -> str:
    """A value among others on one line: quoted where a space or a quote stands in it, what a terminal would obey as escapes."""
    plain = value.isprintable()
    if plain and value and " " not in value and '"' not in value:
        return value
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return quoted if plain else "".join([one if one.isprintable() else json.dumps(one)[1:-1] for one in quoted])
