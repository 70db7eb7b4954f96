"""Questions to the control plane of a running simulator, as the command line puts them."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from mss_sim.app.ready_file import NAME

_SECONDS = 300  # a clock that is moved by a month answers when the month has passed
_USUAL = "http://127.0.0.1:8080"


def usual_http(folder: Path = Path("data")) -> str:
    """Where the simulator of this folder answers, by its ready file; the usual address where there is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((folder / NAME).read_text(encoding="utf-8"))["http"])
    return _USUAL


def ask(http: str, key: str | None, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
    """The JSON that is answered: to POST when there is a body, else to GET, or to `method`; an empty `http` is `usual_http`.

    OSError with what to do when there is no such answer.
    """
    return json.loads(ask_octets(http, key, path, body, method))


def ask_octets(http: str, key: str | None, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> bytes:
    """The octets that are answered. ValueError when the URL is none of HTTP's, OSError when no simulator answers, or it refuses."""
    import urllib.error  # noqa: PLC0415 - the command line answers --help at once
    import urllib.request  # noqa: PLC0415
    from http.client import HTTPException  # noqa: PLC0415

    http = http or usual_http()
    if not http.startswith(("http://", "https://")):
        raise ValueError(f"{http} is not an http URL")
    headers = {"Content-Type": "application/json", **({"X-Control-Key": key} if key else {})}
    sent = None if body is None else json.dumps(body).encode()
    try:
        request = urllib.request.Request(http.rstrip("/") + path, sent, headers, method=method)  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
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
