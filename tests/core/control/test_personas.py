"""The people of seeds who can be played, and what they may do."""

from datetime import timedelta

from mss_sim.core.access import identities
from mss_sim.core.control import personas
from mss_sim.vocabulary.mailboxes import MailboxKind
from tests.clients import DOCTOR, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town


async def test_a_persona_is_told_with_what_he_may_do_now(town: Town) -> None:
    found = {one.role: one for one in await personas.of_seed(town.world, "cabinet")}
    secretary = found["secretary"]
    assert (secretary.login, secretary.password, secretary.name) == ("sophie.petit", "cabinet-2026", "Sophie PETIT")
    boxes = {box.address: box for box in secretary.mailboxes}
    assert set(boxes) == {PRACTICE, DOCTOR}
    assert [right.value for right in boxes[DOCTOR].rights] == ["read", "see", "send_on_behalf"]
    assert [(box.address, box.kind) for box in found["patient"].mailboxes] == [(PATIENT, MailboxKind.PATIENT)]
    assert secretary.as_json() == {
        "role": "secretary",
        "idnat": IDNATS["secretary"],
        "name": "Sophie PETIT",
        "login": "sophie.petit",
        "password": "cabinet-2026",
        "mailboxes": [
            {"address": box.address, "kind": str(box.kind.value), "rights": [right.value for right in box.rights]}
            for box in secretary.mailboxes
        ],
    }
    assert {one["kind"] for one in secretary.as_json()["mailboxes"]} == {"CAB", "PER"}
    assert len(found["assistant"].mailboxes) == 1
    town.clock.advance(timedelta(days=90))
    later = {one.role: one for one in await personas.of_seed(town.world, "cabinet")}
    assert later["assistant"].mailboxes == ()
    await identities.remove_identity(town.world, IDNATS["newcomer"])
    assert "newcomer" not in {one.role for one in await personas.of_seed(town.world, "cabinet")}


async def test_a_role_is_that_of_somebody_who_is_there(town: Town) -> None:
    assert await personas.idnat_of(town.world, "doctor") == IDNATS["doctor"]
    assert await personas.idnat_of(town.world, "nobody") is None
    await identities.remove_identity(town.world, IDNATS["newcomer"])
    assert await personas.idnat_of(town.world, "newcomer") is None
