"""The promise of order: an act on a message leaves the same state, the same journal and the same receipts whichever door it came by."""

from collections.abc import AsyncIterator
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.errors import Rule
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control, letter
from tests.contracts.keeping import ImapKeeper, Item, Keeper, RestKeeper, WebKeeper


@pytest.fixture(params=[RestKeeper, ImapKeeper, WebKeeper], ids=["rest", "imap", "web"])
async def keeper(request: pytest.FixtureRequest, world: Simulator) -> AsyncIterator[Keeper]:
    """Each door that keeps order, in turn."""
    opened: Keeper = request.param(world)
    yield opened
    if isinstance(opened, WebKeeper):
        await opened.browsers.close()


@pytest.fixture(params=[RestKeeper, ImapKeeper], ids=["rest", "imap"])
def program(request: pytest.FixtureRequest, world: Simulator) -> Keeper:
    """Each door by which programs keep order, which mark as they like; pages do not."""
    opened: Keeper = request.param(world)
    return opened


async def _letter(world: Simulator, mailbox: str = PRACTICE, reader: str = "doctor", **fields: Any) -> Item:
    """A new letter in INBOX, as lists show it."""
    sender, address = ("doctor", DOCTOR) if mailbox == PATIENT else ("hospital", HOSPITAL)
    sent = await Person(world, sender).send(address, to=[mailbox], **{"subject": "Bilan", **fields})
    assert sent.status_code == 201, sent.text
    return (await Person(world, reader).inbox(mailbox))[0]


async def _journal(world: Simulator, mailbox: str = PRACTICE) -> list[tuple[str, str, str, bool, dict[str, Any]]]:
    """(act, door, who, by a grant, detail) of a mailbox's lines but for what arrived, oldest first."""
    lines = (await Person(world, "doctor").get(f"/mailboxes/{mailbox}/journal", limit=100))["items"]
    return [
        (line["act"], line["door"], line["actor"]["name"] if line["actor"] else "", line["grant_id"] is not None, line["detail"])
        for line in reversed(lines)
        if line["act"] not in ("message.received", "grant.created")
    ]


async def _counts(world: Simulator, mailbox: str = PRACTICE) -> dict[str, tuple[int, int]]:
    """(copies, unseen) of each folder that has some."""
    boxes = await Person(world, "doctor").get(f"/mailboxes/{mailbox}/folders")
    return {box["name"]: (box["exists"], box["unseen"]) for box in boxes if box["exists"]}


async def _used(world: Simulator, mailbox: str = PRACTICE) -> int:
    return int((await control(world, "GET", f"/mailboxes/{mailbox}")).json()["used_bytes"])


async def _give(world: Simulator, *rights: str, role: str = "newcomer", mailbox: str = PRACTICE) -> None:
    """A grant, to somebody who has none where nobody is named."""
    grant = {"grantee": Person(world, role).idnat, "rights": list(rights)}
    assert (await control(world, "POST", f"/mailboxes/{mailbox}/grants", grant)).status_code == 201


def _name(world: Simulator, role: str) -> str:
    return str(Person(world, role).account["name"])


async def test_a_flag_is_the_same_flag(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    assert await keeper.flag("secretary", PRACTICE, item, add="\\Flagged") == "ok"
    assert (await Person(world, "doctor").inbox(PRACTICE))[0]["flags"] == ["\\Flagged"]
    assert await keeper.flag("secretary", PRACTICE, item, remove="\\Flagged") == "ok"
    shown = (await Person(world, "doctor").inbox(PRACTICE))[0]
    assert (shown["flags"], shown["keywords"], shown["seen"]) == ([], [], False)
    changes = [(["\\Flagged"], []), ([], ["\\Flagged"])]
    assert await _journal(world) == [
        ("message.flagged", keeper.name, _name(world, "secretary"), True, {"message": item["id"], "add": add, "remove": remove})
        for add, remove in changes
    ]


async def test_a_keyword_is_the_same_keyword(program: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    assert await program.flag("secretary", PRACTICE, item, add="urgent") == "ok"
    assert (await Person(world, "doctor").inbox(PRACTICE))[0]["keywords"] == ["urgent"]
    assert [(act, detail["add"], detail["remove"]) for act, *_, detail in await _journal(world)] == [("message.flagged", ["urgent"], [])]
    assert await program.flag("secretary", PRACTICE, item, remove="urgent") == "ok"
    assert (await Person(world, "doctor").inbox(PRACTICE))[0]["keywords"] == []


async def test_what_changes_nothing_leaves_no_trace(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    assert await keeper.flag("secretary", PRACTICE, item, add="\\Flagged") == "ok"
    before = (await Person(world, "doctor").inbox(PRACTICE))[0]
    assert await keeper.flag("secretary", PRACTICE, item, add="\\Flagged") == "ok"
    assert await keeper.flag("secretary", PRACTICE, item, remove="\\Seen") == "ok"
    assert (await Person(world, "doctor").inbox(PRACTICE))[0]["modseq"] == before["modseq"]
    assert len(await _journal(world)) == 1


async def test_who_says_seen_first_where_it_is_shared_has_read_it(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    assert await keeper.flag("secretary", PRACTICE, item, add="\\Seen") == "ok"
    assert await keeper.flag("doctor", PRACTICE, item, add="\\Seen") == "ok"
    assert [(act, who) for act, _, who, _, _ in await _journal(world)] == [
        ("message.read", _name(world, "secretary")),
        ("message.flagged", _name(world, "secretary")),
    ]
    shown = (await Person(world, "doctor").inbox(PRACTICE))[0]
    assert (shown["seen"], shown["first_read"]["by"]["name"]) == (True, _name(world, "secretary"))
    assert await _counts(world) == {"INBOX": (1, 0)}


async def test_where_reading_is_personal_seen_is_each_readers_own(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world, DOCTOR)
    await _give(world, "see", "mark", role="secretary", mailbox=DOCTOR)
    assert await keeper.flag("secretary", DOCTOR, item, add="\\Seen") == "ok"
    assert [(await Person(world, role).inbox(DOCTOR))[0]["seen"] for role in ("secretary", "doctor")] == [True, False]
    assert [act for act, *_ in await _journal(world, DOCTOR)] == ["message.read", "message.flagged"]
    assert await keeper.flag("secretary", DOCTOR, item, remove="\\Seen") == "ok"
    assert not (await Person(world, "secretary").inbox(DOCTOR))[0]["seen"]


async def test_the_first_reading_is_written_down_and_marks_nothing(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    for _ in range(2):
        assert await keeper.read("assistant", PRACTICE, item) == "ok"
    assert await _journal(world) == [("message.read", keeper.name, _name(world, "assistant"), True, {"message": item["id"]})]
    assert await _counts(world) == {"INBOX": (1, 1)}


async def test_deleted_needs_the_right_to_delete_and_no_other(program: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    await _give(world, "see", "read", "delete")
    assert await program.flag("newcomer", PRACTICE, item, add="\\Deleted") == "ok"
    assert await program.flag("newcomer", PRACTICE, item, add="\\Flagged") == program.shows(Rule.RIGHT_MISSING)
    assert await program.flag("assistant", PRACTICE, item, remove="\\Deleted") == program.shows(Rule.RIGHT_MISSING)
    assert (await Person(world, "doctor").inbox(PRACTICE))[0]["flags"] == ["\\Deleted"]


async def test_a_deletion_frees_the_room_and_keeps_subject_and_message_id(keeper: Keeper, world: Simulator) -> None:
    item, empty = await _letter(world, subject="Résultat"), 0
    assert await _used(world) > empty
    assert await keeper.delete("doctor", PRACTICE, item) == "ok"
    detail = {"message": item["id"], "subject": "Résultat", "rfc_message_id": item["message_id"]}
    assert (await _journal(world))[-1] == ("message.deleted", keeper.name, _name(world, "doctor"), False, detail)
    assert (await _used(world), await _counts(world)) == (empty, {})


async def test_a_move_keeps_the_message_and_its_room(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    used = await _used(world)
    assert await keeper.move("secretary", PRACTICE, item, "Archive") == "ok"
    moved = (await Person(world, "doctor").get(f"/mailboxes/{PRACTICE}/messages", folder="Archive"))["items"][0]
    assert (moved["id"], moved["email_id"], moved["seen"]) == (item["id"], item["email_id"], False)
    assert (await _counts(world), await _used(world)) == ({"Archive": (1, 1)}, used)
    detail = {"message": item["id"], "from": "INBOX", "to": "Archive"}
    assert await _journal(world) == [("message.moved", keeper.name, _name(world, "secretary"), True, detail)]


async def test_who_may_delete_may_throw_away_by_that_grant(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world)
    await _give(world, "see", "delete")
    assert await keeper.move("newcomer", PRACTICE, item, "Archive") == keeper.shows(Rule.RIGHT_MISSING)
    assert await keeper.move("newcomer", PRACTICE, item, "Trash") == "ok"
    (act, _, _, by_grant, detail) = (await _journal(world))[-1]
    assert (act, by_grant, detail["to"]) == ("message.moved", True, "Trash")


async def test_a_patient_who_reads_sends_the_receipt_that_was_asked_for_once(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world, PATIENT, "patient", request_read_receipt=True)
    for _ in range(2):
        assert await keeper.read("patient", PATIENT, item) == "ok"
    receipts = [one for one in await Person(world, "doctor").inbox(DOCTOR) if one["subject"] != "Bilan"]
    assert len(receipts) == 1
    people = (await Person(world, "doctor").get(f"/mailboxes/{DOCTOR}/sent"))["items"][0]["recipients"]
    assert [event["kind"] for event in people[0]["events"]].count("displayed") == 1


async def test_a_patient_who_marks_a_letter_as_read_sends_the_receipt_too(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world, PATIENT, "patient", request_read_receipt=True)
    for done in (keeper.flag("patient", PATIENT, item, add="\\Seen"), keeper.read("patient", PATIENT, item)):
        assert await done == "ok"
        assert len([one for one in await Person(world, "doctor").inbox(DOCTOR) if one["subject"] != "Bilan"]) == 1


@pytest.mark.parametrize(("kind", "asks"), [("professional", True), ("patient", False)])
async def test_no_receipt_leaves_by_itself_otherwise(keeper: Keeper, world: Simulator, kind: str, asks: bool) -> None:
    mailbox, reader = (PATIENT, "patient") if kind == "patient" else (PRACTICE, "secretary")
    item = await _letter(world, mailbox, reader, request_read_receipt=asks)
    assert await keeper.read(reader, mailbox, item) == "ok"
    sender, address = ("doctor", DOCTOR) if mailbox == PATIENT else ("hospital", HOSPITAL)
    assert await Person(world, sender).inbox(address) == []


_RIGHTS = {"flag": "mark", "read": "read", "move": "file", "delete": "delete"}


async def _do(keeper: Keeper, act: str, role: str, item: Item) -> str:
    match act:
        case "flag":
            return await keeper.flag(role, PRACTICE, item, add="\\Flagged")
        case "move":
            return await keeper.move(role, PRACTICE, item, "Archive")
        case "read":
            return await keeper.read(role, PRACTICE, item)
        case _:
            return await keeper.delete(role, PRACTICE, item)


@pytest.mark.parametrize("act", _RIGHTS)
async def test_without_the_right_nothing_is_done_and_the_journal_keeps_that_it_was_tried(
    keeper: Keeper, world: Simulator, act: str
) -> None:
    item = await _letter(world)
    await _give(world, "see")
    assert await _do(keeper, act, "newcomer", item) == keeper.shows(Rule.RIGHT_MISSING)
    assert [(line[0], line[1], line[-1]["right"]) for line in await _journal(world)] == [("right.refused", keeper.name, _RIGHTS[act])]
    assert (await Person(world, "doctor").inbox(PRACTICE))[0] == item


async def test_folders_are_made_renamed_and_deleted(keeper: Keeper, world: Simulator) -> None:
    assert await keeper.make("secretary", PRACTICE, "Biologie") == "ok"
    assert await keeper.make("secretary", PRACTICE, "Biologie") == keeper.shows(Rule.CONFLICT).replace("CANNOT", "ALREADYEXISTS")
    assert await keeper.rename("secretary", PRACTICE, "Biologie", "Analyses") == "ok"
    assert await keeper.drop("secretary", PRACTICE, "Analyses") == "ok"
    assert [(act, door) for act, door, *_ in await _journal(world)] == [
        ("folder.created", keeper.name),
        ("folder.renamed", keeper.name),
        ("folder.deleted", keeper.name),
    ]
    assert await keeper.make("assistant", PRACTICE, "Non") == keeper.shows(Rule.RIGHT_MISSING)


async def test_a_folder_is_deleted_with_its_messages_by_who_may_delete_them(keeper: Keeper, world: Simulator) -> None:
    item = await _letter(world, subject="Résultat")
    assert await keeper.make("doctor", PRACTICE, "Biologie/2026") == "ok"
    assert await keeper.move("doctor", PRACTICE, item, "Biologie") == "ok"
    assert await keeper.drop("secretary", PRACTICE, "Biologie") == keeper.shows(Rule.RIGHT_MISSING)
    assert await _counts(world) == {"Biologie": (1, 1)}
    assert await keeper.drop("doctor", PRACTICE, "Biologie") == "ok"
    names = [box["name"] for box in await Person(world, "doctor").get(f"/mailboxes/{PRACTICE}/folders")]
    assert ("Biologie" in names, "Biologie/2026" in names) == (False, True)
    assert (await _used(world), await _counts(world)) == (0, {})
    deleted, dropped = (await _journal(world))[-2:]
    assert (deleted[0], deleted[1], deleted[-1]["subject"]) == ("message.deleted", keeper.name, "Résultat")
    assert (dropped[0], dropped[-1]) == ("folder.deleted", {"name": "Biologie"})


async def test_over_rest_a_filled_folder_goes_only_where_it_is_said(world: Simulator) -> None:
    rest, item = Person(world, "doctor"), await _letter(world)
    await RestKeeper(world).make("doctor", PRACTICE, "Biologie")
    await RestKeeper(world).move("doctor", PRACTICE, item, "Biologie")
    folder = next(box for box in await rest.get(f"/mailboxes/{PRACTICE}/folders") if box["name"] == "Biologie")
    refused = await rest.rest("DELETE", f"/mailboxes/{PRACTICE}/folders/{folder['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "messages=true" in refused.json()["detail"]
    assert await _counts(world) == {"Biologie": (1, 1)}


# What one door alone does


async def test_a_copy_takes_room_of_its_own(world: Simulator) -> None:
    item, used = await _letter(world), await _used(world)
    keeper = ImapKeeper(world)
    assert await keeper.copy("secretary", PRACTICE, item, "Archive") == "ok"
    assert (await _counts(world), await _used(world)) == ({"INBOX": (1, 1), "Archive": (1, 1)}, 2 * used)
    [(act, door, who, by_grant, detail)] = await _journal(world)
    assert (act, door, who, by_grant) == ("message.copied", "imap", _name(world, "secretary"), True)
    assert detail == {"message": item["id"], "to": "Archive"}
    assert await keeper.copy("assistant", PRACTICE, item, "Archive") == keeper.shows(Rule.RIGHT_MISSING)


async def test_a_message_that_is_filed_takes_room_and_has_its_line(world: Simulator) -> None:
    raw = letter(DOCTOR, PRACTICE, "Note").as_bytes(policy=SMTP)
    keeper = ImapKeeper(world)
    assert await keeper.append("secretary", PRACTICE, "Archive", raw) == "ok"
    assert (await _counts(world), await _used(world)) == ({"Archive": (1, 1)}, len(raw))
    assert [(act, door, who) for act, door, who, *_ in await _journal(world)] == [("message.appended", "imap", _name(world, "secretary"))]
    assert await keeper.append("assistant", PRACTICE, "Archive", raw) == keeper.shows(Rule.RIGHT_MISSING)


async def test_what_finds_no_room_is_not_there_and_what_takes_none_is_done(world: Simulator) -> None:
    item, used = await _letter(world), await _used(world)
    assert (await control(world, "PATCH", f"/mailboxes/{PRACTICE}", {"quota_bytes": used + 10})).status_code == 200
    keeper = ImapKeeper(world)
    raw = letter(DOCTOR, PRACTICE, "Note").as_bytes(policy=SMTP)
    assert await keeper.copy("doctor", PRACTICE, item, "Archive") == "NO [OVERQUOTA]"
    assert await keeper.append("doctor", PRACTICE, "Archive", raw) == "NO [OVERQUOTA]"
    assert (await _counts(world), await _used(world)) == ({"INBOX": (1, 1)}, used)
    assert [act for act, *_ in await _journal(world)] == ["mailbox.changed"], "of what was not done there is no line"
    assert await keeper.move("doctor", PRACTICE, item, "Archive") == "ok"
    assert (await _counts(world), await _used(world)) == ({"Archive": (1, 1)}, used)
