"""Waiting without polling: answered after the commit that brought what was waited for, or with what came instead."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator


async def _wait(simulator: Simulator, **wanted: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=60) as client:
        answer = await client.post("/control/wait", json=wanted)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _write(simulator: Simulator, to: str = PRACTICE, subject: str = "Bonjour", **more: Any) -> None:
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, to, letter(HOSPITAL, to, subject, **more))).code == 250


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)


async def _meanwhile(simulator: Simulator, wait: Any, act: Any) -> Any:
    """The answer to a wait during which an act is done, once the wait has begun."""
    waiting = asyncio.create_task(wait)
    while not simulator.core.waits.count and not waiting.done():  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    await act
    return await waiting


async def test_a_letter_is_waited_for_in_a_mailbox(simulator: Simulator) -> None:
    text = "Votre code est 482913, voir https://exemple.sim.mssante.fr/rdv?id=7. INS 285037511300167."
    wait = _wait(simulator, kind="message", mailbox=PRACTICE, subject="rendez-vous", ins="285037511300167")
    answer = await _meanwhile(simulator, wait, _write(simulator, subject="Votre rendez-vous", text=text))
    [found] = answer["found"]
    assert (answer["met"], found["subject"], found["from"][0]["address"]) == (True, "Votre rendez-vous", HOSPITAL)
    assert found["values"] == {
        "codes": ["482913"],
        "links": ["https://exemple.sim.mssante.fr/rdv?id=7"],
        "ins": ["285037511300167"],
        "closes": False,
        "documents": [],
        "receipt": None,
    }


async def test_another_patient_is_a_near_miss(simulator: Simulator) -> None:
    await _write(simulator, subject="Bilan", text="INS 285037511300167.")
    answer = await _wait(simulator, kind="message", mailbox=PRACTICE, ins="190017510299945", timeout=0.05)
    assert answer["near"][0]["lacks"] == ["ins"]


async def test_what_was_there_counts_but_for_what_lies_before_the_cursor(simulator: Simulator) -> None:
    await _write(simulator)
    first = await _wait(simulator, kind="message", mailbox=PRACTICE)
    assert first["met"]
    later = await _wait(simulator, kind="message", mailbox=PRACTICE, after=first["cursor"], timeout=0.0)
    assert (later["met"], later["found"]) == (False, [])
    await _write(simulator, subject="Encore")
    later = await _wait(simulator, kind="message", mailbox=PRACTICE, after=first["cursor"])
    assert [one["subject"] for one in later["found"]] == ["Encore"]


async def test_so_many_are_waited_for(simulator: Simulator) -> None:
    async def two() -> None:
        await _write(simulator, subject="Un")
        await _write(simulator, subject="Deux")

    answer = await _meanwhile(simulator, _wait(simulator, kind="message", mailbox=PRACTICE, count=2), two())
    assert [one["subject"] for one in answer["found"]] == ["Un", "Deux"]


async def test_what_came_instead_is_told_with_what_it_lacks(simulator: Simulator) -> None:
    await _write(simulator, subject="Compte rendu")
    await _write(simulator, to=PATIENT, subject="Rendez-vous")
    answer = await _wait(simulator, kind="message", mailbox=PRACTICE, subject="Rendez-vous", timeout=0.1)
    assert (answer["met"], answer["found"]) == (False, [])
    lacks = [(one["subject"], one["lacks"]) for one in answer["near"]]
    assert lacks[:3] == [("Rendez-vous", ["mailbox"]), ("Rendez-vous", ["mailbox"]), ("Compte rendu", ["subject"])]
    assert lacks[3] == ("Compte rendu", ["subject", "mailbox"]), "as its sender filed it"


async def test_what_happened_instead_is_told_with_what_it_lacks(simulator: Simulator) -> None:
    await Person(simulator, "secretary").send(PRACTICE, to=[HOSPITAL])
    answer = await _wait(simulator, kind="act", acts=["message.submitted"], who="camille.martin", timeout=0.05)
    near = answer["near"][0]
    assert (near["kind"], near["mailbox"], near["who"]["name"], near["lacks"]) == ("message.submitted", PRACTICE, "Sophie PETIT", ["who"])
    await _wait(simulator, kind="timeline", events=["delivered"], recipient=HOSPITAL)
    answer = await _wait(simulator, kind="timeline", events=["displayed"], recipient=HOSPITAL, timeout=0.05)
    near = answer["near"][0]
    assert (near["kind"], near["detail"]["recipient"], near["lacks"]) == ("timeline.delivered", HOSPITAL, ["events"])
    assert (await _wait(simulator, kind="act", acts=["grant.created"], none=True, timeout=0.05))["near"] == []


async def test_what_clients_did_instead_is_told_with_what_it_lacks(simulator: Simulator) -> None:
    await Person(simulator, "doctor").get("/me")
    answer = await _wait(simulator, kind="log_in", door="imap", who="camille.martin", timeout=0.05)
    near = answer["near"][0]
    assert (near["door"], near["client"].partition("/")[0], near["lacks"]) == ("rest", "python-httpx", ["door"])
    answer = await _wait(simulator, kind="session", rule="right-missing", timeout=0.05)
    assert (answer["met"], answer["near"][0]["id"], answer["near"][0]["lacks"]) == (False, near["id"], ["rule"])
    assert (await _wait(simulator, kind="log_in", door="imap", none=True, timeout=0.05))["near"] == []


async def test_that_none_comes_is_waited_for_to_the_end(simulator: Simulator) -> None:
    began = time.monotonic()
    answer = await _wait(simulator, kind="message", mailbox=PRACTICE, none=True, timeout=0.2)
    assert (answer["met"], time.monotonic() - began >= 0.2) == (True, True)
    answer = await _meanwhile(simulator, _wait(simulator, kind="message", mailbox=PRACTICE, none=True, timeout=30.0), _write(simulator))
    assert (answer["met"], len(answer["found"])) == (False, 1)


async def test_what_came_instead_of_none_is_no_near_miss_but_what_was_found(simulator: Simulator) -> None:
    await _write(simulator, subject="Compte rendu")
    await _write(simulator, subject="Rendez-vous")
    for none in (True, False):
        answer = await _wait(simulator, kind="message", mailbox=PRACTICE, subject="Rendez-vous", none=none, timeout=0.1)
        assert (answer["met"], [one["subject"] for one in answer["found"]], answer["near"]) == (not none, ["Rendez-vous"], [])


async def test_lines_of_journals_and_events_are_waited_for(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    wait = _wait(simulator, kind="act", acts=["message.submitted"], mailbox=PRACTICE, who="camille.martin")
    answer = await _meanwhile(simulator, wait, doctor.send(PRACTICE, to=[HOSPITAL], subject="Bonsoir"))
    assert [(one["act"], one["door"], one["subject"]) for one in answer["found"]] == [("message.submitted", "rest", "Bonsoir")]
    wait = _wait(simulator, kind="timeline", events=["delivered"], recipient=PATIENT, after=answer["cursor"])
    answer = await _meanwhile(simulator, wait, doctor.send(PRACTICE, to=[PATIENT], subject="Bonjour", request_delivery_receipt=True))
    assert [(one["event"], one["recipient"], one["subject"]) for one in answer["found"]] == [("delivered", PATIENT, "Bonjour")]


async def test_a_line_that_was_waited_for_tells_where_it_happened_and_who_did_it_by_which_grant(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    [grant] = [one["id"] for one in (await secretary.rest("GET", "/grants")).json() if one["mailbox"] == PRACTICE]
    await secretary.send(PRACTICE, to=[HOSPITAL], subject="Bonsoir")
    [line] = (await _wait(simulator, kind="act", acts=["message.submitted"]))["found"]
    assert (line["mailbox"], line["who"]["idnat"], line["grant"]) == (PRACTICE, secretary.account["idnat"], grant)
    [event] = (await _wait(simulator, kind="timeline", events=["delivered"]))["found"]
    assert (event["mailbox"], event["recipient"]) == (PRACTICE, HOSPITAL)
    [given, *_] = (await _wait(simulator, kind="act", acts=["grant.created"]))["found"]
    assert (given["who"], given["door"]) == (None, "seed")


async def test_rest_is_waited_for(simulator: Simulator) -> None:
    """A letter that waits for an hour is no unrest; one that is due is."""
    assert (await _wait(simulator, kind="settled"))["met"]
    await control(simulator, "PUT", "/clock", {"mode": "frozen"})
    rule = (await control(simulator, "POST", "/faults", {"point": "queue", "action": {"kind": "delay", "seconds": 60.0}})).json()
    assert rule["point"] == "queue"
    await _write(simulator, to=PATIENT)
    answer = await _wait(simulator, kind="settled", timeout=5.0)
    assert answer["met"]
    assert len((await control(simulator, "GET", "/queue")).json()) == 1


async def test_a_page_of_messages_is_waited_for_with_the_rights_of_its_reader(simulator: Simulator) -> None:
    doctor, stranger = Person(simulator, "doctor"), Person(simulator, "hospital")
    page = doctor.rest("GET", f"/mailboxes/{PRACTICE}/messages", params={"wait": 10, "subject": "Bonjour"})
    answer = await _meanwhile(simulator, page, _write(simulator))
    assert [row["subject"] for row in answer.json()["items"]] == ["Bonjour"]
    assert (await doctor.get(f"/mailboxes/{PRACTICE}/messages", wait=0.05, subject="Rien"))["items"] == []
    refused = await stranger.rest("GET", f"/mailboxes/{PRACTICE}/messages", params={"wait": 10})
    assert refused.status_code in (403, 404)


async def test_a_right_that_is_lost_while_one_waits_ends_the_wait(simulator: Simulator) -> None:
    secretary = Person(simulator, "secretary")
    [grant] = [
        row for row in await Person(simulator, "doctor").get(f"/mailboxes/{PRACTICE}/grants") if row["grantee"]["idnat"] == secretary.idnat
    ]
    page = secretary.rest("GET", f"/mailboxes/{PRACTICE}/messages", params={"wait": 30})
    revoke = Person(simulator, "doctor").rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{grant['id']}")
    assert (await _meanwhile(simulator, page, revoke)).status_code == 404


async def test_a_reset_ends_every_wait(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=60) as client:
        wait = client.post("/control/wait", json={"kind": "message", "mailbox": PRACTICE, "timeout": 60.0})
        answer = await _meanwhile(simulator, wait, control(simulator, "POST", "/reset"))
    assert (answer.status_code, answer.json()["detail"]) == (409, "The world was reset while you waited.")
    assert simulator.core.waits.count == 0


async def test_the_end_of_the_simulator_ends_every_wait(start: StartSimulator) -> None:
    """Also a client that would wait for five minutes does not keep it from stopping."""
    async with start() as simulator:
        wait = asyncio.create_task(control(simulator, "POST", "/wait", {"kind": "message", "timeout": 300.0}))
        await _until(lambda: simulator.core.waits.count == 1)
        began = time.monotonic()
        await simulator.stop()
        assert time.monotonic() - began < 5
        assert ((answer := await wait).status_code, answer.json()["detail"]) == (409, "The world ended while you waited.")


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "message", "subject": "Rien"},
        {"kind": "act", "acts": ["message.read"]},
        {"kind": "timeline", "message_id": "<rien@exemple.fr>"},
        {"kind": "session", "client": "nobody"},
        {"kind": "log_in", "client": "nobody"},
    ],
    ids=lambda wanted: wanted["kind"],
)
async def test_nothing_waits_for_a_client_who_has_hung_up(simulator: Simulator, wanted: dict[str, Any]) -> None:
    await _hangs_up(simulator, control(simulator, "POST", "/wait", {"timeout": 60.0, **wanted}))


async def test_no_page_waits_for_a_client_who_has_hung_up(simulator: Simulator) -> None:
    page = {"wait": 60, "subject": "Rien"}
    await _hangs_up(simulator, Person(simulator, "doctor").rest("GET", f"/mailboxes/{PRACTICE}/messages", params=page))


async def _hangs_up(simulator: Simulator, wait: Any) -> None:
    waiting = asyncio.create_task(wait)
    await _until(lambda: simulator.core.waits.count == 1)
    waiting.cancel()
    await _until(lambda: simulator.core.waits.count == 0)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"kind": "wonder"},
        {"kind": "message", "colour": "blue"},
        {"kind": "message", "timeout": -1.0},
        {"kind": "message", "timeout": "10"},
        {"kind": "message", "timeout": 301.0},
        {"kind": "message", "count": 0},
        {"kind": "message", "count": 1_000_000},
        {"kind": "message", "acts": ["message.read"]},
        {"kind": "message", "after": "yesterday"},
        {"kind": "session", "after": "yesterday"},
        {"kind": "log_in", "after": "1042"},
        {"kind": "message", "subject": "x" * 2_000},
        {"kind": "message", "message_id": "a\0b"},
        {"kind": "settled", "mailbox": DOCTOR},
        {"kind": "settled", "none": True},
        {"kind": "settled", "count": 2},
        {"kind": "settled", "after": "0"},
        *({"kind": "message", "header": header} for header in ("X-MSS-NIL", ": DEV0001", "X MSS NIL: DEV0001", "Objet\u00e9: x")),
        {"kind": "session", "rule": "right-mising"},
        {"kind": "act", "acts": ["message.sung"]},
        {"kind": "act", "subject": "x"},
        {"kind": "timeline", "recipient": "nobody"},
    ],
)
async def test_what_can_never_be_is_refused_at_once(simulator: Simulator, wanted: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=5) as client:
        answer = await client.post("/control/wait", json=wanted)
    assert answer.status_code == 422, answer.text
    assert simulator.core.waits.count == 0


@pytest.mark.parametrize("wanted", [{"kind": "message", "mailbox": "nobody@cabinet.sim.mssante.fr"}, {"kind": "act", "who": "nobody"}])
async def test_whom_there_is_not_is_not_waited_for(simulator: Simulator, wanted: dict[str, Any]) -> None:
    answer = await control(simulator, "POST", "/wait", wanted)
    assert answer.status_code == 404


@pytest.mark.parametrize("kind", ["message", "act", "timeline"])
async def test_a_cursor_of_another_world_is_refused(simulator: Simulator, kind: str) -> None:
    """What stands behind it would be passed over, until this world has had as many events as the other one."""
    now = int((await control(simulator, "POST", "/wait", {"kind": "settled"})).json()["cursor"])
    assert (await control(simulator, "POST", "/wait", {"kind": kind, "after": str(now), "timeout": 0})).status_code == 200
    answer = await control(simulator, "POST", "/wait", {"kind": kind, "after": str(now + 1), "timeout": 0})
    assert (answer.status_code, answer.json()["subject"]) == (422, "after")
    assert answer.json()["detail"] == f"after is {now + 1}, and the newest event of this world is {now}: another world gave it."


async def test_rules_of_oauth_are_waited_for_by_their_codes(simulator: Simulator) -> None:
    wanted = {"kind": "session", "rule": "invalid_grant", "timeout": 0}
    assert (await control(simulator, "POST", "/wait", wanted)).json()["met"] is False


async def test_so_many_wait_and_no_more_and_so_long(start: StartSimulator) -> None:
    async with start(waits_max=2, waits_seconds_max=5) as simulator:
        waiting = [asyncio.create_task(_wait(simulator, kind="message", mailbox=PRACTICE, timeout=5.0)) for _ in range(2)]
        while simulator.core.waits.count < 2:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)
        over = await control(simulator, "POST", "/wait", {"kind": "message", "timeout": 1.0})
        assert (over.status_code, over.json()["code"]) == (422, "limit-reached")
        long = await control(simulator, "POST", "/wait", {"kind": "message", "timeout": 6.0})
        assert (long.status_code, long.json()["code"]) == (422, "limit-reached")
        await _write(simulator)
        assert all(answer["met"] for answer in await asyncio.gather(*waiting))


async def test_both_databases_wake_who_waits(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        wait = _wait(simulator, kind="message", mailbox=PRACTICE)
        assert (await _meanwhile(simulator, wait, _write(simulator)))["met"]
        wait = _wait(simulator, kind="act", acts=["message.received"], mailbox=DOCTOR)
        assert (await _meanwhile(simulator, wait, _write(simulator, to=DOCTOR)))["met"]


async def test_a_log_in_and_what_a_client_did_are_waited_for(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    logged_in = await _meanwhile(simulator, _wait(simulator, kind="log_in", door="smtp", who=doctor.account["login"]), _write_as(doctor))
    [found] = logged_in["found"]
    assert (logged_in["met"], found["door"], found["who"]) == (True, "smtp", doctor.idnat)
    newcomer = Person(simulator, "newcomer")
    refused = _wait(simulator, kind="session", door="rest", rule="not-found")
    answer = await _meanwhile(simulator, refused, newcomer.rest("GET", f"/mailboxes/{PRACTICE}/messages"))
    assert answer["found"][0]["rules"] == {"not-found": 1}
    later = await _wait(simulator, kind="log_in", door="smtp", after=logged_in["cursor"], timeout=0.0)
    assert (later["met"], later["found"]) == (False, [])
    imap = await _wait(simulator, kind="log_in", door="imap", timeout=0.05, none=True)
    assert imap["met"]


async def _write_as(person: Person) -> None:
    assert (await person.smtp(DOCTOR, HOSPITAL, letter(DOCTOR, HOSPITAL))).code == 250
