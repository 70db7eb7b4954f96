"""Structured logging to standard error.

One line per event, key=value for people, JSON for machines. Nothing here prints the content of a message or a credential.
"""

import logging
import sys

import structlog

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
