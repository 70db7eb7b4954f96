"""How many rows a page has: with one more there is a link to the next page, and that one row is on it."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, PATIENT, ImapClient, Person, control, letter
from tests.pages.people import log_in
from tests.pages.visiting import Page

_BOX = f"/ui/as/doctor/mailboxes/{DOCTOR}"


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        yield client


async def _appended(simulator: Simulator, role: str, address: str, count: int) -> None:
    """Put so many letters into INBOX, each a conversation of its own, in one APPEND."""
    client = await ImapClient.open(simulator, address, str(Person(simulator, role).account["password"]))
    raws = [letter("a@b.fr", address, f"Lettre {number}").as_bytes() for number in range(count)]
    literals = "".join(f" {{{len(raw)}+}}\r\n{raw.decode()}" for raw in raws)
    assert (await client.ask(f"APPEND INBOX{literals}"))[-1].startswith("OK")
    await client.close()


async def _rows(http: httpx.AsyncClient, place: str, link: str) -> tuple[int, str]:
    """How many rows a page has, by where their links lead, and where the next page is."""
    answer = await http.get(place)
    assert answer.status_code == 200, answer.text
    found = [href for _, href in Page(answer.text).links]
    return len({one for one in found if re.search(link, one)}), next((one for one in found if "cursor=" in one), "")


async def _check(http: httpx.AsyncClient, place: str, link: str, most: int, rest: int = 1) -> None:
    rows, older = await _rows(http, place, link)
    assert (rows, bool(older)) == (most, True), place
    again = await _rows(http, str(httpx.URL(place).join(older)), link)
    assert again == (rest, ""), place


async def _thirty_and_one(simulator: Simulator, http: httpx.AsyncClient, role: str, address: str, place: str, link: str) -> None:
    """Somebody's letters, thirty on one page, and the thirty-first."""
    await log_in(simulator, http, role, f"/ui/as/{role}/")
    await _appended(simulator, role, address, 30)
    assert await _rows(http, place, link) == (30, "")
    await _appended(simulator, role, address, 1)
    await _check(http, place, link, 30)


async def test_letters_and_conversations(simulator: Simulator, http: httpx.AsyncClient) -> None:
    await _thirty_and_one(simulator, http, "doctor", DOCTOR, f"{_BOX}/conversations", r"/conversations/\w{13}$")
    await _appended(simulator, "doctor", DOCTOR, 19)
    assert await _rows(http, _BOX, r"/letters/\w{13}$") == (50, "")
    assert await _rows(http, "/ui/letters", r"/ui/letters/\w{13}$") == (50, "")
    await _appended(simulator, "doctor", DOCTOR, 1)
    await _check(http, _BOX, r"/letters/\w{13}$", 50)
    await _check(http, "/ui/letters", r"/ui/letters/\w{13}$", 50)


async def test_letters_of_a_patient(simulator: Simulator, http: httpx.AsyncClient) -> None:
    await _thirty_and_one(simulator, http, "patient", PATIENT, f"/ui/as/patient/patients/{PATIENT}", r"/letters/\w{13}$")


async def test_letters_that_were_sent(simulator: Simulator, http: httpx.AsyncClient) -> None:
    await log_in(simulator, http, "doctor", "/ui/as/doctor/")
    doctor = Person(simulator, "doctor")
    for number in range(31):
        if number == 30:
            assert await _rows(http, f"{_BOX}/sent", r"/sent/\w{13}$") == (30, "")
        assert (await doctor.send(DOCTOR, to=[DOCTOR], subject=f"Lettre {number}")).status_code == 201
    await _check(http, f"{_BOX}/sent", r"/sent/\w{13}$", 30)


async def test_people_and_mailboxes(simulator: Simulator, http: httpx.AsyncClient) -> None:
    known = (await control(simulator, "GET", "/state")).json()
    for number in range(50 - known["identities"]):
        who = {"idnat": f"8997004{number:05}", "kind": "professional", "family_name": f"Numéro{number}"}
        assert (await control(simulator, "POST", "/identities", who)).status_code == 201
    assert await _rows(http, "/ui/people", r"^/ui/people/.") == (50, "")
    assert (await control(simulator, "POST", "/people/like", {"role": "doctor", "count": 1})).status_code == 201
    await _check(http, "/ui/people", r"^/ui/people/.", 50)
    assert (await control(simulator, "POST", "/people/like", {"role": "patient", "count": 45})).status_code == 201
    boxes = (await control(simulator, "GET", "/state")).json()["mailboxes"]
    await _check(http, "/ui/mailboxes", r"^/ui/mailboxes/.", 50, boxes - 50)
    assert (await control(simulator, "POST", "/people/like", {"role": "doctor", "count": 50})).status_code == 201
    await log_in(simulator, http, "doctor", "/ui/as/doctor/")
    rows, older = await _rows(http, "/ui/as/doctor/directory?kind=PER&profession=m%C3%A9decin", r"/write\?to=")
    assert (rows, "kind=PER" in older) == (50, True)


async def test_sessions(simulator: Simulator, http: httpx.AsyncClient) -> None:
    where = simulator.ready()["submission"]
    for number in range(51):
        if number == 50:
            assert await _rows(http, "/ui/sessions", r"^/ui/sessions/\w+$") == (50, "")
        reader, writer = await asyncio.open_connection("127.0.0.1", where["port"])
        writer.write(b"QUIT\r\n")
        await reader.read()
        writer.close()
    await _check(http, "/ui/sessions", r"^/ui/sessions/\w+$", 50)
