"""A world written down as a folder that people can read, and worlds that begin with such a folder; what is none is told by its line."""

import io
import stat
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.worlds import Worlds
from tests.clients import HOSPITAL, PATIENT, PRACTICE, ImapClient, Person, control, letter
from tests.conftest import StartSimulator
from tests.scene import PASSWORD

_SMALL = """
[[operators]]
name = "Petit"
domains = ["petit.sim.mssante.fr"]

[[identities]]
role = "alone"
idnat = "899700420096"
kind = "professional"
family_name = "SEULE"
login = "seule"
password = "petit-2026"

[[mailboxes]]
address = "seule@petit.sim.mssante.fr"
kind = "PER"
owner = "alone"
folders = ["À classer"]

[[letters]]
file = "letters/one.eml"
copies = [{ mailbox = "seule@petit.sim.mssante.fr", folder = "À classer", flags = ["\\\\Seen"], internal_date = 2026-03-02T08:00:00Z }]
"""
_LETTER = b"From: a@petit.sim.mssante.fr\r\nTo: seule@petit.sim.mssante.fr\r\nSubject: Un\r\nMessage-ID: <1@x>\r\n\r\nBonjour.\r\n"
_NOTHING = {"added": [], "removed": [], "changed": [], "added_count": 0, "removed_count": 0, "changed_count": 0}


@pytest.fixture
async def worlds(tmp_path: Path) -> AsyncIterator[Worlds]:
    """A process that makes worlds."""
    settings = Settings(data_dir=tmp_path / "worlds", submission_port=0, mx_port=0, imap_port=0, http_port=0)
    async with Worlds(settings) as running:
        yield running


def _zip(text: str | bytes, letters: dict[str, bytes] | None = None, top: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{top}seed.toml", text)
        for name, octets in (letters if letters is not None else {"letters/one.eml": _LETTER}).items():
            archive.writestr(f"{top}{name}", octets)
    return packed.getvalue()


async def _bring(simulator: Simulator, name: str, octets: bytes, **params: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30) as client:
        return await client.put(f"/control/seeds/{name}/file", content=octets, params=params)


async def _file(simulator: Simulator, path: str) -> zipfile.ZipFile:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=30) as client:
        answer = await client.get(f"/control{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
        return zipfile.ZipFile(io.BytesIO(answer.content))


async def _story(simulator: Simulator) -> None:
    """Letters over SMTP, flags over IMAP, a receipt and a closure over REST."""
    hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
    asked = letter(HOSPITAL, PRACTICE, "Compte rendu", Disposition_Notification_To=HOSPITAL)
    assert (await hospital.smtp(HOSPITAL, PRACTICE, asked)).code == 250
    assert (await doctor.smtp(PRACTICE, PATIENT, letter(PRACTICE, PATIENT, "[FIN] Vos résultats"))).code == 250
    [row] = await doctor.inbox(PRACTICE)
    sent = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/messages/{row['id']}/receipt", {"confirm": True})
    assert sent.status_code == 201, sent.text
    client = await ImapClient.open(simulator, f"{PRACTICE}*sophie.petit", PASSWORD)
    for line in ("SELECT INBOX", "STORE 1 +FLAGS (\\Flagged $Urgent)", "CREATE Dossiers/2026", "COPY 1 Dossiers/2026"):
        assert (await client.ask(line))[-1].startswith("OK"), line
    await client.close()
    assert (await control(simulator, "POST", "/wait", {"kind": "settled"})).json()["met"]


async def test_a_world_begins_with_the_seed_of_another_and_does_not_differ(worlds: Worlds) -> None:
    first = worlds.first
    await _story(first)
    await control(first, "POST", "/snapshots", {"name": "one"})
    made = await control(first, "POST", "/seeds", {"name": "week"})
    assert (made.status_code, made.json()["counts"]["letters"]) == (201, 5), made.text
    assert [one["name"] for one in (await control(first, "GET", "/seeds")).json()] == [
        "annuaire",
        "cabinet",
        "clinique",
        "documents",
        "patients",
        "week",
    ]
    begun = (await control(first, "POST", "/worlds", {"seed": "week"})).json()
    doctor = next(one for one in begun["personas"] if one["role"] == "doctor")
    async with httpx.AsyncClient(base_url=begun["http"], timeout=30) as client:
        for act in (None, "/control/reset"):
            if act:
                assert (await client.delete(f"/control/mailboxes/{PATIENT}")).status_code == 204
                assert (await client.post(act)).status_code == 204
            assert (await client.post("/control/snapshots", json={"name": "other", "replace": True})).status_code == 201
            found = (await client.get("/control/snapshots/one/differences", params={"to": "other"})).json()
            assert found == dict.fromkeys(("people", "mailboxes", "letters", "grants", "settings"), _NOTHING)
        rows = (await client.get(f"/api/v1/mailboxes/{PRACTICE}/messages", auth=(doctor["login"], doctor["password"]))).json()["items"]
        assert {"Compte rendu", "[FIN] Vos résultats"} <= {row["subject"] for row in rows}
        [one] = [row for row in rows if row["subject"] == "Compte rendu" and "$Urgent" in row["keywords"]][:1]
        again = await client.post(
            f"/api/v1/mailboxes/{PRACTICE}/messages/{one['id']}/receipt",
            json={"confirm": True},
            auth=(doctor["login"], doctor["password"]),
        )
        assert again.json()["code"] == "receipt-already-sent"


async def test_a_snapshot_is_carried_away_as_a_seed_and_brought_in_elsewhere(worlds: Worlds, start: StartSimulator) -> None:
    await _story(worlds.first)
    await control(worlds.first, "POST", "/snapshots", {"name": "week"})
    await control(worlds.first, "POST", "/reset")
    archive = await _file(worlds.first, "/snapshots/week/file?form=seed")
    assert archive.namelist()[0] == "seed.toml"
    assert {Path(name).suffix for name in archive.namelist()[1:]} == {".eml"}
    text = archive.read("seed.toml").decode()
    assert 'password = "cabinet-2026"' in text
    assert "timeline: " in text.partition("[[")[0], "what is not told is counted"
    octets = archive.fp.read() if archive.fp and not archive.fp.seek(0) else b""
    async with start(seed="none") as elsewhere:
        brought = await _bring(elsewhere, "week", octets)
        assert brought.status_code == 201, brought.text
        assert (await control(elsewhere, "POST", "/reset", {"name": "week"})).status_code == 204
        assert {row["subject"] for row in await Person(_with_personas(elsewhere, worlds.first), "doctor").inbox(PRACTICE)} >= {
            "Compte rendu"
        }


def _with_personas(simulator: Simulator, other: Simulator) -> Simulator:
    simulator._personas = other.ready()["personas"]  # noqa: SLF001 - it began with nobody
    return simulator


async def test_a_seed_that_was_written_by_hand(worlds: Worlds) -> None:
    """A mark of byte order, line ends of other systems, a folder around it, and litter of a file manager are no matter."""
    text = ("\ufeff" + _SMALL).replace("\n", "\r\n")
    letters = {"letters/one.eml": _LETTER.replace(b"\r\n", b"\n"), ".DS_Store": b"x", "__MACOSX/x": b"x"}
    assert (await _bring(worlds.first, "petit", _zip(text, letters, "mon dossier/"))).status_code == 201
    planted = await control(worlds.first, "POST", "/seed", {"name": "petit"})
    assert [(one["role"], one["mailboxes"][0]["address"]) for one in planted.json()] == [("alone", "seule@petit.sim.mssante.fr")]
    client = await ImapClient.open(worlds.first, "seule@petit.sim.mssante.fr*seule", "petit-2026")
    await client.ask('SELECT "&AMA- classer"')
    lines = await client.ask("FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)")
    await client.close()
    assert all(part in lines[0] for part in ("\\Seen", '" 2-Mar-2026 08:00:00 +0000"', f"RFC822.SIZE {len(_LETTER)}")), lines
    assert (await control(worlds.first, "POST", "/tokens", {"who": "alone"})).status_code == 201
    assert (await control(worlds.first, "POST", "/seed", {"name": "petit"})).status_code == 200, "its people are there: nothing happens"
    assert (await control(worlds.first, "DELETE", "/seeds/petit")).status_code == 204
    assert (await control(worlds.first, "DELETE", "/seeds/petit")).status_code == 404


async def test_settings_and_the_clock_of_a_seed_are_those_of_its_worlds(worlds: Worlds) -> None:
    text = '[settings]\nlanguage = "fr"\n[clock]\nmode = "frozen"\nat = 2026-03-02T08:00:00Z\n' + _SMALL
    assert (await _bring(worlds.first, "petit", _zip(text))).status_code == 201
    made = (await control(worlds.first, "POST", "/worlds", {"seed": "petit"})).json()
    async with httpx.AsyncClient(base_url=made["http"]) as client:
        assert (await client.get("/control/clock")).json()["now"] == "2026-03-02T08:00:00Z"
        assert "boîte" in (await client.get("/control/mailboxes/x@y.fr")).json()["detail"].lower()
    chosen = (await control(worlds.first, "POST", "/worlds", {"seed": "petit", "settings": {"language": "en"}})).json()
    async with httpx.AsyncClient(base_url=chosen["http"]) as client:
        assert (await client.get("/control/mailboxes/x@y.fr")).json()["detail"].startswith("There is no mailbox")


def _linked() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("seed.toml", _SMALL)
        link = zipfile.ZipInfo("letters/one.eml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


_BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is no archive"),
    "text": (b"not a seed", "it is no archive"),
    "cut": (_zip(_SMALL)[:-30], "it is no archive"),
    "no-toml": (_zip(_SMALL).replace(b"seed.toml", b"side.toml"), "seed.toml: it is missing"),
    "slip": (_zip(_SMALL, {"../../evil.eml": _LETTER}), "../../evil.eml: its name leads out"),
    "inner-slip": (_zip(_SMALL, {"letters/../../../evil.eml": _LETTER}), "leads out of the folder"),
    "absolute": (_zip(_SMALL, {"/etc/evil.eml": _LETTER}), "/etc/evil.eml: its name leads out"),
    "backslash": (_zip(_SMALL, {"letters\\one.eml": _LETTER}), "leads out of the folder"),
    "link": (_linked(), "letters/one.eml: it is a link"),
    "foreign": (_zip(_SMALL, {"letters/one.eml": _LETTER, "evil.sh": b"x"}), "evil.sh: it is no part of a seed"),
    "twins": (_zip(_SMALL, {"letters/one.eml": _LETTER, "letters/ONE.eml": _LETTER}), "letters/ONE.eml: it is there twice"),
    "missing": (_zip(_SMALL, {}), "letters/one.eml: the letter is missing"),
    "unnamed": (_zip(_SMALL, {"letters/one.eml": _LETTER, "letters/two.eml": _LETTER}), "letters/two.eml: no [[letters]]"),
    "empty-letter": (_zip(_SMALL, {"letters/one.eml": b"\r\n"}), "letters/one.eml: it is empty"),
    "no-letter": (_zip(_SMALL, {"letters/one.eml": b"\0\0\r\n\r\n"}), "letters/one.eml: "),
    "utf16": (_zip(_SMALL.encode("utf-16")), "it is UTF-16"),
    "latin1": (_zip(_SMALL.encode("latin-1")), "line 18 is not UTF-8"),
    "no-toml-at-all": (_zip("[[operators]\n"), "line 1 is not TOML"),
    "open-end": (_zip('a = "'), "line 1 is not TOML"),
    "deep": (_zip("a = " + "[" * 100_000), "too long or too deep"),
    "long-number": (_zip("a = " + "9" * 10_000), "too long or too deep"),
    "unknown-table": (_zip(_SMALL + "[[mailbox]]\nx = 1\n"), "mailbox is not known there"),
    "unknown-field": (_zip(_SMALL.replace('kind = "PER"', 'kinds = "PER"')), "line 14, mailboxes: kinds is not known there"),
    "missing-field": (_zip(_SMALL.replace('owner = "alone"\n', "")), "line 14, mailboxes: owner is missing"),
    "no-section": (_zip('mailboxes = "many"'), "mailboxes is written in sections, each under [[mailboxes]]"),
    "wrong-kind": (_zip(_SMALL.replace('"PER"', '"PERSO"')), "line 14, mailboxes: kind is one of PER, ORG"),
    "naive": (_zip(_SMALL.replace("T08:00:00Z", "T08:00:00")), "letters: copies.internal_date is an instant with its zone"),
    "nowhere": (_zip(_SMALL.partition("copies")[0] + "copies = []\n"), "letters/one.eml lies nowhere"),
    "twice": (_zip(_SMALL + _SMALL[_SMALL.index("[[letters]]") :]), "letters/one.eml is a letter already"),
    "flag": (_zip(_SMALL.replace("Seen", "Read")), "line 20, letters: \\Read is not a system flag"),
    "setting": (_zip("[settings]\nhttp_port = 1\n"), "http_port is no setting of a world"),
    "hash": (_zip(_SMALL.replace('password = "petit-2026"', 'password_hash = "md5"')), "password_hash is a hash as this program writes it"),
}


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A letter that takes more room than there is, in an archive that does not."""
    return _zip(_SMALL, {"letters/one.eml": bytes(300_000_000)})


async def test_what_is_no_seed_is_told_by_file_and_line_and_not_kept(simulator: Simulator, bomb: bytes) -> None:
    for name, (octets, why) in {**_BAD, "bomb": (bomb, "with it there are over 268435456 bytes")}.items():
        answer = await _bring(simulator, name, octets)
        told = answer.json()
        assert (answer.status_code, told["code"], told["reference"].rpartition("#")[2]) == (422, "invalid-request", "seeds"), answer.text
        assert told["detail"].startswith("This is no seed: "), name
        assert why in told["detail"], f"{name}: {told['detail']}"
    assert [one["name"] for one in (await control(simulator, "GET", "/seeds")).json() if not one["ships"]] == []


_WRONG_HERE: dict[str, tuple[str, str]] = {
    "nobody": (_SMALL.replace('owner = "alone"', 'owner = "nobody"'), "line 14, mailboxes: There is no identity nobody."),
    "outside": (_SMALL.replace("seule@petit.sim", "seule@grand.sim"), "line 14, mailboxes: No operator has the domain"),
    "no-folder": (_SMALL.replace('["À classer"]', "[]"), "line 20, letters: seule@petit.sim.mssante.fr has no folder À classer"),
    "no-mailbox": (_SMALL.replace('mailbox = "seule', 'mailbox = "autre'), "line 20, letters: There is no mailbox autre@"),
    "grantee": (
        _SMALL + '[[grants]]\nmailbox = "seule@petit.sim.mssante.fr"\ngrantee = "x"\nrights = ["see"]\n',
        "line 23, grants: x names nobody who can hold a grant",
    ),
    "conversation": (_SMALL + 'conversation = "letters/two.eml"\n', "letters/two.eml is no letter before this one"),
    "behaviour": (_SMALL.replace('kind = "PER"', 'kind = "PER"\nbehaviour = "dances"'), "There is no behaviour dances"),
    "reader": (
        _SMALL.replace("internal_date", 'read_by = [{ who = "x", at = 2026-01-01T00:00:00Z }], internal_date'),
        "There is no identity x.",
    ),
}


async def test_what_cannot_be_planted_leaves_nothing_behind(worlds: Worlds) -> None:
    """Rows that are right by themselves and wrong together: all is undone, in a world that is there as in one to be made."""
    first = worlds.first
    before = (await control(first, "GET", "/state")).json()
    for name, (text, why) in _WRONG_HERE.items():
        assert (await _bring(first, name, _zip(text))).status_code == 201, name
        for path, body in (("/seed", {"name": name}), ("/worlds", {"seed": name})):
            answer = await control(first, "POST", path, body)
            assert (answer.status_code, why in answer.json()["detail"]) == (422, True), f"{name}: {answer.text}"
        assert (await control(first, "DELETE", f"/seeds/{name}")).status_code == 204
    assert (await control(first, "GET", "/state")).json() == before
    assert (await control(first, "GET", "/worlds")).json() == []
    taken = _SMALL.replace('"seule"', '"camille.martin"')
    assert (await _bring(first, "taken", _zip(taken))).status_code == 201
    answer = await control(first, "POST", "/seed", {"name": "taken"})
    assert (answer.status_code, "The login camille.martin is taken" in answer.json()["detail"]) == (409, True), answer.text


@pytest.mark.parametrize("name", ["none", "now", "..", ".a", "a/b", "é", "a" * 65])
async def test_a_name_is_no_path(simulator: Simulator, name: str) -> None:
    answer = await control(simulator, "POST", "/seeds", {"name": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


async def test_seeds_are_so_many_and_so_large(start: StartSimulator) -> None:
    async with start(seeds_max=1, seeds_size_bytes_max=4_000) as simulator:
        assert (await _bring(simulator, "cabinet", _zip(_SMALL))).status_code == 409
        assert (await _bring(simulator, "one", _zip(_SMALL))).status_code == 201
        assert (await _bring(simulator, "one", _zip(_SMALL))).status_code == 409
        assert (await _bring(simulator, "one", _zip(_SMALL), replace=True)).status_code == 201
        assert (await _bring(simulator, "two", _zip(_SMALL))).json()["code"] == "limit-reached"
        large = await _bring(simulator, "one", _zip(_SMALL, {"letters/one.eml": _LETTER + b"a" * 4_000}), replace=True)
        assert (large.status_code, "over 4000 bytes" in large.json()["detail"]) == (422, True)
        for subject in ("Un", "Deux", "Trois", "Quatre"):
            await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, subject))
        written = await control(simulator, "POST", "/seeds", {"name": "one", "replace": True})
        assert (written.status_code, written.json()["code"]) == (422, "limit-reached")
