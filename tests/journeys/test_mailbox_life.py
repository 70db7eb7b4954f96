"""What a mailbox does by itself is told as it was set: by whoever may set it, and by nobody else's word."""

from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, PRACTICE, Person, control
from tests.conftest import StartSimulator

_BOX = f"/mailboxes/{PRACTICE}"


async def _frozen(simulator: Simulator) -> Person:
    """The doctor of a world whose time stands still."""
    assert (await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2089-01-05T08:00:00Z"})).status_code == 200
    return Person(simulator, "doctor")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({}, {"subject": "", "from": "2089-01-05T08:00:00Z", "until": None, "days": 3, "active": True}),
        ({"subject": "Fermé", "days": 9}, {"subject": "Fermé", "from": "2089-01-05T08:00:00Z", "until": None, "days": 9, "active": True}),
        (
            {"from": "2089-01-05T08:00:01Z", "until": "2089-01-05T08:00:02Z"},
            {"subject": "", "from": "2089-01-05T08:00:01Z", "until": "2089-01-05T08:00:02Z", "days": 3, "active": False},
        ),
        (
            {"from": "2089-01-01T09:00:00+01:00", "until": "2089-01-05T08:00:01Z"},
            {"subject": "", "from": "2089-01-01T08:00:00Z", "until": "2089-01-05T08:00:01Z", "days": 3, "active": True},
        ),
    ],
    ids=["at once", "with all that may be said", "later", "since a while"],
)
async def test_an_answer_is_told_as_it_is_given_and_by_the_setting_where_it_says_nothing(
    start: StartSimulator, wanted: dict[str, Any], told: dict[str, Any]
) -> None:
    async with start(out_of_office_days=3) as simulator:
        doctor = await _frozen(simulator)
        path = f"{_BOX}/out-of-office"
        assert await doctor.get(path) is None
        set_ = await doctor.rest("PUT", path, json={"text": "Retour lundi.", **wanted})
        assert (set_.status_code, set_.json()) == (200, {"text": "Retour lundi.", **told})
        assert await doctor.get(path) == set_.json()
        assert (await doctor.rest("DELETE", path)).status_code == 204
        assert await doctor.get(path) is None


@pytest.mark.parametrize(("keep", "kept"), [(None, False), (True, True), (False, False)])
async def test_a_forwarding_is_told_as_it_is_set(start: StartSimulator, *, keep: bool | None, kept: bool) -> None:
    async with start(forwarding_keep=False) as simulator:
        doctor = await _frozen(simulator)
        path, told = f"{_BOX}/forwarding", {"to": DOCTOR2, "keep": kept, "since": "2089-01-05T08:00:00Z"}
        assert await doctor.get(path) is None
        set_ = await doctor.rest("PUT", path, json={"to": DOCTOR2.upper(), "keep": keep})
        assert (set_.status_code, set_.json()) == (200, told)
        assert await doctor.get(path) == told
        assert (await doctor.rest("DELETE", path)).status_code == 204
        assert await doctor.get(path) is None


async def test_a_closing_is_the_same_to_its_holder_and_to_who_drives_the_world(start: StartSimulator) -> None:
    async with start() as simulator:
        doctor = await _frozen(simulator)
        path = f"{_BOX}/closing"
        assert (await doctor.get(path), (await control(simulator, "GET", path)).json()) == (None, None)
        for ask, cancel in (
            (doctor.rest("POST", path), control(simulator, "DELETE", path)),
            (control(simulator, "POST", path), doctor.rest("DELETE", path)),
        ):
            asked = await ask
            assert (asked.status_code, asked.json()) == (202, {"asked_at": "2089-01-05T08:00:00Z", "closes_at": "2089-02-04T08:00:00Z"})
            assert await doctor.get(path) == (await control(simulator, "GET", path)).json() == asked.json()
            assert (await cancel).status_code == 204
            assert await doctor.get(path) is None


async def test_for_how_long_letters_are_kept_is_told_to_holders_and_set_by_who_drives_the_world(start: StartSimulator) -> None:
    async with start(retention_days=20) as simulator:
        doctor, path = Person(simulator, "doctor"), f"{_BOX}/retention"
        steps: list[tuple[str, Any, Any]] = [
            ("GET", None, 20),
            ("PUT", {"days": 5}, 5),
            ("PUT", {"days": None}, None),
            ("DELETE", None, 20),
        ]
        for method, body, days in steps:
            answer = await control(simulator, method, path, body)
            assert (answer.status_code, answer.json()) == (200, {"days": days})
            assert await doctor.get(path) == {"days": days}
            assert await doctor.get(f"/mailboxes/{DOCTOR}/retention") == {"days": 20}, "of this mailbox alone"


async def test_who_a_mailbox_is_handed_to_is_told(simulator: Simulator) -> None:
    doctor, doctor2, hospital = (Person(simulator, role) for role in ("doctor", "doctor2", "hospital"))
    told = [
        await doctor.rest("PUT", f"{_BOX}/owner", json={"idnat": doctor2.idnat}),
        await control(simulator, "PUT", f"{_BOX}/owner", {"idnat": hospital.idnat}),
    ]
    for answer, heir in zip(told, (doctor2, hospital), strict=True):
        assert (answer.status_code, answer.json()) == (200, {"idnat": heir.idnat, "name": heir.account["name"]})
    assert (await control(simulator, "GET", _BOX)).json()["owner"]["idnat"] == hospital.idnat
    assert (await doctor.rest("GET", _BOX)).status_code == 404
