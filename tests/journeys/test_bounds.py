"""Names of folders, keywords and the number of folders have their bounds: NO or BAD over IMAP, 422 over REST, and a way on."""

import pytest

from mss_sim.app import Simulator
from tests.clients import DOCTOR, HOSPITAL, ImapClient, Person, letter
from tests.conftest import StartSimulator

_PASSWORD = "cabinet-2026"
_FOLDERS = f"/mailboxes/{DOCTOR}/folders"
_TOO_LONG = "A folder name has at most 255 characters and 20 levels"


async def _client(simulator: Simulator) -> ImapClient:
    return await ImapClient.open(simulator, "camille.martin", _PASSWORD)


async def test_a_folder_name_of_255_characters_and_20_levels_is_the_longest(simulator: Simulator) -> None:
    client, doctor = await _client(simulator), Person(simulator, "doctor")
    for longest, longer in (("a" * 255, "a" * 256), ("/".join("b" * 20), "/".join("b" * 21))):
        assert (await client.ask(f"CREATE {longest}"))[-1].startswith("OK")
        assert (await client.ask(f"CREATE {longer}"))[-1] == f"NO [CANNOT] {_TOO_LONG}. (rfc9051#5.1)"
        assert (await client.ask(f"RENAME {longest} {longer}"))[-1] == f"NO [CANNOT] {_TOO_LONG}. (rfc9051#5.1)"
        answer = await doctor.rest("POST", _FOLDERS, json={"name": longer})
        assert (answer.status_code, answer.json()["detail"]) == (422, f"{_TOO_LONG}.")
    assert (await client.ask(f"SUBSCRIBE {'c' * 255}"))[-1].startswith("OK")
    assert (await client.ask(f"SUBSCRIBE {'c' * 256}"))[-1] == "NO [CANNOT] A folder name has at most 255 characters."
    assert (await client.ask(f"STATUS {'c' * 70_000} (MESSAGES)"))[-1].startswith("BAD")
    await client.close()


async def test_what_is_inside_a_renamed_folder_stays_within_the_bounds(simulator: Simulator) -> None:
    client = await _client(simulator)
    assert (await client.ask(f"CREATE a/{'b' * 250}"))[-1].startswith("OK")
    assert (await client.ask("RENAME a aaaaa"))[-1] == f"NO [CANNOT] {_TOO_LONG}. (rfc9051#5.1)"
    assert (await client.ask("RENAME a aaaa"))[-1].startswith("OK")
    await client.close()


async def test_keywords_have_a_length_and_a_number(simulator: Simulator) -> None:
    client, doctor = await _client(simulator), Person(simulator, "doctor")
    await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes())
    await client.ask("SELECT INBOX")
    many = [f"k{number}" for number in range(101)]
    item = (await doctor.inbox(DOCTOR))[0]
    path = f"/mailboxes/{DOCTOR}/messages/{item['id']}"

    assert (await client.ask(f"STORE 1 FLAGS ({'w' * 100})"))[-1].startswith("OK")
    too_long = "A keyword has at most 100 characters."
    assert (await client.ask(f"STORE 1 FLAGS ({'w' * 101})"))[-1] == f"NO [CANNOT] {too_long} (rfc9051#2.3.2)"
    assert (await doctor.rest("PATCH", path, json={"add": ["w" * 101]})).json()["detail"] == too_long

    at_once = "At most 100 flags and keywords at once."
    assert (await client.ask(f"STORE 1 FLAGS ({' '.join(many)})"))[-1] == f"NO [LIMIT] {at_once} (rfc9051#2.3.2)"
    for change in ({"add": many}, {"remove": many}):
        answer = await doctor.rest("PATCH", path, json=change)
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (422, "limit-reached", at_once)

    assert (await client.ask(f"STORE 1 FLAGS ({' '.join(many[:99])})"))[-1].startswith("OK")
    assert (await client.ask("STORE 1 +FLAGS (last)"))[-1].startswith("OK")
    in_all = "A message has at most 100 keywords; take others off first."
    assert (await client.ask("STORE 1 +FLAGS (more)"))[-1] == f"NO [LIMIT] {in_all} (rfc9051#2.3.2)"
    assert (await doctor.rest("PATCH", path, json={"add": ["more"]})).json()["detail"] == in_all
    assert (await client.ask("STORE 1 +FLAGS (\\Flagged last)"))[-1].startswith("OK")
    assert (await client.ask("STORE 1 -FLAGS (last)"))[-1].startswith("OK")
    assert (await client.ask("STORE 1 +FLAGS (more)"))[-1].startswith("OK")
    assert (await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes(), " ".join(many)))[-1].startswith("NO [LIMIT]")
    await client.close()


@pytest.mark.parametrize("word", ["(", "a]", "é", '"a"'])
async def test_what_cannot_be_a_keyword_is_bad(simulator: Simulator, word: str) -> None:
    client = await _client(simulator)
    await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes())
    await client.ask("SELECT INBOX")
    assert (await client.ask(f"STORE 1 +FLAGS ({word})"))[-1].startswith(("BAD", "NO [CANNOT]"))
    await client.close()


async def test_a_mailbox_holds_so_many_folders_and_no_more(start: StartSimulator) -> None:
    async with start(mailbox_folders_max=8) as simulator:
        client, doctor = await _client(simulator), Person(simulator, "doctor")
        assert len(await doctor.get(_FOLDERS)) == 6
        said = "The mailbox holds 8 folders, the most that it may; delete some first."
        assert (await client.ask("CREATE a/b/c"))[-1] == f"NO [LIMIT] {said} (mss-sim#bounds)"
        assert len(await doctor.get(_FOLDERS)) == 6, "nothing is left of what was refused"
        assert (await client.ask("CREATE a/b"))[-1].startswith("OK")
        answer = await doctor.rest("POST", _FOLDERS, json={"name": "c"})
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (422, "limit-reached", said)
        assert (await client.ask("RENAME a/b c/d/e"))[-1].startswith("NO [LIMIT]")
        assert (await client.ask("RENAME a/b a/c"))[-1].startswith("OK")
        assert (await client.ask("DELETE a/c"))[-1].startswith("OK")
        assert (await client.ask("CREATE c"))[-1].startswith("OK")
        await client.close()
