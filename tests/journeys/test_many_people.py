"""Many people at once: made by numbers and read out of files, over HTTP and by the command line, while mail goes on."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.testing.handle import RunningSimulator
from tests.clients import DOCTOR, HOSPITAL, ImapClient, Person, control
from tests.conftest import StartSimulator

_HEAD = "type;idnat;civilité;prénom;nom;identifiant;mot de passe;bal;type de bal"
_ELISE = "professional;899700421011;Dr;Élise;LEGRAND;elise.legrand;cabinet-2026;elise.legrand@medecin.sim.mssante.fr;PER"
_NOE = "professional;899700421029;Dr;Noé;L'ŒUVRE;noe.loeuvre;cabinet-2026;noe.loeuvre@medecin.sim.mssante.fr;PER"
_GENERATE = {"practitioners": 20, "organisations": 2, "patients": 20, "letters": 10, "operators": 2, "seed": 7}


async def _import(simulator: Simulator, octets: bytes, **query: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=60) as client:
        return await client.post("/control/import", content=octets, params=query)


def _table(*rows: str) -> str:
    return "".join(f"{row}\r\n" for row in (_HEAD, *rows))


async def test_people_of_a_file_log_in_and_are_written_to_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        answer = await _import(simulator, _table(_ELISE, _NOE).encode("cp1252"))
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"rows": 2, "identities": 2, "mailboxes": 2, "refused": 0, "errors": []}
        told = (await control(simulator, "GET", "/identities/899700421029")).json()
        assert (told["name"], told["warnings"]) == ("Dr Noé L'ŒUVRE", [])
        assert (await Person(simulator, "doctor").send(DOCTOR, to=["elise.legrand@medecin.sim.mssante.fr"])).status_code == 201
        client = await ImapClient.open(simulator, "elise.legrand", "cabinet-2026")
        assert "* 1 EXISTS" in await client.ask("SELECT INBOX")
        await client.close()
        box = {"address": "cabinet.loeuvre@medecin.sim.mssante.fr", "mailbox_kind": "CAB", "owner": "899700421029"}
        lines = [{**box, "co_holders": ["899700421011"]}, {"kind": "carer", "idnat": "A-1", "family_name": "X"}]
        again = await _import(simulator, "\n".join(json.dumps(one) for one in lines).encode())
        assert (again.json()["identities"], again.json()["mailboxes"]) == (1, 1), again.text


async def test_a_network_is_made_once_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        made = (await control(simulator, "POST", "/generate", _GENERATE)).json()
        assert (made["operators"], made["identities"], made["mailboxes"], made["letters"]) == (2, 42, 20 + 1 + 2 + 2 + 20, 10)
        again = (await control(simulator, "POST", "/generate", {**_GENERATE, "letters": 0})).json()
        assert (again["operators"], again["identities"], again["present"], again["samples"]) == (0, 0, 42, made["samples"])
        for one in made["samples"]:
            client = await ImapClient.open(simulator, one["login"], one["password"])
            assert (await client.ask("SELECT INBOX"))[-1].startswith("OK ")
            await client.close()
        state = (await control(simulator, "GET", "/state")).json()
        assert (state["identities"], state["mailboxes"]) == (
            len((await control(simulator, "GET", "/identities")).json()),
            len((await control(simulator, "GET", "/mailboxes")).json()),
        )


async def test_wrong_rows_are_told_by_line_and_nothing_is_imported_unless_in_part(simulator: Simulator) -> None:
    wrong = _ELISE.replace("professional", "médecin"), _NOE.replace("noe.loeuvre;", "camille.martin;"), _NOE.replace(";PER", ";ORG")
    octets = _table(_ELISE, *wrong, _NOE).encode("utf-8-sig")
    before = (await control(simulator, "GET", "/state")).json()["identities"]
    answer = await _import(simulator, octets)
    assert (answer.status_code, answer.json()["code"], answer.json()["reference"]) == (422, "invalid-request", "quirks#import-files")
    assert [(one["where"], one["code"]) for one in answer.json()["errors"]] == [
        ("line 3", "invalid-request"),
        ("line 4", "conflict"),
        ("line 5", "invalid-request"),
    ]
    assert (await control(simulator, "GET", "/state")).json()["identities"] == before
    partly = (await _import(simulator, octets, partial=True)).json()
    assert (partly["rows"], partly["identities"], partly["refused"]) == (5, 2, 3)
    assert [one["where"] for one in partly["errors"]] == ["line 3", "line 4", "line 5"]


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"\x00\xff\xfe\x00", "columns that are not known"),
        (b"PK\x03\x04" + bytes(1_000), "workbook"),
        (b'[{"kind": "professional"}]', "JSON list"),
        (b"{" * 100_000, "at most 65536 characters"),
        (b'{"a":' * 10_000, "not JSON"),
        (_table('"' + "x;" * 40_000).encode(), "at most 65536 characters"),
        ((_HEAD + ";" + "nom;" * 10_000).encode(), "twice: "),
        (b"couleur\r\nbleu\r\n", "not known here: couleur"),
        (b'{"kind": "professional", "idnat": "1", "family_name": "\\ud800"}', "line 1"),
        (b'{"kind": "professional", "idnat": "1", "family_name": "a\\u0000"}', "family_name"),
        (b'{"kind": "professional", "idnat": "1\\u0000", "family_name": "a"}', "idnat"),
        (b'{"address": "a@medecin.sim.mssante.fr", "mailbox_kind": "PER", "owner": "1\\u0000"}', "NUL"),
        (b'{"kind": {"a": 1}, "idnat": 12345678901234567890123, "family_name": []}', "idnat"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_what_is_no_table_is_refused_and_nothing_stops(simulator: Simulator, octets: bytes, said: str) -> None:
    for partial in (False, True):
        answer = await _import(simulator, octets, partial=partial)
        assert answer.status_code == (200 if partial else 422), answer.text
        assert said in answer.text
    assert (await control(simulator, "GET", "/bulk")).json()["what"] is None


async def test_an_empty_body_is_a_file_without_columns(simulator: Simulator) -> None:
    assert (await _import(simulator, b"")).status_code == 422
    assert (await _import(simulator, _table().encode())).json()["rows"] == 0


async def test_the_bounds_of_an_import_are_settings(start: StartSimulator) -> None:
    bounds = {"bulk_bytes_max": 2_000, "bulk_rows_max": 3, "bulk_row_chars_max": 1_000, "bulk_errors_max": 2, "bulk_rows_at_once": 1}
    async with start(**bounds) as simulator:
        large = await _import(simulator, _table(*[_ELISE] * 30).encode())
        assert (large.status_code, large.json()["code"]) == (413, "message-too-large")
        many = await _import(simulator, _table(*[_ELISE.replace("421011", f"43{number:04}") for number in range(4)]).encode(), partial=True)
        assert (many.status_code, many.json()["code"]) == (422, "limit-reached")
        wrong = await _import(simulator, _table(*["x"] * 3).encode())
        assert (len(wrong.json()["errors"]), "stored: 3." in wrong.json()["detail"]) == (2, True)
        assert "at most 1000 characters" in (await _import(simulator, _table("x" * 1_001).encode())).text


async def test_only_who_drives_the_control_plane_imports(start: StartSimulator) -> None:
    async with start(control_key="a-key-of-mine") as simulator:
        for path, octets in (("/import", b"x"), ("/generate", b"{}")):
            async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
                assert (await client.post(f"/control{path}", content=octets)).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    [
        *(
            {},
            {"operators": 3},
            {"letters": 3},
            {"patients": 3, "letters": 3},
            {"preset": "national", "patients": 3},
            {"preset": "mondial"},
        ),
        *({"practitioners": -1}, {"practitioners": 1_000_001}, {"organisations": 100_001}, {"patients": 100_001}, {"letters": 1_000_001}),
        *({"practitioners": 1, "operators": 0}, {"practitioners": 1, "operators": 1_001}, {"practitioners": 1, "seed": 30}),
        *({"practitioners": "3"}, {"practitioners": 1.5}, {"practitioners": True}, {"practitioners": 1, "sed": 7}),
    ],
    ids=str,
)
async def test_numbers_that_cannot_be_are_refused(simulator: Simulator, wanted: dict[str, Any]) -> None:
    assert (await control(simulator, "POST", "/generate", wanted)).status_code == 422


async def _under_way(simulator: Simulator) -> dict[str, Any]:
    while True:
        now: dict[str, Any] = (await control(simulator, "GET", "/bulk")).json()
        if now["done"]:
            return now


async def test_mail_is_taken_meanwhile_a_second_one_waits_its_turn_and_a_reset_ends_it(start: StartSimulator) -> None:
    async with start() as simulator:
        work = asyncio.create_task(control(simulator, "POST", "/generate", {"practitioners": 100_000, "operators": 3}))
        now = await _under_way(simulator)
        assert (now["what"], now["stage"], now["total"]) == ("generation", "people", 105_000)
        for answer in (await _import(simulator, b"x"), await control(simulator, "POST", "/generate", _GENERATE)):
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        waited = []
        for _ in range(10):
            began = time.monotonic()
            assert (await Person(simulator, "hospital").send(HOSPITAL, to=[DOCTOR])).status_code == 201
            waited.append(time.monotonic() - began)
        assert not work.done(), "it was over before anybody could be disturbed"
        assert sorted(waited)[len(waited) // 2] < 2, waited
        assert (await control(simulator, "POST", "/reset")).status_code == 204
        assert (await work).status_code == 409
        assert (await control(simulator, "GET", "/bulk")).json() == {"what": None, "stage": None, "done": None, "total": None}
        assert (await control(simulator, "POST", "/generate", {"practitioners": 1, "seed": 1})).status_code == 200


def _run(running: RunningSimulator, *command: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "mss_sim", *command, "--http", running.ready["http"]]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_line_makes_people_and_reads_files_in(tmp_path: Path) -> None:
    with RunningSimulator() as running:
        made = _run(running, "seed", "--generate", "practitioners=1500,organisations=2,patients=20,letters=10,operators=2", "--number", "7")
        assert (made.returncode, made.stdout.splitlines()[0]) == (
            0,
            "added 2 operators, 1522 identities, 1599 mailboxes, 10 letters; 0 people were there already",
        ), made.stderr
        assert made.stdout.splitlines()[1].startswith("professional  praticien-7-0  praticien-2026  ")
        assert "\x1b" not in made.stderr, "there is no terminal"
        file = tmp_path / "personnes.csv"
        file.write_bytes(_table(_ELISE, _NOE).encode("cp1252"))
        read = _run(running, "import", str(file))
        assert (read.returncode, read.stdout) == (0, "2 rows: added 2 identities, 2 mailboxes; 0 refused\n"), read.stderr
        file.write_bytes(_table(_ELISE, _NOE.replace("421029", "421037")).encode())
        wrong = _run(running, "import", str(file))
        assert (wrong.returncode, wrong.stdout) == (1, "")
        lines = [line for line in wrong.stderr.splitlines() if not line.startswith("checking: ")]
        assert lines[0] == "line 2: There is already an identity 899700421011."
        assert lines[1] == "line 3: The login noe.loeuvre is taken."
        assert lines[2].startswith("mss-sim: Nothing was imported: rows that cannot be read or stored: 2.")
        partly = _run(running, "import", str(file), "--partial")
        assert partly.stdout.splitlines()[0] == "2 rows: added 0 identities, 0 mailboxes; 2 refused"
        assert partly.stdout.splitlines()[1].startswith("line 2: ")


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (("seed", "--generate", "praticiens=3"), 2, "--generate takes practitioners=N"),
        (("seed", "--generate", ""), 2, "--generate takes practitioners=N"),
        (("seed", "--generate", "practitioners=-3"), 2, "--generate takes practitioners=N"),
        (("seed", "--generate", "practitioners=1,practitioners=2"), 2, "names practitioners twice"),
        (("seed", "--generate", "operators=1"), 1, "say how many practitioners"),
        (("seed", "--generate", "national,patients=3"), 1, "a preset says how many"),
        (("seed", "cabinet", "--generate", "patients=3"), 2, "name a seed world, or --generate people"),
        (("import", "/nowhere/at/all.csv"), 2, "does not exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_was_typed_wrong_is_one_line(command: tuple[str, ...], status: int, said: str) -> None:
    with RunningSimulator() as running:
        done = _run(running, *command)
    assert (done.returncode, done.stderr.count("\n"), said in done.stderr) == (status, 1, True), done.stderr
