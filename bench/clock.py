"""How long it takes until a month has passed in which ten thousand things were due: tries of letters to a mailbox that takes none."""

import time
from urllib.parse import quote

import httpx
from figures import Row, Setting
from servers import RECIPIENT, SENDER, SENDER_LOGIN, SENDER_PASSWORD, simulator

_LETTERS = 80
"""Each is tried some 125 times in five days."""
_SECONDS_MAX = 20.0


def month(setting: Setting) -> list[Row]:
    """A month with ten thousand tries, each over the wire at its own instant."""
    count = setting.count(_LETTERS, 2)
    with (
        simulator(setting.folder, data=setting.folder / "data", mx_port=setting.mx_port) as running,
        httpx.Client(base_url=running.ready["http"], auth=(SENDER_LOGIN, SENDER_PASSWORD), timeout=600) as client,
    ):
        client.put("/control/clock", json={"mode": "frozen"}).raise_for_status()
        client.patch(f"/control/mailboxes/{RECIPIENT}", json={"state": "suspended"}).raise_for_status()
        for number in range(count):
            letter = {"to": [RECIPIENT], "subject": f"n° {number}", "text": "Bonjour."}
            client.post(f"/api/v1/mailboxes/{quote(SENDER)}/messages", json=letter).raise_for_status()
            client.post("/control/clock/advance", json={"by": "PT1S"}).raise_for_status()
        began = time.perf_counter()
        answer = client.post("/control/clock/advance", json={"by": "P1M"})
        seconds = time.perf_counter() - began
    fired = len(answer.raise_for_status().json()["fired"])
    limit = _SECONDS_MAX * fired / 10_000 if count < _LETTERS else _SECONDS_MAX
    detail = {"seconds": seconds, "fired": fired}
    figure = f"{seconds:.1f} s for {fired:,} tries"
    return [Row("clock moved by a month", figure, f"<= {limit:.1f} s", seconds / limit, seconds <= limit, detail)]
