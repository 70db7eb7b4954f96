"""LIST, LSUB, NAMESPACE: the folders of all mailboxes that an actor may see, as one tree.

The actor's own mailbox has no prefix; other persons' are below `Other Users/`, collective ones below `Shared/`, each by its address.
"""

import asyncio
from typing import NamedTuple

from mss_sim.core.mailbox import mailboxes_as_tree as listing
from mss_sim.core.mailbox.mailboxes_as_tree import Figures, MailboxFolders
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.world.store_types import Folder
from mss_sim.imap.grammar import names
from mss_sim.imap.grammar.listings import List
from mss_sim.imap.grammar.responses import folder_name
from mss_sim.imap.session import Session, namespace_of
from mss_sim.imap.verbs.folders import items_asked, shown_status
from mss_sim.vocabulary.imap import Capability
from mss_sim.vocabulary.mailboxes import FOLDER_SEPARATOR, NAMESPACE_OTHERS, NAMESPACE_SHARED, SpecialUse

_MANY = 200


class Node(NamedTuple):
    """One name of the tree. `folder` is None for a name that only holds others, or that is subscribed but does not exist.

    `use` is reported only for the actor's own folders: a client that takes the first \\Trash it sees must not put private letters into
    a practice's (ref: rfc6154#2).
    """

    name: str
    place: FolderRef | None
    folder: Folder | None
    subscribed: bool
    has_children: bool
    use: SpecialUse | None = None


async def namespace(session: Session, _: None) -> bytes:
    """NAMESPACE (ref: rfc2342#5): the actor's own, other persons', shared ones."""
    others = b"NIL" if session.direct else b'(("%b/" "/"))' % NAMESPACE_OTHERS.encode("ascii")
    shared = b"NIL" if session.direct else b'(("%b/" "/"))' % NAMESPACE_SHARED.encode("ascii")
    session.say(b'* NAMESPACE (("" "/")) %b %b' % (others, shared))
    return b"OK NAMESPACE completed"


async def nodes(session: Session) -> list[Node]:
    """The whole tree that the actor may see now."""
    listed = await listing.list_all(session.world, session.actor)
    many = sum(len(one.folders) for one in listed) > _MANY
    return await asyncio.to_thread(_nodes, session, listed) if many else _nodes(session, listed)


def _nodes(session: Session, listed: list[MailboxFolders]) -> list[Node]:
    found: dict[str, tuple[FolderRef | None, Folder | None, bool]] = {}
    for one in listed:
        prefix = namespace_of(one.held, session.home)
        address = one.held.mailbox.address
        stem = f"{prefix}/{address}/" if prefix else ""
        if prefix:
            found.setdefault(prefix, (None, None, False))
            found[f"{prefix}/{address}"] = (None, None, False)
        for folder in one.folders:
            for above in _above(folder.name):
                found.setdefault(stem + above, (None, None, False))  # deleted from over what it held (ref: rfc3501#6.3.4)
            found[stem + folder.name] = FolderRef(address, folder.name, folder.id), folder, folder.name in one.subscribed
        there = {folder.name for folder in one.folders}
        for name in sorted(one.subscribed - there):
            found[stem + name] = FolderRef(address, name), None, True
    parents = {name.rpartition(FOLDER_SEPARATOR)[0] for name, (_, folder, _) in found.items() if folder is not None}
    inner = {parent[:at] for parent in parents for at in [len(parent), *(i for i, letter in enumerate(parent) if letter == "/")]}
    return [
        Node(name, place, folder, subscribed, name in inner, _use(session, place, folder))
        for name, (place, folder, subscribed) in found.items()
    ]


def _above(name: str) -> list[str]:
    """The names above a name, the outermost first."""
    return [name[:at] for at, letter in enumerate(name) if letter == FOLDER_SEPARATOR]


def _use(session: Session, place: FolderRef | None, folder: Folder | None) -> SpecialUse | None:
    own = folder is not None and place is not None and place.address == session.home
    return folder.special_use if own and folder and folder.special_use is not SpecialUse.INBOX else None


async def list_(session: Session, wanted: List) -> bytes:
    """LIST (ref: rfc9051#6.3.9)."""
    if wanted.patterns == ("",):
        session.say(b'* LIST (\\Noselect) "/" ""')
        return b"OK LIST completed"
    matching = await _matching(session, wanted)
    figures = await _figures(session, [node for node, _ in matching], wanted.status) if wanted.status else {}
    for at, (node, extra) in enumerate(matching, 1):
        if at % _MANY == 0:
            await _pause(session)
        attributes = _attributes(session, node, wanted)
        name = folder_name(node.name, utf8=session.utf8)
        session.say(b'* LIST (%b) "/" %b%b' % (b" ".join(attributes), name, extra))
        if node.folder is not None and node.folder.id in figures:
            session.say(shown_status(session, node.name, figures[node.folder.id], wanted.status))
    return b"OK LIST completed"


async def _figures(session: Session, listed: list[Node], items: tuple[str, ...]) -> dict[int, Figures]:
    """The figures of all folders that are listed, by id; one that was deleted since is left out (ref: rfc5819#2)."""
    wanted: dict[str, set[int]] = {}
    for node in listed:
        if node.folder is not None and node.place is not None:
            wanted.setdefault(node.place.address, set()).add(node.folder.id)
    return await listing.figures_of_all(session.world, session.actor, wanted, items_asked(session, items))


async def lsub(session: Session, wanted: List) -> bytes:
    """LSUB, the old way to list subscribed folders."""
    for at, (node, _) in enumerate(await _matching(session, wanted), 1):
        if at % _MANY == 0:
            await _pause(session)
        attribute = b"" if node.folder is not None else b"\\Noselect"
        session.say(b'* LSUB (%b) "/" %b' % (attribute, folder_name(node.name, utf8=session.utf8)))
    return b"OK LSUB completed"


async def _pause(session: Session) -> None:
    """Send what was written, and give the others their turn."""
    await session.stream.flush()
    await asyncio.sleep(0)


async def _matching(session: Session, wanted: List) -> list[tuple[Node, bytes]]:
    """The names to list; where many names or hard patterns are matched, in a thread: others do not wait for it."""
    tree = await nodes(session)
    hard = len(tree) * len(wanted.patterns) > _MANY or sum(map(len, wanted.patterns)) > _MANY
    return await asyncio.to_thread(_chosen, tree, wanted) if hard else _chosen(tree, wanted)


def _chosen(tree: list[Node], wanted: List) -> list[tuple[Node, bytes]]:
    """The names that match, with what RECURSIVEMATCH adds: a parent stands for its children that match the selection."""
    patterns = [names.pattern(wanted.reference + pattern) for pattern in wanted.patterns]
    parents: set[str] = set()
    if "RECURSIVEMATCH" in wanted.select:
        for child in tree:
            name = child.name.rpartition("/")[0] if _meets(child, wanted) else ""
            while name and name not in parents:
                parents.add(name)
                name = name.rpartition("/")[0]
    return [
        (node, _child_info(wanted) if node.name in parents else b"")
        for node in tree
        if any(pattern.fullmatch(node.name) for pattern in patterns) and (_meets(node, wanted) or node.name in parents)
    ]


def _meets(node: Node, wanted: List) -> bool:
    if "SUBSCRIBED" in wanted.select:
        return node.subscribed
    if "SPECIAL-USE" in wanted.select:
        return node.use is not None
    return node.folder is not None or node.has_children


def _child_info(wanted: List) -> bytes:
    return b' (CHILDINFO ("SUBSCRIBED"))' if "SUBSCRIBED" in wanted.select else b""


def _attributes(session: Session, node: Node, wanted: List) -> list[bytes]:
    """The attributes that LIST reports for a name; always whether it has children (ref: rfc3348#3)."""
    found: list[bytes] = []
    if node.folder is None:
        found.append(b"\\NonExistent" if node.place is not None else b"\\Noselect")
    found.append(b"\\HasChildren" if node.has_children else b"\\HasNoChildren")
    if node.subscribed and (wanted.select | wanted.returns) & {"SUBSCRIBED"}:
        found.append(b"\\Subscribed")
    if node.use is not None and session.offers(Capability.SPECIAL_USE):
        found.append(node.use.value.encode("ascii"))
    return found
