"""The table of verbs: in which states each is legal, which capability it needs, what reads its arguments, what does it.

A command is answered by exactly one tagged line. Before it, changes in the open folder are reported, except after the verbs whose
responses contain sequence numbers (ref: rfc9051#7.5.1).
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

from mss_sim.errors import Refusal
from mss_sim.evidence.refusals import whys
from mss_sim.evidence.transcripts import MASK
from mss_sim.imap import faults
from mss_sim.imap.grammar import commands, items, listings, responses, search_keys
from mss_sim.imap.grammar.search_keys import BadCharset
from mss_sim.imap.grammar.sections import UnknownEncoding
from mss_sim.imap.grammar.wire import Arguments, Bad, Command
from mss_sim.imap.session import LOST, RefusedWithCode, Session
from mss_sim.imap.verbs import changes, fetch, folders, login, rights, search, tree
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.imap import Capability
from mss_sim.words.sentence import Sentence, say, sentence_of

_ANY, _BEFORE, _AFTER, _OPEN = "any", "before login", "after login", "with a folder open"


class Verb(NamedTuple):
    """One verb. `capability` must be offered; `quiet`: no EXPUNGE may be sent in its course."""

    state: str
    read: Callable[[Arguments], Any]
    do: Callable[[Session, Any], Awaitable[bytes]]
    capability: Capability = Capability.IMAP4REV1
    quiet: bool = False


def _both(
    read: Callable[[Arguments], Any], do: Any, capability: Capability = Capability.IMAP4REV1, *, quiet: bool = True
) -> tuple[Verb, Verb]:
    """A verb and its UID form."""
    return (
        Verb(_OPEN, read, partial(do, by_uid=False), capability, quiet),
        Verb(_OPEN, read, partial(do, by_uid=True), capability),
    )


def _compressed(arguments: Arguments) -> None:
    arguments.expect(b" DEFLATE")
    arguments.end()


VERBS: dict[str, Verb] = {
    "CAPABILITY": Verb(_ANY, commands.nothing, login.capability),
    "NOOP": Verb(_ANY, commands.nothing, login.noop),
    "LOGOUT": Verb(_ANY, commands.nothing, login.logout),
    "ID": Verb(_ANY, commands.identify, login.identify, Capability.ID),
    "STARTTLS": Verb(_BEFORE, commands.nothing, login.start_tls),
    "LOGIN": Verb(_BEFORE, commands.login, login.login),
    "AUTHENTICATE": Verb(_BEFORE, commands.authenticate, login.authenticate),
    "ENABLE": Verb(_AFTER, commands.enable, login.enable, Capability.ENABLE),
    "COMPRESS": Verb(_AFTER, _compressed, login.compress, Capability.COMPRESS),
    "IDLE": Verb(_AFTER, commands.nothing, login.idle, Capability.IDLE),
    "NAMESPACE": Verb(_AFTER, commands.nothing, tree.namespace, Capability.NAMESPACE),
    "LIST": Verb(_AFTER, listings.list_, tree.list_),
    "LSUB": Verb(_AFTER, listings.lsub, tree.lsub),
    "SELECT": Verb(_AFTER, commands.select, folders.select),
    "EXAMINE": Verb(_AFTER, commands.select, folders.examine),
    "STATUS": Verb(_AFTER, listings.status, folders.status),
    "CREATE": Verb(_AFTER, commands.create, folders.create),
    "DELETE": Verb(_AFTER, commands.mailbox, folders.delete),
    "RENAME": Verb(_AFTER, commands.rename, folders.rename),
    "SUBSCRIBE": Verb(_AFTER, commands.mailbox, folders.subscribe),
    "UNSUBSCRIBE": Verb(_AFTER, commands.mailbox, folders.unsubscribe),
    "APPEND": Verb(_AFTER, commands.append, changes.append),
    "MYRIGHTS": Verb(_AFTER, commands.mailbox, rights.my_rights, Capability.ACL),
    "GETACL": Verb(_AFTER, commands.mailbox, rights.get_acl, Capability.ACL),
    "SETACL": Verb(_AFTER, commands.setacl, rights.set_acl, Capability.ACL),
    "DELETEACL": Verb(_AFTER, commands.who, rights.delete_acl, Capability.ACL),
    "LISTRIGHTS": Verb(_AFTER, commands.who, rights.list_rights, Capability.ACL),
    "GETQUOTA": Verb(_AFTER, commands.mailbox, rights.get_quota, Capability.QUOTA),
    "GETQUOTAROOT": Verb(_AFTER, commands.mailbox, rights.get_quota_root, Capability.QUOTA),
    "CHECK": Verb(_OPEN, commands.nothing, login.noop),
    "CLOSE": Verb(_OPEN, commands.nothing, folders.close),
    "UNSELECT": Verb(_OPEN, commands.nothing, folders.unselect, Capability.UNSELECT),
    "EXPUNGE": Verb(_OPEN, commands.nothing, changes.expunge),
    "UID EXPUNGE": Verb(_OPEN, commands.uid_set, changes.uid_expunge, Capability.UIDPLUS),
}
for _name, _pair in {
    "FETCH": _both(items.fetch, fetch.fetch),
    "STORE": _both(commands.store, changes.store),
    "SEARCH": _both(search_keys.search, search.search),
    "SORT": _both(search_keys.sort, search.sort, Capability.SORT),
    "THREAD": _both(search_keys.thread, search.thread, Capability.THREAD),
    "COPY": _both(commands.copy, changes.copy, quiet=False),
    "MOVE": _both(commands.copy, changes.move, Capability.MOVE, quiet=False),
}.items():
    VERBS[_name], VERBS[f"UID {_name}"] = _pair
_TOLD_ALWAYS = frozenset({"NOOP", "CHECK"})
_CREDENTIALS = frozenset({"LOGIN", "AUTHENTICATE"})
_POLLS = frozenset({"NOOP", "CHECK", "STATUS"})
"""They only ask whether there is news."""


async def execute(session: Session, command: Command) -> tuple[str, bytes]:
    """Run one command, sending its untagged responses; (verb, the line after the tag). ConnectionClosed when the connection ends."""
    arguments = Arguments(command.pieces, utf8=session.utf8, utf8_accepted=Capability.UTF8 in session.enabled)
    name = command.verb
    if name == "UID":
        try:
            arguments.space()
            name = f"UID {arguments.atom()}"
        except Bad as error:
            return name, _bad(session, sentence_of(error))
    _note(session, command, name)
    session.tag = command.tag
    verb = VERBS.get(name)
    if verb is None or not session.offers(verb.capability) or name in session.masked:
        return name, _bad(session, say("{name} is not offered: CAPABILITY lists what is", name=name))
    wrong = _wrong_state(session, verb)
    if wrong is not None:
        return name, wrong
    if faults.may_fail(session, Point.IMAP):
        instead = await faults.begin(session, command, name)
        if instead is not None:
            return name, instead
    answer = await _attempt(session, verb, arguments)
    told = name in _TOLD_ALWAYS or session.awake.is_set()
    if told and not verb.quiet and name != "LOGOUT" and session.actor_or_none is not None:
        await session.refresh()
    return name, answer


def _note(session: Session, command: Command, name: str) -> None:
    """Record the command in the transcript, without credentials and without messages."""
    shown = b"%b %b" % (command.tag, command.verb.encode("ascii"))
    if name in _CREDENTIALS:
        first = command.pieces[0]
        word = first.split(b" ")[1:2] if isinstance(first, bytes) and name == "AUTHENTICATE" else []
        shown = b" ".join([shown, *word, MASK])
    elif name not in VERBS and session.actor_or_none is None:  # a LOGIN without its tag is another verb, its password an argument
        shown = b" ".join([shown, MASK])
    else:
        for piece in command.pieces:
            shown += piece if isinstance(piece, bytes) else b"{%d}" % len(piece.octets)
    session.transcript.command(shown, polls=name in _POLLS, tag=len(command.tag) + 1)


def _wrong_state(session: Session, verb: Verb) -> bytes | None:
    logged_in = session.actor_or_none is not None
    if verb.state == _BEFORE and logged_in:
        return _bad(session, say("you are logged in already"))
    if verb.state in (_AFTER, _OPEN) and not logged_in:
        return _bad(session, say("log in first (rfc9051#3.1)"))
    if verb.state == _OPEN and session.view is None:
        return _bad(session, say("no folder is open: SELECT one first (rfc9051#3.2)"))
    return None


async def _attempt(session: Session, verb: Verb, arguments: Arguments) -> bytes:
    try:
        return await verb.do(session, verb.read(arguments))
    except Bad as error:
        return _bad(session, sentence_of(error))
    except BadCharset as error:
        if error.saves and session.view is not None:
            session.view.saved = []  # as for any search that was to be kept and ends in NO (ref: rfc5182#2.1)
        known = " ".join(sorted(search_keys.CHARSETS))
        return b"NO [BADCHARSET (%b)] %b" % (known.encode("ascii"), session.spoken(sentence_of(error)))
    except UnknownEncoding:
        return b"NO [UNKNOWN-CTE] " + session.spoken(say("The transfer encoding of that part is not understood (rfc3516#4.3)"))
    except RefusedWithCode as error:
        session.world.tally.refused(Door.IMAP, error.refusal)
        session.whys = whys(error.refusal)
        return responses.refused(error.refusal, session.settings.language, code=error.code, utf8=session.utf8)
    except Refusal as refusal:
        if refusal.rule in LOST and session.view is not None:
            await session.refresh()
        session.world.tally.refused(Door.IMAP, refusal)
        session.whys = whys(refusal)
        return responses.refused(refusal, session.settings.language, utf8=session.utf8)


def _bad(session: Session, sentence: Sentence) -> bytes:
    return b"BAD " + session.spoken(sentence)
