"""What userinfo tells of whom, the control plane, and log-in without a browser (CIBA)."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.store import identities
from tests.clients import Person, control
from tests.conftest import StartSimulator
from tests.relying_party import CIBA, DOCTOR, RelyingParty, claims_of, hidden, told

TOP = {
    "sub", "SubjectNameID", "preferred_username", "given_name", "family_name", "email_verified", "SubjectRole", "Secteur_Activite",
    "SubjectOrganization", "SubjectOrganizationID", "PSI_Locale", "Palier_Authentification", "UITVersion", "Mode_Acces_Raison",
    "Acces_Regulation_Medicale", "authMode", "otherIds", "SubjectRefPro", "codeCivilite",
}  # fmt: skip
ANONYMOUS = "590000010000017/CPE0009"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "pro-sante-connect.md"


@pytest.fixture
async def world(start: StartSimulator, clock: ManualClock) -> AsyncIterator[Simulator]:
    """A running simulator whose clock the test drives."""
    async with start(clock=clock) as running:
        yield running


@pytest.fixture
async def party(world: Simulator) -> AsyncIterator[RelyingParty]:
    async with RelyingParty.of(world) as made:
        yield made


async def known(party: RelyingParty, idnat: str) -> dict[str, Any]:
    """What userinfo tells of somebody; the keys are always the same."""
    answer = await party.userinfo((await party.tokens(idnat))["access_token"])
    assert answer.status_code == 200, answer.text
    claims: dict[str, Any] = answer.json()
    assert set(claims) == TOP
    assert claims["SubjectNameID"] == claims["preferred_username"] == idnat
    assert set(claims["SubjectRefPro"]) == {"codeCivilite", "exercices"}
    for exercise in claims["SubjectRefPro"]["exercices"]:
        assert len(exercise) == 8
        for activity in exercise["activities"]:
            assert len(activity) == 30
            assert all(isinstance(value, str) for value in activity.values())
    return claims


async def test_a_physician(party: RelyingParty) -> None:
    claims = await known(party, DOCTOR)
    assert claims["SubjectRole"] == ["10^1.2.250.1.213.1.1.5.5"]
    assert claims["Secteur_Activite"] == "SA07^1.2.250.1.71.4.2.4"
    assert (claims["authMode"], claims["UITVersion"], claims["Acces_Regulation_Medicale"]) == ("CARD", "1.0", "FAUX")
    (exercise,) = claims["SubjectRefPro"]["exercices"]
    assert (exercise["codeProfession"], exercise["nomDexercice"]) == ("10", "MARTIN")
    assert exercise["activities"][0]["autoriteDenregistrement"] == "CNOM/CNOM/ARS"


async def test_a_physician_of_a_hospital(world: Simulator, party: RelyingParty) -> None:
    claims = await known(party, Person(world, "hospital").idnat)
    assert (claims["SubjectOrganization"], claims["SubjectOrganizationID"]) == ("Hôpital des Ormes", "1750990012")
    activity = claims["SubjectRefPro"]["exercices"][0]["activities"][0]
    assert (activity["codeModeExercice"], activity["codeSecteurDactivite"], activity["numeroFinessSite"]) == ("S", "SA01", "750990012")


async def test_a_nurse(world: Simulator, party: RelyingParty) -> None:
    claims = await known(party, Person(world, "hospital_ward").idnat)
    assert claims["SubjectRole"] == ["60^1.2.250.1.213.1.1.5.5"]


async def test_a_pharmacist_by_her_profile(world: Simulator, party: RelyingParty) -> None:
    claims = await known(party, Person(world, "pharmacist").idnat)
    assert (claims["SubjectRole"], claims["codeCivilite"]) == (["21^1.2.250.1.213.1.1.5.5"], "MME")
    assert claims["SubjectRefPro"]["exercices"][0]["activities"][0]["codeSectionPharmacien"] == "A"


async def test_a_publisher_has_an_edit_identity(world: Simulator, party: RelyingParty) -> None:
    claims = await known(party, Person(world, "editor").idnat)
    assert claims["otherIds"] == [{"identifiant": "ANS20260105093000", "origine": "EDIT", "qualite": 1}]


@pytest.mark.parametrize("role", ["secretary", "assistant", "locum"])
async def test_people_without_exercise(world: Simulator, party: RelyingParty, role: str) -> None:
    person = Person(world, role)
    claims = await known(party, person.idnat)
    assert (claims["SubjectRole"], claims["SubjectRefPro"]["exercices"]) == ([], [])
    assert [one["origine"] for one in claims["otherIds"]] == ([] if "/" in person.idnat else ["RPPS"])


async def test_an_anonymous_card(party: RelyingParty) -> None:
    claims = await known(party, ANONYMOUS)
    assert (claims["given_name"], claims["family_name"], claims["otherIds"]) == ("", "Accueil", [])


async def test_userinfo_takes_the_token_in_a_form_and_gives_it_signed(party: RelyingParty) -> None:
    token = (await party.tokens())["access_token"]
    url = f"{party.issuer}/protocol/openid-connect/userinfo"
    posted = await party.http.post(url, data={"access_token": token})
    assert posted.json() == (await party.userinfo(token)).json()
    assert (await party.http.post(url, headers={"Authorization": f"Bearer {token}"})).status_code == 200
    keys = KeySet.import_key_set((await party.http.get(f"{party.issuer}/protocol/openid-connect/certs")).json())
    signed = await party.userinfo(token, Accept="application/jwt")
    assert signed.headers["content-type"] == "application/jwt"
    assert jwt.decode(signed.text, keys).claims["SubjectNameID"] == DOCTOR
    await party.register(client_id="signed", userinfo_signed_response_alg="RS256")
    answer = await party.userinfo((await party.tokens())["access_token"])
    assert jwt.decode(answer.text, keys).claims["aud"] == "signed"


async def test_userinfo_says_what_is_wrong(party: RelyingParty) -> None:
    token = (await party.tokens())["access_token"]
    url = f"{party.issuer}/protocol/openid-connect/userinfo"
    nothing = await party.http.get(url)
    assert (nothing.status_code, nothing.headers["www-authenticate"]) == (401, 'Bearer realm="mss-sim"')
    wrong = await party.userinfo("x")
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    twice = await party.http.post(url, data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})
    assert twice.json()["error"] == "invalid_request"


# The control plane


async def test_personas_of_ones_own(world: Simulator, party: RelyingParty) -> None:
    person = {"idnat": "899700420096", "family_name": "PETIT", "given_name": "Léa", "profession": "Pharmacien"}
    made = await control(world, "POST", "/psc/personas", {**person, "profile": {"codeCivilite": "MME"}})
    assert (made.status_code, made.json()["userinfo"]["codeCivilite"]) == (201, "MME")
    assert (await known(party, "899700420096"))["SubjectRole"] == ["21^1.2.250.1.213.1.1.5.5"]
    everybody = (await control(world, "GET", "/psc/personas")).json()
    assert {"899700420096", DOCTOR, ANONYMOUS} <= {one["idnat"] for one in everybody}
    cards = {one["idnat"]: one["anonymous_card"] for one in (await control(world, "GET", "/identities")).json()}
    assert (cards["899700420096"], cards[ANONYMOUS]) == (False, True), "a card is anonymous where that is said"


async def test_a_persona_by_a_page(party: RelyingParty) -> None:
    url = f"{party.base}/control/psc/personas/new"
    assert "<form" in (await party.http.get(url)).text
    form = {"idnat": "899700420104", "family_name": "DUPRÉ", "kind": "professional", "profile": '{"codeCivilite": "M"}'}
    assert "Ajouté" in (await party.http.post(url, data=form)).text
    assert (await known(party, "899700420104"))["codeCivilite"] == "M"
    for wrong in ({"profile": "{"}, {"idnat": ""}, {"kind": "patient"}, {"colour": "red"}, {"profile": "[" * 50_000}):
        answer = await party.http.post(url, data={**form, **wrong})
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    foreign = await party.http.post(url, data=form, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


async def test_the_control_plane_of_the_provider_is_as_closed_as_the_other(start: StartSimulator) -> None:
    async with start(control_key="a-long-key") as simulator:
        for method, path in (("GET", ""), ("POST", "/rotate-keys"), ("GET", "/clients"), ("GET", "/ciba"), ("GET", "/personas/new")):
            assert (await control(simulator, method, f"/psc{path}")).status_code == 403


async def test_clients_are_listed_replaced_and_forgotten(world: Simulator) -> None:
    made = (await control(world, "POST", "/psc/clients", {"client_id": "c", "client_name": "C"})).json()
    assert len(made["client_secret"]) > 40
    again = (await control(world, "POST", "/psc/clients", {"client_id": "c", "client_secret": "known"})).json()
    assert again["client_secret"] == "known"
    listed = (await control(world, "GET", "/psc/clients")).json()
    assert [one["client_id"] for one in listed] == ["c", "mss-sim-client"]
    assert all("client_secret" not in one for one in listed)
    assert (await control(world, "DELETE", "/psc/clients/c")).status_code == 204
    assert (await control(world, "DELETE", "/psc/clients/c")).status_code == 404


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("clients.json", '[{"client_id": "lgc", "client_secret": "s3cret", "redirect_uris": ["https://lgc.example/cb"]}]'),
        ("clients.toml", '[[clients]]\nclient_id = "lgc"\nclient_secret = "s3cret"\nredirect_uris = ["https://lgc.example/cb"]\n'),
    ],
)
async def test_clients_of_a_file(start: StartSimulator, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    async with start(psc_clients_file=tmp_path / name) as simulator, RelyingParty.of(simulator) as party:
        party.client_id, party.auth, party.redirect_uri = "lgc", ("lgc", "s3cret"), "https://lgc.example/cb"
        assert claims_of((await party.tokens())["access_token"])["azp"] == "lgc"


async def test_a_file_of_clients_that_cannot_work_stops_the_start(start: StartSimulator, tmp_path: Path) -> None:
    path = tmp_path / "clients.json"
    for text in ("{}", "[7]", '[{"client_id": "a:b"}]', '[{"client_id": "a", "redirect_uris": 7}]', "["):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"clients\.json|Expecting"):
            async with start(psc_clients_file=path):
                pass


async def test_what_is_registered_outlives_a_restart_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        client = {"client_id": "kept", "client_secret": "s3cret", "redirect_uris": ["http://127.0.0.1/cb"], "client_name": "Été"}
        assert (await control(simulator, "POST", "/psc/clients", client)).status_code == 201
        first = {"client_id": "mss-sim-client", "client_secret": simulator.ready()["psc"]["client_secret"], "client_name": "Mien"}
        assert (await control(simulator, "POST", "/psc/clients", first)).status_code == 201
        person = {"idnat": DOCTOR, "family_name": "x", "profile": {"SubjectOrganization": "Été \u0000"}}
        assert (await control(simulator, "POST", "/psc/personas", person)).status_code == 201
    async with start(database_url=database) as simulator, RelyingParty.of(simulator) as party:
        names = {one["client_id"]: one["client_name"] for one in (await control(simulator, "GET", "/psc/clients")).json()}
        assert names == {"kept": "Été", "mss-sim-client": "Mien"}
        party.client_id, party.auth, party.redirect_uri = "kept", ("kept", "s3cret"), "http://127.0.0.1:99/cb"
        assert (await known(party, DOCTOR))["SubjectOrganization"] == "Été \u0000"


async def test_in_a_large_world_one_is_chosen_by_number(world: Simulator, party: RelyingParty) -> None:
    def unit(conn: Any) -> None:
        doctor = identities.by_idnat(conn, DOCTOR)
        assert doctor is not None
        for number in range(600):
            identities.add(conn, replace(doctor, id=world.world.ids.next(), idnat=f"5{number:014d}/X"))

    await world.world.store.write(unit)
    page = await party.authorize(login_hint="500000000000599/X")
    assert page.text.count("<option") == 501
    assert 'value="500000000000599/X" selected' in page.text
    code = told(await party.submit(page, other="500000000000550/X"))["code"]
    assert claims_of((await party.exchange(code)).json()["access_token"])["SubjectNameID"] == "500000000000550/X"


async def test_an_outage_counts_down(world: Simulator, party: RelyingParty) -> None:
    await control(world, "PATCH", "/psc", {"outages": 2})
    down = await party.refresh("x")
    assert (down.status_code, down.json()["error"]) == (503, "temporarily_unavailable")
    assert (await party.authorize()).status_code == 503
    assert (await party.authorize()).status_code == 200


async def test_everybody_is_logged_out_from_outside(world: Simulator, party: RelyingParty) -> None:
    tokens = await party.tokens()
    await control(world, "DELETE", "/psc/sessions?idnat=899700420021")
    assert (await party.introspect(tokens["access_token"]))["active"] is True
    await control(world, "DELETE", f"/psc/sessions?idnat={DOCTOR}")
    assert await party.introspect(tokens["access_token"]) == {"active": False}
    await party.tokens()
    assert (await control(world, "GET", "/psc")).json()["sessions"] == 1
    await control(world, "POST", "/reset")
    assert (await control(world, "GET", "/psc")).json()["sessions"] == 0


# CIBA


async def ask(party: RelyingParty, **changed: str) -> httpx.Response:
    form = {"scope": "openid scope_all", "login_hint": DOCTOR, "binding_message": "42", "channel": "CARD", "acr_values": "eidas1"}
    return await party.post("ext/ciba/auth", **{**form, **changed})


async def poll(party: RelyingParty, auth_req_id: str) -> httpx.Response:
    return await party.post("token", grant_type=CIBA, auth_req_id=auth_req_id)


async def test_an_approval_gives_tokens_once(world: Simulator, party: RelyingParty, clock: ManualClock) -> None:
    asked = (await ask(party, channel="MOBILE")).json()
    assert (asked["expires_in"], asked["interval"], len(asked)) == (120, 5, 3)
    assert (await poll(party, asked["auth_req_id"])).json()["error"] == "authorization_pending"
    (waiting,) = (await control(world, "GET", "/psc/ciba")).json()
    assert (waiting["idnat"], waiting["binding_message"], waiting["channel"]) == (DOCTOR, "42", "MOBILE")
    assert asked["auth_req_id"] not in str(waiting)
    assert (await control(world, "POST", f"/psc/ciba/{waiting['id']}/approve")).status_code == 200
    assert (await control(world, "POST", f"/psc/ciba/{waiting['id']}/approve")).status_code == 404
    clock.advance(timedelta(seconds=5))
    answer = await poll(party, asked["auth_req_id"])
    assert answer.status_code == 200
    tokens = answer.json()
    assert claims_of(tokens["access_token"])["authMode"] == "MOBILE"
    assert {"access_token", "refresh_token", "id_token", "session_state", "refresh_expires_in"} <= set(tokens)
    assert (await party.userinfo(tokens["access_token"])).json()["authMode"] == "MOBILE"
    assert (await party.refresh(tokens["refresh_token"])).status_code == 200
    assert (await poll(party, asked["auth_req_id"])).json()["error"] == "invalid_grant"


async def test_who_polls_too_fast_is_slowed_down(party: RelyingParty, clock: ManualClock) -> None:
    asked = (await ask(party)).json()["auth_req_id"]
    waits = [(0, "authorization_pending"), (4, "slow_down"), (6, "slow_down"), (15, "authorization_pending")]
    for seconds, error in waits:
        clock.advance(timedelta(seconds=seconds))
        assert (await poll(party, asked)).json()["error"] == error


async def test_a_refusal_and_an_expiry_are_told(world: Simulator, party: RelyingParty, clock: ManualClock) -> None:
    refused = (await ask(party)).json()["auth_req_id"]
    (waiting,) = (await control(world, "GET", "/psc/ciba")).json()
    assert (await control(world, "POST", f"/psc/ciba/{waiting['id']}/refuse")).status_code == 200
    assert (await poll(party, refused)).json()["error"] == "access_denied"
    late = (await ask(party)).json()["auth_req_id"]
    clock.advance(timedelta(seconds=121))
    assert (await control(world, "GET", "/psc/ciba")).json() == []
    assert (await poll(party, late)).json()["error"] == "expired_token"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        pytest.param({"login_hint": "899700429999"}, "unknown_user_id", id="nobody"),
        pytest.param({"login_hint": "285037511300167"}, "unknown_user_id", id="a patient"),
        pytest.param({"login_hint": ""}, "invalid_request", id="no hint"),
        pytest.param({"binding_message": ""}, "invalid_binding_message", id="no message"),
        pytest.param({"binding_message": "123"}, "invalid_binding_message", id="three digits"),
        pytest.param({"binding_message": "٤٢"}, "invalid_binding_message", id="digits of another script"),
        pytest.param({"channel": "PIGEON"}, "invalid_request", id="unknown channel"),
        pytest.param({"scope": "openid"}, "invalid_scope", id="scope"),
        pytest.param({"acr_values": "eidas3"}, "invalid_request", id="another level"),
        pytest.param({"id_token_hint": "x"}, "invalid_request", id="another hint"),
    ],
)
async def test_a_wrong_request_for_approval_is_refused(party: RelyingParty, changed: dict[str, str], error: str) -> None:
    answer = await ask(party, **changed)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_requests_are_for_registered_clients_and_their_own(party: RelyingParty) -> None:
    asked = (await ask(party)).json()["auth_req_id"]
    await party.register(client_id="other", grant_types=["authorization_code"])
    assert (await ask(party)).json()["error"] == "unauthorized_client"
    await party.register(client_id="third", grant_types=[CIBA])
    assert (await poll(party, asked)).json()["error"] == "invalid_grant"
    await party.register(client_id="app", grant_types=[CIBA], token_endpoint_auth_method="none")
    assert (await ask(party, client_id="app")).json()["error"] == "unauthorized_client"


async def test_the_page_of_approvals(party: RelyingParty) -> None:
    first, second = (await ask(party)).json()["auth_req_id"], (await ask(party, binding_message="07")).json()["auth_req_id"]
    url = f"{party.base}/auth/approvals"
    page = await party.http.get(url)
    assert "<strong>42</strong>" in page.text
    answer = {"form_token": hidden(page, "form_token"), "id": hidden(page, "id"), "decision": "approve"}
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.post(url, data=answer)).status_code == 403
    assert (await party.http.post(url, data={**answer, "form_token": "forged"})).status_code == 403
    page = await party.http.post(url, data=answer)
    assert "<strong>42</strong>" not in page.text
    assert (await party.http.post(url, data=answer)).status_code == 404
    await party.http.post(url, data={**answer, "id": hidden(page, "id"), "decision": "refuse"})
    assert (await poll(party, first)).status_code == 200
    assert (await poll(party, second)).json()["error"] == "access_denied"


async def test_of_many_who_poll_an_approved_request_at_once_one_wins(start: StartSimulator) -> None:
    async with start(psc_auto_approve=True) as simulator, RelyingParty.of(simulator) as party:
        asked = (await ask(party)).json()["auth_req_id"]
        answers = await asyncio.gather(*(poll(party, asked) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5


async def test_the_guide_names_paths_that_exist(party: RelyingParty) -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    routes = (await party.http.get(f"{party.base}/openapi.json")).json()["paths"]
    patterns = [re.sub(r"\{\w+\}", "[^/]+", path) for path in routes]
    named = {path.rstrip("/") for path in re.findall(r"/control/[\w/{}-]+", guide)} - {"/control/psc/personas/new"}
    assert len(named) > 6
    assert [path for path in sorted(named) if not any(re.fullmatch(pattern, path) for pattern in patterns)] == []


async def test_headless_approval(start: StartSimulator) -> None:
    async with start(psc_auto_approve=True) as simulator, RelyingParty.of(simulator) as party:
        asked = (await ask(party)).json()["auth_req_id"]
        assert (await poll(party, asked)).status_code == 200
        assert "code" in told(await party.authorize(login_hint=DOCTOR))
