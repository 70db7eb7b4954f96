"""What strangers saw of the national directory when it failed, by name: statuses, bodies that are no FHIR, pages that break off."""

import io
import time
import zipfile
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.annuaire import DOCTOR_IDNAT, Annuaire, addresses, box_path, boxes, contact_point, link, operation, operator, patch
from tests.clients import DOCTOR, PRACTICE, control


@pytest.fixture
def annuaire(simulator: Simulator) -> Annuaire:
    return Annuaire(simulator)


async def preset(simulator: Simulator, name: str, **given: Any) -> None:
    """Put a preset in the place of all rules that are there."""
    assert (await control(simulator, "DELETE", "/faults")).status_code == 204
    answer = await control(simulator, "POST", f"/faults/presets/{name}", given)
    assert answer.status_code == 201, answer.text


async def test_the_gateway_answers_without_fhir(simulator: Simulator, annuaire: Annuaire) -> None:
    for name, status in (("directory-502-body-less", 502), ("directory-504", 504), ("directory-404-all", 404)):
        await preset(simulator, name)
        for path in ("Practitioner?family=martin", "metadata", "Practitioner/zzz", annuaire.ready["extraction"]):
            answer = await annuaire.ask(path)
            assert (answer.status_code, "x-fault" in answer.headers, "resourceType" in answer.text) == (status, True, False), name
            assert (answer.content == b"") is (status != 404)
    await preset(simulator, "directory-504", count=1)
    assert [(await annuaire.ask("metadata")).status_code for _ in range(2)] == [504, 200]


async def test_a_limit_of_requests_a_slow_server_and_pages_that_break_off(simulator: Simulator, annuaire: Annuaire) -> None:
    await preset(simulator, "directory-rate-limit", requests=2)
    answers = [await annuaire.ask("Practitioner?family=martin") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[-1].json()["http_status_code"] == 429
    await preset(simulator, "directory-next-broken")
    page = await annuaire.page("Practitioner?_count=1")
    assert (await annuaire.refused(str(link(page, "next"))))[:2] == (500, "exception")
    await preset(simulator, "directory-slow", seconds=0.3)
    begun = time.monotonic()
    await annuaire.page("Practitioner?_count=1")
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize(
    ("verb", "failing"),
    [("READ", "Practitioner/zzz"), ("SEARCH", "Practitioner?_count=1"), ("METADATA", "metadata"), ("PAGE", "_page?id=u")],
)
async def test_a_rule_means_one_kind_of_request(simulator: Simulator, annuaire: Annuaire, verb: str, failing: str) -> None:
    rule = {"point": "directory", "action": {"kind": "reply", "code": "503"}, "match": {"verb": verb}, "count": None}
    assert (await control(simulator, "POST", "/faults", rule)).status_code == 201
    failed = {
        path: (await annuaire.ask(path)).status_code == 503
        for path in ("Practitioner/zzz", "Practitioner?_count=1", "metadata", "_page?id=u")
    }
    assert [path for path, was in failed.items() if was] == [failing]
    found = await annuaire.ask("Practitioner/_search", "POST", data={"family": "martin"})
    assert (found.status_code == 503) is (verb == "SEARCH")


async def test_files_are_cut_and_late_like_the_rest(simulator: Simulator, annuaire: Annuaire) -> None:
    for name in ("extraction", "professionals", "cards"):
        whole = (await annuaire.ask(annuaire.ready[name])).content
        assert (await control(simulator, "DELETE", "/faults")).status_code == 204
        rule = {"point": "directory", "action": {"kind": "truncate", "after_bytes": 100}, "match": {"verb": "EXTRACTION"}, "count": None}
        assert (await control(simulator, "POST", "/faults", rule)).status_code == 201
        cut = await annuaire.ask(annuaire.ready[name])
        assert (cut.status_code, cut.content) == (200, whole[:100])
        assert (await annuaire.ask("metadata")).status_code == 200
        await control(simulator, "DELETE", "/faults")


async def test_the_files_of_the_day_break_off_by_a_preset(simulator: Simulator, annuaire: Annuaire) -> None:
    await preset(simulator, "extraction-broken", after_bytes=200)
    for name in ("extraction", "professionals", "cards"):
        broken = (await annuaire.ask(annuaire.ready[name])).content
        assert (len(broken), zipfile.is_zipfile(io.BytesIO(broken))) == (200, False)
    assert await annuaire.found("Practitioner?family=martin") != []


async def test_a_patch_fails_by_its_verb(simulator: Simulator) -> None:
    liberal = await operator(simulator, "Messagerie libérale")
    rule = {"point": "directory", "action": {"kind": "reply", "code": "503"}, "match": {"verb": "PATCH"}, "count": 1}
    assert (await control(simulator, "POST", "/faults", rule)).status_code == 201
    wanted = operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=5)
    path = f"Practitioner?identifier={DOCTOR_IDNAT}"
    assert (await liberal.ask(f"{liberal.ready['write']}/metadata")).status_code == 200
    assert [(await patch(liberal, path, wanted)).status_code for _ in range(2)] == [503, 200]


async def test_the_extraction_is_ahead_of_the_api(simulator: Simulator, annuaire: Annuaire) -> None:
    """Whatever the clock does, also where it stands still: what is written after the preset is in the file, and searches know it not."""
    assert (await control(simulator, "PUT", "/clock", {"mode": "frozen"})).status_code == 200
    assert await annuaire.found(f"Practitioner?mailbox-mss:exact={DOCTOR}") != []
    await preset(simulator, "extraction-ahead-of-api")
    liberal = await operator(simulator, "Messagerie libérale")
    new = "dr.martin@cabinet.sim.mssante.fr"
    wanted = operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(new, "PER"))
    shown = boxes((await patch(liberal, f"Practitioner?identifier={DOCTOR_IDNAT}", wanted)).json())
    assert new in shown
    assert (await control(simulator, "DELETE", f"/mailboxes/{DOCTOR}")).status_code == 204
    assert await annuaire.found(f"Practitioner?mailbox-mss:exact={new}") == []
    (person,) = await annuaire.found(f"Practitioner?identifier={DOCTOR_IDNAT}")
    assert addresses([person]) == [DOCTOR, PRACTICE]
    assert addresses([(await annuaire.ask(f"Practitioner/{person['id']}")).json()]) == [DOCTOR, PRACTICE]
    with zipfile.ZipFile(io.BytesIO((await annuaire.ask(annuaire.ready["extraction"])).content)) as archive:
        listed = {line.split("|")[1] for line in archive.read(archive.namelist()[0]).decode().splitlines()}
    assert (new in listed, DOCTOR in listed) == (True, False)
    assert (await control(simulator, "DELETE", "/faults")).status_code == 204
    assert addresses(await annuaire.found(f"Practitioner?identifier={DOCTOR_IDNAT}")) == [new, PRACTICE]
