"""The ready file: what a client needs to know of a running simulator, as JSON.

It always stands in the data folder, and where `--ready-file` says besides. One that a killed process left is removed before anything
else is done, so that a file that is there tells of a simulator that is ready.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mss_sim.vocabulary.directory import BASE, EXTRACTIONS, WRITE_BASE, FileName

NAME = "ready.json"


def directory(url: str, api_key: str) -> dict[str, str]:
    """Where the national directory is, below scheme, host and port, and the key that it asks for. `write`: for operators, by their own."""
    files = {name: url + path for path, name in EXTRACTIONS.items()}
    read = {"fhir": url + BASE, "api_key": api_key}
    return {
        **read,
        "extraction": files[FileName.MAILBOXES],
        "professionals": files[FileName.PROFESSIONALS],
        "cards": files[FileName.CARDS],
        "write": url + WRITE_BASE,
    }


def write(path: Path, ready: Mapping[str, Any]) -> None:
    """Write it whole or not at all, for its owner alone: it holds passwords and keys. OSError with what to do."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        content = json.dumps(ready, ensure_ascii=False, indent=2) + "\n"
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
        beside.replace(path)
    except OSError as error:
        raise OSError(f"the ready file {path} cannot be written: {error.strerror}; name another with --ready-file") from error


def where(path: Path) -> str:
    """What the simulator that wrote it answers at, as the end of a sentence; empty where nothing can be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return f"; it answers at {json.loads(path.read_text(encoding='utf-8'))['http']}"
    return ""


def remove(path: Path, ready: Mapping[str, Any] | None = None) -> None:
    """Remove it, even one of another process; with `ready`, only when it tells that: one of the same folder may have written since."""
    with suppress(OSError, ValueError):
        if ready is None or json.loads(path.read_text(encoding="utf-8")) == ready:
            path.unlink()
