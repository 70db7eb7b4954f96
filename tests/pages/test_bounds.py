"""The edges of what pages take and repeat: the last that is taken, the first that is refused, how much of a wrong word is shown again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from mss_sim.app.simulator import Simulator
from mss_sim.errors import Refusal
from mss_sim.web import gate
from mss_sim.web.fields import number
from mss_sim.web.gate import COOKIE, Gate, browser_of
from tests.clients import DOCTOR, PATIENT, ImapClient, Person, base64_of, control, letter
from tests.conftest import StartSimulator
from tests.pages.people import form_token, log_in

_LETTER = "é"


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as client:
        yield client


def _longest(text: str) -> int:
    """How much of a long word a text shows again."""
    count = best = 0
    for one in text:
        count = count + 1 if one == _LETTER else 0
        best = max(best, count)
    return best


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/ui/figures?from={word}", 40),
        ("/ui/journal?since={word}", 20),
        ("/ui/letters?since={word}", 40),
        ("/ui/duo?story={word}", 64),
        ("/ui/as/doctor/mailboxes/{mailbox}?charge={word}", 20),
        ("/ui/as/doctor/mailboxes/{mailbox}/letters/{letter}/parts/{word}", 20),
        ("/ui/as/doctor/mailboxes/{mailbox}/letters/{letter}/documents/{word}/picture", 20),
    ],
)
async def test_of_a_wrong_word_so_much_is_shown_again(simulator: Simulator, http: httpx.AsyncClient, path: str, most: int) -> None:
    await log_in(simulator, http, "doctor", "/ui/as/doctor/")
    doctor = Person(simulator, "doctor")
    await doctor.send(DOCTOR, to=[DOCTOR])
    [came] = await doctor.inbox(DOCTOR, wait=10)
    answer = await http.get(path.format(word=_LETTER * 100, mailbox=DOCTOR, letter=came["id"]))
    assert (answer.status_code in (404, 422), _longest(answer.text.partition("<main")[2])) == (True, most)


@pytest.mark.parametrize(
    ("path", "form", "most"),
    [
        ("/ui/control/advance", {"to": "{word}"}, 40),
        ("/ui/duo/log-in", {"left": "{word}"}, 64),
        ("/ui/as/doctor/mailboxes/{mailbox}/charge", {"letter": "x", "deed": "{word}"}, 20),
        ("/ui/as/doctor/mailboxes/{mailbox}/letters", {"letter": "0" * 13, "do": "{word}"}, 20),
    ],
)
async def test_of_a_wrong_word_in_a_form_so_much_is_shown_again(
    simulator: Simulator, http: httpx.AsyncClient, path: str, form: dict[str, str], most: int
) -> None:
    own = await log_in(simulator, http, "doctor", f"/ui/as/doctor/mailboxes/{DOCTOR}")
    token = own if "/as/" in path else form_token((await http.get("/")).text)
    given = {name: value.format(word=_LETTER * 100) for name, value in form.items()}
    answer = await http.post(path.format(mailbox=DOCTOR), data={"token": token, **given})
    assert (answer.status_code in (404, 422), _longest(answer.text.partition("<main")[2])) == (True, most)


async def test_an_address_in_a_form_for_faults_has_at_most_320_characters(simulator: Simulator, http: httpx.AsyncClient) -> None:
    token = form_token((await http.get("/ui/control")).text)
    for chars in (320, 321):
        posted = await http.post("/ui/control/presets/mes-down", data={"token": token, "address": "x" * chars})
        assert posted.status_code == 303, posted.text
        await http.post("/ui/control/lift", data={"token": token})
    await http.post("/ui/control/presets/mes-down", data={"token": token, "address": "x" * 400})
    kept = (await control(simulator, "GET", "/faults")).json()
    assert {len(one["match"]["recipient"]) for one in kept} == {320}


@pytest.mark.parametrize(
    ("count", "made"),
    [("", 1), ("1", 1), ("2", 2), ("0", None), ("51", None), ("deux", None)],
)
async def test_so_many_people_like_one_are_made_one_where_nothing_is_said(http: httpx.AsyncClient, count: str, made: int | None) -> None:
    token = form_token((await http.get("/ui/people")).text)
    answer = await http.post("/ui/people-like", data={"token": token, "role": "doctor", "count": count})
    assert answer.status_code == (200 if made else 422)
    assert answer.text.count("cabinet-2026</code>") == (made or 0)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", None),
        ("5", 5),
        ("20", 20),
        ("1 0", 10),
        ("1\u202f0", 10),
        ("1\xa00", 10),
        ("0" * 17 + "20", 20),
    ],
)
def test_a_whole_number_is_read_between_its_ends(text: str, read: int | None) -> None:
    assert number(text, "days", 5, 20) == read


@pytest.mark.parametrize("text", ["4", "21", "-5", "+5", "5.0", "٥", "²", "0" * 18 + "20", "cinq"])
def test_what_lies_beyond_or_is_none_is_refused_with_its_ends(text: str) -> None:
    with pytest.raises(Refusal, match="days is a whole number from 5 to 20") as refused:
        number(text, "days", 5, 20)
    assert refused.value.subject == "days"


def _request(browser: str) -> Request:
    headers = [(b"cookie", f"{COOKIE}={browser}".encode()), (b"host", b"sim.example"), (b"sec-fetch-site", b"cross-site")]
    return Request({"type": "http", "scheme": "http", "path": "/", "query_string": b"", "headers": headers, "client": ("192.0.2.1", 1)})


async def test_a_thousand_browsers_stay_open_and_the_first_is_shut_for_one_more(start: StartSimulator) -> None:
    async with start(control_key="clé-de-pilotage") as simulator:
        made = Gate(simulator.core)
        for number_ in range(1_000):
            made.unlock(_request(f"b{number_}"), "clé-de-pilotage")
        assert [made.is_open(_request(f"b{one}")) for one in (0, 1, 999)] == [True, True, True]
        made.unlock(_request("b1000"), "clé-de-pilotage")
        assert [made.is_open(_request(f"b{one}")) for one in (0, 1, 1000)] == [False, True, True]


@pytest.mark.parametrize(("cookie", "kept"), [("x" * 32, True), ("x" * 31, False), ("", False)])
def test_a_cookie_that_is_too_short_to_be_ours_is_replaced(cookie: str, kept: bool) -> None:
    request = Request({"type": "http", "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())]})
    browser = browser_of(request)
    assert (browser == cookie, len(browser) >= 32) == (kept, True)


async def test_a_browser_is_given_its_cookie_once(http: httpx.AsyncClient) -> None:
    first, second = await http.get("/"), await http.get("/")
    assert (COOKIE in first.headers.get("set-cookie", ""), "set-cookie" in second.headers) == (True, False)


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_a_cookie_is_strict_and_read_by_no_script(scheme: str, secure: bool) -> None:
    response = Response()
    request = Request({"type": "http", "scheme": scheme, "path": "/", "query_string": b"", "headers": [(b"host", b"sim.example")]})
    gate.set_cookie(request, response, "mss-sim-x", "value", "/ui")
    told = response.headers["set-cookie"].lower()
    assert ("httponly" in told, "samesite=strict" in told, "path=/ui" in told, "secure" in told) == (True, True, True, secure)


async def test_a_patient_does_not_answer_to_themselves(simulator: Simulator, http: httpx.AsyncClient) -> None:
    patient, doctor = Person(simulator, "patient"), Person(simulator, "doctor")
    assert (await doctor.send(DOCTOR, to=[PATIENT])).status_code == 201
    [came] = await patient.inbox(PATIENT, wait=10)
    assert (await patient.send(PATIENT, to=[DOCTOR], subject="Re: Bonjour", in_reply_to=came["id"])).status_code == 201
    client = await ImapClient.open(simulator, PATIENT, str(patient.account["password"]))
    raw = letter(PATIENT, [PATIENT, DOCTOR], "Re: à moi aussi").as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert (await client.append("INBOX", raw))[-1].startswith("OK")
    await client.close()
    own = next(one for one in await patient.inbox(PATIENT) if one["subject"] == "Re: à moi aussi")
    await log_in(simulator, http, "patient", "/ui/as/patient/")
    page = (await http.get(f"/ui/as/patient/patients/{PATIENT}/letters/{own['id']}")).text
    to = page.partition("Votre réponse sera envoyée à")[2].partition("</p>")[0]
    assert ("MARTIN" in to or DOCTOR in to, PATIENT in to or "FONTAINE" in to) == (True, False)
    assert page.count("<dt>Règle</dt>") == 1, "of the doctor alone it is told why"


async def test_an_operator_is_shown_at_the_first_of_its_domains(simulator: Simulator, http: httpx.AsyncClient) -> None:
    token = form_token((await http.get("/ui/operators")).text)
    form = {"token": token, "name": "Deux", "domains": "un.mssante.fr, trois.mssante.fr", "place": "here", "password": "yes"}
    answer = await http.post("/ui/operators", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/operators#trois.mssante.fr")


async def test_what_is_no_number_of_a_page_is_not_there(simulator: Simulator, http: httpx.AsyncClient) -> None:
    doctor = Person(simulator, "doctor")
    assert (await doctor.send(DOCTOR, to=[DOCTOR])).status_code == 201
    [came] = await doctor.inbox(DOCTOR, wait=10)
    await log_in(simulator, http, "doctor", "/ui/as/doctor/")
    drawn = f"/ui/as/doctor/mailboxes/{DOCTOR}/letters/{came['id']}/documents/drawn"
    for document, page in (("x", "1"), ("1", "x"), ("²", "1"), ("0", "1"), ("1", "0"), ("-1", "1"), ("9" * 30, "1"), ("1", "1")):
        assert (await http.get(f"{drawn}/{document}/{page}")).status_code == 404, (document, page)


@pytest.mark.parametrize(
    ("path", "name", "form", "status"),
    [
        ("write", "part", {"author": f"{DOCTOR} owner", "to": DOCTOR, "subject": "x", "text": "x", "key": "k"}, 303),
        ("charge", "letter", {"deed": "take"}, 422),
        ("letters", "letter", {"do": "read"}, 422),
    ],
)
async def test_a_file_in_the_place_of_a_word_is_not_there(
    simulator: Simulator, http: httpx.AsyncClient, path: str, name: str, form: dict[str, str], status: int
) -> None:
    token = await log_in(simulator, http, "doctor", f"/ui/as/doctor/mailboxes/{DOCTOR}")
    files = {name: ("a.txt", b"a", "text/plain")}
    answer = await http.post(f"/ui/as/doctor/mailboxes/{DOCTOR}/{path}", data={"token": token, **form}, files=files)
    assert answer.status_code == status, answer.text


_FILES: list[dict[str, Any]] = [{"filename": f"{name}.txt", "content_base64": base64_of(name.encode())} for name in ("un", "deux")]


async def test_a_file_of_a_letter_is_the_one_that_its_number_names(simulator: Simulator, http: httpx.AsyncClient) -> None:
    doctor = Person(simulator, "doctor")
    assert (await doctor.send(DOCTOR, to=[DOCTOR], attachments=_FILES)).status_code == 201
    [came] = await doctor.inbox(DOCTOR, wait=10)
    await log_in(simulator, http, "doctor", "/ui/as/doctor/")
    place = f"/ui/as/doctor/mailboxes/{DOCTOR}/letters/{came['id']}/parts"
    assert [(await http.get(f"{place}/{part}")).text for part in (2, 3)] == ["un", "deux"]
    assert [(await http.get(f"{place}/{part}")).status_code for part in (0, 1, 4)] == [404, 404, 404]


async def test_an_answer_of_absence_has_20000_characters_and_its_subject_300(simulator: Simulator, http: httpx.AsyncClient) -> None:
    token = await log_in(simulator, http, "doctor", f"/ui/as/doctor/mailboxes/{DOCTOR}/settings")
    for text, subject, status in (
        ("x" * 20_000, "y" * 300, 303),
        ("x" * 20_001, "y", 422),
        ("x", "y" * 301, 422),
        ("a\x00b", "y", 422),
    ):
        data = {"token": token, "text": text, "subject": subject}
        answer = await http.post(f"/ui/as/doctor/mailboxes/{DOCTOR}/settings/answer", data=data)
        assert answer.status_code == status, (len(text), len(subject))
