"""Names of folders, keywords, how many folders, people in a letter: their bounds. NO or BAD over IMAP, 422 over REST, and a way on."""

import pytest

from mss_sim.app.simulator import Simulator
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
        assert (await client.ask("CREATE a/b/c"))[-1] == f"NO [LIMIT] {said} (quirks#folders)"
        assert len(await doctor.get(_FOLDERS)) == 6, "nothing is left of what was refused"
        assert (await client.ask("CREATE a/b"))[-1].startswith("OK")
        answer = await doctor.rest("POST", _FOLDERS, json={"name": "c"})
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (422, "limit-reached", said)
        assert (await client.ask("RENAME a/b c/d/e"))[-1].startswith("NO [LIMIT]")
        assert (await client.ask("RENAME a/b a/c"))[-1].startswith("OK")
        assert (await client.ask("DELETE a/c"))[-1].startswith("OK")
        assert (await client.ask("CREATE c"))[-1].startswith("OK")
        await client.close()


async def test_a_search_for_a_text_that_is_too_long_is_refused_with_words(simulator: Simulator) -> None:
    """SQLite takes no pattern over 50,000 bytes: the search ended in 500, and the IMAP connection with it."""
    client, doctor = await _client(simulator), Person(simulator, "doctor")
    await client.append("INBOX", letter(HOSPITAL, DOCTOR, subject="x" * 1_000).as_bytes())
    await client.ask("SELECT INBOX")
    said = "A search looks for texts of at most 1000 characters; shorten yours."
    for key in ("TEXT", "BODY", "FROM", "TO", "CC", "BCC", "SUBJECT", "KEYWORD", "HEADER Subject", "NOT OR SEEN SUBJECT"):
        assert (await client.ask(f"SEARCH {key} {'x' * 1_001}"))[-1] == f"NO [LIMIT] {said} (quirks#search-text)"
        assert (await client.ask(f"SEARCH {key} {'x' * 60_000}"))[-1] == f"NO [LIMIT] {said} (quirks#search-text)"
    assert await client.ask(f"SEARCH SUBJECT {'x' * 1_000}") == ["* SEARCH 1", "OK SEARCH completed"]
    assert (await client.ask(f"SORT (DATE) UTF-8 TEXT {'x' * 1_001}"))[-1].startswith("NO [LIMIT]")

    for name in ("text", "subject", "from", "to"):
        answer = await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages", params={name: "x" * 1_001})
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (422, "limit-reached", said)
    assert len((await doctor.rest("GET", f"/mailboxes/{DOCTOR}/messages", params={"subject": "x" * 1_000})).json()["items"]) == 1
    await client.close()


async def test_a_field_of_a_letter_names_at_most_a_thousand_people_before_anybody_looks_at_them(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    people = [f"personne{number}@medecin.sim.mssante.fr" for number in range(1_001)]
    for field in ("to", "cc", "bcc", "reply_to"):
        for named, code, said in (
            (people[:1_000], "too-many-recipients", "At most 100 recipients"),
            (people, "invalid-request", f"{field}: List should have at most 1000 items"),
        ):
            answer = await doctor.send(DOCTOR, **{"to": [DOCTOR], field: named})
            assert (answer.status_code, answer.json()["code"], said in answer.json()["detail"]) == (422, code, True), field


async def test_the_longest_text_is_looked_for_whatever_it_grows_to_when_it_is_folded(start: StartSimulator) -> None:
    async with start(search_query_chars_max=1_400) as simulator:
        client = await _client(simulator)
        await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes())
        await client.ask("SELECT INBOX")
        octets = ("\ufdfa" * 1_400).encode()
        assert (await client.ask(f"SEARCH TEXT {{{len(octets)}+}}\r\n{octets.decode()}")) == ["* SEARCH", "OK SEARCH completed"]
        assert (await client.ask(f"SEARCH TEXT {'%' * 1_400}"))[-1].startswith("BAD")
        assert (await client.ask(f'SEARCH TEXT "{"%" * 1_400}"')) == ["* SEARCH", "OK SEARCH completed"]
        await client.close()


async def test_a_fetch_asks_for_so_many_items_of_each_message_and_no_more(simulator: Simulator) -> None:
    client = await _client(simulator)
    await client.append("INBOX", letter(HOSPITAL, DOCTOR).as_bytes())
    await client.ask("SELECT INBOX")
    for count, ending in ((200, "OK FETCH completed"), (201, "BAD a FETCH asks for at most 200 items; send several (quirks#imap-items)")):
        answer = await client.ask(f"FETCH 1 ({' '.join(f'BODY.PEEK[{number}]' for number in range(1, count + 1))})")
        assert answer[-1] == ending
        names = " ".join(f"X-{number}" for number in range(count))
        answer = await client.ask(f"FETCH 1 BODY.PEEK[HEADER.FIELDS ({names})]")
        assert answer[-1].startswith("OK" if count == 200 else "BAD a section names at most 200 header fields; ask for HEADER")
    await client.close()


async def test_a_message_that_is_asked_for_many_times_is_shown_whole_each_time(simulator: Simulator) -> None:
    """Such a response is made and sent a megabyte at a time: it must not differ from one that is made at once."""
    client = await _client(simulator)
    await client.append("INBOX", letter(HOSPITAL, DOCTOR, text="0123456789\n" * 9_000).as_bytes())
    await client.ask("SELECT INBOX")
    starts = range(0, 720, 12)
    many = "\r\n".join(await client.ask(f"FETCH 1 ({' '.join(f'BODY.PEEK[TEXT]<{start}.96000>' for start in starts)} UID)"))
    piece = "{96000}\r\n" + "0123456789\r\n" * 8_000
    assert many == f"* 1 FETCH ({' '.join(f'BODY[TEXT]<{start}> {piece}' for start in starts)} UID 1)\r\nOK FETCH completed"
    await client.close()
