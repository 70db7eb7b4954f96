"""The HTTPS port: the same application in TLS, and clients of Pro Santé Connect that are known by their certificates."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.http.recording import Recording
from mss_sim.http.server import HttpListener
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator
from tests.mail_logins import MailClient, Shown
from tests.relying_party import RelyingParty, told

LABORATORY_OPERATOR = "Laboratoire du Parc"
CLIENT = "lgc-tls"


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    async with start(https_port=0) as running:
        yield running


def _https(simulator: Simulator, shown: Shown | None = None) -> httpx.AsyncClient:
    """A client that trusts the simulator and shows a certificate, if there is one."""
    return httpx.AsyncClient(base_url=simulator.ready()["https"], verify=MailClient(simulator, shown).tls, timeout=20)


async def _issued(simulator: Simulator, folder: Path, **order: Any) -> tuple[Shown, dict[str, Any]]:
    made = (await control(simulator, "POST", "/certificates", order)).json()
    for suffix in ("pem", "key"):
        (folder / f"{made['serial']}.{suffix}").write_bytes(
            (await control(simulator, "GET", f"/certificates/{made['serial']}/{suffix}")).content
        )
    return Shown(str(folder / f"{made['serial']}.pem"), str(folder / f"{made['serial']}.key")), made


async def test_it_is_off_by_default(start: StartSimulator) -> None:
    async with start() as simulator:
        assert simulator.ready()["https"] is None


async def test_rest_control_plane_and_pages_are_the_same_there(simulator: Simulator) -> None:
    ready = simulator.ready()
    assert ready["https"].startswith("https://127.0.0.1:")
    await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Résultats"))
    auth = ("sophie.petit", "cabinet-2026")
    path = f"/api/v1/mailboxes/{PRACTICE}/messages?folder=INBOX"
    async with _https(simulator) as https, httpx.AsyncClient(base_url=ready["http"]) as http:
        for one in (path, "/control/psc/clients", "/control/operators", "/auth/realms/esante-wallet/.well-known/openid-configuration"):
            in_tls, in_clear = await https.get(one, auth=auth), await http.get(one, auth=auth)
            assert (in_tls.status_code, in_tls.json()) == (200, in_clear.json())
        sent = await https.post(
            f"/api/v1/mailboxes/{DOCTOR}/messages", auth=("camille.martin", "cabinet-2026"), json={"to": [HOSPITAL], "text": "."}
        )
        assert sent.status_code == 201
        assert (await https.get("/docs")).status_code == 200
        assert (await https.get(path)).status_code == 401
        foreign = {"Origin": ready["http"]}
        assert (await https.post("/control/tokens", json={"who": "camille.martin"}, headers=foreign)).status_code == 403


async def test_somebody_logs_in_by_pro_sante_connect_over_https(simulator: Simulator) -> None:
    async with _https(simulator) as https:
        party = RelyingParty(simulator, https)
        party.base = simulator.ready()["https"]
        tokens = await party.tokens()
        me = await https.get("/api/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        assert me.json()["mailboxes"][0]["address"] == DOCTOR


async def test_the_name_of_the_host_is_verified(simulator: Simulator) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        async with httpx.AsyncClient(base_url=simulator.ready()["https"]) as distrustful:
            await distrustful.get("/healthz")
    async with httpx.AsyncClient(verify=MailClient(simulator).tls) as https:
        port = httpx.URL(simulator.ready()["https"]).port
        assert (await https.get(f"https://localhost:{port}/readyz")).status_code == 200


async def test_clear_text_at_the_https_port_is_no_request(simulator: Simulator) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.TransportError):
            await http.get(simulator.ready()["https"].replace("https:", "http:") + "/readyz")
    async with _https(simulator) as https:
        assert (await https.get("/readyz")).status_code == 200


async def test_a_client_that_idles_does_not_hold_the_simulator_up(start: StartSimulator) -> None:
    """TLS says goodbye both ways; a library that keeps a connection open for later does not look at it."""
    async with start(https_port=0) as simulator:
        ready, context = simulator.ready(), MailClient(simulator).tls
        idle = httpx.Client(base_url=ready["https"], verify=context)
        assert (await asyncio.to_thread(idle.get, "/readyz")).status_code == 200
        begun = time.monotonic()
    assert time.monotonic() - begun < 3
    await asyncio.to_thread(idle.close)


async def test_the_aliases_lead_there(simulator: Simulator, start: StartSimulator) -> None:
    https = simulator.ready()["https"]
    async with RelyingParty.of(simulator) as party:
        found = (await party.http.get(f"{party.issuer}/.well-known/openid-configuration")).json()
    aliases = found["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{https}/auth/realms/esante-wallet/protocol/openid-connect/token"
    assert found["token_endpoint"].startswith(simulator.ready()["http"])
    async with _https(simulator) as client:
        assert {(await client.get(url)).status_code for url in aliases.values()} == {401, 405}


async def test_no_alias_where_no_certificate_is_asked_for_and_a_setting_says_another(start: StartSimulator) -> None:
    for settings, expected in (
        ({"tls_client_certificates_asked": False}, None),
        ({"psc_mtls_url": "https://mtls.test"}, "https://mtls.test/auth/realms/esante-wallet/protocol/openid-connect/token"),
    ):
        async with start(https_port=0, **settings) as simulator, RelyingParty.of(simulator) as party:
            found = (await party.http.get(f"{party.issuer}/.well-known/openid-configuration")).json()
            assert found.get("mtls_endpoint_aliases", {}).get("token_endpoint") == expected


async def _code(simulator: Simulator, subject: str) -> str:
    """A code for a client that is known by that subject."""
    async with RelyingParty.of(simulator) as party:
        await party.register(client_id=CLIENT, token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=subject)
        return told(await party.submit(await party.authorize(prompt="login")))["code"]


async def _exchange(simulator: Simulator, shown: Shown | None, code: str) -> httpx.Response:
    """Exchange a code at the alias of the token endpoint."""
    async with _https(simulator, shown) as https:
        found = (await https.get("/auth/realms/esante-wallet/.well-known/wallet-openid-configuration")).json()
        form = {"grant_type": "authorization_code", "code": code, "client_id": CLIENT}
        form["redirect_uri"] = simulator.ready()["psc"]["redirect_uri"]
        return await https.post(found["mtls_endpoint_aliases"]["token_endpoint"], data=form)


async def _refused(simulator: Simulator, shown: Shown | None, code: str, why: str) -> None:
    answer = await _exchange(simulator, shown, code)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert why in answer.json()["error_description"]


@pytest.mark.parametrize(("version", "number"), [(ssl.TLSVersion.TLSv1_2, 0x0303), (ssl.TLSVersion.TLSv1_3, 0x0304)])
async def test_an_application_is_told_the_version_of_tls(simulator: Simulator, version: ssl.TLSVersion, number: int) -> None:
    """The number that the extension of ASGI gives it."""
    told_of: list[int] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        told_of.append(scope["extensions"]["tls"]["tls_version"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    folder = simulator.data_dir / "certificates"
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(folder / "server.pem", folder / "server.key")
    offered.minimum_version = offered.maximum_version = version
    listener = HttpListener(Recording(app, simulator.runs, simulator.world.clock), offered, simulator.world.settings, 1)
    with socket.create_server(("127.0.0.1", 0)) as place:
        await listener.open(place)
        async with httpx.AsyncClient(verify=MailClient(simulator, None).tls) as client:
            answer = await client.get(f"https://localhost:{place.getsockname()[1]}/")
        await listener.close()
    assert (answer.status_code, told_of) == (204, [number])


async def test_a_client_is_known_by_its_certificate(simulator: Simulator, tmp_path: Path) -> None:
    shown, made = await _issued(simulator, tmp_path, operator=LABORATORY_OPERATOR, common="lgc.labo-parc.sim.mssante.fr")
    other, _ = await _issued(simulator, tmp_path, operator=LABORATORY_OPERATOR, common="autre.labo-parc.sim.mssante.fr")
    code = await _code(simulator, made["subject"])
    await _refused(simulator, None, code, "No client certificate came with the connection")
    await _refused(simulator, other, code, "is not the registered tls_client_auth_subject_dn")
    answer = await _exchange(simulator, shown, code)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    async with _https(simulator) as https:
        assert (await https.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_the_certificate_of_an_application_says_who_a_client_is_too(simulator: Simulator) -> None:
    files = simulator.ready()["app_client"]
    [row, *_] = (await control(simulator, "GET", f"/certificates?mailbox={LABORATORY}")).json()
    code = await _code(simulator, row["subject"])
    assert (await _exchange(simulator, Shown(files["cert_file"], files["key_file"]), code)).status_code == 200


async def test_a_revoked_certificate_says_nothing(simulator: Simulator, tmp_path: Path) -> None:
    shown, made = await _issued(simulator, tmp_path, operator=LABORATORY_OPERATOR, common="lgc.labo-parc.sim.mssante.fr")
    code = await _code(simulator, made["subject"])
    assert (await control(simulator, "POST", f"/certificates/{made['serial']}/revoke", {"reason": "keyCompromise"})).status_code == 200
    await _refused(simulator, shown, code, "The client certificate is revoked")
    again, renewed = await _issued(simulator, tmp_path, operator=LABORATORY_OPERATOR, common="lgc.labo-parc.sim.mssante.fr")
    assert renewed["subject"] == made["subject"]
    assert (await _exchange(simulator, again, code)).status_code == 200, "the name counts, not the certificate"


async def test_a_certificate_in_clear_text_headers_is_no_certificate(simulator: Simulator, tmp_path: Path) -> None:
    """What a reverse proxy would add is not believed from a client."""
    _, made = await _issued(simulator, tmp_path, operator=LABORATORY_OPERATOR, common="lgc.labo-parc.sim.mssante.fr")
    await _code(simulator, made["subject"])
    pem = made["pem"].replace("\n", "%0A")
    headers = {"X-Client-Cert": pem, "X-SSL-Client-S-DN": made["subject"], "Client-Cert": f":{pem}:"}
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers=headers) as http:
        url = "/auth/realms/esante-wallet/protocol/openid-connect/token"
        answer = await http.post(url, data={"grant_type": "refresh_token", "refresh_token": "x", "client_id": CLIENT})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_strange_certificate_does_not_get_through_the_handshake(simulator: Simulator, tmp_path: Path) -> None:
    from tests.journeys.test_mutual_tls import _foreign

    with _foreign(tmp_path, "CN=lgc,O=Cabinet,C=FR") as files:
        async with _https(simulator, Shown(*files)) as https:
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                await https.get("/readyz")
