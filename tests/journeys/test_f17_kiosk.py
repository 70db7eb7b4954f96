"""F17: a patient without a computer reads and answers at a kiosk, hears why where an exchange is over, and leaves nothing behind."""

from dataclasses import dataclass
from datetime import timedelta
from html import unescape

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, ImapClient, Person, control, letter
from tests.conftest import StartSimulator

_WELCOME = "/ui/kiosk?left=yes"


@dataclass
class Kiosk:
    """The screen in the waiting room: a browser without scripts, which follows what it is told. `place`: where who sits there is."""

    client: httpx.AsyncClient
    place: str = ""
    token: str = ""

    async def sit_down(self, login: str) -> str:
        """Somebody logs in; their list of letters."""
        self._read((await self.client.get("/ui/kiosk")).text)
        made = await self.client.post("/ui/kiosk", data={"token": self.token, "who": login})
        assert made.status_code == 303, made.text
        self.place = made.headers["location"]
        return await self.look("")

    async def look(self, path: str) -> str:
        """A page of who sits there."""
        answer = await self.client.get(self.place + path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers)
        return self._read(answer.text)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """A form of the page that is open."""
        return await self.client.post(self.place + path, data={"token": self.token, **fields})

    def _read(self, text: str) -> str:
        if 'name="token" value="' in text:
            self.token = text.partition('name="token" value="')[2].partition('"')[0]
        return unescape(text)


async def _close(simulator: Simulator, subject: str) -> None:
    doctor = Person(simulator, "doctor")
    rows = (await doctor.get(f"/mailboxes/{DOCTOR}/conversations"))["items"]
    id_ = next(row["id"] for row in rows if row["subject"] == subject)
    assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{id_}/close")).status_code == 200


async def test_a_patient_reads_and_answers_at_a_kiosk_and_every_door_tells_the_same(start: StartSimulator, clock: ManualClock) -> None:
    """The story of F17, from the first letter to the next patient."""
    async with start(clock=clock) as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        doctor, patient, kiosk = Person(simulator, "doctor"), Person(simulator, "patient"), Kiosk(client)
        asked = letter(DOCTOR, PATIENT, "Votre radio", "Êtes-vous à jeun ?", Disposition_Notification_To=DOCTOR)
        assert (await doctor.smtp(DOCTOR, PATIENT, asked)).code == 250
        assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PATIENT2], subject="Pour un autre")).status_code == 201
        (came,) = await patient.inbox(PATIENT, wait=10)

        shown = await kiosk.sit_down("claire.fontaine")
        assert ("Votre radio" in shown, "Pour un autre" in shown, PATIENT in shown) == (True, False, False)
        page = await kiosk.look(f"letters/{came['id']}")
        assert ("Êtes-vous à jeun ?" in page, "Votre réponse" in page) == (True, True)
        assert (await kiosk.post(f"letters/{came['id']}", text="Oui, depuis hier.", key="une-fois")).status_code == 303
        assert (await kiosk.post(f"letters/{came['id']}", text="Oui, depuis hier.", key="une-fois")).status_code == 303
        (got,) = await doctor.inbox(DOCTOR, subject="re: votre radio", wait=10)
        assert (await doctor.open(DOCTOR, str(got["id"])))["text"].strip() == "Oui, depuis hier."
        receipts = [row for row in await doctor.inbox(DOCTOR) if row["id"] != got["id"]]
        assert len(receipts) == 1, "one read receipt, and one answer though it was posted twice"
        acts = {(row["act"], row["door"]) for row in (await patient.get(f"/mailboxes/{PATIENT}/journal"))["items"]}
        assert {("message.read", "web"), ("message.submitted", "web")} <= acts

        await _close(simulator, "Re: Votre radio")
        page = await kiosk.look(f"letters/{came['id']}")
        assert ("Vous ne pouvez pas répondre à ce message" in page, "<textarea" in page) == (True, False)
        refused = await kiosk.post(f"letters/{came['id']}", text="Encore une question")
        assert (refused.status_code, "Rien n’a été envoyé" in unescape(refused.text)) == (403, True)
        over_rest = await patient.send(PATIENT, to=[DOCTOR], in_reply_to=came["id"])
        over_smtp = await patient.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR, In_Reply_To=str(came["message_id"])))
        assert (over_rest.status_code, over_smtp.code) == (403, 550)
        imap = await ImapClient.open(simulator, patient.account["login"], patient.account["password"])
        assert '* STATUS "INBOX" (MESSAGES 1 UNSEEN 0)' in await imap.ask("STATUS INBOX (MESSAGES UNSEEN)")
        await imap.close()

        clock.advance(timedelta(minutes=2))
        before = kiosk.place
        for path in ("", f"letters/{came['id']}"):
            answer = await client.get(before + path)
            assert (answer.status_code, answer.headers["location"], "Votre radio" in answer.text) == (303, _WELCOME, False)
            assert '"cache"' in answer.headers["clear-site-data"]
        shown = await kiosk.sit_down("ange.poli")
        assert ("Pour un autre" in shown, "Votre radio" in shown, kiosk.place != before) == (True, False, True)
        assert (await client.get(f"{kiosk.place}letters/{came['id']}")).status_code == 404


@pytest.mark.parametrize("ending", ["leave", "reset"])
async def test_who_gets_up_or_whose_world_begins_anew_is_logged_out_at_once(simulator: Simulator, ending: str) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        kiosk = Kiosk(client)
        assert (await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT], subject="Votre radio")).status_code == 201
        await Person(simulator, "patient").inbox(PATIENT, wait=10)
        await kiosk.sit_down("claire.fontaine")
        token = client.cookies["mss-sim-persona"]
        if ending == "leave":
            left = await kiosk.post("leave")
            assert (left.status_code, left.headers["location"]) == (303, _WELCOME)
            assert "mss-sim-persona" not in client.cookies
        else:
            await control(simulator, "POST", "/reset")
        again = await client.get(kiosk.place, headers={"Cookie": f"mss-sim-persona={token}"})
        assert (again.status_code, again.headers["location"]) == (303, _WELCOME)


async def test_the_strict_profile_lets_no_patient_sit_down(start: StartSimulator) -> None:
    async with start(profile="strict") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = (await client.get("/ui/kiosk")).text.partition('name="token" value="')[2].partition('"')[0]
        assert (await client.post("/ui/kiosk", data={"token": token, "who": "claire.fontaine"})).status_code == 401


async def test_with_a_control_key_the_kiosk_is_shown_to_browsers_that_gave_it(start: StartSimulator) -> None:
    async with start(control_key="clé-de-pilotage") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        shown = await client.get("/ui/kiosk")
        assert (shown.status_code, "FONTAINE" in shown.text) == (403, False)
        token = shown.text.partition('name="token" value="')[2].partition('"')[0]
        assert (await client.post("/ui/kiosk", data={"token": token, "who": "claire.fontaine"})).status_code == 403
