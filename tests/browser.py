"""A real browser without a window: what a page looks like once its scripts have run. It reaches this machine and no other."""

import asyncio
import shutil
import tempfile
from pathlib import Path

_SECONDS = 90
_PROGRAMS = ("chromium", "google-chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little
    "--disable-background-networking",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1200,1600",
    "--virtual-time-budget=20000",
)


def _program() -> str:
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    assert found, f"no browser is installed: apt-get install chromium ({', '.join(_PROGRAMS)} were looked for)"
    return found


async def rendered(url: str) -> str:
    """The document of a page as the browser holds it after its scripts ran, as HTML."""
    with tempfile.TemporaryDirectory(prefix="mss-sim-browser-", ignore_cleanup_errors=True) as profile:
        command = (_program(), *_OPTIONS, f"--user-data-dir={profile}", "--dump-dom", url)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        async with asyncio.timeout(_SECONDS):
            told, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode("utf-8", "replace")
    return told.decode("utf-8")


async def pictured(url: str, file: Path) -> None:
    """Keep a picture of a page, for whoever wants to look at it."""
    with tempfile.TemporaryDirectory(prefix="mss-sim-browser-", ignore_cleanup_errors=True) as profile:
        command = (_program(), *_OPTIONS, f"--user-data-dir={profile}", f"--screenshot={file}", url)
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        async with asyncio.timeout(_SECONDS):
            assert await process.wait() == 0
