"""Keeping order: letters that are chosen in a list are marked, moved, deleted, and put back; folders are made, renamed, emptied, deleted.

Every letter is an act of its own, as over REST. What is gone meanwhile is passed over; the first other refusal ends it, and is shown.
"""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from mss_sim.core.mailbox import copies, folders, messages
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.world.store_types import Folder
from mss_sim.errors import Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.ids import encode
from mss_sim.vocabulary.mailboxes import FLAG_SEEN, SpecialUse
from mss_sim.web.filters import list_of
from mss_sim.web.mailbox import INBOX
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_MANY = 200
_UID_MAX = 2**32 - 1
_MARKS = {
    "read": FlagChange(frozenset({FLAG_SEEN})),
    "unread": FlagChange(remove=frozenset({FLAG_SEEN})),
    "flag": FlagChange(frozenset({"\\Flagged"})),
    "unflag": FlagChange(remove=frozenset({"\\Flagged"})),
}


async def keep_letters(visit: Visit) -> Response:
    """Do one thing with all letters that were chosen, then show the list again."""
    do, chosen = visit.field("do"), [one for one in visit.form.getlist("letter") if isinstance(one, str)][:_MANY]
    if not chosen:
        raise Refusal(Rule.INVALID, say("Choose letters first, by the boxes at the left of the list."))
    ids = [read_id(one) for one in chosen]
    if do in _MARKS:
        await _mark(visit, ids, do)
    elif do == "move":
        return await _moved(visit, ids, await _folder(visit, lambda row: row.name == visit.field("into")))
    elif do == "trash":
        return await _moved(visit, ids, await _folder(visit, lambda row: row.special_use is SpecialUse.TRASH))
    elif do == "delete":
        for id_ in ids:
            await _still(messages.delete(visit.core.world, visit.session.actor, visit.address, id_))
    else:
        raise _unknown(do)
    return back(list_of(visit))


async def _mark(visit: Visit, ids: list[int], do: str) -> None:
    for id_ in ids:
        await _still(visit.core.reading.change_flags_of(visit.session.actor, visit.address, id_, _MARKS[do]))


async def _moved(visit: Visit, ids: list[int], to: str) -> Response:
    """Move, and say so with what puts the letters back; what was put back is not offered again."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    gone = [encode(id_) for id_ in ids if await _still(messages.move(world, actor, address, id_, to))]
    undone = visit.field("undo") == "yes"
    return back(list_of(visit) if undone or not gone else list_of(visit, moved=".".join(gone), into=to))


async def _still(doing: Awaitable[object]) -> bool:
    """Whether the letter was there yet."""
    try:
        await doing
    except Refusal as refusal:
        if refusal.rule is not Rule.NOT_FOUND:
            raise
        return False
    return True


async def keep_folders(visit: Visit) -> Response:
    """Make a folder, or do something with the one that is open."""
    world, actor, address, do = visit.core.world, visit.session.actor, visit.address, visit.field("do")
    if do == "create":
        made = await folders.create_folder(world, actor, address, visit.field("name"))
        return back(list_of(visit, folder=made.name))
    rows = [row for row, _ in await folders.list_folders(world, actor, address)]
    here = next((row for row in rows if encode(row.id) == visit.field("id")), None)
    if here is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such folder in this mailbox."))
    if do == "rename":
        return back(list_of(visit, folder=(await folders.rename_folder(world, actor, address, here.id, visit.field("name"))).name))
    if do == "empty":
        await copies.delete(world, actor, InFolder(FolderRef(address, here.name, here.id), [(1, _UID_MAX)]))
        return back(list_of(visit, folder=here.name))
    if do == "delete":
        await folders.delete_folder(world, actor, address, here.id, with_messages=visit.field("messages") == "yes")
        return back(list_of(visit, folder=INBOX))
    raise _unknown(do)


def _unknown(do: str) -> Refusal:
    return Refusal(Rule.INVALID, say("There is nothing here called {text!r}.", text=do[:20]))


async def _folder(visit: Visit, wanted: Callable[[Folder], bool]) -> str:
    """The name of a folder that is here."""
    rows = await folders.list_folders(visit.core.world, visit.session.actor, visit.address)
    found = next((row for row, _ in rows if wanted(row)), None)
    if found is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such folder in this mailbox."))
    return found.name


ROUTES: Routes = (
    ("POST", "/ui/as/{who}/mailboxes/{address}/letters", keep_letters),
    ("POST", "/ui/as/{who}/mailboxes/{address}/folders", keep_folders),
)
