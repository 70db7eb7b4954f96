"""F5: the right address of somebody is found by name, profession, specialty, place and structure, and it is told why one is not found."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.annuaire import add
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD, Person, control
from tests.conftest import StartSimulator

_DURAND, _WARD = "Dr Paul DURAND", "Hôpital des Ormes"


async def _found(simulator: Simulator, who: str = "secretary", **asked: Any) -> list[str]:
    page = await Person(simulator, who).get("/directory", **asked)
    return [one["name"] for one in page["items"]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "durand"}, {_DURAND}),
        ({"q": "DURAND hopital"}, {_DURAND}),
        ({"profession": "généraliste"}, {"Dr Camille MARTIN", "Dr Hugo BERNARD"}),
        ({"profession": "infirmier"}, set()),
        ({"q": "cardiologue"}, {_DURAND, _WARD}),
        ({"specialty": "Cardiologues", "place": "paris"}, {_DURAND}),
        ({"specialty": "cardiologie"}, {_DURAND}),
        ({"place": "paris"}, {_DURAND, _WARD}),
        ({"place": "75", "profession": "médecin"}, {_DURAND}),
        ({"structure": "parc"}, {"Laboratoire du Parc"}),
        ({"structure": "parc", "kind": "ORG"}, set()),
        ({"q": "fontaine"}, set()),
        ({"q": PATIENT}, set()),
    ],
)
async def test_somebody_is_found_by_what_a_secretary_knows(simulator: Simulator, asked: dict[str, str], found: set[str]) -> None:
    assert set(await _found(simulator, **asked)) == found


async def test_what_is_told_of_them(simulator: Simulator) -> None:
    (durand,) = (await Person(simulator, "secretary").get("/directory", q="durand"))["items"]
    assert durand == {
        "idnat": Person(simulator, "hospital").idnat,
        "kind": "professional",
        "name": _DURAND,
        "profession": "Médecin spécialiste en cardiologie",
        "specialty": "Cardiologie et Maladies vasculaires (SM)",
        "structure": {
            "idnat": "1750990012",
            "name": _WARD,
            "address_line": "12 rue des Ormes",
            "postal_code": "75012",
            "city": "Paris",
        },
        "mailboxes": [{"address": HOSPITAL, "kind": "PER", "label": "Dr_Paul_DURAND_Hôpital des Ormes", "preferred": False}],
    }


async def test_pages_are_walked_and_a_change_is_found_at_once(simulator: Simulator) -> None:
    for number in range(5):
        idnat = f"8997004299{number:02d}"
        await add(simulator, "/identities", {"idnat": idnat, "kind": "professional", "family_name": "MARTEL", "given_name": f"Ève{number}"})
        address = f"eve.martel.{number}@medecin.sim.mssante.fr"
        await add(simulator, "/mailboxes", {"address": address, "kind": "PER", "owner_idnat": idnat})
    secretary, seen, cursor = Person(simulator, "secretary"), list[str](), dict[str, str]()
    while True:
        page = await secretary.get("/directory", q="mart", limit=2, **cursor)
        seen += [one["name"] for one in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == sorted({"Dr Camille MARTIN", *(f"Ève{number} MARTEL" for number in range(5))})
    other = await secretary.rest("GET", "/directory", params={"q": "mart", "cursor": f"p{page['next_cursor'] or '0am6c38w5xc01'}"})
    assert (other.status_code, other.json()["code"]) == (422, "invalid-request")


_BAD = ["", " ", "%", "_", "*", "\u202e", "<>", "x" * 1_001, " ".join(f"mot{number:02d}" for number in range(13))]


@pytest.mark.parametrize("text", _BAD)
async def test_what_is_no_search_is_refused_and_finds_nothing(simulator: Simulator, text: str) -> None:
    secretary = Person(simulator, "secretary")
    answer = await secretary.rest("GET", "/directory", params={"q": text})
    assert (answer.status_code, answer.json()["code"]) == (422, "limit-reached" if len(text) > 40 else "invalid-request")
    while_typing = await secretary.rest("GET", "/directory/suggestions", params={"q": text})
    assert while_typing.status_code == (422 if len(text) > 40 else 200)
    assert len(text) > 40 or while_typing.json() == []


@pytest.mark.parametrize("text", ["mar%tin", "mart_n", "martin\x00", "10%", "DROP TABLE", "martin' --"])
async def test_no_letter_is_a_pattern(simulator: Simulator, text: str) -> None:
    answer = await Person(simulator, "secretary").rest("GET", "/directory", params={"q": text})
    assert answer.status_code in (200, 422), answer.text
    assert [one["name"] for one in answer.json().get("items", [])] in (
        [],
        ["Dr Camille MARTIN"] if text.startswith("martin") else [],
    )


async def test_only_who_is_logged_in_is_answered(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=f"{simulator.ready()['http']}/api/v1") as client:
        for path in ("?q=martin", "/suggestions?q=martin", f"/why-not-found?address={DOCTOR}"):
            assert (await client.get(f"/directory{path}")).status_code == 401


async def _why(simulator: Simulator, who: str, address: str) -> str:
    told = await Person(simulator, who).get("/directory/why-not-found", address=address)
    assert told["published"] is (told["code"] == "published")
    return str(told["code"])


async def test_why_an_address_is_not_found_is_told_to_who_may_know(simulator: Simulator) -> None:
    for address, change in ((DOCTOR, {"red_listed": True}), (DOCTOR2, {"state": "closed"})):
        assert (await control(simulator, "PATCH", f"/mailboxes/{address}", change)).status_code == 200
    nobody, unborn = "personne@medecin.sim.mssante.fr", "190017510299945@patient.mssante.fr"
    told = {who: [await _why(simulator, who, one) for one in (DOCTOR, DOCTOR2, nobody, PATIENT, unborn)] for who in ("doctor", "hospital")}
    assert told == {
        "doctor": ["red-listed", "not-shown", "not-shown", "patient", "patient"],
        "hospital": ["not-shown", "not-shown", "not-shown", "patient", "patient"],
    }
    assert [await _why(simulator, "doctor2", one) for one in (DOCTOR2, PRACTICE)] == ["closed", "published"]
    answers = [await Person(simulator, "hospital").get("/directory/why-not-found", address=one) for one in (DOCTOR, nobody)]
    assert {json.dumps({**one, "address": ""}) for one in answers} == {json.dumps({**answers[0], "address": ""})}
    everything = [
        (await control(simulator, "GET", f"/directory/why-not-found?address={one}")).json()["code"] for one in (DOCTOR, DOCTOR2, nobody)
    ]
    assert everything == ["red-listed", "closed", "unknown"]
    bad = await Person(simulator, "doctor").rest("GET", "/directory/why-not-found", params={"address": "sans-arobase"})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid-request")


async def test_when_an_address_will_be_shown_is_told_until_it_is_and_under_whom_from_then_on(start: StartSimulator) -> None:
    async with start(directory_publication_delay_seconds=3_600) as simulator:
        now = (await control(simulator, "PUT", "/clock", {"mode": "frozen"})).json()["now"]
        fresh = "nouvelle@medecin.sim.mssante.fr"
        new = {"address": fresh, "kind": "PER", "owner_idnat": Person(simulator, "doctor2").idnat}
        assert (await control(simulator, "POST", "/mailboxes", new)).status_code == 201
        path = f"/directory/why-not-found?address={fresh}"
        told = (await control(simulator, "GET", path)).json()
        assert (told["code"], told["published"]) == ("not-yet-published", False)
        assert datetime.fromisoformat(told["shown_at"]) - datetime.fromisoformat(now) == timedelta(hours=1)
        assert (told["address"], told["correspondent"]) == (fresh, None)
        await control(simulator, "POST", "/clock/advance", {"by": "PT2H"})
        told = (await control(simulator, "GET", path)).json()
        assert (told["code"], told["published"], told["shown_at"]) == ("published", True, None)
        assert told["correspondent"]["idnat"] == new["owner_idnat"]
        assert {box["address"] for box in told["correspondent"]["mailboxes"]} == {DOCTOR2, fresh}


async def test_the_same_is_found_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        await _look(simulator)


async def _look(simulator: Simulator) -> None:
    assert set(await _found(simulator, q="paris")) == {_DURAND, _WARD}
    assert await _found(simulator, q="hôpital cardio", kind="PER") == [_DURAND]
    await control(simulator, "PATCH", "/identities/1750990012", {"city": "Annecy"})
    assert (await _found(simulator, q="paris"), await _found(simulator, q="durand annecy")) == ([], [_DURAND])
    assert set(await _found(simulator, place="69", kind="APP")) == {"Laboratoire du Parc"}
    assert [one["address"] for one in await Person(simulator, "doctor").get("/directory/suggestions", q="resul")] == [LABORATORY]
    assert [one["address"] for one in await Person(simulator, "doctor").get("/directory/suggestions", q="ormes", limit=2)]
    for typed in ("cardio", "cardiologu", "cardiologue"):
        assert WARD in {one["address"] for one in await Person(simulator, "doctor").get("/directory/suggestions", q=typed)}
