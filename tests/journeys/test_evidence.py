"""What clients did at every door, found again: who, what was refused and by which rule, what it cost; never a credential."""

import asyncio
import base64
import io
import json
import ssl
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.evidence import SessionEnd
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, ImapClient, Peer, Person, control, letter
from tests.conftest import StartSimulator
from tests.journeys.test_http_limits import head
from tests.relying_party import VERIFIER, RelyingParty, challenge
from tests.scene import PASSWORD

_UNKNOWN = "personne@cabinet.sim.mssante.fr"


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    async with start() as running:
        yield running


async def sessions(simulator: Simulator, query: str = "") -> list[dict[str, Any]]:
    """The first page of the sessions, newest first."""
    answer = await control(simulator, "GET", f"/evidence?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def whole(simulator: Simulator, session: dict[str, Any]) -> dict[str, Any]:
    """One session with all that was said in it."""
    found: dict[str, Any] = (await control(simulator, "GET", f"/evidence/{session['id']}")).json()
    return found


def lines(session: dict[str, Any]) -> list[str]:
    """What was said, as `C: text`."""
    return [f"{line['side']}: {line['text']}" for line in session["transcript"]]


async def by_rest(simulator: Simulator, path: str, **options: Any) -> httpx.Response:
    """One request to the HTTP port, on a connection of its own."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        return await client.request(options.pop("method", "GET"), path, **options)


async def raw(simulator: Simulator, octets: bytes) -> bytes:
    """What is answered to octets, until the server hangs up."""
    url = httpx.URL(simulator.ready()["http"])
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(octets)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def _at_submission(simulator: Simulator) -> None:
    assert (await Person(simulator, "doctor").smtp(DOCTOR, _UNKNOWN, letter(DOCTOR, _UNKNOWN))).code == 550


async def _at_mx(simulator: Simulator) -> None:
    assert (await Peer(simulator).send(HOSPITAL, [_UNKNOWN], letter(HOSPITAL, _UNKNOWN))).code == 550


async def _at_imap(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", PASSWORD)
    assert (await client.ask("SELECT Nulle-Part"))[-1].startswith("NO [NONEXISTENT]")
    await client.close()


async def _at_rest(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").send(DOCTOR, to=[{"address": _UNKNOWN}])
    assert answer.status_code == 422, answer.text


async def _at_psc(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        assert (await party.exchange("no-such-code")).status_code == 400


async def _at_mailpit(simulator: Simulator) -> None:
    assert (await by_rest(simulator, "/mailpit/api/v1/message/0000000000000")).status_code == 404


_REFUSED: list[tuple[Callable[[Simulator], Coroutine[Any, Any, None]], str, str, str]] = [
    (_at_submission, "smtp", "unknown-mailbox", f"RCPT TO:<{_UNKNOWN}>"),
    (_at_mx, "mx", "unknown-mailbox", f"RCPT TO:<{_UNKNOWN}>"),
    (_at_imap, "imap", "not-found", "SELECT Nulle-Part"),
    (_at_rest, "rest", "unknown-mailbox", f"POST /api/v1/mailboxes/{DOCTOR}/messages"),
    (_at_psc, "psc", "invalid_grant", "POST /auth/realms/esante-wallet/protocol/openid-connect/token"),
    (_at_mailpit, "mailpit", "not-found", "GET /mailpit/api/v1/message/0000000000000"),
]


@pytest.mark.parametrize(("act", "door", "rule", "command"), _REFUSED, ids=[one[1] for one in _REFUSED])
async def test_a_refusal_is_found_with_its_rule(
    simulator: Simulator, act: Callable[[Simulator], Coroutine[Any, Any, None]], door: str, rule: str, command: str
) -> None:
    await act(simulator)
    (found,) = await sessions(simulator, f"refused=true&door={door}")
    assert [one["id"] for one in await sessions(simulator, f"rule={rule}&verdict=refused")] == [found["id"]]
    assert (found["verdict"], found["refusals"], found["rules"]) == ("refused", 1, {rule: 1})
    assert found["id"] not in [one["id"] for one in await sessions(simulator, "refused=false")]
    (refused,) = (await whole(simulator, found))["refused"]
    assert refused["rule"] == rule
    assert refused["command"].startswith(command)
    assert refused["detail"]
    assert refused["reference"] or rule in ("not-found", "unknown-mailbox")


async def test_a_refusal_tells_where_its_rule_comes_from(simulator: Simulator) -> None:
    assert (await Person(simulator, "doctor").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))).code == 553
    (found,) = await sessions(simulator, "door=smtp")
    (refused,) = (await whole(simulator, found))["refused"]
    assert (refused["rule"], refused["reference"], refused["answer"]) == ("send-not-allowed", "quirks#from-not-allowed", "553 5.7.1")
    assert refused["subject"] == HOSPITAL


async def test_each_recipient_is_a_refusal_of_its_own(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").send(DOCTOR, to=[{"address": _UNKNOWN}, {"address": "x@example.org"}, {"address": PRACTICE}])
    assert answer.status_code == 422
    (found,) = await sessions(simulator, "door=rest")
    assert found["rules"] == {"unknown-mailbox": 1, "domain-outside-trust-space": 1}


async def test_what_the_protocol_refuses_is_a_mistake_of_the_client(simulator: Simulator) -> None:
    client = await ImapClient.open(simulator, "camille.martin", PASSWORD)
    await client.ask("FROBNICATE")
    await client.close()
    await by_rest(simulator, "/api/v1/nulle-part", auth=("camille.martin", PASSWORD))
    found = {one["door"]: (one["verdict"], one["mistakes"], one["rules"]) for one in await sessions(simulator)}
    assert found == {"imap": ("mistaken", 1, {}), "rest": ("mistaken", 1, {})}


async def test_who_asked_and_how_it_ended(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    await doctor.get("/me")
    client = await ImapClient.open(simulator, "camille.martin", PASSWORD)
    await client.ask('ID ("name" "LGC")')
    await client.ask("LOGOUT")
    await client.close()
    await doctor.smtp(DOCTOR, PRACTICE, letter(DOCTOR, PRACTICE))
    found = {one["door"]: one for one in await sessions(simulator)}
    assert {door: one["who"] for door, one in found.items()} == dict.fromkeys(("rest", "imap", "smtp"), doctor.idnat)
    assert {door: one["ended"] for door, one in found.items()} == {"rest": None, "imap": "client", "smtp": "client"}
    assert {one["verdict"] for one in found.values()} == {"clean"}
    assert found["rest"]["client"].startswith("python-httpx/")
    assert (found["imap"]["client"], found["imap"]["mailbox"], found["imap"]["tls"]["version"]) == ("name=LGC", DOCTOR, "TLSv1.3")
    assert found["smtp"]["client"]
    assert (found["rest"]["tls"], found["rest"]["closed_at"]) == (None, None)
    assert [one["door"] for one in await sessions(simulator, "client=HTTPX")] == ["rest"]
    assert await sessions(simulator, "who=899700420021") == []
    assert await sessions(simulator, "since=2099-01-01T00:00:00Z") == []


async def test_an_exchange_is_shown_line_by_line(simulator: Simulator) -> None:
    auth = ("camille.martin", PASSWORD)
    await by_rest(simulator, f"/api/v1/mailboxes/{HOSPITAL}/messages?limit=5", auth=auth, headers={"X-Of-Ours": "été".encode()})
    (found,) = await sessions(simulator)
    told = lines(await whole(simulator, found))
    assert told[0] == f"C: GET /api/v1/mailboxes/{HOSPITAL}/messages?limit=5"
    assert "C: x-of-ours: été" in told
    assert "C: authorization: Basic ********" in told
    assert "S: HTTP/1.1 404" in told
    assert "S: content-type: application/problem+json" in told
    assert any(line.startswith("S: (a body of ") for line in told)
    assert any(line.startswith("-: refused: not-found: ") for line in told)
    assert told[-1].startswith("-: answered after ")
    file = await control(simulator, "GET", f"/evidence/{found['id']}/file")
    assert file.headers["content-disposition"] == f'attachment; filename="session-{found["id"]}.txt"'
    assert [line.split(" ", 2)[1:] for line in file.text.splitlines()] == [line.split(": ", 1) for line in told]


async def _everything(simulator: Simulator) -> str:
    """All that evidence tells of anybody."""
    told = [(await control(simulator, "GET", path)).text for path in ("/evidence?limit=200", "/evidence/clients")]
    for one in await sessions(simulator, "limit=200"):
        told += [(await control(simulator, "GET", f"/evidence/{one['id']}{more}")).text for more in ("", "/file")]
    return "\n".join(told)


async def test_no_credential_is_ever_shown(start: StartSimulator) -> None:
    key = "the-key-of-the-control-plane"
    async with start(psc_pkce_plain=True) as simulator:
        token = simulator.world.tokens.mint(Person(simulator, "doctor").idnat)
        basic = base64.b64encode(f"camille.martin:{PASSWORD}".encode()).decode()
        secrets = {token, basic, PASSWORD, key, VERIFIER, "c-o-d-e-1", "a-secret-value"}
        odd = {
            "ESANTE-API-KEY": "a-secret-value-1",
            "Cookie": "session=a-secret-value-2",
            "X-Auth-Token": "a-secret-value-3",
            "Referer": "http://localhost/cb?state=st&code=a-secret-value-4#access_token=a-secret-value-5",
            "X-Api-Key": "a-secret-value-6",
            "Proxy-Authorization": "Basic a-secret-value-7",
            "X-Note": f"my token is {token}",
            "Via": "http://camille.martin:a-secret-value-8@proxy.example/",
        }
        hidden = "/api/v1/me?access_token=a-secret-value-9&%63lient_secret=a-secret-value-0&token=x;key=a-secret-value"
        for headers in (
            {**odd, "Authorization": f"Bearer {token}"},
            {**odd, "Authorization": f"Basic {basic}"},
            {"Authorization": token},
            {"Authorization": f"Baerer {token}"},
            {"X-Control-Key": key, "User-Agent": f"client {token}"},
        ):
            for path in ("/api/v1/me", hidden, f"/api/v1/{token}", f"/mailpit/api/v1/info?key={key}"):
                await by_rest(simulator, path, headers=headers)
        async with RelyingParty.of(simulator) as party:
            code = await party.code(code_challenge=challenge(), code_challenge_method="S256")
            given = (await party.exchange(code, code_verifier=VERIFIER)).json()
            secrets |= {code, given["access_token"], given["refresh_token"], given["id_token"], simulator.ready()["psc"]["client_secret"]}
            secrets |= {cookie.value.partition(".")[2] for cookie in party.http.cookies.jar if cookie.value}
            await party.refresh(given["refresh_token"])
            await party.introspect(given["access_token"])
            await party.userinfo(given["access_token"])
            form = {"access_token": given["access_token"], "password": "a-secret-value", "client_secret": "a-secret-value"}
            await party.http.post(f"{party.issuer}/protocol/openid-connect/userinfo", data=form)
            logout = f"{party.issuer}/protocol/openid-connect/logout"
            await party.http.get(logout, params={"id_token_hint": given["id_token"], "post_logout_redirect_uri": party.redirect_uri})
            await party.http.get(f"{party.base}/callback?code={code}&state=st")
        await Person(simulator, "doctor").smtp(DOCTOR, PRACTICE, letter(DOCTOR, PRACTICE))
        client = await ImapClient.open(simulator, "camille.martin", PASSWORD)
        await client.close()
        told = await _everything(simulator)
        assert len(await sessions(simulator)) > 5
        assert "********" in told
        assert {secret for secret in secrets - {""} if secret in told} == set()
        assert token.split(".")[2] not in told


async def test_costs_are_counted(simulator: Simulator) -> None:
    doctor, sent = Person(simulator, "doctor"), letter(DOCTOR, PRACTICE)
    for _ in range(2):
        assert (await doctor.smtp(DOCTOR, PRACTICE, sent)).code == 250
    for _ in range(3):
        assert (await doctor.smtp(DOCTOR, _UNKNOWN, sent)).code == 550
    (clients,) = [one for one in (await control(simulator, "GET", "/evidence/clients")).json() if one["door"] == "smtp"]
    assert (clients["sessions"], clients["who"], clients["rules"]) == (5, doctor.idnat, {"unknown-mailbox": 3})
    costs = clients["costs"]
    told = [lines(await whole(simulator, one)) for one in await sessions(simulator, "door=smtp")]
    commands = sum(line.startswith("C: ") and "(a message" not in line for one in told for line in one)
    assert costs == {
        "connections": 5,
        "commands": commands,
        "letters_sent": 2,
        "letters_read": 0,
        "commands_per_letter": round(commands / 2, 2),
        "octets_in": costs["octets_in"],
        "octets_out": costs["octets_out"],
        "polls": 0,
        "retries": 2,
        "duplicates": 1,
    }
    assert 2 * len(sent.as_bytes()) < costs["octets_in"] < 2 * len(sent.as_bytes()) + 3_000
    assert costs["octets_out"] > 5 * 300
    await doctor.get("/me")
    assert [one["door"] for one in (await control(simulator, "GET", "/evidence/clients?door=rest")).json()] == ["rest"]


async def test_costs_of_http_are_counted(simulator: Simulator) -> None:
    listed, auth = f"/api/v1/mailboxes/{PRACTICE}/messages", ("camille.martin", PASSWORD)
    await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))
    for _ in range(2):
        async with httpx.AsyncClient(base_url=simulator.ready()["http"], auth=auth, timeout=20) as client:
            found = (await client.get(f"{listed}?folder=INBOX")).json()["items"]
            await client.get(f"{listed}?wait=0.01&subject=rien")
            await client.get(f"{listed}/{found[0]['id']}")
            body = json.dumps({"to": [{"address": HOSPITAL}], "subject": "Deux fois", "text": "Bonjour."}).encode()
            sent = await client.post(listed, content=body, headers={"Content-Type": "application/json"})
            assert sent.status_code == 201, sent.text
    (one,) = await sessions(simulator, "door=rest")
    costs = one["costs"]
    assert (costs["connections"], costs["commands"], costs["letters_sent"], costs["letters_read"]) == (2, 8, 2, 2)
    assert (costs["commands_per_letter"], costs["polls"], costs["retries"], costs["duplicates"]) == (2.0, 2, 0, 1)
    assert costs["octets_in"] > 2 * len(body)


async def test_a_letter_over_rest_is_known_by_its_octets_in_whatever_pieces_they_come(simulator: Simulator) -> None:
    """Two letters that were refused are no retry of one another; the same one is, although it comes through the network otherwise."""

    async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
        for at in range(0, len(body), 10):
            yield body[at : at + 10]
            await asyncio.sleep(0.01)

    async def refused(body: bytes, *, pieces: bool = False) -> int:
        content = in_pieces(body) if pieces else body
        fields = {"Content-Type": "application/json", "User-Agent": "one"}
        sent = await by_rest(
            simulator,
            f"/api/v1/mailboxes/{PRACTICE}/messages",
            method="POST",
            content=content,
            headers=fields,
            auth=("camille.martin", PASSWORD),
        )
        assert sent.status_code == 422, sent.text
        (one,) = await sessions(simulator, "door=rest")
        found: int = one["costs"]["retries"]
        return found

    first, second = (json.dumps({"to": [{"address": _UNKNOWN}], "subject": subject}).encode() for subject in ("Un", "Deux"))
    assert [await refused(first), await refused(second)] == [0, 0]
    assert [await refused(first, pieces=True), await refused(second)] == [1, 2]


async def test_what_is_read_or_made_beside_letters_is_no_letter(simulator: Simulator) -> None:
    """A letter is read where it is opened or taken whole, sent where messages are posted, and only where that is granted."""
    doctor, box = Person(simulator, "doctor"), f"/mailboxes/{DOCTOR}"
    file = {"filename": "a.pdf", "content_type": "application/pdf", "content_base64": "JVBERi0xLjc="}
    sent = (await doctor.send(DOCTOR, to=[DOCTOR], attachments=[file], request_read_receipt=True)).json()
    [item] = await doctor.inbox(DOCTOR)
    opened = f"{box}/messages/{item['id']}"
    steps = [
        *(("GET", opened, 200, 1, 1), ("GET", f"{opened}/raw", 200, 1, 2), ("GET", f"{opened}/attachments/2", 200, 1, 2)),
        *(("GET", f"{opened}/diagnosis", 200, 1, 2), ("GET", f"{opened}/raws", 404, 1, 2), ("GET", f"{box}/messages", 200, 1, 2)),
        *(("PATCH", opened, 200, 1, 2), ("POST", f"{box}/folders", 201, 1, 2), ("POST", f"{opened}/receipt", 409, 1, 2)),
        *(("POST", f"{box}/messages", 422, 1, 2), ("GET", f"{box}/messages/0000000000000", 404, 1, 2)),
    ]
    assert sent["warnings"] == []
    for method, path, status, letters_sent, letters_read in steps:
        body: dict[str, dict[str, Any]] = {
            "PATCH": {"add": ["\\Flagged"]},
            "POST": {"name": "Ici"} if path.endswith("folders") else {} if "receipt" in path else {"to": []},
        }
        answer = await doctor.rest(method, path, json=body.get(method))
        assert answer.status_code == status, (method, path, answer.text)
        costs = (await sessions(simulator, f"door=rest&who={doctor.idnat}"))[0]["costs"]
        assert (costs["letters_sent"], costs["letters_read"]) == (letters_sent, letters_read), (method, path)


async def test_polling_and_reading_over_imap_are_counted(simulator: Simulator) -> None:
    await Person(simulator, "hospital").smtp(HOSPITAL, DOCTOR, letter(HOSPITAL, DOCTOR))
    client = await ImapClient.open(simulator, "camille.martin", PASSWORD)
    for command in ("SELECT INBOX", "NOOP", "NOOP", "STATUS INBOX (MESSAGES)", "FETCH 1 BODY[]", "FETCH 1 (FLAGS BODY[HEADER])"):
        assert (await client.ask(command))[-1].startswith("OK")
    await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes())
    await client.close()
    (one,) = await sessions(simulator, "door=imap")
    costs = one["costs"]
    assert (costs["connections"], costs["commands"], costs["polls"]) == (1, 9, 3)
    assert (costs["letters_read"], costs["letters_sent"]) == (1, 1)


async def test_a_run_of_requests_is_one_session(start: StartSimulator) -> None:
    """Of one address, name and person, whichever connections they use; silence ends it."""
    async with start(transcripts_http_silence_seconds=0.3) as simulator:
        doctor, auth = Person(simulator, "doctor"), ("camille.martin", PASSWORD)
        await by_rest(simulator, "/api/v1/me", headers={"User-Agent": "one"})
        for name in ("one", "one", "two"):
            await by_rest(simulator, "/api/v1/me", auth=auth, headers={"User-Agent": name})
        await by_rest(simulator, "/api/v1/me", auth=("sophie.petit", PASSWORD), headers={"User-Agent": "one"})
        await by_rest(simulator, "/listeblanchemssante.xml", headers={"User-Agent": "one"})
        found = [(one["door"], one["client"], one["who"], one["costs"]["connections"]) for one in await sessions(simulator)]
        secretary = Person(simulator, "secretary").idnat
        assert found == [
            ("public", "one", None, 1),
            ("rest", "one", secretary, 1),
            ("rest", "two", doctor.idnat, 1),
            ("rest", "one", doctor.idnat, 3),
        ]
        while (newest := (await sessions(simulator))[0])["closed_at"] is None:
            pass
        assert (newest["ended"], newest["closed_at"]) == ("silence", newest["last_at"])
        await by_rest(simulator, "/listeblanchemssante.xml", headers={"User-Agent": "one"})
        assert len(await sessions(simulator, "door=public")) == 2


async def test_who_drives_the_world_is_no_client_of_it(simulator: Simulator) -> None:
    for path in ("/control/state", "/control/nulle-part", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"):
        await by_rest(simulator, path)
    assert await sessions(simulator) == []


async def test_header_fields_may_be_anything(simulator: Simulator) -> None:
    strange = b"caf\xe9 \x1b[31m\x7f\t\xff\xfe " + b"x" * 5_000
    many = [f"X-{at}: {at}" for at in range(3_000)]
    assert b" 401 " in await raw(simulator, head("GET", "/api/v1/me", "Connection: close", *many))
    for field in (b"User-Agent: " + strange, b"X-Odd: " + strange, b"%63ode" * 90 + b": x"):
        await raw(simulator, b"GET /api/v1/me?\xff\xfe=\x80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + field + b"\r\n\r\n")
    assert b" 431 " in await raw(simulator, head("GET", "/api/v1/me", *(f"X-{at}: {at}" for at in range(10_000))))
    assert {one["door"] for one in await sessions(simulator)} == {"rest", "public"}
    for one in await sessions(simulator):
        detail = await whole(simulator, one)
        assert all(line["text"].isprintable() and len(line["text"]) <= 400 for line in detail["transcript"])
        assert len(detail["transcript"]) < 500
        file = (await control(simulator, "GET", f"/evidence/{one['id']}/file")).text
        assert all(part.isprintable() for part in file.split("\r\n"))
    told = await _everything(simulator)
    assert "fields more)" in told
    assert "head-too-large" in told


async def test_what_never_becomes_a_request_is_there_too(start: StartSimulator) -> None:
    async with start(http_connections_max=2, http_head_timeout_seconds=0.3, http_body_timeout_seconds=0.3) as simulator:
        assert b" 408 " in await raw(simulator, b"GET /api/v1/me HTTP/1.1\r\n")
        basic = base64.b64encode(f"camille.martin:{PASSWORD}".encode()).decode()
        slow = head("POST", f"/api/v1/mailboxes/{DOCTOR}/messages", f"Authorization: Basic {basic}", "Content-Length: 100")
        assert b" 408 " in await raw(simulator, slow)
        assert b" 400 " in await raw(simulator, b"this is no HTTP\r\n\r\n")
        found = await sessions(simulator)
        assert {(one["door"], tuple(one["rules"]), one["mistakes"]) for one in found} == {
            ("public", ("request-too-slow",), 1),
            ("rest", ("request-too-slow",), 0),
        }
        told = lines(await whole(simulator, next(one for one in found if one["door"] == "rest")))
        assert "S: HTTP/1.1 408" in told


async def test_a_page_follows_another(simulator: Simulator) -> None:
    for name in ("one", "two", "three"):
        await by_rest(simulator, "/listeblanchemssante.xml", headers={"User-Agent": name})
    seen, query = [], "limit=1"
    while True:
        page = (await control(simulator, "GET", f"/evidence?{query}")).json()
        seen += [one["client"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"limit=1&cursor={page['next_cursor']}"
    assert seen == ["three", "two", "one"]
    assert (await control(simulator, "GET", "/evidence?cursor=l0000000000000")).status_code == 422
    assert (await control(simulator, "GET", "/evidence?door=nulle-part")).status_code == 422
    assert (await control(simulator, "GET", "/evidence?limit=1000")).status_code == 422
    assert (await control(simulator, "GET", "/evidence/0000000000000/file")).status_code == 404


async def test_sessions_are_chosen_by_each_thing_that_is_known_of_them(simulator: Simulator) -> None:
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    sent = letter(DOCTOR, DOCTOR)
    await doctor.smtp(DOCTOR, DOCTOR, sent)
    moved = (await control(simulator, "POST", "/clock/advance", {"by": "PT1H"})).json()["now"]
    unknown = _UNKNOWN.replace("cabinet", "hopital-ormes")
    await hospital.smtp(HOSPITAL, unknown, letter(HOSPITAL, unknown))
    await by_rest(simulator, "/listeblanchemssante.xml", headers={"User-Agent": "Curieux/1.0"})
    one, two, three = ("smtp", doctor.idnat), ("smtp", hospital.idnat), ("public", None)
    wanted = [
        *(("", [three, two, one]), ("door=smtp", [two, one]), ("door=public", [three]), ("door=imap", [])),
        *((f"who={doctor.idnat}", [one]), ("who=nobody", []), ("client=CURIEUX", [three]), ("client=nobody", [])),
        *(("verdict=clean", [three, one]), ("verdict=refused", [two]), ("rule=unknown-mailbox", [two]), ("rule=bad-address", [])),
        *((f"since={moved}", [three, two]), ("refused=true", [two]), ("refused=false", [three, one])),
        *((f"letter={quote(str(sent['Message-ID']))}", [one]), ("letter=x", []), (f"door=smtp&since={moved}&refused=false", [])),
    ]
    for query, found in wanted:
        assert [(row["door"], row["who"]) for row in await sessions(simulator, query)] == found, query
        if "refused=" not in query:
            clients = (await control(simulator, "GET", f"/evidence/clients?{query}")).json()
            assert sorted((row["door"], row["who"] or "") for row in clients) == sorted((door, who or "") for door, who in found), query


async def test_a_failure_on_purpose_is_no_fault_of_the_client(simulator: Simulator) -> None:
    rule = {"point": "rest", "match": {"verb": "GET"}, "action": {"kind": "reply", "code": "503"}}
    assert (await control(simulator, "POST", "/faults", rule)).status_code == 201
    assert (await by_rest(simulator, "/api/v1/me", auth=("camille.martin", PASSWORD))).status_code == 503
    (found,) = await sessions(simulator)
    assert (found["verdict"], found["rules"]) == ("failed", {"fault": 1})
    assert any(line.startswith("-: fault ") for line in lines(await whole(simulator, found)))


async def test_tls_of_http_is_told(start: StartSimulator) -> None:
    async with start(https_port=0) as simulator:
        ready = simulator.ready()
        context = ssl.create_default_context(cafile=ready["ca_file"])
        context.load_cert_chain(ready["app_client"]["cert_file"], ready["app_client"]["key_file"])
        async with httpx.AsyncClient(base_url=ready["https"].replace("127.0.0.1", "localhost"), verify=context) as client:
            assert (await client.get("/listeblanchemssante.xml")).status_code == 200
        (found,) = await sessions(simulator)
        assert (found["tls"]["version"], found["tls"]["sni"], found["tls"]["client_verified"]) == ("TLSv1.3", "localhost", "yes")
        assert found["tls"]["client_dn"].startswith("CN=")


async def test_who_is_connected_as_the_simulator_stops_is_told_and_who_hung_up_is_lost(start: StartSimulator) -> None:
    doors = {Door.SMTP: "submission", Door.IMAP: "imap", Door.LDAP: "ldap"}
    async with start(ldap_port=0) as simulator, asyncio.timeout(20):
        changed = asyncio.Event()
        simulator.transcripts.watch(changed.set)
        opened = [await asyncio.open_connection("127.0.0.1", simulator.ready()[port]["port"]) for port in doors.values() for _ in range(2)]
        for _, writer in opened[::2]:
            writer.close()
        while Counter(one.closed_at is None for one in simulator.transcripts.newest_first()) != {True: 3, False: 3}:
            await changed.wait()
            changed.clear()
    ends = Counter((one.door, one.ended) for one in simulator.transcripts.newest_first())
    assert ends == Counter((door, end) for door in doors for end in (SessionEnd.LOST, SessionEnd.SERVER))
    for _, writer in opened[1::2]:
        writer.close()


async def test_a_reset_forgets_it(simulator: Simulator) -> None:
    await _at_rest(simulator)
    await _at_submission(simulator)
    assert len(await sessions(simulator)) == 2
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    assert await sessions(simulator) == []
    await _at_rest(simulator)
    (found,) = await sessions(simulator)
    assert (found["costs"]["retries"], found["costs"]["connections"]) == (0, 1)


async def test_only_as_many_requests_are_kept_as_there_may_be_lines(start: StartSimulator) -> None:
    async with start(transcripts_lines_max=20, transcripts_max=2) as simulator:
        for at in range(12):
            await by_rest(simulator, f"/nulle-part/{at}", headers={"User-Agent": "one"})
        (found,) = await sessions(simulator)
        told = await whole(simulator, found)
        asked = [line for line in lines(told) if line.startswith("C: GET ")]
        assert asked == [f"C: GET /nulle-part/{at}" for at in range(8, 12)]
        assert (found["costs"]["commands"], found["mistakes"], len(told["refused"])) == (12, 12, 4)
        for name in ("two", "three"):
            await by_rest(simulator, "/listeblanchemssante.xml", headers={"User-Agent": name})
        assert [one["client"] for one in await sessions(simulator)] == ["three", "two"]
        await by_rest(simulator, "/listeblanchemssante.xml", headers={"User-Agent": "one"})
        assert [one["costs"]["commands"] for one in await sessions(simulator, "client=one")] == [1]


async def test_pages_are_no_clients(simulator: Simulator) -> None:
    """Who looks at sessions in a browser does not make them; the acts of a persona on pages stand in the journal."""
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/ui/last")).status_code == 200
    assert (await control(simulator, "GET", "/evidence")).json()["items"] == []


async def test_a_session_is_reported_as_one_file_with_its_letter_and_what_became_of_it(simulator: Simulator) -> None:
    assert (
        await Person(simulator, "hospital").smtp(HOSPITAL, DOCTOR, letter(HOSPITAL, DOCTOR, "Secret", Message_ID="<un@hopital>"))
    ).code == 250
    (session,) = await sessions(simulator, "door=smtp&letter=<un@hopital>")
    assert (await whole(simulator, session))["letters"] == ["<un@hopital>"]
    assert await sessions(simulator, "letter=<deux@hopital>") == []
    for query, kind in (("", "eml"), ("?anonymous=true", "txt")):
        answer = await control(simulator, "GET", f"/evidence/{session['id']}/report{query}")
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as report:
            files = {name: report.read(name).decode() for name in report.namelist()}
        assert f"letters/1.{kind}" in files
        told = json.loads(files["letters/1.json"])
        assert told["parts"]["content_type"] == "text/plain"
        assert ("Secret" in "".join(files.values())) is (kind == "eml")
        assert (HOSPITAL in "".join(files.values())) is (kind == "eml")
        assert PASSWORD not in "".join(files.values())
    assert (await control(simulator, "GET", "/evidence/nothing/report")).status_code == 404


async def test_a_refused_letter_is_known_by_its_name_too_and_a_snapshot_keeps_it(simulator: Simulator) -> None:
    refused = letter(DOCTOR, DOCTOR, "x", Message_ID="<trois@medecin>")
    refused.replace_header("From", HOSPITAL)
    assert (await Person(simulator, "doctor").smtp(DOCTOR, DOCTOR, refused)).code == 550
    query = "letter=<trois@medecin>"
    assert [one["verdict"] for one in await sessions(simulator, query)] == ["refused"]
    assert (await control(simulator, "POST", "/snapshots", {"name": "kept", "evidence": True})).status_code == 201
    await control(simulator, "POST", "/reset")
    assert await sessions(simulator, query) == []
    assert (await control(simulator, "POST", "/snapshots/kept/restore")).status_code == 204
    assert len(await sessions(simulator, query)) == 1
