"""A laboratory finds under /api/v1 what opens its mailbox, and never a key."""

from cryptography import x509

from mss_sim.app.simulator import Simulator
from tests.clients import LABORATORY, Person, control

_HERE = f"/mailboxes/{LABORATORY}/certificates"


async def test_the_program_sees_and_downloads_the_certificates_of_its_mailbox(simulator: Simulator) -> None:
    made = (await control(simulator, "POST", "/certificates", {"mailbox": LABORATORY})).json()
    laboratory = Person(simulator, "application")
    shown = await laboratory.get(f"{_HERE}/{made['serial']}")
    assert shown == {name: made[name] for name in shown}
    assert set(made) - set(shown) == {"operator", "host"}
    listed = await laboratory.get(_HERE)
    assert listed == await laboratory.get("/certificates")
    assert listed[0] == shown, "before the one of the seed"
    answer = await laboratory.rest("GET", f"{_HERE}/{made['serial']}/pem")
    assert answer.headers["Content-Type"] == "application/x-pem-file"
    assert f"{x509.load_pem_x509_certificates(answer.content)[0].serial_number:x}" == made["serial"].lstrip("0")
    assert "PRIVATE KEY" not in answer.text + str(shown)
    for form in ("key", "p12", "der"):
        assert (await laboratory.rest("GET", f"{_HERE}/{made['serial']}/{form}")).status_code == 404


async def test_nobody_else_is_told_and_nobody_issues_or_revokes_here(simulator: Simulator) -> None:
    made = (await control(simulator, "POST", "/certificates", {"mailbox": LABORATORY})).json()
    doctor = Person(simulator, "doctor")
    assert await doctor.get("/certificates") == []
    for path in (_HERE, f"{_HERE}/{made['serial']}", f"{_HERE}/{made['serial']}/pem"):
        assert (await doctor.rest("GET", path)).status_code == 404
    laboratory = Person(simulator, "application")
    assert (await laboratory.rest("POST", _HERE, {})).status_code == 405
    assert (await laboratory.rest("POST", f"{_HERE}/{made['serial']}/revoke", {})).status_code == 404
