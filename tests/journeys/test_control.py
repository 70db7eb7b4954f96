"""The control plane: the world made, changed and emptied from outside, and closed to whoever should not drive it."""

import asyncio
import base64
import json
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from mss_sim.app.simulator import Simulator
from tests.clients import PRACTICE, Person, base64_of, control
from tests.conftest import StartSimulator


async def test_a_world_is_built_from_nothing(start: StartSimulator) -> None:
    async with start(seed=None) as simulator:
        assert (await control(simulator, "GET", "/state")).json()["mailboxes"] == 0
        operator = {"name": "Clinique du Lac", "domains": ["Clinique-Lac.sim.mssante.fr"], "message_size_bytes_max": 10_000_000}
        assert (await control(simulator, "POST", "/operators", operator)).json()["domains"] == ["clinique-lac.sim.mssante.fr"]
        person = {"idnat": "899700420062", "kind": "professional", "family_name": "ROUX", "login": "roux", "password": "secret"}
        made = await control(simulator, "POST", "/identities", person)
        assert (made.status_code, made.json()["warnings"]) == (201, [])
        mailbox = {"address": "Roux@clinique-lac.sim.mssante.fr", "kind": "PER", "owner_idnat": "899700420062"}
        assert (await control(simulator, "POST", "/mailboxes", mailbox)).json()["address"] == "roux@clinique-lac.sim.mssante.fr"
        async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=("roux", "secret")) as client:
            assert (await client.get("/api/v1/me")).json()["mailboxes"][0]["role"] == "owner"
        assert (await control(simulator, "DELETE", "/identities/899700420062")).json()["code"] == "conflict"
        assert (await control(simulator, "DELETE", "/mailboxes/roux@clinique-lac.sim.mssante.fr")).status_code == 204
        assert (await control(simulator, "DELETE", "/identities/899700420062")).status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/operators", {"name": "x", "domains": ["cabinet.sim.mssante.fr"]}, "conflict"),
        ("/operators", {"name": "x", "domains": ["not a domain"]}, "invalid-request"),
        ("/identities", {"idnat": "899700420013", "kind": "professional", "family_name": "x"}, "conflict"),
        ("/identities", {"idnat": "1", "kind": "professional", "family_name": "x", "login": "camille.martin", "password": "x"}, "conflict"),
        ("/identities", {"idnat": "1", "kind": "professional", "family_name": "x", "login": "a*b", "password": "x"}, "invalid-request"),
        ("/identities", {"idnat": "1", "kind": "wizard", "family_name": "x"}, "invalid-request"),
        ("/mailboxes", {"address": PRACTICE, "kind": "CAB", "owner_idnat": "899700420013"}, "conflict"),
        ("/mailboxes", {"address": "a@example.org", "kind": "PER", "owner_idnat": "899700420013"}, "domain-outside-trust-space"),
        ("/mailboxes", {"address": "a@patient.mssante.fr", "kind": "PER", "owner_idnat": "899700420013"}, "invalid-request"),
        ("/mailboxes", {"address": "a@cabinet.sim.mssante.fr", "kind": "ORG", "owner_idnat": "899700420013"}, "invalid-request"),
        ("/mailboxes", {"address": "a@cabinet.sim.mssante.fr", "kind": "PER", "owner_idnat": "unknown"}, "not-found"),
        ("/tokens", {"who": "nobody"}, "not-found"),
        ("/seed", {"name": "nothing"}, "invalid-request"),
        ("/reset", {"name": "nothing"}, "invalid-request"),
    ],
)
async def test_what_cannot_be_made_says_why(simulator: Simulator, path: str, body: dict[str, object], code: str) -> None:
    answer = await control(simulator, "POST", path, body)
    assert answer.json()["code"] == code, answer.text
    assert (await control(simulator, "GET", "/state")).json()["mailboxes"] == 8


async def test_a_wrong_key_is_a_warning_not_a_refusal(simulator: Simulator) -> None:
    body = {"idnat": "810102727017", "kind": "professional", "family_name": "ANS"}
    answer = await control(simulator, "POST", "/identities", body)
    assert answer.status_code == 201
    assert "Luhn" in answer.json()["warnings"][0]


async def test_reset_empties_and_plants_again(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    await doctor.send(PRACTICE, to=[PRACTICE])
    assert (await control(simulator, "POST", "/reset", {"name": "cabinet"})).status_code == 204
    assert await doctor.inbox(PRACTICE) == []
    await doctor.send(PRACTICE, to=[PRACTICE])
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    assert await doctor.inbox(PRACTICE) == []
    assert (await control(simulator, "POST", "/reset", {"name": "none"})).status_code == 204
    assert (await doctor.rest("GET", "/me")).status_code == 401
    assert len((await control(simulator, "POST", "/seed", {"name": "cabinet"})).json()) == 13


async def test_null_is_refused_where_a_value_is_needed(simulator: Simulator) -> None:
    answer = await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"label": None})
    assert answer.json()["code"] == "invalid-request"
    assert (await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"preferred_rank": None})).status_code == 200


async def test_a_page_of_another_site_may_not_drive_it(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        foreign = await client.post("/control/reset", headers={"Origin": "https://example.org"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "control-forbidden")
        rebound = await client.post("/control/reset", headers={"Host": "example.org"})
        assert (rebound.status_code, rebound.json()["code"]) == (421, "host-unknown")
        assert (await client.get("/control/state")).json()["mailboxes"] == 8


async def test_without_a_key_this_machine_drives_it_and_a_page_of_its_own(simulator: Simulator) -> None:
    base = httpx.URL(simulator.ready()["http"])
    own, port = f"http://{base.host}:{base.port}", base.port
    cases: list[tuple[dict[str, str], str | None]] = [
        ({}, None),
        ({"Origin": own}, None),
        ({"Origin": own, "Host": f"localhost:{port}"}, "A page of another site"),
        ({"Origin": f"http://localhost:{port}", "Host": f"localhost:{port}"}, None),
        ({"Origin": own.replace("http:", "https:")}, "A page of another site"),
        ({"Origin": f"http://{base.host}:{(port or 0) + 1}"}, "A page of another site"),
        ({"Origin": "null"}, "A page of another site"),
        *(({"Host": host}, None) for host in ("localhost", "127.9.9.9", "[::1]:1")),
        *(({"Host": host}, "only this machine is heard") for host in ("mail.sim.mssante.fr", "192.0.2.1", "[2001:db8::1]")),
        *(({name: "127.0.0.1"}, f"A proxy brought this ({name.lower()})") for name in _PROXIED),
    ]
    async with httpx.AsyncClient(base_url=base) as client:
        for headers, said in cases:
            answer = await client.get("/control/state", headers=headers)
            assert answer.status_code == (200 if said is None else 403), headers
            assert said is None or said in answer.json()["detail"], headers


_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


@pytest.mark.parametrize(("client", "status"), [("127.0.0.1", 200), ("192.0.2.7", 403)])
async def test_behind_a_proxy_that_is_named_this_machine_is_heard(start: StartSimulator, client: str, status: int) -> None:
    async with start(http_proxies=("127.0.0.1",)) as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as http:
        assert (await http.get("/control/state", headers={"X-Forwarded-For": client})).status_code == status


async def test_with_a_key_only_the_key_counts_in_a_field_or_where_programs_know_no_other_way_as_a_password(start: StartSimulator) -> None:
    key = {"X-Control-Key": "sesame-ouvre"}
    basic, wrong = (f"Basic {base64_of(f'any:{word}'.encode())}" for word in ("sesame-ouvre", "sesame"))
    cases: list[tuple[dict[str, str], int, int]] = [
        ({}, 403, 401),
        (key, 200, 200),
        ({**key, "Origin": "https://example.org"}, 200, 200),
        ({**key, **dict.fromkeys(_PROXIED, "192.0.2.7")}, 200, 200),
        ({"X-Control-Key": "sesame"}, 403, 401),
        ({"X-Control-Key": ""}, 403, 401),
        ({"Authorization": basic}, 403, 200),
        ({"Authorization": wrong}, 403, 401),
        ({"Authorization": basic, "X-Control-Key": "sesame"}, 403, 401),
        ({"Authorization": wrong, **key}, 200, 200),
    ]
    async with start(control_key="sesame-ouvre") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for headers, state, mailpit in cases:
            told = [(await client.get(path, headers=headers)).status_code for path in ("/control/state", "/mailpit/api/v1/info")]
            assert told == [state, mailpit], headers


async def test_a_key_opens_it_and_nothing_else_does(start: StartSimulator) -> None:
    async with start(control_key="sesame-ouvre") as simulator:
        assert simulator.ready()["control_key"] == "sesame-ouvre"
        async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
            assert (await client.get("/control/state")).status_code == 403
            assert (await client.get("/control/state", headers={"X-Control-Key": "wrong"})).status_code == 403
            assert (await client.get("/control/state", headers={"X-Control-Key": "sesame-ouvre"})).status_code == 200


async def test_a_key_is_drawn_where_none_is_set(start: StartSimulator) -> None:
    """It stays over a restart, is another one in every world, and goes behind one that is set."""
    async with start(control_key_drawn=True) as simulator:
        key = simulator.ready()["control_key"]
        assert len(key) > 40
        async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
            assert (await client.get("/control/state")).status_code == 403
            assert (await client.get("/control/state", headers={"X-Control-Key": key})).status_code == 200
        [kept] = [path for path in simulator.data_dir.rglob("*") if path.is_file() and path.read_bytes() == key.encode()]
        assert kept.stat().st_mode & 0o077 == 0
    async with start(control_key_drawn=True) as simulator:
        assert simulator.ready()["control_key"] == key
    async with start(control_key_drawn=True, control_key="sesame-ouvre") as simulator:
        assert simulator.ready()["control_key"] == "sesame-ouvre"
    async with start() as simulator:
        assert simulator.ready()["control_key"] is None


async def test_grants_are_given_and_taken_from_outside(simulator: Simulator) -> None:
    newcomer = Person(simulator, "newcomer")
    body = {"grantee": newcomer.idnat, "rights": ["see", "read"], "reason": "Essai"}
    made = (await control(simulator, "POST", f"/mailboxes/{PRACTICE}/grants", body)).json()
    assert made["granted_by"] is None
    assert [row["address"] for row in await newcomer.get("/mailboxes")] == [PRACTICE]
    assert len((await control(simulator, "GET", f"/mailboxes/{PRACTICE}/grants")).json()) == 3
    assert (await control(simulator, "DELETE", f"/mailboxes/{PRACTICE}/grants/{made['id']}")).json()["in_force"] is False
    assert await newcomer.get("/mailboxes") == []


async def test_a_reset_world_has_the_certificates_that_the_ready_file_names(simulator: Simulator) -> None:
    def shown() -> set[str]:
        files = [simulator.ready()[name]["cert_file"] for name in ("mx_peer", "app_client")]
        return {f"{x509.load_pem_x509_certificate(Path(file).read_bytes()).serial_number:x}" for file in files}

    for reset in (False, True):
        if reset:
            assert (await control(simulator, "POST", "/reset")).status_code == 204
        issued = {
            row["serial"].lstrip("0").lower()
            for row in (await control(simulator, "GET", "/certificates")).json()
            if not row.get("revoked_at")
        }
        assert await asyncio.to_thread(shown) <= issued, "after a reset" if reset else "after a start"


async def test_a_token_from_outside_lasts_as_long_as_was_asked(start: StartSimulator) -> None:
    async with start(token_lifetime_seconds=90) as simulator:
        for wanted, lifetime in (({}, 90), ({"lifetime_seconds": 7}, 7)):
            minted = (await control(simulator, "POST", "/tokens", {"who": "camille.martin", **wanted})).json()
            payload = minted["access_token"].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            assert (minted["expires_in"], claims["exp"] - claims["iat"]) == (lifetime, lifetime)
