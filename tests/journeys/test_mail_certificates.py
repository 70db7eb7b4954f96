"""APP mailboxes: opened by the client certificate that they are bound to, over real SMTP and IMAP, and by nothing else."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PRACTICE, ImapClient, Person, base64_of, control
from tests.conftest import StartSimulator
from tests.mail_logins import MailClient, Shown, xoauth2

OTHER_APP = "bilans@labo-parc.sim.mssante.fr"
OWNER = "1690990023"


def _application(simulator: Simulator) -> MailClient:
    """The one of the ready file."""
    files = simulator.ready()["app_client"]
    return MailClient(simulator, Shown(files["cert_file"], files["key_file"]))


@pytest.fixture
def application(simulator: Simulator) -> MailClient:
    return _application(simulator)


async def _issued(simulator: Simulator, folder: Path, **order: Any) -> tuple[Shown, str]:
    """The files of a new certificate, and its serial."""
    made = await control(simulator, "POST", "/certificates", order)
    assert made.status_code == 201, made.text
    serial = made.json()["serial"]
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for suffix in ("pem", "key"):
            (folder / f"{serial}.{suffix}").write_bytes((await client.get(f"/control/certificates/{serial}/{suffix}")).content)
    return Shown(str(folder / f"{serial}.pem"), str(folder / f"{serial}.key")), serial


@pytest.mark.parametrize("named", ["", LABORATORY, LABORATORY.upper()])
async def test_a_certificate_opens_the_mailbox_that_it_is_bound_to(simulator: Simulator, application: MailClient, named: str) -> None:
    assert simulator.ready()["app_client"]["mailbox"] == LABORATORY
    for initial in (True, False):
        assert (await application.by_smtp("EXTERNAL", named, LABORATORY, DOCTOR, initial=initial)).code == 250
    assert await application.by_imaplib("EXTERNAL", named) == "OK"
    assert await application.by_imapclient("EXTERNAL", named) == "OK"
    [newest, *_] = await Person(simulator, "doctor").inbox(DOCTOR)
    assert newest["from"][0]["address"] == LABORATORY


async def test_an_empty_initial_response_is_said_with_an_equals_sign(simulator: Simulator, application: MailClient) -> None:
    """It is the empty response (ref: rfc4954#4, rfc4959#3)."""
    assert [reply.code for reply in await application.smtp_says("AUTH EXTERNAL =", f"MAIL FROM:<{LABORATORY}>")] == [235, 250]
    client = await ImapClient.open(simulator, tls=application.tls)
    assert (await client.ask("AUTHENTICATE EXTERNAL ="))[-1].startswith("OK")
    assert (await client.ask("SELECT INBOX"))[-1].startswith("OK")
    await client.close()


async def _refused(client: MailClient, named: str, said: str, code: str = "AUTHENTICATIONFAILED") -> None:
    reply = await client.by_smtp("EXTERNAL", named)
    assert (reply.code, reply.enhanced) == (535, "5.7.8")
    assert said in reply.text
    answer = await client.by_imaplib("EXTERNAL", named)
    assert f"[{code}]" in answer
    assert said in answer


async def test_it_opens_no_other_mailbox(simulator: Simulator, application: MailClient, tmp_path: Path) -> None:
    made = await control(simulator, "POST", "/mailboxes", {"address": OTHER_APP, "kind": "APP", "owner_idnat": OWNER})
    assert made.status_code == 201, made.text
    for address in (OTHER_APP, DOCTOR, PRACTICE, HOSPITAL, "personne@labo-parc.sim.mssante.fr", "not an address"):
        await _refused(application, address, f"opens {LABORATORY}, not {address}", "AUTHORIZATIONFAILED")
    assert [reply.code for reply in await application.smtp_says("AUTH EXTERNAL =", f"MAIL FROM:<{OTHER_APP}>")] == [235, 553]
    shown, _ = await _issued(simulator, tmp_path, mailbox=OTHER_APP)
    other = MailClient(simulator, shown)
    assert (await other.by_smtp("EXTERNAL", "", OTHER_APP, DOCTOR)).code == 250
    await _refused(other, LABORATORY, f"opens {OTHER_APP}, not {LABORATORY}", "AUTHORIZATIONFAILED")


async def test_a_certificate_that_is_bound_to_no_mailbox_opens_none(simulator: Simulator, tmp_path: Path) -> None:
    shown, _ = await _issued(simulator, tmp_path, operator="Laboratoire du Parc", common="smtp.labo-parc.sim.mssante.fr")
    await _refused(MailClient(simulator, shown), "", "is bound to no mailbox")
    await _refused(MailClient(simulator, shown), LABORATORY, "is bound to no mailbox")


async def test_external_needs_a_certificate(simulator: Simulator) -> None:
    client = MailClient(simulator)
    assert [("EXTERNAL" in names) for names in await client.offered()] == [False, False]
    [reply] = await client.smtp_says(f"AUTH EXTERNAL {base64_of(LABORATORY.encode())}")
    assert (reply.code, reply.enhanced) == (504, "5.5.4")
    assert "[CANNOT] EXTERNAL needs a client certificate" in await client.by_imaplib("EXTERNAL", LABORATORY)


async def test_external_is_offered_to_who_shows_one(application: MailClient) -> None:
    assert [("EXTERNAL" in names) for names in await application.offered()] == [True, True]


async def test_where_no_certificate_is_asked_for_there_is_no_external(start: StartSimulator) -> None:
    async with start(tls_client_certificates_asked=False) as simulator:
        application = _application(simulator)
        assert [("EXTERNAL" in names) for names in await application.offered()] == [False, False]
        assert (await application.smtp_says("AUTH EXTERNAL ="))[0].code == 504


async def test_a_revoked_certificate_opens_nothing(simulator: Simulator, tmp_path: Path) -> None:
    shown, serial = await _issued(simulator, tmp_path, mailbox=LABORATORY)
    client = MailClient(simulator, shown)
    assert (await client.by_smtp("EXTERNAL", "", LABORATORY, DOCTOR)).code == 250
    assert (await control(simulator, "POST", f"/certificates/{serial}/revoke", {"reason": "keyCompromise"})).status_code == 200
    await _refused(client, "", "is revoked")
    assert (await _application(simulator).by_smtp("EXTERNAL", "")).code == 235, "the other one of that mailbox is good"


async def test_a_disabled_owner_lets_no_application_in(simulator: Simulator, application: MailClient) -> None:
    assert (await control(simulator, "PATCH", f"/identities/{OWNER}", {"enabled": False})).status_code == 200
    assert (await application.by_smtp("EXTERNAL", "")).code == 535
    assert "[AUTHENTICATIONFAILED]" in await application.by_imaplib("EXTERNAL", "")


async def test_neither_password_nor_token_opens_an_app_mailbox(simulator: Simulator) -> None:
    client, token = MailClient(simulator), simulator.world.tokens.mint("3690990023/AUTOMATE01")
    for mechanism, response in (
        ("PLAIN", "\0automate.labo\0labo-2026"),
        ("PLAIN", f"{LABORATORY}\0automate.labo\0labo-2026"),
        ("XOAUTH2", xoauth2(LABORATORY, token)),
    ):
        reply = await client.by_smtp(mechanism, response)
        assert (reply.code, reply.enhanced) == (535, "5.7.8")
        assert "opens by its client certificate" in reply.text
        assert "opens by its client certificate" in await client.by_imaplib(mechanism, response)


async def test_by_setting_they_do(start: StartSimulator) -> None:
    async with start(login_app_passwords=True) as simulator:
        client, token = MailClient(simulator), simulator.world.tokens.mint("3690990023/AUTOMATE01")
        assert (await client.by_smtp("PLAIN", f"{LABORATORY}\0automate.labo\0labo-2026", LABORATORY, DOCTOR)).code == 250
        assert (await client.by_smtp("XOAUTH2", xoauth2(LABORATORY, token), LABORATORY, DOCTOR)).code == 250
        assert await client.by_imaplib("XOAUTH2", xoauth2(LABORATORY, token)) == "OK"
        assert (await _application(simulator).by_smtp("EXTERNAL", "", LABORATORY, DOCTOR)).code == 250


async def test_the_setting_counts_in_the_development_profile_alone(start: StartSimulator) -> None:
    async with start(login_app_passwords=True, profile="strict") as simulator:
        token = simulator.world.tokens.mint("3690990023/AUTOMATE01")
        reply = await MailClient(simulator).by_smtp("XOAUTH2", xoauth2(LABORATORY, token))
        assert reply.code == 535
        assert "opens by its client certificate" in reply.text
        assert await _application(simulator).offered() == (["XOAUTH2", "EXTERNAL"], ["XOAUTH2", "EXTERNAL"])
        assert (await _application(simulator).by_smtp("EXTERNAL", "", LABORATORY, HOSPITAL)).code == 250


async def test_an_operator_that_takes_no_certificate(simulator: Simulator, application: MailClient) -> None:
    ways = {"authentication": ["psc", "password"]}
    assert (await control(simulator, "PATCH", "/operators/Laboratoire%20du%20Parc", ways)).status_code == 200
    await _refused(application, "", "accepts other ways to log in: password, psc")
