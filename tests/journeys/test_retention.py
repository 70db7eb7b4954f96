"""Letters go after so many days, under open connections and on both databases."""

from tests.clients import HOSPITAL, PRACTICE, ImapClient, Person, control
from tests.conftest import StartSimulator
from tests.scene import PASSWORD


async def test_an_open_session_sees_letters_go_and_the_room_is_free(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database, retention_days=20) as simulator:
        doctor = Person(simulator, "doctor")
        await control(simulator, "GET", "/clock")
        assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
        assert len(await doctor.inbox(PRACTICE)) == 1
        client = await ImapClient.open(simulator, f"{PRACTICE}*camille.martin", PASSWORD)
        await client.ask("SELECT INBOX")
        await client.idle()
        moved = (await control(simulator, "POST", "/clock/advance", {"by": "P15D"})).json()
        assert [row["kind"] for row in moved["fired"] if row["mailbox"] == PRACTICE] == ["mailbox.letters_expire"]
        moved = (await control(simulator, "POST", "/clock/advance", {"by": "P7D"})).json()
        expired = [row for row in moved["fired"] if row["mailbox"] == PRACTICE]
        assert [(row["kind"], row["at"].endswith("T00:00:00Z")) for row in expired] == [("message.expired", True)]
        assert await client.line() == "* 1 EXPUNGE"
        await client.close()
        assert (await doctor.get(f"/mailboxes/{PRACTICE}"))["used_bytes"] == 0
        assert await doctor.inbox(PRACTICE) == []
