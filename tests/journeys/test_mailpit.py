"""The letters of the world in the words of Mailpit: what its clients rely on, who is admitted, and what cannot be read."""

import base64
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator
from tests.documented import complaint

_JSON = {"content-type": "application/json"}


async def _ask(simulator: Simulator, method: str, path: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"{simulator.ready()['http']}/mailpit", timeout=20) as client:
        answer = await client.request(method, path, **options)
    assert complaint(answer) is None
    return answer


async def _listed(simulator: Simulator, **asked: Any) -> dict[str, Any]:
    answer = await _ask(simulator, "GET", f"/api/v1/{'search' if 'query' in asked else 'messages'}", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_letter_to_another_operator_is_there_at_once_and_once(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        assert (await Person(simulator, "doctor").smtp(DOCTOR, [HOSPITAL, PATIENT], letter(DOCTOR, [HOSPITAL, PATIENT]))).code == 250
        before = await _listed(simulator)
        while await simulator.core.queue.work():
            pass
        assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1
        assert (await _listed(simulator)) == before
        assert (before["total"], len(before["messages"])) == (1, 1)
        assert (await _ask(simulator, "DELETE", "/api/v1/messages")).text == "ok"
        assert (await _listed(simulator))["total"] == 0
        assert await Person(simulator, "hospital").inbox(HOSPITAL) == []


async def test_what_was_cleared_before_it_arrived_stays_cleared(simulator: Simulator) -> None:
    await control(simulator, "PATCH", f"/mailboxes/{HOSPITAL}", {"quota_bytes": 1})
    await Person(simulator, "doctor").smtp(DOCTOR, HOSPITAL, letter(DOCTOR, HOSPITAL))
    while await simulator.core.queue.work():
        pass
    assert (await _ask(simulator, "DELETE", "/api/v1/messages")).text == "ok"
    await control(simulator, "PATCH", f"/mailboxes/{HOSPITAL}", {"quota_bytes": 1_000_000})
    [waiting] = (await control(simulator, "GET", "/queue")).json()
    assert (await control(simulator, "POST", f"/queue/{waiting['id']}/try")).status_code == 200
    assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1
    assert (await _listed(simulator))["total"] == 0


async def test_pages_and_the_latest(simulator: Simulator) -> None:
    for number in range(4):
        await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE], subject=f"Lettre {number}")
    page = await _listed(simulator, start=1, limit=2)
    assert [one["Subject"] for one in page["messages"]] == ["Lettre 2", "Lettre 1"]
    assert (page["start"], page["count"], page["messages_count"], page["total"]) == (1, 2, 4, 4)
    assert len((await _listed(simulator, limit=0))["messages"]) == 4
    assert (await _listed(simulator, query="subject:lettre", limit=0))["messages"] == []
    assert (await _listed(simulator, start=1_000))["messages"] == []
    assert len((await _listed(simulator, before=page["messages"][0]["Created"]))["messages"]) == 2
    assert (await _ask(simulator, "GET", "/api/v1/message/latest")).json()["Subject"] == "Lettre 3"
    assert (await _ask(simulator, "GET", "/api/v1/message/latest?query=subject:1")).json()["Subject"] == "Lettre 1"
    assert (await _listed(simulator))["unread"] == 2
    raw = await _ask(simulator, "GET", f"/api/v1/message/{page['messages'][0]['ID']}/raw?dl=1")
    assert raw.headers["content-type"].startswith("text/plain")
    assert raw.headers["content-disposition"].endswith('.eml"')


async def test_html_alone_is_text_too_and_pictures_in_it_are_inline(simulator: Simulator) -> None:
    message = letter(DOCTOR, PRACTICE, "Image", List_Unsubscribe="<https://x.sim.mssante.fr/>, <mailto:a@x.sim.mssante.fr>")
    message.set_content("<style>p{}</style><p>Déjà <b>vu</b></p><img src='cid:logo'>", subtype="html")
    message.add_related(b"\x89PNG", "image", "png", cid="<logo>", filename="logo.png", disposition="inline")
    await Person(simulator, "doctor").smtp(DOCTOR, PRACTICE, message)
    found = (await _ask(simulator, "GET", "/api/v1/message/latest")).json()
    assert (found["Text"].split(), "<b>vu</b>" in found["HTML"]) == (["Déjà", "vu"], True)
    assert found["Attachments"] == []
    [picture] = found["Inline"]
    assert (picture["ContentID"], picture["FileName"], picture["ContentType"]) == ("logo", "logo.png", "image/png")
    assert found["ListUnsubscribe"]["Links"] == ["https://x.sim.mssante.fr/", "mailto:a@x.sim.mssante.fr"]
    part = await _ask(simulator, "GET", f"/api/v1/message/{found['ID']}/part/{picture['PartID']}")
    assert (part.content, part.headers["content-type"], part.headers["content-security-policy"]) == (b"\x89PNG", "image/png", "sandbox")
    assert (await _listed(simulator, query="has:inline"))["messages_count"] == 1
    assert (await _listed(simulator, query="has:attachment"))["messages_count"] == 0


@pytest.mark.parametrize("names", [("Read", "IDs"), ("read", "ids"), ("READ", "Ids")])
async def test_names_of_members_have_no_case(simulator: Simulator, names: tuple[str, str]) -> None:
    await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE])
    [one] = (await _listed(simulator))["messages"]
    marked = await _ask(simulator, "PUT", "/api/v1/messages", json={names[0]: True, names[1]: [one["ID"]]})
    assert (marked.status_code, marked.text) == (200, "ok")
    assert (await _listed(simulator))["unread"] == 0
    assert (await _ask(simulator, "PUT", "/api/v1/messages", json={"Search": "subject:bonjour"})).text == "ok"
    assert (await _listed(simulator))["unread"] == 1
    assert (await _ask(simulator, "DELETE", "/api/v1/messages", json={names[1]: ["nobody", "0000000000000"]})).text == "ok"
    assert (await _listed(simulator))["total"] == 1
    assert (await _ask(simulator, "DELETE", "/api/v1/messages", json={names[1]: [one["ID"]]})).text == "ok"
    assert (await _listed(simulator))["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/api/v1/messages?start=-1", None, 400, "start"),
        ("GET", "/api/v1/messages?limit=all", None, 400, "limit"),
        ("GET", f"/api/v1/messages?limit={10**30}", None, 400, "limit"),
        ("GET", "/api/v1/messages?before=soon", None, 400, "2026-01-05"),
        ("GET", "/api/v1/messages?qery=x", None, 400, "Unknown query parameter"),
        ("GET", "/api/v1/search", None, 400, "query=subject:bonjour"),
        ("GET", "/api/v1/search?query=%20", None, 400, "query=subject:bonjour"),
        ("GET", "/api/v1/search?query=after:soon", None, 400, "2026-01-05"),
        ("GET", "/api/v1/search?query=x&tz=Nowhere", None, 400, "Europe/Paris"),
        ("GET", f"/api/v1/search?query={'a+' * 60}", None, 400, "50 terms"),
        ("GET", f"/api/v1/search?query={'a' * 1_500}", None, 400, "1000"),
        ("GET", f"/api/v1/search?query={'a' * 4_001}", None, 400, "query"),
        ("DELETE", "/api/v1/search", None, 400, "query=subject:bonjour"),
        ("PUT", "/api/v1/messages", b"", 400, "JSON"),
        ("PUT", "/api/v1/messages", b"{", 400, "JSON"),
        ("PUT", "/api/v1/messages", b"[]", 400, "JSON"),
        ("PUT", "/api/v1/messages", b'{"Read": "yes"}', 400, "JSON"),
        ("PUT", "/api/v1/messages", b'{"IDs": "x"}', 400, "JSON"),
        ("PUT", "/api/v1/messages", b'{"IDs": [1]}', 400, "JSON"),
        ("PUT", "/api/v1/messages", b'{"IDs": ["x"], "Search": "y"}', 400, "not both"),
        ("PUT", "/api/v1/messages", b'{"Search": 1}', 400, "JSON"),
        ("PUT", "/api/v1/messages", b"[" * 5_000, 400, "JSON"),
        ("DELETE", "/api/v1/messages", b"{", 400, "JSON"),
        ("DELETE", "/api/v1/messages", b'{"IDs": ["\xff"]}', 400, "JSON"),
        ("GET", "/api/v1/message/latest", None, 404, "no such letter"),
        ("GET", "/api/v1/message/x", None, 404, "code: not-found"),
        ("GET", "/api/v1/message/0000000000000/headers", None, 404, "reference: quirks#mailpit"),
        ("GET", "/api/v1/message/0000000000000/raw", None, 404, "no such letter"),
        ("GET", "/api/v1/message/0000000000000/part/2", None, 404, "no such letter"),
        ("POST", "/api/v1/send", b"{}", 404, "/docs"),
        ("GET", "/api/v1/nothing", None, 404, "/docs"),
        ("POST", "/api/v1/messages", b"{}", 405, "GET, PUT, DELETE"),
    ],
)
async def test_what_cannot_be_read_is_told_in_plain_text(
    simulator: Simulator, method: str, path: str, body: bytes | None, status: int, said: str
) -> None:
    answer = await _ask(simulator, method, path, content=body, headers=_JSON if body is not None else {})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8"), answer.text
    assert said in answer.text


async def test_nothing_is_deleted_by_what_cannot_be_read(simulator: Simulator) -> None:
    await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE])
    for body in (b"{", b"null", b'{"IDs": 3}', b'{"IDs": ["x"]}'):
        await _ask(simulator, "DELETE", "/api/v1/messages", content=body, headers=_JSON)
        assert (await _listed(simulator))["total"] == 1, body
    [one] = (await _listed(simulator))["messages"]
    assert (await _ask(simulator, "GET", f"/api/v1/message/{one['ID']}/part/1")).status_code == 404
    await _ask(simulator, "DELETE", "/api/v1/messages", json={"IDs": []})
    assert (await _listed(simulator))["total"] == 0, "as Mailpit has it"


def _basic(password: str, name: str = "anybody") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (_basic("wrong"), 401),
        (_basic("a-key-of-mine", ""), 200),
        (_basic("a-key-of-mine"), 200),
        ({"X-Control-Key": "a-key-of-mine"}, 200),
        ({"X-Control-Key": "wrong"}, 401),
        ({"Authorization": "Basic ==="}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": "Basic"}, 401),
        (_basic("cabinet-2026", "camille.martin"), 401),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_control_key_is_the_password(start: StartSimulator, method: str, headers: dict[str, str], status: int) -> None:
    async with start(control_key="a-key-of-mine") as simulator:
        answer = await _ask(simulator, method, "/api/v1/messages", headers=headers, content=b"{}" if method == "DELETE" else None)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) in ((status, "text/plain"), (200, "application/json"))
        assert answer.status_code == status
        assert answer.headers.get("www-authenticate", "").startswith("Basic") is (status == 401)
        assert "Bearer" not in answer.headers.get("www-authenticate", "")


async def test_without_a_key_this_machine_alone_is_heard_and_no_page_of_another_site(simulator: Simulator) -> None:
    assert (await _ask(simulator, "GET", "/api/v1/messages", headers={"Origin": "http://evil.example"})).status_code == 403
    assert (await _ask(simulator, "GET", "/api/v1/messages", headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 403
    assert (await _ask(simulator, "GET", "/api/v1/messages", headers={"Host": "evil.example"})).status_code == 421
    assert (await _ask(simulator, "DELETE", "/api/v1/messages", content=b"{}", headers={"Host": "evil.example"})).status_code == 421


async def test_probes_are_open(start: StartSimulator) -> None:
    async with start(control_key="a-key-of-mine") as simulator:
        for probe in ("/livez", "/readyz"):
            answer = await _ask(simulator, "GET", probe)
            assert (answer.status_code, answer.text) == (200, "")


async def test_a_reset_forgets_what_was_read_and_removed(simulator: Simulator) -> None:
    await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE])
    await _ask(simulator, "PUT", "/api/v1/messages", json={"Read": True})
    assert (await _ask(simulator, "GET", "/api/v1/info")).json()["Unread"] == 0
    await simulator.core.reset("cabinet")
    await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE])
    assert (await _ask(simulator, "GET", "/api/v1/info")).json()["Unread"] == 1
    assert (await _ask(simulator, "GET", "/api/v1/tags")).json() == []
