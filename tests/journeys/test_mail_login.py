"""Logging in to mail with a token of Pro Santé Connect, obtained by the code flow, over real SMTP and IMAP."""

import asyncio
import base64
import hmac
import json
import smtplib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PRACTICE, ImapClient, Person, Reply, base64_of, control, letter
from tests.conftest import StartSimulator
from tests.mail_logins import MailClient, oauthbearer, xoauth2
from tests.relying_party import DOCTOR as CAMILLE
from tests.relying_party import DOCTOR2 as HUGO
from tests.relying_party import RelyingParty, claims_of

SECRETARY = "590000010000017/SEC0001"
OPERATOR = "Messagerie libérale"
REFUSED = "NO [AUTHENTICATIONFAILED] "


@pytest.fixture
async def party(simulator: Simulator) -> AsyncIterator[RelyingParty]:
    async with RelyingParty.of(simulator) as made:
        yield made


async def _token(simulator: Simulator, idnat: str) -> str:
    """An access token, by the code flow in a browser of its own."""
    async with RelyingParty.of(simulator) as party:
        return str((await party.tokens(idnat))["access_token"])


async def _by_imap(simulator: Simulator, command: str) -> str:
    """The answer to one command over TLS; what the connection said of itself is left out."""
    client = await ImapClient.open(simulator)
    try:
        return (await client.ask(command))[-1]
    finally:
        await client.close()


@pytest.mark.parametrize(("idnat", "mailbox"), [(CAMILLE, DOCTOR), (CAMILLE, PRACTICE), (SECRETARY, PRACTICE)])
async def test_a_token_opens_what_its_identity_holds_or_was_granted(simulator: Simulator, idnat: str, mailbox: str) -> None:
    response, client = xoauth2(mailbox, await _token(simulator, idnat)), MailClient(simulator)
    for initial in (True, False):
        assert (await client.by_smtp("XOAUTH2", response, mailbox, HOSPITAL, initial=initial)).code == 250
    assert await client.by_imaplib("XOAUTH2", response) == "OK"
    assert await client.by_imapclient("XOAUTH2", response) == "OK"
    assert (await _by_imap(simulator, f"AUTHENTICATE XOAUTH2 {base64_of(response.encode())}")).startswith("OK ")
    sessions = (await control(simulator, "GET", "/evidence")).json()["items"]
    assert {(one["who"], one["door"]) for one in sessions if one["door"] not in ("mx", "psc")} == {(idnat, "smtp"), (idnat, "imap")}


async def test_one_token_opens_smtp_imap_and_rest(simulator: Simulator) -> None:
    token, client = await _token(simulator, SECRETARY), MailClient(simulator)
    await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Résultats"))
    assert (await client.by_smtp("XOAUTH2", xoauth2(PRACTICE, token), PRACTICE, HOSPITAL)).code == 250
    assert await client.by_imaplib("XOAUTH2", xoauth2(PRACTICE, token)) == "OK"
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"Authorization": f"Bearer {token}"}) as http:
        listed = await http.get(f"/api/v1/mailboxes/{PRACTICE}/messages?folder=INBOX")
        assert (listed.status_code, [one["subject"] for one in listed.json()["items"]]) == (200, ["Résultats"])
        assert (await http.get(f"/api/v1/mailboxes/{HOSPITAL}/messages")).status_code == 404, "nothing was granted her there"


async def _refused_everywhere(simulator: Simulator, mailbox: str, token: str, said: str, code: str = "AUTHENTICATIONFAILED") -> None:
    """Refused over SMTP and IMAP, with those words and nothing else than a refused log-in."""
    client, response = MailClient(simulator), xoauth2(mailbox, token)
    reply = await client.by_smtp("XOAUTH2", response)
    assert (reply.code, reply.enhanced) == (535, "5.7.8")
    assert said in reply.text
    answer = await _by_imap(simulator, f"AUTHENTICATE XOAUTH2 {base64_of(response.encode())}")
    assert answer.startswith(f"NO [{code}] ")
    assert said in answer
    assert code in await client.by_imaplib("XOAUTH2", response)


async def test_somebody_elses_token_does_not_open_a_mailbox(simulator: Simulator) -> None:
    said = f"You neither hold {DOCTOR} nor have a grant over it"
    await _refused_everywhere(simulator, DOCTOR, await _token(simulator, HUGO), said, "AUTHORIZATIONFAILED")


async def test_neither_an_id_token_nor_a_refresh_token_is_an_access_token(simulator: Simulator, party: RelyingParty) -> None:
    tokens = await party.tokens(CAMILLE)
    await _refused_everywhere(simulator, DOCTOR, tokens["id_token"], "it is an ID token")
    await _refused_everywhere(simulator, DOCTOR, tokens["refresh_token"], "it is not a JWT of three parts")


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _unsigned(_simulator: Simulator, claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _signed_with_the_public_key(simulator: Simulator, claims: dict[str, Any]) -> str:
    key = simulator.world.tokens.keys.signing()
    signed = f"{_part({'alg': 'HS256', 'kid': key.kid})}.{_part(claims)}"
    signature = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _signed_by(kid: str | None) -> Callable[[Simulator, dict[str, Any]], str]:
    """A key of somebody else, under a name of its own or, with None, under the name of ours."""

    def made(simulator: Simulator, claims: dict[str, Any]) -> str:
        key = RSAKey.generate_key(2048)
        return jwt.encode({"alg": "RS256", "kid": kid or str(simulator.world.tokens.keys.signing().kid)}, claims, key)

    return made


def _saying(**changed: Any) -> Callable[[Simulator, dict[str, Any]], str]:
    """Signed as it should be, with some claims changed."""
    return lambda simulator, claims: simulator.world.tokens.sign({**claims, **changed})


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        pytest.param(_unsigned, "it is not signed (alg none)", id="alg none"),
        pytest.param(_signed_with_the_public_key, "'HS256'; RS256 is asked for", id="HS256 with the public key"),
        pytest.param(_signed_by("somebody"), "no key has this kid", id="unknown kid"),
        pytest.param(_signed_by(None), "it was not signed by this simulator", id="another key of that kid"),
        pytest.param(_saying(iss="https://auth.example/realms/esante-wallet"), "its issuer is not", id="wrong issuer"),
        pytest.param(_saying(exp=1_700_000_000), "it has expired", id="expired"),
        pytest.param(_saying(iat=4_000_000_000, exp=4_000_000_120), "it comes from the future", id="from the future"),
        pytest.param(_saying(scope="openid"), "its scope is not openid scope_all", id="wrong scope"),
        pytest.param(_saying(acr="eidas0"), "its acr is not eidas1", id="wrong acr"),
        pytest.param(_saying(SubjectNameID="899700429999"), "an identity that is not known here", id="nobody here"),
    ],
)
async def test_a_token_is_refused_for_what_is_wrong_with_it(
    simulator: Simulator, forge: Callable[[Simulator, dict[str, Any]], str], said: str
) -> None:
    token = await _token(simulator, CAMILLE)
    assert (await MailClient(simulator).by_smtp("XOAUTH2", xoauth2(DOCTOR, token))).code == 235
    await _refused_everywhere(simulator, DOCTOR, forge(simulator, claims_of(token)), said)


async def test_a_real_token_runs_out(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as simulator:
        token = await _token(simulator, CAMILLE)
        clock.advance(timedelta(seconds=121))
        await _refused_everywhere(simulator, DOCTOR, token, "it has expired; ask for a fresh one")


@pytest.mark.parametrize("offered", [False, True])
async def test_oauthbearer_is_there_by_setting_alone(start: StartSimulator, offered: bool) -> None:
    async with start(login_oauthbearer=offered) as simulator:
        client, response = MailClient(simulator), oauthbearer(PRACTICE, await _token(simulator, SECRETARY))
        assert [("OAUTHBEARER" in names) for names in await client.offered()] == [offered, offered]
        reply, answer = (
            await client.by_smtp("OAUTHBEARER", response, PRACTICE, HOSPITAL),
            await client.by_imapclient("OAUTHBEARER", response),
        )
        if not offered:
            assert (reply.code, reply.enhanced) == (504, "5.5.4")
            assert "[CANNOT] OAUTHBEARER is not offered" in answer
            return
        assert (reply.code, answer) == (250, "OK")
        assert (await client.by_smtp("OAUTHBEARER", response, initial=False)).code == 235
        assert (await client.by_smtp("OAUTHBEARER", oauthbearer(HOSPITAL, await _token(simulator, SECRETARY)))).code == 535


@pytest.mark.parametrize("style", ["plain", "polite", "national"])
async def test_how_a_refused_token_is_told_to_libraries(start: StartSimulator, style: str) -> None:
    """The bytes are in tests/dialogues: smtp/token-refused-*, imap/token-refused-*."""
    async with start(token_refusal=style) as simulator:
        client, wrong = MailClient(simulator), xoauth2(DOCTOR, "abc.def.ghi")
        if style == "national":
            with pytest.raises(smtplib.SMTPServerDisconnected):
                await client.by_smtp("XOAUTH2", wrong)
        else:
            assert (await client.by_smtp("XOAUTH2", wrong)).code == 535
        assert "[AUTHENTICATIONFAILED]" in await client.by_imaplib("XOAUTH2", wrong)
        assert (await client.by_smtp("PLAIN", "\0camille.martin\0wrong")).code == 535, "a password is refused as ever"
        right = xoauth2(DOCTOR, await _token(simulator, CAMILLE))
        assert (await client.by_smtp("XOAUTH2", right)).code == 235


async def _smtp_after(client: MailClient, clock: ManualClock, response: str) -> tuple[Reply, bool]:
    """What a connection says to MAIL ten minutes after it was opened with a token; whether it is closed then."""

    def talk() -> tuple[Reply, bool]:
        with client.smtp() as smtp:
            assert smtp.auth("XOAUTH2", lambda challenge=None: response)[0] == 235
            assert smtp.docmd("NOOP")[0] == 250
            clock.advance(timedelta(minutes=10))
            code, said = smtp.docmd(f"MAIL FROM:<{PRACTICE}>")
            try:
                smtp.docmd("NOOP")
            except smtplib.SMTPServerDisconnected:
                return Reply(code, said.decode()), True
            return Reply(code, said.decode()), False

    return await asyncio.to_thread(talk)


async def _imap_with(simulator: Simulator, response: str) -> ImapClient:
    client = await ImapClient.open(simulator)
    assert (await client.ask(f"AUTHENTICATE XOAUTH2 {base64_of(response.encode())}"))[-1].startswith("OK")
    return client


async def test_by_default_a_connection_outlives_its_token(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, delegation_tick_seconds=0.02) as simulator:
        response = xoauth2(PRACTICE, await _token(simulator, SECRETARY))
        imap = await _imap_with(simulator, response)
        reply, closed = await _smtp_after(MailClient(simulator), clock, response)
        assert (reply.code, closed) == (250, False)
        assert (await imap.ask("SELECT INBOX"))[-1].startswith("OK")
        await imap.idle()
        assert await imap.done() == []
        assert (await MailClient(simulator).by_smtp("XOAUTH2", response)).code == 535, "a new connection is another matter"


async def test_by_setting_it_is_cut_when_the_token_expires(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, token_expiry="cut", delegation_tick_seconds=0.02) as simulator:
        response = xoauth2(PRACTICE, await _token(simulator, SECRETARY))
        idling, selected, fresh = [await _imap_with(simulator, response) for _ in range(3)]
        password = await ImapClient.open(simulator, "camille.martin", "cabinet-2026")
        assert (await idling.ask("SELECT INBOX"))[-1].startswith("OK")
        assert (await selected.ask("SELECT INBOX"))[-1].startswith("OK")
        await idling.idle()
        reply, closed = await _smtp_after(MailClient(simulator), clock, response)
        assert (reply.code, reply.enhanced, closed) == (421, "4.7.0", True)
        for client in (idling, selected, fresh):
            assert (await client.line()).startswith("* BYE The token that opened this connection has expired")
            with pytest.raises(EOFError):
                await client.line()
        assert (await password.ask("NOOP"))[-1].startswith("OK"), "no token opened this one"


async def test_an_operator_that_takes_no_password(simulator: Simulator) -> None:
    client, token = MailClient(simulator), await _token(simulator, CAMILLE)
    changed = await control(simulator, "PATCH", f"/operators/{quote(OPERATOR)}", {"authentication": ["psc", "certificate"]})
    assert (changed.status_code, changed.json()["authentication"]) == (200, ["certificate", "psc"])
    said = "The operator Messagerie liberale accepts other ways to log in: certificate, psc."
    for mechanism, response in (
        ("PLAIN", "\0camille.martin\0cabinet-2026"),
        ("PLAIN", f"{PRACTICE}\0camille.martin\0cabinet-2026"),
        ("PLAIN", f"\0{PRACTICE}*sophie.petit\0cabinet-2026"),
    ):
        reply = await client.by_smtp(mechanism, response)
        assert (reply.code, reply.enhanced) == (535, "5.7.8")
        assert said in reply.text
        assert "accepts other ways to log in" in await client.by_imaplib(mechanism, response)
    assert (await _by_imap(simulator, "LOGIN camille.martin cabinet-2026")).startswith(REFUSED)
    assert (await client.by_smtp("XOAUTH2", xoauth2(DOCTOR, token))).code == 235
    assert await client.by_imaplib("XOAUTH2", xoauth2(DOCTOR, token)) == "OK"
    assert (await client.by_smtp("PLAIN", "\0paul.durand\0hopital-2026")).code == 235, "the other operators are as before"


async def test_an_operator_that_takes_no_token(simulator: Simulator) -> None:
    token = await _token(simulator, CAMILLE)
    await control(simulator, "PATCH", f"/operators/{quote(OPERATOR)}", {"authentication": ["password"]})
    await _refused_everywhere(simulator, DOCTOR, token, "accepts other ways to log in: password")


async def test_the_strict_profile_offers_tokens_alone(start: StartSimulator) -> None:
    async with start(profile="strict") as simulator:
        client, token = MailClient(simulator), await _token(simulator, CAMILLE)
        assert await client.offered() == (["XOAUTH2"], ["XOAUTH2"])
        assert (await client.by_smtp("PLAIN", "\0camille.martin\0cabinet-2026")).code == 504
        assert (
            "[CANNOT] The strict profile takes no password: log in by XOAUTH2 with a token of Pro Sante Connect"
            in await client.by_imaplib("PLAIN", "\0camille.martin\0cabinet-2026")
        )
        assert (await _by_imap(simulator, "LOGIN camille.martin cabinet-2026")).startswith(REFUSED)
        assert (await client.by_smtp("XOAUTH2", xoauth2(DOCTOR, token), DOCTOR, HOSPITAL)).code == 250
        assert await client.by_imaplib("XOAUTH2", xoauth2(DOCTOR, token)) == "OK"


async def test_the_way_in_is_judged_at_every_mailbox(simulator: Simulator) -> None:
    owner = next(box for box in (await control(simulator, "GET", "/mailboxes")).json() if box["address"] == LABORATORY)
    assert owner["kind"] == "APP"
    doctor = Person(simulator, "doctor")
    grant = {"grantee": doctor.idnat, "rights": ["see", "read", "send_as"]}
    assert (await control(simulator, "POST", f"/mailboxes/{LABORATORY}/grants", grant)).status_code == 201
    refused = await doctor.smtp(LABORATORY, PRACTICE, letter(LABORATORY, PRACTICE))
    assert (refused.code, refused.enhanced) == (553, "5.7.1")
    assert "opens by its client certificate" in refused.text
    client = await ImapClient.open(simulator, "camille.martin", "cabinet-2026")
    answer = await client.ask(f'SELECT "Shared/{LABORATORY}/INBOX"')
    assert answer[-1].startswith("NO [NOPERM]"), answer
    await client.close()


async def test_an_operator_that_changes_its_ways_is_heard_on_open_connections(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", "cabinet-2026")
    assert (await client.ask("SELECT INBOX"))[-1].startswith("OK")
    await control(simulator, "PATCH", f"/operators/{quote(OPERATOR)}", {"authentication": ["psc"]})
    client.writer.write(b"a SELECT INBOX\r\n")
    assert (await client.line()).endswith("accepts other ways to log in: psc.")
    with pytest.raises(EOFError):
        await client.line()
    await client.close()
