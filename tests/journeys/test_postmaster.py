"""Mail for a postmaster arrives under the settings that anybody starts with, and the control plane says who reads it."""

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, Peer, Person, control, letter

_HOSPITALS = "postmaster@hopital-ormes.sim.mssante.fr"


async def _read(simulator: Simulator, address: str) -> list[str]:
    reader = Person(simulator, "secretary")
    grant = {"grantee": reader.idnat, "rights": ["see", "read"]}
    assert (await control(simulator, "POST", f"/mailboxes/{address}/grants", grant)).status_code == 201
    return sorted(one["subject"] for one in await reader.inbox(address))


async def test_it_arrives_from_every_door(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    assert (await doctor.smtp(DOCTOR, _HOSPITALS, letter(DOCTOR, _HOSPITALS, "SMTP"))).code == 250
    assert (await doctor.send(DOCTOR, to=[_HOSPITALS], subject="REST", text="x")).status_code == 201
    brought = letter(HOSPITAL, _HOSPITALS, "MX")
    assert (await Peer(simulator).send(HOSPITAL, ["PostMaster"], brought)).code == 250
    assert await _read(simulator, _HOSPITALS) == ["MX", "REST", "SMTP"]


async def test_without_a_domain_it_is_ones_own_operators(simulator: Simulator) -> None:
    sent = letter(DOCTOR, "postmaster@medecin.sim.mssante.fr", "Sans domaine")
    assert (await Person(simulator, "doctor").smtp(DOCTOR, "POSTMASTER", sent)).code == 250
    assert await _read(simulator, "postmaster@medecin.sim.mssante.fr") == ["Sans domaine"]
