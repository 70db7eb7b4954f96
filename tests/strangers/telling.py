"""Programs in other languages that live through the day of a mailbox and tell line by line what they saw."""

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from email.policy import SMTP
from pathlib import Path
from typing import Any

from tests.clients import DOCTOR, HOSPITAL, base64_of, letter

HERE = Path(__file__).parent
REPORT = b"%PDF-1.4 \x00\xff"
_SECONDS = 60


async def told(*command: str, meanwhile: Callable[[], Awaitable[None]] | None = None) -> list[str]:
    """The lines that a program says before it ends well; `meanwhile` happens once it says that it is idling."""
    program = shutil.which(command[0])
    assert program, f"{command[0]} is missing: make strangers installs it"
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(program, *command[1:], stdout=pipe, stderr=pipe, env=env)
    assert process.stdout
    assert process.stderr
    errors = asyncio.create_task(process.stderr.read())
    lines = []
    try:
        async with asyncio.timeout(_SECONDS):
            async for line in process.stdout:
                lines.append(line.decode().rstrip("\n"))
                if lines[-1].strip('"') == "idling" and meanwhile is not None:
                    await meanwhile()
            assert await process.wait() == 0, (await errors).decode(errors="replace")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await errors
    return lines


async def told_as_json(*command: str, meanwhile: Callable[[], Awaitable[None]] | None = None) -> list[Any]:
    """The same from a program that says one JSON value a line."""
    return [json.loads(line) for line in await told(*command, meanwhile=meanwhile)]


def letters_with_report(*subjects: str, to: str = DOCTOR) -> list[str]:
    """Letters of a text and a report that is no text, in base64 for an argument."""
    made = []
    for subject in subjects:
        message = letter(HOSPITAL, to, subject, "Voici le compte rendu.")
        message.add_attachment(REPORT, maintype="application", subtype="pdf", filename="compte-rendu.pdf")
        made.append(base64_of(message.as_bytes(policy=SMTP)))
    return made


def must_exist(path: str | Path, what: str) -> Path:
    """A file of a library, or what to do about it."""
    assert Path(path).exists(), f"{what} is missing: make strangers installs it"
    return Path(path)
