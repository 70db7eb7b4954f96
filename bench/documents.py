"""How soon somebody is told what is wrong with the documents of a letter: an archive with a CDA, and a PDF beside it."""

import json
import time
from typing import Any

from figures import BenchmarkError, Row, Setting, percentile
from servers import SENDER, simulator
from worlds import ask, connection, post

_MILLISECONDS_MAX = 60.0


def diagnosed(setting: Setting) -> list[Row]:
    """Over HTTP, from the question to the last octet of the answer; the first question loads what it needs, and is told by itself."""
    with simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running:
        made: dict[str, Any] = ask(running, "POST", "/control/documents", {}, 200)
        made.pop("finding")
        post(connection(running), json.dumps({"to": [SENDER], **made}).encode())
        ask(running, "POST", "/control/wait", {"kind": "settled", "timeout": 60.0}, 200)
        [letter] = ask(running, "GET", "/control/messages?subject=XDM", None, 200)["items"]
        asking, path = connection(running), f"/control/messages/{letter['id']}/diagnosis"

        def asked() -> float:
            began = time.perf_counter()
            asking.request("GET", path)
            answer = asking.getresponse()
            told = json.loads(answer.read())
            if not {one["kind"] for one in told["documents"]} >= {"archive", "cda", "pdf"}:
                raise BenchmarkError(f"these documents were not looked at: {told['documents']}")
            return (time.perf_counter() - began) * 1_000

        first, later = asked(), [asked() for _ in range(setting.count(200, 5))]
    middle, slow = percentile(later, 0.5), percentile(later, 0.95)
    detail = {"first_milliseconds": first, "median_milliseconds": middle, "p95_milliseconds": slow}
    figure, ratio = f"{middle:.0f} ms, p95 {slow:.0f} ms; the first {first:.0f} ms", slow / _MILLISECONDS_MAX
    return [Row("diagnosis of a letter with documents", figure, f"p95 <= {_MILLISECONDS_MAX:g} ms", ratio, ratio <= 1, detail)]
