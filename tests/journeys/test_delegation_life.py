"""A delegation from its birth to its end: granted, narrowed, handed over, renounced; and who holds a practice's mailbox."""

from datetime import timedelta

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock, iso
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD, ImapClient, Person, control
from tests.conftest import StartSimulator


async def _grant_of(person: Person, mailbox: str, name: str) -> dict[str, object]:
    rows = await person.get(f"/mailboxes/{mailbox}/grants")
    found: dict[str, object] = next(row for row in rows if row["grantee"]["name"] == name and row["in_force"])
    return found


async def test_a_manager_grants_no_more_than_he_holds(simulator: Simulator) -> None:
    doctor, newcomer, secretary = (Person(simulator, role) for role in ("doctor", "newcomer", "secretary"))
    path = f"/mailboxes/{PRACTICE}/grants"
    given = await doctor.rest("POST", path, json={"grantee": newcomer.idnat, "rights": ["see", "read", "manage"]})
    assert given.status_code == 201
    beyond = await newcomer.rest("POST", path, json={"grantee": secretary.idnat, "rights": ["delete"]})
    assert (beyond.status_code, beyond.json()["code"]) == (403, "grant-not-allowed")
    himself = await newcomer.rest("POST", path, json={"grantee": newcomer.idnat, "rights": ["see"]})
    assert himself.status_code == 403
    within = await newcomer.rest("POST", path, json={"grantee": secretary.idnat, "rights": ["read"]})
    assert within.status_code == 201


async def test_a_grantee_renounces_but_does_not_edit(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    own = await _grant_of(secretary, PRACTICE, "Sophie PETIT")
    assert len(await secretary.get(f"/mailboxes/{PRACTICE}/grants")) == 1
    renounced = await secretary.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{own['id']}")
    assert renounced.json()["in_force"] is False
    assert (await secretary.rest("GET", f"/mailboxes/{PRACTICE}")).status_code == 404
    assert [row["address"] for row in await secretary.get("/mailboxes")] == [DOCTOR]


async def test_all_of_one_persons_grants_are_handed_over_at_once(simulator: Simulator) -> None:
    doctor, secretary, newcomer = (Person(simulator, role) for role in ("doctor", "secretary", "newcomer"))
    order = {"from": secretary.idnat, "to": newcomer.idnat, "reason": "Départ"}
    done = (await doctor.rest("POST", "/grants/hand-over", json=order)).json()
    assert sorted(row["mailbox"] for row in done["created"]) == [DOCTOR, PRACTICE]
    assert {row["in_force"] for row in done["ended"]} == {False}
    assert await secretary.get("/mailboxes") == []
    assert sorted(row["address"] for row in await newcomer.get("/mailboxes")) == [DOCTOR, PRACTICE]
    again = await doctor.rest("POST", "/grants/hand-over", json=order)
    assert (again.status_code, again.json()["code"]) == (404, "not-found")


async def test_nobody_hands_over_what_he_does_not_manage(simulator: Simulator) -> None:
    ward, secretary, newcomer = (Person(simulator, role) for role in ("hospital_ward", "secretary", "newcomer"))
    answer = await ward.rest("POST", "/grants/hand-over", json={"from": secretary.idnat, "to": newcomer.idnat})
    assert answer.status_code == 404
    assert len(await secretary.get("/mailboxes")) == 2


async def test_an_anonymous_card_holds_no_grant(simulator: Simulator) -> None:
    body = {"grantee": "590000010000017/CPE0009", "rights": ["see"]}
    answer = await Person(simulator, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/grants", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "grantee-not-allowed")
    assert answer.json()["reference"] == "sentinelle#f4"


async def test_the_responsible_leaves_only_with_a_successor(simulator: Simulator) -> None:
    doctor, doctor2 = Person(simulator, "doctor"), Person(simulator, "doctor2")
    alone = await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/holders/{doctor.idnat}")
    assert (alone.status_code, alone.json()["code"]) == (409, "successor-required")
    by_other = await doctor2.rest("PUT", f"/mailboxes/{PRACTICE}/responsible", json={"idnat": doctor2.idnat})
    assert by_other.status_code == 403
    named = await doctor.rest("PUT", f"/mailboxes/{PRACTICE}/responsible", json={"idnat": doctor2.idnat})
    assert {row["name"]: row["role"] for row in named.json()} == {"Dr Hugo BERNARD": "responsible", "Dr Camille MARTIN": "co_holder"}
    left = await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/holders/{doctor.idnat}")
    assert [row["name"] for row in left.json()] == ["Dr Hugo BERNARD"]
    assert PRACTICE not in [row["address"] for row in await doctor.get("/mailboxes")]


async def test_only_professionals_become_co_holders_and_only_of_a_practice(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    secretary = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/holders", json={"idnat": Person(simulator, "secretary").idnat})
    assert (secretary.status_code, secretary.json()["code"]) == (422, "grantee-not-allowed")
    personal = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/holders", json={"idnat": Person(simulator, "doctor2").idnat})
    assert personal.status_code == 422
    added = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/holders", json={"idnat": Person(simulator, "hospital").idnat})
    assert len(added.json()) == 3


async def test_a_disabled_identity_is_shut_out_at_its_next_request(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    assert (await secretary.rest("GET", "/me")).status_code == 200
    changed = await control(simulator, "PATCH", f"/identities/{secretary.idnat}", {"enabled": False})
    assert changed.status_code == 200
    assert (await secretary.rest("GET", "/me")).status_code == 401


async def test_what_may_not_be_seen_does_not_exist(simulator: Simulator) -> None:
    for role, mailbox in (("newcomer", PRACTICE), ("doctor", WARD), ("patient", DOCTOR)):
        answer = await Person(simulator, role).rest("GET", f"/mailboxes/{mailbox}/messages")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        unknown = await Person(simulator, role).rest("GET", "/mailboxes/nobody@medecin.sim.mssante.fr/messages")
        assert unknown.status_code == 404


async def test_a_grant_that_has_not_begun_is_handed_over_too(simulator: Simulator) -> None:
    doctor, newcomer, secretary = (Person(simulator, role) for role in ("doctor", "newcomer", "secretary"))
    grant = {"grantee": newcomer.idnat, "rights": ["see", "read"], "valid_from": "2099-01-01T00:00:00Z"}
    assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/grants", json=grant)).status_code == 201
    order = {"from": newcomer.idnat, "to": secretary.idnat}
    done = (await doctor.rest("POST", "/grants/hand-over", json=order)).json()
    ahead = [(one["grantee"]["idnat"], one["valid_from"][:4]) for one in done["created"]]
    assert ahead == [(secretary.idnat, "2099")]


async def test_a_grant_that_has_run_out_is_not_handed_over(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as world:
        doctor, newcomer, locum = (Person(world, role) for role in ("doctor", "newcomer", "locum"))
        path = f"/mailboxes/{DOCTOR}/grants"
        short = {"grantee": newcomer.idnat, "rights": ["see"], "valid_until": iso(clock.now() + 3_600_000_000)}
        assert (await doctor.rest("POST", path, json=short)).status_code == 201
        lasting = (await doctor.rest("POST", path, json={"grantee": newcomer.idnat, "rights": ["see", "read"]})).json()
        clock.advance(timedelta(hours=1))
        done = (await doctor.rest("POST", "/grants/hand-over", json={"from": newcomer.idnat, "to": locum.idnat})).json()
        assert [one["id"] for one in done["ended"]] == [lasting["id"]]
        assert [(one["rights"], one["grantee"]["idnat"]) for one in done["created"]] == [(["read", "see"], locum.idnat)]
        over = next(one for one in await doctor.get(path) if one["rights"] == ["see"])
        assert (over["revoked_at"], over["in_force"]) == (None, False)


@pytest.mark.parametrize("way", ["leaves", "is taken off", "hands over and goes"])
async def test_a_grant_from_before_somebody_held_the_mailbox_is_there_when_they_no_longer_do(simulator: Simulator, way: str) -> None:
    doctor, guest = Person(simulator, "doctor"), Person(simulator, "hospital")
    grant = {"grantee": guest.idnat, "rights": ["see", "read"]}
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=grant)).status_code == 201
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/holders", json={"idnat": guest.idnat})).is_success
    held = {one["address"]: one for one in await guest.get("/mailboxes")}[PRACTICE]
    assert (held["role"], "manage" in held["rights"]) == ("co_holder", True)
    client = await ImapClient.open(simulator, guest.account["login"], guest.account["password"])
    await client.ask(f'SELECT "Shared/{PRACTICE}/INBOX"')
    if way == "hands over and goes":
        named = await doctor.rest("PUT", f"/mailboxes/{PRACTICE}/responsible", json={"idnat": guest.idnat})
        assert named.is_success
        back = await guest.rest("PUT", f"/mailboxes/{PRACTICE}/responsible", json={"idnat": doctor.idnat, "stay": False})
        assert back.is_success
    else:
        by = guest if way == "leaves" else doctor
        assert (await by.rest("DELETE", f"/mailboxes/{PRACTICE}/holders/{guest.idnat}")).is_success
    held = {one["address"]: one for one in await guest.get("/mailboxes")}[PRACTICE]
    assert (held["role"], sorted(held["rights"])) == (None, ["read", "see"])
    assert (await client.ask(f'MYRIGHTS "Shared/{PRACTICE}/INBOX"'))[-2:] == [
        f'* MYRIGHTS "Shared/{PRACTICE}/INBOX" lr',
        "OK MYRIGHTS completed",
    ]
    assert any(line.endswith(f'"Shared/{PRACTICE}/INBOX"') for line in await client.ask('LIST "" Shared/*'))
    assert (await client.ask(f'SELECT "Shared/{PRACTICE}/INBOX"'))[-1].startswith("OK [READ-ONLY]")
    manager = await ImapClient.open(simulator, "camille.martin", "cabinet-2026")
    assert f" {guest.idnat} lr" in (await manager.ask(f'GETACL "Shared/{PRACTICE}/INBOX"'))[0]
    for one in (client, manager):
        await one.close()


@pytest.mark.parametrize("name", ["louise.moreau", "LOUISE.MOREAU", "590000010000017/SEC0002"])
@pytest.mark.parametrize("door", ["rest", "control"])
async def test_a_grantee_is_named_by_login_or_idnat(simulator: Simulator, door: str, name: str) -> None:
    await _grant_as(simulator, door, name, "newcomer")


@pytest.mark.parametrize("door", ["rest", "control"])
async def test_a_grantee_is_named_by_the_address_of_a_mailbox_that_is_theirs_alone(simulator: Simulator, door: str) -> None:
    await _grant_as(simulator, door, HOSPITAL.upper(), "hospital")
    for address in (WARD, PATIENT, "nobody@medecin.sim.mssante.fr"):
        body = {"grantee": address, "rights": ["see"]}
        answer = await Person(simulator, "doctor").rest("POST", f"/mailboxes/{DOCTOR}/grants", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "grantee-not-allowed"), address


async def _grant_as(simulator: Simulator, door: str, name: str, role: str) -> None:
    body = {"grantee": name, "rights": ["see", "read"]}
    if door == "rest":
        answer = await Person(simulator, "doctor").rest("POST", f"/mailboxes/{DOCTOR}/grants", json=body)
    else:
        answer = await control(simulator, "POST", f"/mailboxes/{DOCTOR}/grants", body)
    assert (answer.status_code, answer.json()["grantee"]["idnat"]) == (201, Person(simulator, role).idnat)
    assert DOCTOR in [one["address"] for one in await Person(simulator, role).get("/mailboxes")]


async def test_a_hand_over_and_a_holder_take_every_name_and_the_journal_writes_the_idnat(simulator: Simulator) -> None:
    doctor, successor = Person(simulator, "doctor"), Person(simulator, "newcomer")
    order = {"from": "sophie.petit", "to": "louise.moreau"}
    done = await doctor.rest("POST", "/grants/hand-over", json=order)
    assert {one["grantee"]["idnat"] for one in done.json()["created"]} == {successor.idnat}
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/holders", json={"idnat": HOSPITAL})).is_success
    lines = (await doctor.get(f"/mailboxes/{PRACTICE}/journal", limit=10))["items"]
    added = next(line["detail"] for line in lines if line["act"] == "holder.added")
    handed = next(line["detail"] for line in lines if line["act"] == "grant.handed_over")
    assert added == {"idnat": Person(simulator, "hospital").idnat}
    assert (handed["from"], handed["to"]) == (Person(simulator, "secretary").idnat, successor.idnat)
