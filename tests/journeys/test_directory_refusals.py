"""What the national directory refuses, and how it says so: habits of the national server, hostile searches."""

import asyncio
import json
from urllib.parse import quote

import pytest

from mss_sim.app.simulator import Simulator
from tests.annuaire import Annuaire, families, link, operation, parameters
from tests.clients import control
from tests.conftest import StartSimulator
from tests.journeys.test_http_limits import BASIC, answer_of, ask, connect, head


@pytest.fixture
def annuaire(simulator: Simulator) -> Annuaire:
    return Annuaire(simulator)


_UNREADABLE = [
    ("Practitioner?_summary=count", "Parameter _summary not found for resource Practitioner"),
    ("Practitioner?mailbox-mss-type=ORG", "Parameter mailbox-mss-type not found for resource Practitioner"),
    ("Organization?_include=Practitioner:organization", "Parameter Practitioner:organization not found for resource Organization"),
    ("Organization?_revinclude=Practitioner:organization", "Parameter Practitioner:organization not found for resource Organization"),
    ("PractitionerRole?_count=abc", "Parameter _count cannot be 'abc': a number from 0 on is expected."),
    ("PractitionerRole?_count=-1", "Parameter _count cannot be '-1': a number from 0 on is expected."),
    ("Practitioner?_lastUpdated=yesterday", "Parameter _lastUpdated cannot be 'yesterday': a date such as ge2026-01-05 is expected."),
    ("Practitioner?_format=xml", "Parameter _format cannot be 'xml': json is expected."),
    ("Practitioner?_total=maybe", "Parameter _total cannot be 'maybe': none, estimate or accurate is expected."),
    ("Practitioner?identifier:of-type=a", "Parameter identifier has no modifier of-type; known here: not."),
    ("PractitionerRole?organization.partof.name=a", "Parameter organization.partof.name not found for resource PractitionerRole"),
    ("Practitioner?organization.name=a", "Parameter organization.name not found for resource Practitioner"),
    ("PractitionerRole?organization.colour=a", "Parameter colour not found for resource Organization"),
    ("Practitioner?family=a%00b", "Parameter family cannot be 'a\\x00b'"),
    (f"Practitioner?family={','.join(['a'] * 201)}", "Parameter family has over 200 values; ask several times."),
    ("Practitioner?" + "&".join(["family=a"] * 101), "A search has at most 100 parameters"),
    (f"Practitioner?family={'a' * 8_001}", "A search has at most 100 parameters of 8000 characters together"),
    ("Practitioner?" + "&".join(["a=1"] * 2_000), "A search has at most 1000 parameters."),
    ("_page?id=u" + "A" * 60, "The address of this page is too old, or was changed"),
    ("_page?id=zzz", "The address of this page is too old, or was changed"),
    ("_page", "The address of this page is too old, or was changed"),
    ("_page?id=u" + quote("é"), "The address of this page is too old, or was changed"),
]


async def test_a_search_that_cannot_be_read(annuaire: Annuaire) -> None:
    for search, said in _UNREADABLE:
        status, code, told = await annuaire.refused(search)
        assert (status, code, told.startswith(said)) == (500, "exception", True), (search[:80], told)


_PATTERNS = (
    "(a+)+$",
    ".*",
    "[",
    "%",
    "_",
    "\\",
    "' OR 1=1 --",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "%25",
    "*",
)


async def test_a_pattern_is_a_text_like_any_other(annuaire: Annuaire) -> None:
    for text in _PATTERNS:
        await _finds_nothing(annuaire, text)


async def _finds_nothing(annuaire: Annuaire, text: str) -> None:
    for modifier in ("", ":contains", ":exact"):
        for search in ("Practitioner?family", "Practitioner?mailbox-mss", "Organization?name", "Organization?address"):
            assert await annuaire.found(f"{search}{modifier}={quote(text)}") == []
    for search in (
        "Practitioner?identifier",
        "Organization?type",
        "PractitionerRole?role",
        "PractitionerRole?organization",
        "Practitioner?_id",
    ):
        assert await annuaire.found(f"{search}={quote(text)}") == []


async def test_the_address_of_a_page_that_was_changed_is_refused(annuaire: Annuaire) -> None:
    address = str(link(await annuaire.page("Practitioner?_count=1"), "next"))
    assert families(await annuaire.found(address)) != []
    for changed in (address[:-1], f"{address[:-2]}AA", address.replace("id=u", "id=d"), address + "A"):
        status, _, told = await annuaire.refused(changed)
        assert (status, told) == (500, "The address of this page is too old, or was changed; begin the search again.")


async def test_the_key_is_asked_for_before_anything_else(simulator: Simulator) -> None:
    for headers, status in (({"X-Other": "1"}, 401), ({"ESANTE-API-KEY": "wrong"}, 403), ({"ESANTE-API-KEY": ""}, 403)):
        for path in ("Practitioner?family=martin", "metadata", "nowhere/at/all"):
            answer = await Annuaire(simulator, **headers).ask(path)
            assert answer.status_code == status
            assert answer.json()["http_status_code"] == status
            assert "resourceType" not in answer.json()


_NOWHERE = [
    ("GET", "Practitioner/zzz", 404, "not-found"),
    ("GET", "Practitioner/003-1-000000001", 404, "not-found"),
    ("GET", "Practitioner/001-1-000000001", 404, "not-found"),
    ("GET", f"Practitioner/003-{'9' * 10}-{'9' * 9}", 404, "not-found"),
    ("GET", "Device/1", 404, "not-found"),
    ("GET", "Patient", 404, "processing"),
    ("GET", "Patient/1", 404, "processing"),
    ("GET", "", 400, "processing"),
    ("POST", "", 400, "processing"),
    ("POST", "Practitioner", 400, "processing"),
    ("GET", "Practitioner/1/_history", 400, "processing"),
    ("PUT", "Practitioner/1", 403, "forbidden"),
    ("DELETE", "Practitioner/1", 403, "forbidden"),
    ("DELETE", "Practitioner", 404, "not-found"),
    ("POST", "Practitioner/_search", 415, "not-supported"),
]


async def test_a_path_that_leads_nowhere(annuaire: Annuaire) -> None:
    for method, path, status, code in _NOWHERE:
        body = {"content": b"{}", "headers": {"content-type": "application/json"}} if path.endswith("_search") else {}
        found = await annuaire.refused(path, method=method, **body)
        assert found[:2] == (status, code), (method, path)
        assert path != "Patient" or found[2].startswith("HAPI-0302: Unknown resource type 'Patient'")


async def test_a_search_without_a_condition_that_holds_is_no_error(annuaire: Annuaire) -> None:
    """An empty value asks for nothing, as on other FHIR servers."""
    whole = await annuaire.found("Practitioner")
    assert await annuaire.found("Practitioner?family=&given=,") == whole
    assert (await annuaire.page("Practitioner?_count=99999"))["total"] == len(whole)


def _patch_of(count: int) -> bytes:
    return json.dumps(parameters(*[operation("delete", "Practitioner.telecom")] * count)).encode()


_UNREAD = {
    "ten thousand operations": (
        [head("PATCH", "/fhir/operators/Practitioner/1", "Content-Type: application/fhir+json", "Content-Length: {}"), _patch_of(10_000)],
        (413, "too-long", "The request is over 1048576 bytes."),
    ),
    "the same in pieces": (
        [
            head("PATCH", "/fhir/operators/Practitioner/1", "Content-Type: application/fhir+json", "Transfer-Encoding: chunked"),
            b"%x\r\n" % len(_patch_of(10_000)) + _patch_of(10_000) + b"\r\n0\r\n\r\n",
        ],
        (413, "too-long", "The body holds over 20000 values; send fewer at once."),
    ),
    "announced": (
        [head("POST", "/fhir/v2/Practitioner/_search", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 99999999")],
        (413, "too-long", "The request is over "),
    ),
    "a long head": (
        [f"GET /fhir/v2/Practitioner?family={'a' * 70_000}".encode()],
        (431, "too-long", "The head of a request has at most 65536 bytes."),
    ),
    "half a head": ([b"GET /fhir/v2/Practitioner?family=a HTTP/1.1\r\nHo"], (408, "timeout", "The request took too long to come.")),
    "half a path": ([b"GET /fhir/v2"], (408, "timeout", "The request took too long to come.")),
    "half a body": (
        [head("POST", "/fhir/v2/Practitioner/_search", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 9"), b"family"],
        (408, "timeout", "The request took too long to come."),
    ),
    "a method of nobody": ([head("OPTIONS", "/fhir/v2/Practitioner")], (405, "not-supported", "OPTIONS is not for /fhir/v2/Practitioner")),
}


@pytest.mark.parametrize("case", _UNREAD)
async def test_what_is_refused_before_it_is_read_is_told_in_fhir(start: StartSimulator, case: str) -> None:
    pieces, (status, code, said) = _UNREAD[case]
    length = str(len(pieces[-1])).encode()
    async with start(http_head_timeout_seconds=0.5, http_body_timeout_seconds=0.5) as simulator:
        operators = (await control(simulator, "GET", "/operators")).json()
        key = f"\r\nESANTE-API-KEY: {operators[0]['directory_key']}\r\n\r\n".encode()
        asked = [pieces[0].replace(b"Length: {}", b"Length: " + length).replace(b"\r\n\r\n", key), *pieces[1:]]
        answered, fields, told = await ask(simulator, *asked)
        assert (answered, fields["content-type"]) == (status, "application/fhir+json")
        assert (told["resourceType"], [one["code"] for one in told["issue"]]) == ("OperationOutcome", [code])
        assert told["issue"][0]["diagnostics"].startswith(said)
        beside, fields, told = await ask(simulator, head("POST", "/api/v1/me", "Content-Length: 99999999", f"Authorization: {BASIC}"))
        assert (beside, fields["content-type"], told["code"]) == (413, "application/problem+json", "message-too-large")


async def test_a_client_that_stays_is_told_in_the_words_of_what_it_asks_for_next(start: StartSimulator) -> None:
    """What it asked for before on the same connection is nothing to what is refused now."""
    async with start(http_head_timeout_seconds=0.5) as simulator:
        for first, second, kind in (("/fhir/v2", "/healthz", "problem"), ("/healthz", "/fhir/v2", "fhir")):

            def play(first: str = first, second: str = second) -> dict[str, str]:
                with connect(simulator) as client:
                    client.sendall(head("GET", first))
                    answer_of(client)
                    client.sendall(f"GET {second} HTTP/1.1\r\n".encode())
                    return answer_of(client)[1]

            assert (await asyncio.to_thread(play))["content-type"] == f"application/{kind}+json"
