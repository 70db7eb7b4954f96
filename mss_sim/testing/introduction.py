"""Two simulators become operators of one trust space: each learns the operators of the other, where they are and what certifies them.

    python -m mss_sim.testing.introduction http://127.0.0.1:8080 127.0.0.1:1025 http://127.0.0.1:8180 127.0.0.1:1125

Each is named by its HTTP address, whose scheme may be left out, and by the MX port as the other one reaches it. MSS_SIM_CONTROL_KEY is
sent where it is set. It may be done again, after a move for instance.
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


def introduce(here: str, there: str, mx: str) -> list[str]:
    """Make the operators that are served `there` (an HTTP address), behind `mx` (host:port), known `here`; their names.

    OSError when one does not answer, ValueError when it refuses.
    """
    known = {one["name"]: one for one in _ask(here, "GET", "/operators")}
    rows = _ask(there, "GET", "/white-list")["rows"]
    reached = {"mx": mx, "mx_ca": _fetch(there, "GET", "/ca.pem").decode("ascii")}
    met = []
    for one in _ask(there, "GET", "/operators"):
        if one["mx"] is not None:
            continue
        if one["name"] in known and known[one["name"]]["mx"] is not None:
            _ask(here, "PATCH", f"/operators/{urllib.parse.quote(one['name'], safe='')}", reached)
        else:
            listed = sorted({row["certificate_dn"] for row in rows if row["domain"] in one["domains"]})
            new = {"name": one["name"], "domains": one["domains"], "certificate_dns": listed}
            _ask(here, "POST", "/operators", {**new, **reached})
        met.append(str(one["name"]))
    return met


def _ask(http: str, method: str, path: str, body: Any = None) -> Any:
    return json.loads(_fetch(http, method, path, body))


def _fetch(http: str, method: str, path: str, body: Any = None) -> bytes:
    headers = {"Content-Type": "application/json", "X-Control-Key": os.environ.get("MSS_SIM_CONTROL_KEY", "")}
    data = None if body is None else json.dumps(body).encode()
    base = http.rstrip("/") if "://" in http else f"http://{http.rstrip('/')}"
    request = urllib.request.Request(f"{base}/control{path}", data, headers, method=method)  # noqa: S310 - the user's own
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            octets: bytes = answer.read()
            return octets
    except urllib.error.HTTPError as error:
        raise ValueError(f"{http} refuses: {error.read().decode(errors='replace')}") from error


def main() -> None:
    """Introduce the two simulators of the command line to each other."""
    match sys.argv[1:]:
        case [one, mx, other, other_mx]:
            pass
        case _:
            sys.exit("introduction: give HTTP address and MX host:port of one simulator, then of the other")
    try:
        for here, there, where in ((one, other, other_mx), (other, one, mx)):
            print(f"{here} knows {', '.join(introduce(here, there, where)) or 'nobody'} at {where}")  # noqa: T201 - the user waits for it
    except (OSError, ValueError) as error:
        sys.exit(f"introduction: {error}")


if __name__ == "__main__":
    main()
