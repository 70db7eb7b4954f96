"""Questions to the control plane of a running simulator, as the command line puts them."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO

from mss_sim.app.ready_file import NAME

_SECONDS = 300  # a clock that is moved by a month answers when the month has passed
_USUAL = "http://127.0.0.1:8080"


class NotTaken(OSError):
    """A simulator refuses; `rows` tell what is wrong with each row of a file."""

    def __init__(self, detail: str, rows: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.rows = tuple(rows)


def usual_http(folder: Path | None = None) -> str:
    """Where the simulator of this folder answers, by its ready file; the usual address where there is none."""
    return _usual(folder)[0]


def _usual(folder: Path | None = None) -> tuple[str, str | None]:
    """Address and control key as the ready file tells them: that of the folder, else the one that MSS_SIM_READY_FILE names.

    Without a folder it is the one of MSS_SIM_DATA_DIR, or ./data.
    """
    places = [(folder or Path(os.environ.get("MSS_SIM_DATA_DIR") or "data")) / NAME]
    if folder is None and os.environ.get("MSS_SIM_READY_FILE"):
        places.append(Path(os.environ["MSS_SIM_READY_FILE"]))
    for place in places:
        with suppress(OSError, ValueError, KeyError, TypeError):
            ready = json.loads(place.read_text(encoding="utf-8"))
            return str(ready["http"]), ready.get("control_key")
    return _USUAL, None


def ask(
    http: str,
    key: str | None,
    path: str,
    body: dict[str, Any] | None = None,
    method: str | None = None,
    *,
    seconds: float | None = _SECONDS,
) -> Any:
    """The JSON that is answered: to POST when there is a body, else to GET, or to `method`.

    An empty `http` is what the ready file tells, as is the key where none is given and `http` is the address in that file.
    `seconds` is the longest silence, None for as long as it takes. OSError with what to do when there is no such answer.
    """
    return json.loads(ask_octets(http, key, path, body, method, seconds=seconds))


def ask_octets(
    http: str,
    key: str | None,
    path: str,
    body: dict[str, Any] | BinaryIO | None = None,
    method: str | None = None,
    *,
    seconds: float | None = _SECONDS,
) -> bytes:
    """The octets that are answered; a `body` may be a file, which is sent as it is. `seconds` is the longest silence, None for any.

    ValueError when the URL is none of HTTP's, OSError when no simulator answers, or it refuses: with what is wrong, line by line of a file.
    """
    import urllib.error  # noqa: PLC0415 - the command line answers --help at once
    import urllib.request  # noqa: PLC0415
    from http.client import HTTPException  # noqa: PLC0415

    there, its_key = _usual()
    http = http or there
    key = key or (its_key if http.rstrip("/") == there else None)
    if not http.startswith(("http://", "https://")):
        raise ValueError(f"{http} is not an http URL")
    headers = {"Content-Type": "application/json", **({"X-Control-Key": key} if key else {})}
    sent = json.dumps(body).encode() if isinstance(body, dict) else body
    if sent is not None and not isinstance(sent, bytes):
        headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(sent.seek(0, SEEK_END))}
        sent.seek(0)
    try:
        request = urllib.request.Request(http.rstrip("/") + path, sent, headers, method=method)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            octets: bytes = answer.read()
            return octets
    except urllib.error.HTTPError as error:
        detail, rows = _problem(error.read())
        raise NotTaken(detail or f"{http} answered {error.code}: is it a simulator? See --http", rows) from error
    except HTTPException as error:  # a URL that no request can be made of, an answer that is not HTTP's
        raise OSError(f"no simulator answers at {http}: {str(error) or type(error).__name__}; see --http") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise OSError(f"no simulator answers at {http}: {reason}; start one with mss-sim run, or name it with --http") from error
    except ValueError as error:
        raise OSError(f"what answers at {http} is not a simulator; name one with --http") from error


def _problem(body: bytes) -> tuple[str, list[str]]:
    """What the simulator's problem document says, of the whole and of rows of a file; nothing when it is none of its own."""
    try:
        problem = json.loads(body)
    except ValueError:
        return "", []
    if not (isinstance(problem, dict) and "code" in problem and "detail" in problem):
        return "", []
    rows = [f"{one['where']}: {one['what']}" for one in problem.get("errors", ()) if str(one["where"]).startswith("line ")]
    return str(problem["detail"]), rows
