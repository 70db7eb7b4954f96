"""Questions to the control plane of a running simulator, as the command line puts them."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from mss_sim.app.ready_file import NAME

_SECONDS = 300  # a clock that is moved by a month answers when the month has passed
_USUAL = "http://127.0.0.1:8080"


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


def ask(http: str, key: str | None, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
    """The JSON that is answered: to POST when there is a body, else to GET, or to `method`.

    An empty `http` is what the ready file tells, as is the key where none is given and `http` is the address in that file.
    OSError with what to do when there is no such answer.
    """
    return json.loads(ask_octets(http, key, path, body, method))


def ask_octets(
    http: str, key: str | None, path: str, body: dict[str, Any] | None = None, method: str | None = None, *, seconds: float = _SECONDS
) -> bytes:
    """The octets that are answered; `seconds` is the longest silence.

    ValueError when the URL is none of HTTP's, OSError when no simulator answers, or it refuses.
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
    sent = None if body is None else json.dumps(body).encode()
    try:
        request = urllib.request.Request(http.rstrip("/") + path, sent, headers, method=method)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            octets: bytes = answer.read()
            return octets
    except urllib.error.HTTPError as error:
        raise OSError(_detail(error.read()) or f"{http} answered {error.code}: is it a simulator? See --http") from error
    except HTTPException as error:  # a URL that no request can be made of, an answer that is not HTTP's
        raise OSError(f"no simulator answers at {http}: {str(error) or type(error).__name__}; see --http") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise OSError(f"no simulator answers at {http}: {reason}; start one with mss-sim run, or name it with --http") from error
    except ValueError as error:
        raise OSError(f"what answers at {http} is not a simulator; name one with --http") from error


def _detail(body: bytes) -> str:
    """What the simulator's problem document says; empty when it is none of its own."""
    try:
        problem = json.loads(body)
    except ValueError:
        return ""
    return str(problem["detail"]) if isinstance(problem, dict) and "code" in problem and "detail" in problem else ""
