"""go-imap, the library of the mail programs that are written in Go, over STARTTLS."""

import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, Person, control, letter
from tests.strangers.telling import HERE, must_exist, told

LIBRARIES = Path("/usr/share/gocode")
HOLDER = {"user": "camille.martin", "password": "cabinet-2026", "mechanism": "LOGIN"}
SECRETARY = {"user": f"{PRACTICE}*sophie.petit", "password": "cabinet-2026", "mechanism": "PLAIN"}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built once."""
    must_exist(LIBRARIES / "src/github.com/emersion/go-imap", "go-imap (golang-github-emersion-go-imap-dev)")
    go = shutil.which("go")
    assert go, "go is missing: make strangers installs golang-go"
    folder = tmp_path_factory.mktemp("go")
    program = folder / "day"
    env = {**os.environ, "GOPATH": str(LIBRARIES), "GO111MODULE": "off", "GOCACHE": str(folder / "cache"), "GOFLAGS": ""}
    built = subprocess.run([go, "build", "-o", program, HERE / "go" / "day.go"], env=env, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return program


async def _lived(
    day: Path, simulator: Simulator, account: Mapping[str, Any], *parts: str, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> dict[str, str]:
    """What it saw, by the word before the first bar."""
    ready = simulator.ready()
    given = {"ca": ready["ca_file"], "imap": ready["imap"]["port"], "parts": ",".join(parts), **account}
    lines = await told(str(day), *(f"{name}={value}" for name, value in given.items()), meanwhile=meanwhile)
    return {name: rest for name, _, rest in (line.partition(" | ") for line in lines)}


@pytest.mark.parametrize("account", [SECRETARY, {**SECRETARY, "mechanism": "LOGIN"}], ids=["PLAIN for a mailbox", "LOGIN with both names"])
async def test_the_shared_mailbox_is_a_mailbox_like_another(day: Path, simulator: Simulator, account: dict[str, str]) -> None:
    seen = await _lived(day, simulator, account, "tree")
    assert seen["folders"] == seen["subscribed"] == "[Archive Drafts INBOX Junk Sent Trash]"
    assert seen["sent has"] == "/ | [\\HasNoChildren \\Sent]"


async def test_a_mailbox_is_read_and_searched(day: Path, simulator: Simulator) -> None:
    seen = await _lived(day, simulator, HOLDER, "order")
    assert seen["status"] == "2 | 1 | 3"
    assert seen["selected"] == "2 | 3 | false"
    assert seen["1"] == "L'été | paul@hopital-ormes.sim.mssante.fr | [$forwarded \\Recent \\Seen] | 2026-01-05T09:00:00Z | 1"
    assert seen["2"] == "deux | paul@hopital-ormes.sim.mssante.fr | [\\Recent] | 2026-01-05T09:00:00Z | 2"
    assert seen["structure"] == "mixed | 2 | attachment | map[filename*:utf-8''r%C3%A9sultat.pdf]", "parameters go out as they came"
    assert seen["text"] == "Le bilan hépatique est prêt."
    assert seen["found"] == "[1] | [1] | [2] | [1 2]"


async def test_a_mailbox_is_kept_in_order(day: Path, simulator: Simulator) -> None:
    seen = await _lived(day, simulator, HOLDER, "order", "move")
    assert seen["expunged"] == "[1]"
    assert seen["left"] == "0"
    assert seen["kept"] == "2 | true"
    assert seen["read only"] == "Dossiers/Passe is open for reading only: SELECT it. (rfc9051#6.3.3)"
    assert seen["deleted"].startswith("There is no folder Dossiers/Passe"), "it had gone at the first time"


async def test_a_letter_arrives_while_it_idles_with_a_token(day: Path, simulator: Simulator) -> None:
    async def deliver() -> None:
        sent = await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "pendant IDLE"))
        assert sent.code == 250, sent.text

    token = (await control(simulator, "POST", "/tokens", {"who": "sophie.petit"})).json()["access_token"]
    account = {"user": PRACTICE, "password": token, "mechanism": "XOAUTH2"}
    seen = await _lived(day, simulator, account, "wait", meanwhile=deliver)
    assert seen["arrived"] == "pendant IDLE"


async def test_a_wrong_password_is_refused_in_words(day: Path, simulator: Simulator) -> None:
    with pytest.raises(AssertionError, match="The login or the password is wrong"):
        await _lived(day, simulator, {**HOLDER, "password": "wrong"}, "tree")
