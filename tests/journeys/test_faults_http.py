"""REST, Pro Santé Connect, the white list, revocation and DNS that fail on purpose, as clients meet it."""

import asyncio
import base64
import socket
import time
from typing import Any

import httpx
import pytest
from cryptography.x509 import ocsp
from dnslib import RCODE, DNSError, DNSRecord

from mss_sim.app.simulator import Simulator
from mss_sim.faults.presets import PRESETS
from tests.clients import HOSPITAL, PRACTICE, Person, control
from tests.conftest import StartSimulator
from tests.faulty import fail, fired, lift, preset
from tests.journeys.test_certificates import ask_ocsp
from tests.relying_party import RelyingParty, claims_of

_MESSAGES = "/api/v1/mailboxes/{address}/messages"


# REST


async def test_a_route_fails_by_method_and_path_and_the_others_do_not(simulator: Simulator) -> None:
    match = {"verb": "POST", "path": _MESSAGES, "address": HOSPITAL, "identity": "paul.durand"}
    rule = await fail(simulator, "rest", "reply", match=match, code=503, text="down for a minute")
    person = Person(simulator, "hospital")
    assert (await person.rest("GET", f"/mailboxes/{HOSPITAL}/messages")).status_code == 200
    refused = await person.send(HOSPITAL, to=[PRACTICE])
    assert (refused.status_code, refused.headers["x-fault"], refused.headers["content-type"]) == (503, rule, "application/problem+json")
    assert refused.json() == {
        "type": "urn:mss-sim:problem:fault",
        "title": "A failure that was asked for",
        "status": 503,
        "code": "fault",
        "detail": f"down for a minute (fault {rule})",
        "reference": "quirks#faults",
    }
    assert (await person.send(HOSPITAL, to=[PRACTICE])).status_code == 201
    assert await fired(simulator, rule) == 1


async def test_a_rule_fires_for_what_it_names_alone(simulator: Simulator) -> None:
    """Who asks is taken by their word, whose mailbox by the path, in any case; what cannot be read of a request is nobody's."""
    ready, hospital = simulator.ready(), Person(simulator, "hospital")
    minted = (await control(simulator, "POST", "/tokens", {"who": "paul.durand"})).json()["access_token"]
    basic = "Basic " + base64.b64encode(b"paul.durand:hopital-2026").decode()
    inbox = f"/api/v1/mailboxes/{HOSPITAL}/messages"
    named: dict[str, tuple[str, dict[str, str]]] = {
        "basic": (inbox, {"Authorization": basic}),
        "BASIC": (inbox.replace("paul.durand", "Paul.Durand"), {"Authorization": basic.upper()[:5] + basic[5:]}),
        "bearer": (inbox, {"Authorization": f"BEARER  {minted}"}),
        "wrong token": (inbox, {"Authorization": "Bearer x.y.z"}),
        "no base64": (inbox, {"Authorization": "Basic é"}),
        "nobody": ("/api/v1/me", {}),
        "mailbox": (f"/api/v1/mailboxes/{HOSPITAL}", {}),
        "other": (f"/api/v1/mailboxes/{PRACTICE}/messages", {}),
        "long": ("/api/v1/me", {"Content-Length": "5"}),
        "longer": ("/api/v1/me", {"Content-Length": "6"}),
    }
    of_hospital = {"basic", "BASIC", "bearer", "wrong token", "no base64", "mailbox"}
    wanted: list[tuple[dict[str, Any], set[str]]] = [
        ({"identity": "paul.durand"}, {"basic", "BASIC"}),
        ({"identity": hospital.idnat}, {"bearer"}),
        ({"address": HOSPITAL}, of_hospital),
        ({"address": HOSPITAL, "path": _MESSAGES}, of_hospital - {"mailbox"}),
        ({"path": "/api/v1/me"}, {"nobody", "long", "longer"}),
        ({"client": "127.0.0.1"}, set(named)),
        ({"client": "192.0.2.1"}, set()),
        ({"size_min": 1}, {"long", "longer"}),
        ({"size_min": 6}, {"longer"}),
        ({"size_max": 5, "path": "/api/v1/me"}, {"nobody", "long"}),
        ({"verb": "POST"}, {"long", "longer"}),
    ]
    async with httpx.AsyncClient(base_url=ready["http"]) as client:
        for match, found in wanted:
            await lift(simulator)
            await fail(simulator, "rest", "reply", match=match, count=None, code=503)
            told = set()
            for name, (path, headers) in named.items():
                size = int(headers.get("Content-Length", "0"))
                fields = [(field.encode(), value.encode()) for field, value in headers.items()]
                answer = await client.request("POST" if size else "GET", path, headers=fields, content=b"x" * size if size else None)
                told |= {name} if "x-fault" in answer.headers else set()
            assert told == found, match


@pytest.mark.parametrize("code", [429, 500, 502, 504, 404])
async def test_any_status_of_failure(simulator: Simulator, code: int) -> None:
    await fail(simulator, "rest", "reply", code=code)
    answer = await Person(simulator, "doctor").rest("GET", "/me")
    assert (answer.status_code, answer.json()["status"]) == (code, code)


async def test_an_answer_is_late_trickles_is_cut_or_malformed(simulator: Simulator) -> None:
    person, ids = Person(simulator, "doctor"), []
    whole = (await person.rest("GET", "/me")).content
    for kind, action in (("delay", {"seconds": 0.3}), ("throttle", {"bytes_per_second": len(whole) * 2})):
        ids.append(await fail(simulator, "rest", kind, **action))
        begun = time.monotonic()
        answer = await person.rest("GET", "/me")
        assert time.monotonic() - begun >= 0.3
        assert (answer.content, answer.headers["x-fault"]) == (whole, ids[-1])
    await fail(simulator, "rest", "truncate", after_bytes=10)
    cut = await person.rest("GET", "/me")
    assert (cut.status_code, cut.content, cut.headers["content-length"]) == (200, whole[:10], "10")
    await fail(simulator, "rest", "malformed")
    with pytest.raises(ValueError, match="Expecting"):
        (await person.rest("GET", "/me")).json()
    assert (await person.rest("GET", "/me")).content == whole


@pytest.mark.parametrize(("moment", "sent"), [("before", 0), ("unanswered", 1), ("middle", 1)])
async def test_a_connection_breaks_before_or_after_the_letter_was_sent(simulator: Simulator, moment: str, sent: int) -> None:
    after = {"after_bytes": 20} if moment == "middle" else {}
    await fail(simulator, "rest", "drop", match={"verb": "POST"}, moment=moment, **after)
    person = Person(simulator, "hospital")
    with pytest.raises(httpx.RemoteProtocolError):
        await person.send(HOSPITAL, to=[PRACTICE])
    rows = (await person.get(f"/mailboxes/{HOSPITAL}/sent"))["items"]
    assert len(rows) == sent


async def test_a_kept_connection_ends_after_its_answer(simulator: Simulator) -> None:
    await fail(simulator, "rest", "drop", moment="answered")
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answers = [await client.get("/api/v1/me", auth=("paul.durand", "hopital-2026")) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]


async def test_control_health_and_documentation_never_fail(simulator: Simulator) -> None:
    for point in ("rest", "psc", "white-list"):
        await fail(simulator, point, "reply", code=503, count=None)
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for path in ("/healthz", "/readyz", "/metrics", "/control/faults", "/docs", "/openapi.json"):
            assert (await client.get(path)).status_code == 200, path
    await lift(simulator)
    assert (await Person(simulator, "doctor").rest("GET", "/me")).status_code == 200


# The rules themselves


@pytest.mark.parametrize(
    "body",
    [
        {"point": "everything", "action": {"kind": "drop"}},
        {"point": "control", "action": {"kind": "drop"}},
        {"point": "rest", "action": {"kind": "explode"}},
        {"point": "rest", "action": {"kind": "delay"}},
        {"point": "rest", "action": {"kind": "delay", "seconds": -1}},
        {"point": "rest", "action": {"kind": "delay", "seconds": 10**9}},
        {"point": "rest", "action": {"kind": "delay", "seconds": 1, "code": "503"}},
        {"point": "rest", "action": {"kind": "mask", "words": ["IDLE"]}},
        {"point": "rest", "action": {"kind": "drop"}, "match": {"path": "/control/faults"}},
        {"point": "rest", "action": {"kind": "drop"}, "match": {"path": "/healthz"}},
        {"point": "rest", "action": {"kind": "drop"}, "match": {"address": "*"}},
        {"point": "rest", "action": {"kind": "drop"}, "match": {"verb": "BREW"}},
        {"point": "rest", "action": {"kind": "drop"}, "match": {"regular": ".*"}},
        {"point": "rest", "action": {"kind": "drop"}, "count": 0},
        {"point": "rest", "action": {"kind": "drop"}, "count": True},
        {"point": "rest", "action": {"kind": "drop"}, "count": None, "seconds": 10**12},
        {"point": "rest", "action": {"kind": "drop"}, "nth": -1},
        {"point": "rest", "action": {"kind": "drop"}, "forever": True},
    ],
    ids=str,
)
async def test_a_bad_rule_is_refused_and_not_kept(simulator: Simulator, body: dict[str, Any]) -> None:
    answer = await control(simulator, "POST", "/faults", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert (await control(simulator, "GET", "/faults")).json() == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_is_no_number_is_refused(simulator: Simulator, number: str) -> None:
    body = f'{{"point": "rest", "action": {{"kind": "delay", "seconds": {number}}}}}'
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answer = await client.post("/control/faults", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


async def test_rules_are_listed_with_their_counts_and_lifted(simulator: Simulator) -> None:
    rule = await fail(simulator, "rest", "reply", match={"verb": "GET"}, code=500, count=2)
    for _ in range(3):
        await Person(simulator, "doctor").rest("GET", "/me")
    (shown,) = (await control(simulator, "GET", "/faults")).json()
    assert (shown["seen"], shown["fired"], shown["left"], shown["ended"], shown["match"]) == (2, 2, 0, True, {"verb": "GET"})
    assert (await control(simulator, "DELETE", f"/faults/{rule}")).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await control(simulator, method, f"/faults/{rule}")).status_code == 404
    assert len((await control(simulator, "GET", "/faults/presets")).json()) == len(PRESETS) == 20
    for name, given in (("uidvalidity-change", {}), ("psc-down", {"address": "a@x.fr"}), ("psc-slow", {"seconds": 10**9})):
        assert (await control(simulator, "POST", f"/faults/presets/{name}", given)).status_code == 422
    assert (await control(simulator, "GET", "/faults")).json() == []


# Pro Santé Connect


@pytest.mark.parametrize(
    "verb",
    ["AUTHORIZE", "LOGIN", "APPROVALS", "TOKEN", "USERINFO", "JWKS", "DISCOVERY", "CIBA", "INTROSPECT", "REVOKE", "LOGOUT"],
)
async def test_an_endpoint_fails_alone(simulator: Simulator, verb: str) -> None:
    async with RelyingParty.of(simulator) as party:
        rule = await fail(simulator, "psc", "reply", match={"verb": verb}, code=503)
        protocol = f"{party.issuer}/protocol/openid-connect"
        answers = {
            "AUTHORIZE": await party.authorize(),
            "LOGIN": await party.http.post(f"{party.base}/auth/login"),
            "APPROVALS": await party.http.get(f"{party.base}/auth/approvals"),
            "REVOKE": await party.post("revoke", token="x"),
            "LOGOUT": await party.http.get(f"{protocol}/logout"),
            "TOKEN": await party.post("token", grant_type="x"),
            "USERINFO": await party.userinfo("x"),
            "JWKS": await party.http.get(f"{protocol}/certs"),
            "DISCOVERY": await party.http.get(f"{party.issuer}/.well-known/wallet-openid-configuration"),
            "CIBA": await party.post("ext/ciba/auth"),
            "INTROSPECT": await party.post("token/introspect", token="x"),
        }
    assert {name: one.headers["x-fault"] for name, one in answers.items() if "x-fault" in one.headers} == {verb: rule}
    assert answers[verb].status_code == 503
    assert answers[verb].json() == {"error": "temporarily_unavailable", "error_description": f"This failure was asked for (fault {rule})"}


@pytest.mark.parametrize(
    ("code", "error"),
    [(400, "invalid_request"), (499, "invalid_request"), (500, "temporarily_unavailable"), (503, "temporarily_unavailable")],
)
async def test_an_error_of_the_provider_is_the_clients_below_500_and_its_own_from_there(
    simulator: Simulator, code: int, error: str
) -> None:
    async with RelyingParty.of(simulator) as party:
        await fail(simulator, "psc", "reply", code=code)
        answer = await party.userinfo("x")
    assert (answer.status_code, answer.headers["content-type"], answer.json()["error"]) == (code, "application/json", error)


async def test_psc_down_then_slow_then_well(simulator: Simulator) -> None:
    (down,) = await preset(simulator, "psc-down")
    async with RelyingParty.of(simulator) as party:
        assert [(await party.authorize()).status_code for _ in range(2)] == [503, 503]
        assert await fired(simulator, down) == 2
        await lift(simulator)
        await preset(simulator, "psc-slow", seconds=0.3)
        begun = time.monotonic()
        assert (await party.authorize()).status_code == 200
        assert time.monotonic() - begun >= 0.3
        await lift(simulator)
        assert (await party.tokens())["id_token"]


async def test_a_skewed_clock_shows_in_id_tokens_and_mail_goes_on(simulator: Simulator) -> None:
    async with RelyingParty.of(simulator) as party:
        right = claims_of((await party.tokens())["id_token"])
        (rule,) = await preset(simulator, "clock-skew", seconds=-7_200)
        given = await party.tokens()
        late = claims_of(given["id_token"])
        assert -7_260 < late["iat"] - right["iat"] < -7_100
        assert late["exp"] - late["iat"] == right["exp"] - right["iat"]
        assert (await party.userinfo(given["access_token"])).status_code == 200
    assert await fired(simulator, rule) == 1


# What anybody may fetch


async def test_the_white_list_is_late_cut_or_gone(simulator: Simulator) -> None:
    rule = await fail(simulator, "white-list", "reply", code=503)
    await fail(simulator, "white-list", "truncate", after_bytes=100)
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        gone, cut, whole = [await client.get("/listeblanchemssante.xml") for _ in range(3)]
    assert (gone.status_code, gone.text) == (503, f"This failure was asked for (fault {rule})")
    assert len(cut.content) == 100
    assert whole.content.startswith(cut.content)


async def test_revocation_fails_so_often_in_the_manner_of_its_switches(simulator: Simulator) -> None:
    rule = await fail(simulator, "crl", "behave", behaviour="forbidden", count=2)
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        answers = [await client.get("/CRL/ACI-EL-ORG.crl") for _ in range(3)]
        await fail(simulator, "aia", "behave", behaviour="html")
        assert (await client.get("/AC/ACR-EL.cer")).headers["content-type"].startswith("text/html")
    pem = (await control(simulator, "GET", "/certificates")).json()[0]["pem"]
    await fail(simulator, "ocsp", "behave", behaviour="unreachable")
    with pytest.raises(httpx.RemoteProtocolError):
        await ask_ocsp(simulator, pem)
    assert (await ask_ocsp(simulator, pem)).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert [(one.status_code, one.headers.get("x-fault")) for one in answers] == [(403, rule), (403, rule), (200, None)]
    told = (await control(simulator, "GET", "/certificates/fetches")).json()
    assert [one["behaviour"] for one in reversed(told) if one["service"] == "crl"] == ["forbidden", "forbidden", "normal"]
    assert (await control(simulator, "GET", "/certificates/behaviour")).json()["crl"]["behaviour"] == "normal"


async def test_dns_fails_by_name_and_kind(start: StartSimulator) -> None:
    name = "hopital-ormes.sim.mssante.fr"
    async with start(dns_port=0) as simulator:
        where = ("127.0.0.1", simulator.ready()["dns"]["port"])

        def ask_octets(seconds: float = 5) -> bytes | None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(seconds)
                client.sendto(DNSRecord.question(name, "MX").pack(), where)
                try:
                    return client.recv(4_096)
                except TimeoutError:
                    return None

        def ask(seconds: float = 5) -> DNSRecord | None:
            octets = ask_octets(seconds)
            return DNSRecord.parse(octets) if octets is not None else None

        match = {"verb": "MX", "address": f"*{name[3:]}"}
        await fail(simulator, "dns", "reply", match={"verb": "A"}, code="REFUSED")
        rule = await fail(simulator, "dns", "reply", match=match, code="SERVFAIL")
        broken = await asyncio.to_thread(ask)
        assert broken is not None
        assert broken.header.rcode == RCODE.SERVFAIL
        assert [str(one.rdata) for one in broken.ar] == [f'"(fault {rule})"']
        rule = await fail(simulator, "dns", "truncate", match=match, after_bytes=0)
        cut = await asyncio.to_thread(ask)
        assert cut is not None
        assert (cut.header.tc, cut.rr) == (1, [])
        assert [str(one.rdata) for one in cut.ar] == [f'"(fault {rule})"']
        rule = await fail(simulator, "dns", "malformed", match=match)
        spoiled = await asyncio.to_thread(ask_octets)
        assert spoiled is not None
        assert spoiled.endswith(f"(fault {rule})".encode())
        with pytest.raises(DNSError):
            DNSRecord.parse(spoiled)
        await fail(simulator, "dns", "drop", match=match)
        assert await asyncio.to_thread(ask, 0.5) is None
        right = await asyncio.to_thread(ask)
        assert right is not None
        assert right.rr
