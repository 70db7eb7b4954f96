"""ACL (RFC 4314) over grants, and QUOTA (RFC 9208). A grant covers a whole mailbox, so these verbs report the same for all its folders."""

from mss_sim.core.access import delegation
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox import messages, selected_folder
from mss_sim.core.mailbox.selected_folder import SelectedFolder
from mss_sim.errors import Refusal, Rule
from mss_sim.imap.grammar.commands import Rights
from mss_sim.imap.grammar.responses import astring, folder_name
from mss_sim.imap.session import Session
from mss_sim.policy.acl import LETTERS, letters_of, rights_of
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Change
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say


async def _selected(session: Session, name: str, right: Right = Right.SEE) -> SelectedFolder:
    return await selected_folder.select(session.world, session.actor, await session.seen_place(name), right)


def _named(session: Session, name: str) -> bytes:
    return folder_name(name, utf8=session.utf8)


async def my_rights(session: Session, name: str) -> bytes:
    """MYRIGHTS."""
    found = await _selected(session, name)
    session.say(b"* MYRIGHTS %b %b" % (_named(session, name), letters_of(found.held.access.rights).encode("ascii")))
    return b"OK MYRIGHTS completed"


async def get_acl(session: Session, name: str) -> bytes:
    """GETACL: holders, then grantees whose grants are in force, by idNat."""
    found = await _selected(session, name, Right.MANAGE)
    entries = await delegation.rights_by_person(session.world, found.address)
    words = [b"* ACL", _named(session, name)]
    for idnat, rights in entries.items():
        words += [astring(idnat.encode("utf-8")), letters_of(rights).encode("ascii")]
    session.say(b" ".join(words))
    return b"OK GETACL completed"


async def list_rights(session: Session, wanted: Rights) -> bytes:
    """LISTRIGHTS: nothing is always given; the letters come in the groups of the table."""
    await _selected(session, wanted.name, Right.MANAGE)
    groups = b" ".join(letters.encode("ascii") for letters in LETTERS.values())
    session.say(b'* LISTRIGHTS %b %b "" %b' % (_named(session, wanted.name), astring(wanted.who.encode("utf-8")), groups))
    return b"OK LISTRIGHTS completed"


async def set_acl(session: Session, wanted: Rights) -> bytes:
    """SETACL: the grants in force of that person become one grant with these rights."""
    found = await _selected(session, wanted.name)
    by = Requester(session.actor.identity.id, Door.IMAP)
    await delegation.set_rights(session.world, by, found.address, _person(wanted.who), rights_of(wanted.rights), wanted.change)
    return b"OK SETACL completed"


async def delete_acl(session: Session, wanted: Rights) -> bytes:
    """DELETEACL: the grants in force of that person end."""
    found = await _selected(session, wanted.name)
    by = Requester(session.actor.identity.id, Door.IMAP)
    await delegation.set_rights(session.world, by, found.address, _person(wanted.who), frozenset(), Change.REPLACE)
    return b"OK DELETEACL completed"


def _person(who: str) -> str:
    if who.lower() in ("anyone", "anonymous") or who.startswith("-"):
        raise Refusal(
            Rule.GRANTEE_NOT_ALLOWED,
            say("A grant is for one person, by idNat, login or address; {who} is none.", who=who[:50]),
            reference="rfc4314#2",
        )
    return who


async def get_quota(session: Session, root: str) -> bytes:
    """GETQUOTA: the root is the mailbox's address (ref: rfc9208#4.1.1)."""
    session.say(await _quota(session, root))
    return b"OK GETQUOTA completed"


async def get_quota_root(session: Session, name: str) -> bytes:
    """GETQUOTAROOT: no folder need have the name, for clients ask which root one would have (ref: rfc9208#4.1.2)."""
    root = (await session.seen_place(name)).address
    quota = await _quota(session, root)
    session.say(b"* QUOTAROOT %b %b" % (_named(session, name), astring(root.encode("ascii", "replace"))))
    session.say(quota)
    return b"OK GETQUOTAROOT completed"


async def _quota(session: Session, root: str) -> bytes:
    """The QUOTA response of a mailbox that the actor may see."""
    held = await messages.open_mailbox(session.world, session.actor, root)
    used, limit = -(-held.mailbox.used_bytes // 1_024), held.mailbox.quota_bytes // 1_024
    return b"* QUOTA %b (STORAGE %d %d)" % (astring(root.encode("ascii", "replace")), used, limit)
