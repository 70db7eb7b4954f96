"""The client that was written for the national directory (annuaire-sante-fhir), with another base URL and nothing else changed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from annuairesante import AnnuaireSanteClient, transform_organization, transform_practitioner, transform_practitioner_role
from annuairesante.exceptions import AuthenticationError, NotFoundError, ServerError

from mss_sim.app.simulator import Simulator
from tests.annuaire import CARDIOLOGIST_IDNAT, HOSPITAL_IDNAT, box_path, employ, operation, operator, patched
from tests.clients import DOCTOR, HOSPITAL, WARD


@pytest.fixture(autouse=True)
def no_labels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It keeps labels of codes in a folder, and fetches none unless it is asked to."""
    monkeypatch.setenv("ANNUAIRE_SANTE_CACHE_DIR", str(tmp_path))


def _client(simulator: Simulator, key: str | None = None) -> Any:
    told = simulator.ready()["directory"]
    return AnnuaireSanteClient(api_key=key or told["api_key"], base_url=told["fhir"])


async def test_it_searches_and_walks(simulator: Simulator) -> None:
    await employ(simulator, 58)

    def play() -> tuple[int, int, list[Any], Any, Any]:
        with _client(simulator) as client:
            (hospital,) = client.organization.search(identifier=HOSPITAL_IDNAT).entries
            roles = list(client.practitioner_role.search_all(organization=f"Organization/{hospital['id']}"))
            (durand,) = client.practitioner.search(family="durand", active=True).entries
            (role,) = client.practitioner_role.search(practitioner=durand["id"]).entries
            changed = list(client.practitioner.search_all(_lastUpdated="ge2025-01-01T00:00:00Z", _count=20))
            people = [transform_practitioner(one) for one in changed if len(one["identifier"]) > 1]
            assert client.practitioner.get(durand["id"]) == durand
            return len(roles), len(people), roles, transform_practitioner_role(role), transform_organization(hospital)

    count, people, roles, role, hospital = await asyncio.to_thread(play)
    assert (count, len({one["id"] for one in roles})) == (60, 60)
    assert people > 60
    assert HOSPITAL in str(role.model_dump())
    assert WARD in str(hospital.model_dump())


async def test_what_it_makes_of_a_person(simulator: Simulator) -> None:
    def play() -> Any:
        with _client(simulator) as client:
            (found,) = client.practitioner.search(**{"mailbox-mss": DOCTOR}).entries
            return transform_practitioner(found)

    martin = await asyncio.to_thread(play)
    assert (martin.identifiers.idnps, martin.identifiers.rpps, martin.name.family) == ("899700420013", "99700420013", "MARTIN")
    assert DOCTOR in str(martin.contacts)


async def test_what_operators_wrote_it_reads(simulator: Simulator) -> None:
    ormes = await operator(simulator, "Hôpital des Ormes")
    path = f"PractitionerRole?practitioner.identifier={CARDIOLOGIST_IDNAT}&organization.identifier={HOSPITAL_IDNAT}"
    await patched(ormes, path, operation("replace", box_path("PractitionerRole", HOSPITAL, "listeRouge"), valueBoolean=True))

    def play(key: str | None) -> int:
        with _client(simulator, key) as client:
            return len(client.practitioner_role.search(**{"mailbox-mss:exact": HOSPITAL}).entries)

    key = ormes._headers["ESANTE-API-KEY"]  # noqa: SLF001 - the key that the operator shows
    assert [await asyncio.to_thread(play, one) for one in (None, key)] == [0, 1]


async def test_its_errors(simulator: Simulator) -> None:
    def play() -> None:
        with _client(simulator) as client:
            with pytest.raises(NotFoundError):
                client.practitioner.get("003-0-000000001")
            with pytest.raises(ServerError):
                client.practitioner.search(_summary="count")
        with pytest.raises(AuthenticationError):
            AnnuaireSanteClient(api_key="")

    await asyncio.to_thread(play)
