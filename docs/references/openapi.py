"""Write openapi.json beside this file: every route over HTTP, with its shapes and examples, for who makes a client without starting one.

`make references` runs it; `tests/house/test_openapi_file.py` holds the file against the code, so that no promise changes unseen.
"""

import json
from pathlib import Path

from mss_sim.app import http_application

_FILE = Path(__file__).resolve().with_name("openapi.json")


def written() -> str:
    """The file."""
    return json.dumps(http_application.of_no_world().openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    _FILE.write_text(written(), encoding="utf-8")
