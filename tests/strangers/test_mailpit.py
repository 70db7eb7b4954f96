"""A suite that was written against Mailpit: mailpit-api in node, with another base URL and nothing else changed."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, PATIENT, PRACTICE, Person, letter
from tests.conftest import StartSimulator

NODE = Path(__file__).parent / "node"
SECONDS = 60


async def _seen(simulator: Simulator, part: str, key: str | None = None, meanwhile: Any = None) -> list[Any]:
    """What mailpit-api saw in one part of its day, in the order in which node/catcher.mjs says it; `meanwhile` happens while it waits."""
    assert (NODE / "node_modules" / "mailpit-api").is_dir(), "mailpit-api is missing: make strangers and make test install it"
    story: dict[str, Any] = {"part": part, "base": f"{simulator.ready()['http']}/mailpit"}
    if key is not None:
        story["auth"] = {"username": "anybody", "password": key}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = await asyncio.create_subprocess_exec("node", str(NODE / "catcher.mjs"), json.dumps(story), **pipes)  # type: ignore[arg-type]
    assert process.stdout
    assert process.stderr
    seen = []
    try:
        async with asyncio.timeout(SECONDS):
            async for line in process.stdout:
                seen.append(json.loads(line))
                if seen[-1] == "waiting":
                    seen.pop()
                    await meanwhile()
            error = (await process.stderr.read()).decode()
            assert await process.wait() == 0, error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return seen


async def _send(simulator: Simulator, to: list[str], subject: str, text: str = "Bonjour.", named: list[str] | None = None) -> None:
    message = letter(DOCTOR, named or to, subject, text)
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="compte rendu é.pdf")
    assert (await Person(simulator, "doctor").smtp(DOCTOR, to, message)).code == 250


async def test_a_letter_is_listed_opened_and_taken_apart(simulator: Simulator) -> None:
    await _send(simulator, [PRACTICE, PATIENT, DOCTOR2], "Compte rendu", named=[PRACTICE])
    page, message, headers, source, file, info = await _seen(simulator, "look")
    assert {name: page[name] for name in ("total", "unread", "count", "messages_count", "messages_unread", "start", "tags")} == {
        "total": 1,
        "unread": 1,
        "count": 1,
        "messages_count": 1,
        "messages_unread": 1,
        "start": 0,
        "tags": [],
    }
    [one] = page["messages"]
    assert (one["Subject"], one["Read"], one["Attachments"], one["Snippet"], one["Tags"]) == ("Compte rendu", False, 1, "Bonjour.", [])
    assert one["From"] == {"Name": "", "Address": DOCTOR}
    assert ([who["Address"] for who in one["To"]], one["Cc"], one["ReplyTo"]) == ([PRACTICE], [], [])
    assert {who["Address"] for who in one["Bcc"]} == {PATIENT, DOCTOR2}
    assert one["Username"] == "camille.martin"
    assert {name: message[name] for name in one.keys() & message.keys() - {"Attachments"}} == {
        name: value for name, value in one.items() if name in message and name != "Attachments"
    }
    assert (message["Text"].strip(), message["HTML"], message["ReturnPath"], message["Inline"]) == ("Bonjour.", "", DOCTOR, [])
    [attached] = message["Attachments"]
    assert (attached["FileName"], attached["ContentType"], attached["Size"]) == ("compte rendu é.pdf", "application/pdf", 8)
    assert len(attached["Checksums"]["SHA256"]) == 64
    assert headers["Message-Id"] == [f"<{one['MessageID']}>"]
    assert list(headers) == sorted(headers)
    assert source == ["Subject: Compte rendu"]
    assert file == ["application/pdf", "%PDF-1.7"]
    assert (info["Messages"], info["Unread"], info["Tags"]) == (1, 0, {})


async def test_a_letter_is_waited_for(simulator: Simulator) -> None:
    async def meanwhile() -> None:
        await _send(simulator, [PRACTICE], "Autre")
        await _send(simulator, [PRACTICE], "Le mot de passe", "Il est 4711.")

    assert await _seen(simulator, "wait", meanwhile=meanwhile) == ["Il est 4711.", ["Le mot de passe"]]


async def test_letters_are_searched_marked_and_deleted_with_the_control_key_as_password(start: StartSimulator) -> None:
    async with start(control_key="a-key-of-mine") as simulator:
        for subject in ("un", "deux", "trois"):
            await _send(simulator, [PRACTICE, PATIENT], subject)
        seen = iter(await _seen(simulator, "order", key="a-key-of-mine"))
        assert next(seen) == ["trois", "un"]
        assert next(seen) == "ok"
        assert next(seen) == ["trois", "deux"]
        assert [next(seen), next(seen)] == ["ok", "ok"]
        assert next(seen) == [["un", True]]
        assert [next(seen), next(seen)] == ["ok", 1]
        assert next(seen) == "ok"
        assert next(seen)["total"] == 0
        assert [next(seen), next(seen)] == ["404", "400"]
        while await simulator.core.queue.work():
            pass
        assert await Person(simulator, "doctor").inbox(PRACTICE) == []
