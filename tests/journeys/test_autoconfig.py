"""A mailbox is set up from its address alone: the configuration file at both of its places."""

from xml.etree import ElementTree as ET

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, control
from tests.conftest import StartSimulator


async def _get(simulator: Simulator, path: str, host: str = "localhost") -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        return await client.get(path, headers={"Host": host})


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/mail/config-v1.1.xml", "autoconfig.cabinet.sim.mssante.fr"),
        (f"/mail/config-v1.1.xml?emailaddress={PRACTICE}", "autoconfig.cabinet.sim.mssante.fr"),
        ("/.well-known/autoconfig/mail/config-v1.1.xml", "cabinet.sim.mssante.fr"),
        (f"/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={PRACTICE}", "127.0.0.1"),
    ],
)
async def test_the_file_names_the_servers_and_how_to_log_in(simulator: Simulator, path: str, host: str) -> None:
    answer = await _get(simulator, path, host)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    root = ET.fromstring(answer.content)  # noqa: S314 - our own server's
    assert root.attrib == {"version": "1.1"}
    assert root.findtext("emailProvider/domain") == "cabinet.sim.mssante.fr"
    ready = simulator.ready()
    for kind, port in (("incomingServer", ready["imap"]["port"]), ("outgoingServer", ready["submission"]["port"])):
        first, second = root.findall(f"emailProvider/{kind}")
        assert first.findtext("hostname") == "mail.sim.mssante.fr"
        assert (first.findtext("port"), first.findtext("socketType")) == (str(port), "STARTTLS")
        assert first.findtext("username") == "%EMAILADDRESS%"
        assert [one.text for one in first.findall("authentication")] == ["OAuth2", "password-cleartext"]
        assert second.findtext("authentication") == "TLS-client-cert"
    told = (await _get(simulator, "/auth/realms/esante-wallet/.well-known/openid-configuration")).json()
    block = {one.tag: one.text for one in root.find("oAuth2") or ()}
    assert block == {
        "issuer": told["issuer"],
        "scope": "openid scope_all",
        "authURL": told["authorization_endpoint"],
        "tokenURL": told["token_endpoint"],
    }


async def test_an_operator_announces_only_what_it_accepts(start: StartSimulator) -> None:
    async with start(profile="strict") as simulator:
        changed = await control(simulator, "PATCH", "/operators/Hôpital des Ormes", {"authentication": ["psc"]})
        assert changed.json()["authentication"] == ["psc"]
        root = ET.fromstring((await _get(simulator, f"/mail/config-v1.1.xml?emailaddress={HOSPITAL}")).content)  # noqa: S314
        assert [one.text for one in root.findall("emailProvider/incomingServer/authentication")] == ["OAuth2"]


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("/mail/config-v1.1.xml", "autoconfig.example.org"),
        ("/mail/config-v1.1.xml", "127.0.0.1"),
        ("/mail/config-v1.1.xml?emailaddress=x", "localhost"),
        ("/mail/config-v1.1.xml?emailaddress=x@example.org", "autoconfig.cabinet.sim.mssante.fr"),
    ],
)
async def test_a_domain_that_is_not_simulated_is_not_found(simulator: Simulator, path: str, host: str) -> None:
    answer = await _get(simulator, path, host)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
