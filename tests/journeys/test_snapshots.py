"""A world kept under a name: gone back to, compared, carried to another simulator, and begun with."""

import asyncio
import contextlib
import io
import json
import smtplib
import sqlite3
import ssl
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.config.settings import Settings
from mss_sim.worlds import Worlds
from tests.clients import HOSPITAL, PATIENT, PRACTICE, ImapClient, Person, control, letter
from tests.conftest import StartSimulator
from tests.scene import PASSWORD

_LOGIN = f"{PRACTICE}*sophie.petit"


async def _save(simulator: Simulator, name: str, **more: Any) -> dict[str, Any]:
    answer = await control(simulator, "POST", "/snapshots", {"name": name, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _restore(simulator: Simulator, name: str) -> None:
    answer = await control(simulator, "POST", f"/snapshots/{name}/restore")
    assert answer.status_code == 204, answer.text


async def _write(simulator: Simulator, subject: str, to: str = PRACTICE) -> None:
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, to, letter(HOSPITAL, to, subject))).code == 250


async def _subjects(simulator: Simulator) -> list[str]:
    return [row["subject"] for row in await Person(simulator, "doctor").inbox(PRACTICE)]


async def _file(simulator: Simulator, name: str) -> bytes:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        return (await client.get(f"/control/snapshots/{name}/file")).content


async def _bring(simulator: Simulator, name: str, octets: bytes, **params: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30) as client:
        return await client.put(f"/control/snapshots/{name}/file", content=octets, params=params)


async def test_all_is_as_it_was(simulator: Simulator) -> None:
    """Letters, grants, faults, the clock that stood still; and what came since is gone."""
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2040-01-01T00:00:00Z"})
    await control(simulator, "POST", "/faults/presets/mes-down")
    await control(simulator, "PUT", "/white-list/variant", {"variant": "empty"})
    await _write(simulator, "Avant")
    faults = (await control(simulator, "GET", "/faults")).json()
    made = await _save(simulator, "avant", note="personne n'a répondu")
    assert (made["name"], made["note"], made["world_at"], made["restorable"]) == (
        "avant",
        "personne n'a répondu",
        "2040-01-01T00:00:00Z",
        True,
    )
    assert (made["counts"]["mailboxes"], made["counts"]["messages"]) == (8, 2), "his own copy, and what arrived"
    await control(simulator, "POST", "/clock/advance", {"by": "P1D"})
    await control(simulator, "DELETE", "/faults")
    await control(simulator, "PUT", "/white-list/variant", {"variant": "normal"})
    await _write(simulator, "Après")
    assert (await control(simulator, "DELETE", f"/mailboxes/{PATIENT}")).status_code == 204
    await _restore(simulator, "avant")
    assert await _subjects(simulator) == ["Avant"]
    assert (await control(simulator, "GET", "/clock")).json()["now"] == "2040-01-01T00:00:00Z"
    assert (await control(simulator, "GET", "/faults")).json() == faults
    assert (await control(simulator, "GET", f"/mailboxes/{PATIENT}")).status_code == 200
    assert (await control(simulator, "GET", "/white-list")).json()["variant"] == "empty"
    await _restore(simulator, "avant")
    assert await _subjects(simulator) == ["Avant"]


async def test_a_mail_program_is_told_and_knows_that_uids_mean_something_else(simulator: Simulator) -> None:
    await _write(simulator, "Un")
    await _save(simulator, "un")
    client = await ImapClient.open(simulator, _LOGIN, PASSWORD)
    validities = [_validity(await client.ask("SELECT INBOX"))]
    await _write(simulator, "Deux")
    for _ in range(2):
        await _restore(simulator, "un")
        while not (await client.line()).startswith("* BYE"):
            pass
        await client.close()
        await _write(simulator, "Autre")
        client = await ImapClient.open(simulator, _LOGIN, PASSWORD)
        validities.append(_validity(await client.ask("SELECT INBOX")))
    await client.close()
    assert validities[0] < validities[1] < validities[2]


def _validity(lines: list[str]) -> int:
    return next(int(line.split("[UIDVALIDITY ")[1].split("]")[0]) for line in lines if "[UIDVALIDITY" in line)


async def test_letters_that_waited_wait_again_and_arrive_once(simulator: Simulator) -> None:
    rule = (await control(simulator, "POST", "/faults/presets/mes-down")).json()
    await _write(simulator, "En attente", PATIENT)
    assert len((await control(simulator, "GET", "/queue")).json()) == 1
    await _save(simulator, "attente")
    for _ in range(2):
        await control(simulator, "DELETE", "/faults")
        await control(simulator, "POST", "/clock/advance", {"by": "PT1H"})
        patient = Person(simulator, "patient")
        assert [row["subject"] for row in await patient.inbox(PATIENT)] == ["En attente"]
        await _restore(simulator, "attente")
        assert await Person(simulator, "patient").inbox(PATIENT) == []
        assert [one["id"] for one in (await control(simulator, "GET", "/faults")).json()] == [one["id"] for one in rule]


async def test_what_differs_is_told(simulator: Simulator) -> None:
    await _save(simulator, "un")
    await _write(simulator, "Bonjour")
    person = {"idnat": "899700420062", "kind": "professional", "family_name": "ROUX"}
    await control(simulator, "POST", "/identities", person)
    await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"label": "Accueil"})
    now = (await control(simulator, "GET", "/snapshots/un/differences")).json()
    assert now["people"]["added"] == [["899700420062"]]
    assert now["mailboxes"]["changed"] == [[PRACTICE]]
    listed = [(one, await Person(simulator, who).get(f"/mailboxes/{one}/messages", folder=folder)) for who, one, folder in _LIES]
    there = [[address, found["items"][0]["id"]] for address, found in listed]
    assert sorted(now["letters"]["added"]) == sorted(there), "by the mailbox and the id of the letter there"
    assert (now["letters"]["added_count"], now["grants"], now["settings"]) == (2, _NOTHING, _NOTHING)
    await _save(simulator, "deux")
    back = (await control(simulator, "GET", "/snapshots/deux/differences?to=un")).json()
    assert (back["people"]["removed"], back["letters"]["removed_count"]) == ([["899700420062"]], 2)


_LIES = (("doctor", PRACTICE, "INBOX"), ("hospital", HOSPITAL, "Sent"))
_NOTHING = {"added": [], "removed": [], "changed": [], "added_count": 0, "removed_count": 0, "changed_count": 0}


@pytest.mark.parametrize("evidence", [True, False])
async def test_what_was_said_on_connections_is_taken_along_by_choice(simulator: Simulator, evidence: bool) -> None:
    async def sessions() -> list[str]:
        return [one["id"] for one in (await control(simulator, "GET", "/evidence?door=smtp")).json()["items"]]

    await _write(simulator, "Avant")
    before = await sessions()
    made = await _save(simulator, "avant", evidence=evidence)
    assert (made["evidence"], len(before)) == (evidence, 1)
    await _write(simulator, "Après")
    await _restore(simulator, "avant")
    assert (await sessions())[-1:] == before if evidence else before[0] not in await sessions()


async def test_they_are_listed_replaced_and_deleted(start: StartSimulator) -> None:
    async with start(snapshots_max=2) as simulator:
        first = await _save(simulator, "a")
        taken = await control(simulator, "POST", "/snapshots", {"name": "a"})
        assert (taken.status_code, taken.json()["code"]) == (409, "conflict")
        await _write(simulator, "Bonjour")
        assert (await _save(simulator, "a", replace=True))["counts"]["messages"] == first["counts"]["messages"] + 2
        await _save(simulator, "b")
        assert [one["name"] for one in (await control(simulator, "GET", "/snapshots")).json()] == ["a", "b"]
        full = await control(simulator, "POST", "/snapshots", {"name": "c"})
        assert (full.status_code, full.json()["code"]) == (422, "limit-reached")
        assert (await control(simulator, "DELETE", "/snapshots/a")).status_code == 204
        assert (await control(simulator, "DELETE", "/snapshots/a")).status_code == 404
        assert (await control(simulator, "POST", "/snapshots/a/restore")).status_code == 404


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "-a", "a/b", "a%2Fb", "é", "a" * 65, "a\0", "../../x", "now"])
async def test_a_name_is_no_path(simulator: Simulator, name: str) -> None:
    answer = await control(simulator, "POST", "/snapshots", {"name": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


async def test_a_world_on_postgresql_says_why_not(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        answer = await control(simulator, "POST", "/snapshots", {"name": "a"})
        assert (answer.status_code, "pg_dump" in answer.text) == ((409, True) if database else (201, False))


async def test_it_is_carried_to_another_simulator_which_begins_a_world_with_it(simulator: Simulator, tmp_path: Path) -> None:
    await _write(simulator, "Bonjour")
    await _save(simulator, "bonjour")
    octets = await _file(simulator, "bonjour")
    settings = Settings(data_dir=tmp_path / "elsewhere", submission_port=0, mx_port=0, imap_port=0, http_port=0)
    async with Worlds(settings, seed="none") as worlds:
        brought = await _bring(worlds.first, "bonjour", octets)
        assert (brought.status_code, brought.json()["restorable"]) == (201, False)
        there = await control(worlds.first, "POST", "/snapshots/bonjour/restore")
        assert (there.status_code, "begin a world with it" in there.json()["detail"]) == (409, True)
        made = (await control(worlds.first, "POST", "/worlds", {"snapshot": "bonjour"})).json()
        doctor = next(one for one in made["personas"] if one["role"] == "doctor")
        async with httpx.AsyncClient(base_url=made["http"], auth=(doctor["login"], doctor["password"])) as client:
            rows = (await client.get(f"/api/v1/mailboxes/{PRACTICE}/messages")).json()["items"]
            assert [row["subject"] for row in rows] == ["Bonjour"]
            again = await client.post("/control/reset")
            assert again.status_code == 204, again.text
            assert (await client.get("/control/state")).json()["mailboxes"] == 8, "a reset plants the seed that it began with"


async def test_a_world_that_began_with_one_goes_back_to_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", submission_port=0, mx_port=0, imap_port=0, http_port=0)
    async with Worlds(settings) as worlds:
        await _save(worlds.first, "begun")
        made = (await control(worlds.first, "POST", "/worlds", {"snapshot": "begun"})).json()
        async with httpx.AsyncClient(base_url=made["http"], timeout=30) as client:
            assert (await client.delete(f"/control/mailboxes/{PATIENT}")).status_code == 204
            assert (await client.post("/control/snapshots/begun/restore")).status_code == 204
            assert (await client.get(f"/control/mailboxes/{PATIENT}")).status_code == 200
        account = next(one for one in made["personas"] if one["role"] == "hospital")
        await asyncio.to_thread(_send, made, account)


def _send(ready: dict[str, Any], account: dict[str, Any]) -> None:
    with smtplib.SMTP("127.0.0.1", ready["submission"]["port"]) as client:
        client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        client.login(account["login"], account["password"])
        client.send_message(letter(HOSPITAL, PRACTICE))


def rewritten(octets: bytes, name: str, content: bytes | None, *, compressed: bool = False) -> bytes:
    """A snapshot with one of its parts changed, added, or left out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(octets)) as source, zipfile.ZipFile(packed, "w") as target:
        for one in source.namelist():
            if one != name:
                target.writestr(one, source.read(one))
        if content is not None:
            target.writestr(name, content, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
    return packed.getvalue()


async def test_what_is_no_snapshot_is_refused_and_not_kept(simulator: Simulator) -> None:
    await _save(simulator, "good")
    good = await _file(simulator, "good")
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(good)).read("manifest.json"))
    bad = {
        "empty": b"",
        "text": b"not a snapshot",
        "cut": good[:-100],
        "path": rewritten(good, "../../evil.txt", b"x"),
        "absolute": rewritten(good, "/etc/evil", b"x"),
        "foreign": rewritten(good, "certificates/../../evil", b"x"),
        "pickle": rewritten(good, "keys/x.pickle/y", b"x"),
        "compressed": rewritten(good, "memory.json", b"{}" + b" " * 100_000, compressed=True),
        "no-database": rewritten(good, "mss-sim.db", None),
        "other-database": rewritten(good, "mss-sim.db", b"SQLite format 3\0" + bytes(4_000)),
        "no-manifest": rewritten(good, "manifest.json", None),
        "list-manifest": rewritten(good, "manifest.json", b"[]"),
        "deep-manifest": rewritten(good, "manifest.json", b"[" * 200_000),
        "other-version": rewritten(good, "manifest.json", json.dumps({**manifest, "version": 2}).encode()),
        "surrogate": rewritten(good, "manifest.json", json.dumps({**manifest, "note": "\ud800"}).encode()),
        "huge": rewritten(good, "manifest.json", json.dumps({**manifest, "counts": {"x": 10**30}}).encode()),
        "half-manifest": rewritten(good, "manifest.json", json.dumps({**manifest, "root": 7}).encode()),
    }
    for name, octets in bad.items():
        answer = await _bring(simulator, name, octets)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), f"{name}: {answer.text}"
        assert answer.json()["detail"].startswith(f"{name} is no snapshot of a world: ")
    assert [one["name"] for one in (await control(simulator, "GET", "/snapshots")).json()] == ["good"]
    assert (await _bring(simulator, "good", bad["cut"], replace=True)).status_code == 422
    await _restore(simulator, "good")


async def test_a_file_over_the_limit_is_not_read(start: StartSimulator) -> None:
    async with start(snapshots_size_bytes_max=10_000) as simulator:
        await _save(simulator, "large")
        answer = await _bring(simulator, "again", await _file(simulator, "large"))
        assert (answer.status_code, answer.json()["code"]) == (413, "message-too-large")


async def test_one_whose_memory_is_none_restores_nothing(simulator: Simulator) -> None:
    """What it says of faults is read before anything is changed."""
    await _write(simulator, "Bonjour")
    await _save(simulator, "good")
    for number, memory in enumerate(({"faults": 7}, {"faults": [{"point": "nowhere"}]}, {})):
        octets = rewritten(await _file(simulator, "good"), "memory.json", json.dumps(memory).encode())
        assert (await _bring(simulator, f"bad{number}", octets)).status_code == 422


async def test_letters_that_are_written_meanwhile_are_whole_or_not_there(simulator: Simulator) -> None:
    """Saved and gone back to while eight clients write: counters are right, no letter is half there."""
    stopping = asyncio.Event()

    async def write_on(number: int) -> None:
        while not stopping.is_set():
            try:
                await _write(simulator, f"Lettre {number}")
            except (OSError, smtplib.SMTPException, AssertionError):
                continue

    writers = [asyncio.create_task(write_on(number)) for number in range(4)]
    for number in range(4):
        await _save(simulator, f"s{number}")
        await _restore(simulator, f"s{max(0, number - 1)}")
    stopping.set()
    await asyncio.gather(*writers)
    await _restore(simulator, "s3")
    assert await _subjects(simulator) is not None


async def test_a_clock_that_stood_still_stands_still_all_the_while(start: StartSimulator, clock: ManualClock) -> None:
    """The machine's time, an hour later, is never the world's: nothing that waits becomes due by going back."""
    async with start(clock=clock) as simulator:
        await control(simulator, "PUT", "/clock", {"mode": "frozen"})
        await control(simulator, "POST", "/faults/presets/mes-down")
        await _write(simulator, "En attente", PATIENT)
        [waiting] = (await control(simulator, "GET", "/queue")).json()
        await _save(simulator, "attente")
        clock.advance(timedelta(hours=1))
        for _ in range(3):
            await _restore(simulator, "attente")
            assert (await control(simulator, "GET", "/queue")).json() == [waiting]


async def test_a_clock_that_is_moved_meanwhile_is_moved_before_or_after(simulator: Simulator) -> None:
    """Or its move, that was under way, is ended and says so."""
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2040-01-01T00:00:00Z"})
    await _save(simulator, "still")
    for _ in range(4):
        moves = [control(simulator, "POST", "/clock/advance", {"by": "P1D"}) for _ in range(3)]
        answers = await asyncio.gather(control(simulator, "POST", "/snapshots/still/restore"), *moves)
        assert answers[0].status_code == 204
        assert {answer.status_code for answer in answers[1:]} <= {200, 409}
        told = (await control(simulator, "GET", "/clock")).json()
        assert (told["mode"], told["now"][:4]) == ("frozen", "2040")


async def test_ids_of_what_comes_later_sort_behind_what_was_brought_in(tmp_path: Path) -> None:
    """Letters of another world that lived in 2040 are older than the one that is written after going back to them."""
    settings = Settings(data_dir=tmp_path / "data", submission_port=0, mx_port=0, imap_port=0, http_port=0)
    async with Worlds(settings) as worlds:
        await _save(worlds.first, "base")
        frozen = {"mode": "frozen", "at": "2040-01-01T00:00:00Z"}
        later = (await control(worlds.first, "POST", "/worlds", {"snapshot": "base", "clock": frozen})).json()
        account = next(one for one in later["personas"] if one["role"] == "hospital")
        await asyncio.to_thread(_send, later, account)
        async with httpx.AsyncClient(base_url=later["http"], timeout=30) as client:
            assert (await client.post("/control/wait", json={"kind": "message", "mailbox": PRACTICE})).json()["met"]
            assert (await client.post("/control/snapshots", json={"name": "later"})).status_code == 201
        await _restore(worlds.first, "later")
        await _write(worlds.first, "Après")
        assert (await _subjects(worlds.first))[0] == "Après"


async def test_a_refused_return_touches_nothing(simulator: Simulator, tmp_path: Path) -> None:
    """A letter that is under way goes on, clients stay connected."""
    settings = Settings(data_dir=tmp_path / "elsewhere", submission_port=0, mx_port=0, imap_port=0, http_port=0)
    async with Worlds(settings, seed="none") as other:
        await _save(other.first, "foreign")
        octets = await _file(other.first, "foreign")
    assert (await _bring(simulator, "foreign", octets)).status_code == 201
    client = await ImapClient.open(simulator, _LOGIN, PASSWORD)
    assert (await control(simulator, "POST", "/snapshots/foreign/restore")).status_code == 409
    assert (await client.ask("NOOP"))[-1].startswith("OK")
    await client.close()
    await _write(simulator, "Bonjour")
    assert await _subjects(simulator) == ["Bonjour"]


async def test_a_reset_after_going_back_gives_uids_of_another_validity(simulator: Simulator) -> None:
    await _save(simulator, "begun")
    seen = set()
    for _ in range(3):
        await _restore(simulator, "begun")
        for act in (None, "/reset"):
            if act:
                assert (await control(simulator, "POST", act)).status_code == 204
            client = await ImapClient.open(simulator, _LOGIN, PASSWORD)
            validity = _validity(await client.ask("SELECT INBOX"))
            await client.close()
            assert validity not in seen
            seen.add(validity)


async def test_saves_side_by_side_keep_one_of_a_name_and_so_many_in_all(start: StartSimulator) -> None:
    async with start(snapshots_max=3) as simulator:
        same = await asyncio.gather(*(control(simulator, "POST", "/snapshots", {"name": "same"}) for _ in range(5)))
        assert sorted(answer.status_code for answer in same) == [201, 409, 409, 409, 409]
        others = await asyncio.gather(*(control(simulator, "POST", "/snapshots", {"name": f"n{number}"}) for number in range(5)))
        assert sorted(answer.status_code for answer in others) == [201, 201, 422, 422, 422]


def _altered(octets: bytes, folder: Path, *statements: str) -> bytes:
    """A snapshot whose database was changed by SQL."""
    file = folder / "altered.db"
    file.unlink(missing_ok=True)
    file.write_bytes(zipfile.ZipFile(io.BytesIO(octets)).read("mss-sim.db"))
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")
        for statement in statements:
            conn.execute(statement)
    return rewritten(octets, "mss-sim.db", file.read_bytes())


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        (("CREATE TRIGGER t BEFORE UPDATE ON folders BEGIN SELECT RAISE(ABORT, 'no'); END",), "has a trigger"),
        (("CREATE VIEW v AS SELECT 1",), "has a view"),
        (("DROP TABLE journal",), "lacks or adds journal"),
        (("CREATE TABLE more (id INTEGER)",), "lacks or adds more"),
        (("ALTER TABLE journal RENAME COLUMN act TO acted",), "other columns"),
        (("ALTER TABLE journal ADD COLUMN more TEXT",), "other columns"),
        (("INSERT INTO alembic_version VALUES ('0001')",), "cannot be read"),
        (("UPDATE alembic_version SET version_num = '9999'",), "may be newer"),
        (("DELETE FROM alembic_version",), "holds no world"),
        (("INSERT INTO clock VALUES (1, 9223372036854775807, 0, 0.0, NULL)",), "out of all time"),
        (("PRAGMA page_size=8192", "VACUUM"), "pages of 8192 bytes"),
    ],
)
async def test_a_database_that_is_none_of_ours_is_not_taken_in(
    simulator: Simulator, tmp_path: Path, statements: tuple[str, ...], why: str
) -> None:
    await _save(simulator, "good")
    answer = await _bring(simulator, "bad", _altered(await _file(simulator, "good"), tmp_path, *statements))
    assert (answer.status_code, why in answer.json()["detail"]) == (422, True), answer.text


async def test_a_file_that_is_none_is_deleted_by_its_name(simulator: Simulator) -> None:
    await _save(simulator, "good")
    (simulator.data_dir / "snapshots" / "bad.mss-sim").write_bytes(b"x")
    assert (await control(simulator, "GET", "/snapshots/bad")).status_code == 422
    assert (await control(simulator, "DELETE", "/snapshots/bad")).status_code == 204
    assert (await control(simulator, "GET", "/snapshots/bad")).status_code == 404
