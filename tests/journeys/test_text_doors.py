"""Text that is decoded at other doors than JSON: names and parameters of SMTP, SASL, IMAP, OpenID. No control character comes out of it."""

import asyncio
import base64
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.mail.headers import read_headers, split
from tests.clients import HOSPITAL, PRACTICE, ImapClient, Person, letter
from tests.conftest import StartSimulator, starter
from tests.relying_party import RelyingParty, told


@pytest.fixture
def start(tmp_path: Path) -> StartSimulator:
    """The bytes of these tests are said in clear, at the MX port too, and what was taken is looked at where it was taken."""
    return starter(tmp_path / "data", peers_proof="domain", relay="direct")


async def _mx(simulator: Simulator, *lines: bytes) -> list[bytes]:
    """The replies of the MX port to these lines, one each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()["mx"]["port"])
    replies = [await reader.readline()]
    for line in lines:
        writer.write(line + b"\r\n")
        replies.append(await reader.readline())
        while replies[-1][3:4] == b"-":
            replies[-1] = await reader.readline()
    writer.close()
    return replies[1:]


@pytest.mark.parametrize("name", [b"a\x1b[2J", b"a\x00b", b"a\tb", b"a\xc2\x9bb", b"a\xe2\x80\xa8b", b"\xff", b"a b"])
async def test_a_name_with_controls_is_refused_at_ehlo(simulator: Simulator, name: bytes) -> None:
    [reply] = await _mx(simulator, b"EHLO " + name)
    assert reply.startswith((b"501 5.5.4", b"500 5.5.2")), reply
    assert reply[:-2].decode("ascii").isprintable()


async def test_an_encoded_word_at_ehlo_stands_in_received_as_it_was_said(simulator: Simulator) -> None:
    raw = letter(HOSPITAL, PRACTICE).as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"."
    said = b"EHLO =?utf-8?q?=0D=0ABcc:_x@y.fr?="
    replies = await _mx(simulator, said, f"MAIL FROM:<{HOSPITAL}>".encode(), f"RCPT TO:<{PRACTICE}>".encode(), b"DATA", raw)
    assert replies[-1].startswith(b"250"), replies
    doctor = Person(simulator, "doctor")
    item = (await doctor.inbox(PRACTICE))[0]
    stored = (await doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).content
    fields = dict(read_headers(stored[: split(stored)[0]], count_max=99).fields)
    assert fields["Received"].startswith(b"from " + said[5:] + b" (")
    assert "Bcc" not in fields
    opened = await doctor.open(PRACTICE, item["id"])
    assert all(value.isprintable() for _, value in opened["headers"])


@pytest.mark.parametrize("parameter", ["ORCPT=rfc822;a+0D+0AX:y", "ORCPT=rfc822;a+1By", "ORCPT=utf-8;a\x1by", "NOTIFY=a\x1bb", "X\x1bY=1"])
async def test_a_parameter_that_hides_controls_is_refused(simulator: Simulator, parameter: str) -> None:
    lines = (b"EHLO x.example", f"MAIL FROM:<{HOSPITAL}>".encode(), f"RCPT TO:<{PRACTICE}> {parameter}".encode())
    reply = (await _mx(simulator, *lines))[-1]
    assert reply.startswith((b"501 ", b"555 5.5.4")), reply
    assert reply[:-2].decode("ascii").isprintable()


async def test_an_encoded_word_in_dsn_parameters_stands_in_the_notification_as_text(simulator: Simulator) -> None:
    word = "=?utf-8?q?=0D=0AAction:_failed?=".replace("=", "+3D")
    hospital = Person(simulator, "hospital")
    reply = await hospital.smtp(
        HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE), mail=f"ENVID={word}", rcpt=f"NOTIFY=SUCCESS ORCPT=rfc822;{word}"
    )
    assert reply.code == 250, reply
    [notice] = await hospital.inbox(HOSPITAL)
    raw = (await hospital.rest("GET", f"/mailboxes/{HOSPITAL}/messages/{notice['id']}/raw")).content
    assert b"\r\nOriginal-Envelope-Id: =?utf-8?q?=0D=0AAction:_failed?=\r\n" in raw
    assert b"\r\nOriginal-Recipient: rfc822;=?utf-8?q?=0D=0AAction:_failed?=\r\n" in raw
    assert raw.count(b"\r\nAction: ") == 1
    sent = (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    assert sent["recipients"][0]["state"] == "delivered"


@pytest.mark.parametrize("login", ["camille.martin\r\nX", "camille.martin\x1b", "*camille.martin\n", "a\x85*camille.martin", "\ufffe"])
async def test_a_sasl_name_with_controls_logs_nobody_in(simulator: Simulator, login: str) -> None:
    packed = base64.b64encode(f"\0{login}\0cabinet-2026".encode()).decode()
    client = await ImapClient.open(simulator)
    [answer] = await client.ask(f"AUTHENTICATE PLAIN {packed}")
    assert answer.startswith(("NO [AUTHENTICATIONFAILED]", "NO [AUTHORIZATIONFAILED]")), answer
    assert answer.isprintable()
    await client.close()


@pytest.mark.parametrize("name", ["a\r\nb", "a\x1bb", "a\x85b", "a\u2028b", "\u202eb", "a/\tb"])
async def test_a_folder_name_in_modified_utf7_hides_no_controls(simulator: Simulator, name: str) -> None:
    packed = base64.b64encode(name.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",").decode()
    doctor = Person(simulator, "doctor").account
    client = await ImapClient.open(simulator, doctor["login"], doctor["password"])
    [answer] = await client.ask(f'CREATE "&{packed}-"')
    assert answer.startswith(("NO [CANNOT]", "BAD")), answer
    assert all(line.isprintable() for line in await client.ask('LIST "" "*"'))
    await client.close()


@pytest.mark.parametrize("state", ["a\r\nSet-Cookie: x=y", "\x1b[2J", "a\u2028b", "<script>", "%0D%0AX: y"])
async def test_a_state_goes_back_as_it_came_and_breaks_no_header(simulator: Simulator, state: str) -> None:
    async with RelyingParty.of(simulator) as party:
        answer = await party.authorize(state=state, prompt="none")
    assert told(answer)["state"] == state
    assert answer.headers["location"].isascii()
    assert answer.headers["location"].isprintable()
    assert "x" not in answer.cookies
    assert urlsplit(answer.headers["location"]).scheme == "http"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "login_hint", "scope"])
async def test_an_openid_parameter_with_controls_is_shown_without_harm(simulator: Simulator, name: str) -> None:
    async with RelyingParty.of(simulator) as party:
        answer = await party.authorize(**{name: "a\r\nX-Evil: 1\x1b<b>"})
    assert answer.status_code < 500
    assert "x-evil" not in answer.headers
    assert "<b>" not in answer.text


@pytest.mark.parametrize("key", [b"a\xe9", b"=?utf-8?q?=0D=0A?=", b"\xf0\x9f\x98\x80"])
async def test_an_idempotency_key_of_any_octets_sends_once(simulator: Simulator, key: bytes) -> None:
    account = Person(simulator, "hospital").account
    headers = {b"Idempotency-Key": key, b"Content-Type": b"application/json"}
    async with httpx.AsyncClient(auth=(account["login"], account["password"]), timeout=20) as client:
        url = f"{simulator.ready()['http']}/api/v1/mailboxes/{HOSPITAL}/messages"
        answers = [await client.post(url, headers=headers, json={"to": [PRACTICE], "subject": "s"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert answers[1].json()["replayed"] is True
    assert len(await Person(simulator, "doctor").inbox(PRACTICE)) == 1
