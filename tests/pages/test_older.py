"""A list of more rows than a page has leads to the rest, page by page, and every row stands on one of them."""

import asyncio
import html
import re

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, PATIENT, Person, control
from tests.pages.people import log_in

_LETTERS = 51
_OLDER = re.compile(r'<p class="more"><a [^>]*href="(\?[^"]+)"')


async def _pages(client: httpx.AsyncClient, place: str, row: str) -> list[set[str]]:
    """What each page of a list names, the first one first."""
    found, at = [], place
    while at:
        shown = (await client.get(at)).text
        found.append(set(re.findall(row, shown)))
        older = _OLDER.search(shown)
        at = f"{place.partition('?')[0]}{html.unescape(older[1])}" if older else ""
    return found


def _check(pages: list[set[str]], most: int, least: int) -> None:
    """Each page but the last is full, and no row stands on two."""
    assert [len(page) for page in pages[:-1]] == [most] * (len(pages) - 1)
    assert len(set.union(*pages)) == sum(map(len, pages)) >= least


async def test_letters_sent_and_received_and_their_documents(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    for number in range(_LETTERS):
        file = {"filename": f"{number:02}.txt", "content_type": "text/plain", "content_base64": "Qm9uam91cg=="}
        sent = await doctor.send(DOCTOR, to=[PATIENT], subject=f"Sujet {number:02}", text="Bonjour.", attachments=[file])
        assert sent.status_code == 201, sent.text
    of_doctor, of_patient = f"/ui/as/doctor/mailboxes/{DOCTOR}", f"/ui/as/patient/patients/{PATIENT}"
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for role, place, row, most in (
            ("doctor", f"{of_doctor}?folder=Sent", r"Sujet \d\d", 50),
            ("doctor", f"{of_doctor}/sent", r"Sujet \d\d", 30),
            ("patient", of_patient, r"Sujet \d\d", 30),
            ("patient", f"{of_patient}/documents", r"\d\d\.txt", 30),
            ("patient", "/ui/letters", 'href="/ui/letters/[0-9a-z]+"', 50),
        ):
            await log_in(simulator, client, role, place)
            _check(await _pages(client, place, row), most, _LETTERS)


@pytest.mark.parametrize(("place", "row"), [("/ui/people", 'href="/ui/people/[^"]+"'), ("/ui/mailboxes", 'href="/ui/mailboxes/[^"]+"')])
async def test_people_and_mailboxes(simulator: Simulator, place: str, row: str) -> None:
    assert (await control(simulator, "POST", "/people/like", {"role": "doctor", "count": 50})).status_code == 201
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        _check(await _pages(client, place, row), 50, 60)


async def test_sessions(simulator: Simulator) -> None:
    place = simulator.ready()["submission"]
    for _ in range(_LETTERS):
        reader, writer = await asyncio.open_connection(place["host"], place["port"])
        writer.write(b"QUIT\r\n")
        await reader.read()
        writer.close()
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        _check(await _pages(client, "/ui/sessions?door=submission", 'href="/ui/sessions/[0-9a-z]+"'), 50, _LETTERS)


async def test_the_watch_list(simulator: Simulator) -> None:
    nobody = [f"personne{number:02}@hopital-ormes.sim.mssante.fr" for number in range(_LETTERS)]
    assert (await Person(simulator, "doctor").send(DOCTOR, to=nobody)).status_code == 201
    assert (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 20})).json()["met"]
    place = f"/ui/as/doctor/mailboxes/{DOCTOR}/watch-list"
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await log_in(simulator, client, "doctor", place)
        _check(await _pages(client, f"{place}?reason=not_delivered", r"<td>personne\d\d@"), 50, _LETTERS)


async def test_the_directory(simulator: Simulator) -> None:
    assert (await control(simulator, "POST", "/people/like", {"role": "doctor", "count": 50})).status_code == 201
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        await log_in(simulator, client, "secretary", "/ui/as/secretary/directory")
        pages = await _pages(
            client, "/ui/as/secretary/directory?profession=M%C3%A9decin", 'kind-per">PER</span> <span class="address">[^<]+'
        )
        _check(pages, 50, _LETTERS)


async def test_what_happened_to_a_mailbox(simulator: Simulator) -> None:
    """Lines of the journal: by their instants, which no two have."""
    doctor, newcomer, line = Person(simulator, "doctor"), Person(simulator, "newcomer"), r'<time datetime="([^"]+)"'
    for _ in range(_LETTERS):
        grant = {"grantee": newcomer.idnat, "rights": ["see"]}
        given = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json=grant)
        assert given.status_code == 201, given.text
        assert (await doctor.rest("DELETE", f"/mailboxes/{DOCTOR}/grants/{given.json()['id']}")).status_code == 200
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        place = f"/ui/as/doctor/mailboxes/{DOCTOR}/delegations"
        await log_in(simulator, client, "doctor", place)
        pages = await _pages(client, place, line)
        assert len(pages) == 2
        assert len(set.union(*pages)) >= 2 * _LETTERS
