"""Every act on a mailbox as one row: what it needs, where it happens, how it is asked at each door.

`needs`: of each set, one right is enough. A shape is asked with a `Material`: the things in the mailbox that the act is done to.
What a patient has masked is asked for too, once for each kind of mask, by its holder, by carers and by everybody else.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import MailboxKind, MaskKind, Right
from tests.matrix.people import EXTRA, FOURTH, HUSHED_BOX, POOR_BOX, STOCK_BOX, THIRD

_SEE, _READ, _MARK, _FILE, _DELETE, _CLOSE, _MANAGE = (
    frozenset({right}) for right in (Right.SEE, Right.READ, Right.MARK, Right.FILE, Right.DELETE, Right.CLOSE, Right.MANAGE)
)
PROFESSIONAL = frozenset(MailboxKind) - {MailboxKind.PATIENT}
EVERY = frozenset(MailboxKind)
_PATIENTS = frozenset({MailboxKind.PATIENT})


class Masked(NamedTuple):
    """A letter that a mask matches, by the ids that the patient knows."""

    message: str
    conversation: str


class Material(NamedTuple):
    """What an act is done to. `word` is new each time; `own` is a grant of the asker, `grant` one of somebody else.

    A carer knows letters and folders by other ids than the patient; `masked` is what he has to guess.
    """

    box: str
    message: str
    uid: int
    conversation: str
    folder: str
    folder_name: str
    grant: str
    own: str
    word: str
    masked: Mapping[MaskKind, Masked] = {}


class Where(Enum):
    """Inside a mailbox; about it; out of it; in no mailbox."""

    INSIDE = "what lies in it"
    ABOUT = "what is told of it"
    OUT = "what leaves it"
    NOWHERE = "what is there for all"


Rest = Callable[[Material], tuple[str, str, Any]]
Imap = Callable[[Material, str], str]


class Act(NamedTuple):
    """One act. `fresh`: what must be made anew for who may do it; `shown`: what stands in the answer when it is allowed to be seen.

    `keyed`: nobody's log-in opens it, a key does; `secret`: it tells a stranger nothing of a mailbox that is closed; `masked`: what refuses
    it to a carer who may do it, since what it is about is masked.
    """

    name: str
    needs: tuple[frozenset[Right], ...]
    where: Where = Where.INSIDE
    rest: Rest | None = None
    imap: Imap | None = None
    smtp: str = ""
    kinds: frozenset[MailboxKind] = EVERY
    fresh: frozenset[str] = frozenset()
    opened: bool = False
    named: bool = True
    adds: bool = False
    leaves: bool = False
    shown: str = ""
    lack: Rule = Rule.RIGHT_MISSING
    patient: Rule | None = None
    mode: str = ""
    responsible: bool = False
    own: bool = False
    keyed: bool = False
    secret: bool = False
    masked: Rule | None = None


_M, _F, _G, _O = (frozenset({one}) for one in ("message", "folder", "grant", "own"))
_DEFIED = Rule.GRANT_NOT_ALLOWED
_TEXT = "Le texte"


def _get(step: str) -> Rest:
    return lambda m: ("GET", step.format(m=m), None)


def _do(method: str, step: str, body: Any = None) -> Rest:
    def filled(value: Any, m: Material) -> Any:
        if isinstance(value, dict):
            return {key: filled(one, m) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one, m) for one in value]
        return value.format(m=m) if isinstance(value, str) else value

    return lambda m: (method, step.format(m=m), filled(body, m))


def _say(command: str) -> Imap:
    return lambda m, box: command.format(m=m, box=box)


_ONE = "/messages/{m.message}"
_LETTER = {"to": [STOCK_BOX], "subject": "{m.word}", "text": "Bonjour."}
_FIN = {"to": [POOR_BOX], "subject": "[FIN]", "text": "Fin."}
_AWAY = {"text": "Absent.", "from": "2089-01-01T00:00:00Z"}
_APPENDED = "From: x@matrix.sim.mssante.fr\r\nSubject: brouillon\r\n\r\nTexte.\r\n"

ACTS = [
    Act("list", (_SEE,), rest=_get("/messages?limit=1"), imap=_say('STATUS "{box}INBOX" (MESSAGES UNSEEN)')),
    Act("preview", (_SEE, _READ), rest=_get("/messages?folder=INBOX&limit=5"), shown=f'"preview":"{_TEXT}'),
    Act("folders", (_SEE,), rest=_get("/folders"), imap=_say('MYRIGHTS "{box}INBOX"')),
    Act("tree", (_SEE,), imap=_say('LIST "" *'), shown='"{box}INBOX"'),
    Act("subscribe", (_SEE,), imap=_say('SUBSCRIBE "{box}INBOX"')),
    Act("envelope", (_SEE,), imap=_say("UID FETCH {m.uid} (FLAGS ENVELOPE)"), opened=True),
    Act("sort", (_SEE,), imap=_say("UID SORT (SUBJECT) UTF-8 ALL"), opened=True),
    Act("open", (_SEE, _READ), rest=_get(_ONE), imap=_say("UID FETCH {m.uid} BODY.PEEK[]"), opened=True),
    Act("download", (_SEE, _READ), rest=_get(_ONE + "/raw"), imap=_say("UID FETCH {m.uid} BODYSTRUCTURE"), opened=True),
    Act("diagnose", (_SEE, _READ), rest=_get(_ONE + "/diagnosis"), opened=True),
    Act("search people", (_SEE,), rest=_get("/messages?from=stock&limit=1"), imap=_say("UID SEARCH FROM stock"), opened=True),
    Act("search text", (_SEE, _READ), rest=_get("/messages?text=texte&limit=1"), imap=_say("UID SEARCH TEXT texte"), opened=True),
    Act(
        "flag",
        (_SEE, _MARK),
        rest=_do("PATCH", _ONE, {"add": ["\\Flagged"]}),
        imap=_say("UID STORE {m.uid} +FLAGS (\\Flagged)"),
        opened=True,
        fresh=_M,
    ),
    Act(
        "mark as deleted",
        (_SEE, _DELETE),
        rest=_do("PATCH", _ONE, {"add": ["\\Deleted"]}),
        imap=_say("UID STORE {m.uid} +FLAGS (\\Deleted)"),
        opened=True,
        fresh=_M,
    ),
    Act(
        "take in charge",
        (_SEE, _MARK),
        rest=_do("POST", _ONE + "/charge", {"deed": "take"}),
        imap=_say("UID STORE {m.uid} +FLAGS (InCharge)"),
        opened=True,
        kinds=PROFESSIONAL,
        fresh=_M,
    ),
    Act(
        "note to colleagues",
        (_SEE, _MARK, _READ),
        rest=_do("POST", _ONE + "/charge", {"deed": "note", "note": "{m.word}"}),
        kinds=PROFESSIONAL,
        fresh=_M,
    ),
    Act("in whose charge", (_SEE,), rest=_get(_ONE + "/charge")),
    Act("colleagues", (_SEE, _MARK), rest=_get("/colleagues"), kinds=PROFESSIONAL),
    Act("delete", (_SEE, _DELETE), rest=_do("DELETE", _ONE), imap=_say("UID EXPUNGE {m.uid}"), opened=True, fresh=_M),
    Act(
        "move",
        (_SEE, _FILE),
        rest=_do("POST", _ONE + "/move", {"folder": "Archive"}),
        imap=_say('UID MOVE {m.uid} "{box}Archive"'),
        opened=True,
        fresh=_M,
    ),
    Act(
        "throw away",
        (_SEE, _FILE | _DELETE),
        rest=_do("POST", _ONE + "/move", {"folder": "Trash"}),
        imap=_say('UID MOVE {m.uid} "{box}Trash"'),
        opened=True,
        fresh=_M,
    ),
    Act("copy", (_SEE, _READ, _FILE), imap=_say('UID COPY {m.uid} "{box}Archive"'), opened=True, fresh=_M, adds=True),
    Act("append", (_SEE, _FILE), imap=_say(f'APPEND "{{box}}Drafts" {{{{{len(_APPENDED)}+}}}}\r\n{_APPENDED}'), adds=True),
    Act("make a folder", (_SEE, _FILE), rest=_do("POST", "/folders", {"name": "{m.word}"}), imap=_say('CREATE "{box}{m.word}"')),
    Act(
        "rename a folder",
        (_SEE, _FILE),
        rest=_do("PATCH", "/folders/{m.folder}", {"name": "{m.word}"}),
        imap=_say('RENAME "{box}{m.folder_name}" "{box}{m.word}"'),
        fresh=_F,
    ),
    Act(
        "delete a folder",
        (_SEE, _FILE),
        rest=_do("DELETE", "/folders/{m.folder}"),
        imap=_say('DELETE "{box}{m.folder_name}"'),
        fresh=_F,
    ),
    Act("conversations", (_SEE,), rest=_get("/conversations?limit=1")),
    Act("conversation", (_SEE,), rest=_get("/conversations/{m.conversation}"), kinds=PROFESSIONAL),
    Act("why", (_SEE,), rest=_get("/conversations/{m.conversation}/why"), kinds=PROFESSIONAL),
    Act("close", (_SEE, _CLOSE), rest=_do("POST", "/conversations/{m.conversation}/close"), patient=Rule.RIGHT_MISSING),
    Act("reopen", (_SEE, _CLOSE), rest=_do("POST", "/conversations/{m.conversation}/reopen"), patient=Rule.RIGHT_MISSING),
    Act("receipt", (_SEE, _READ), rest=_do("POST", _ONE + "/receipt", {}), fresh=frozenset({"receipt"}), leaves=True),
    Act("sent", (_SEE,), rest=_get("/sent?limit=1")),
    Act("watch list", (_SEE,), rest=_get("/watch-list?limit=1")),
    Act("watch list as a table", (_SEE,), rest=_get("/watch-list.csv")),
    Act("daily letter", (_SEE,), Where.ABOUT, rest=_get("/watch-list/digest")),
    Act("switch the daily letter", (_SEE, _MANAGE), Where.ABOUT, rest=_do("PUT", "/watch-list/digest", {"enabled": False})),
    Act("quota", (_SEE,), imap=_say("GETQUOTA {m.box}"), named=False),
    Act("quota of a folder", (_SEE,), imap=_say('GETQUOTAROOT "{box}INBOX"')),
    Act("rights of all", (_SEE, _MANAGE), imap=_say('GETACL "{box}INBOX"')),
    Act("rights that there are", (_SEE, _MANAGE), imap=_say(f'LISTRIGHTS "{{box}}INBOX" "{THIRD.idnat}"')),
    Act("set rights", (_SEE, _MANAGE), imap=_say(f'SETACL "{{box}}INBOX" "{THIRD.idnat}" l'), lack=_DEFIED),
    Act("attachments", (_SEE, _READ), rest=_get("/attachments?limit=1")),
    Act("masks", (_SEE, _MANAGE), rest=_get("/masks"), kinds=_PATIENTS),
    Act("mask", (_SEE, _MANAGE), rest=_do("PUT", f"/masks/correspondents/{EXTRA.idnat}@nulle-part.example"), kinds=_PATIENTS),
    Act("look", (_SEE,), Where.ABOUT, rest=_get("")),
    Act("why not", (_SEE,), Where.ABOUT, rest=_get(f"/why-not?to={STOCK_BOX}")),
    Act("holders", (_SEE,), Where.ABOUT, rest=_get("/holders")),
    Act("certificates", (_SEE,), Where.ABOUT, rest=_get("/certificates")),
    Act("journal", (_SEE, _MANAGE), Where.ABOUT, rest=_get("/journal?limit=1")),
    Act("change", (_SEE, _MANAGE), Where.ABOUT, rest=_do("PATCH", "", {"description": "{m.word}"})),
    Act("out of office", (_SEE, _MANAGE), Where.ABOUT, rest=_get("/out-of-office")),
    Act("answer", (_SEE, _MANAGE), Where.ABOUT, rest=_do("PUT", "/out-of-office", _AWAY), patient=Rule.INVALID),
    Act("answer no more", (_SEE, _MANAGE), Where.ABOUT, rest=_do("DELETE", "/out-of-office")),
    Act("forwarding", (_SEE, _MANAGE), Where.ABOUT, rest=_get("/forwarding")),
    Act("forward", (_SEE, _MANAGE, _READ), Where.ABOUT, rest=_do("PUT", "/forwarding", {"to": STOCK_BOX}), patient=Rule.INVALID),
    Act("forward no more", (_SEE, _MANAGE), Where.ABOUT, rest=_do("DELETE", "/forwarding")),
    Act("retention", (_SEE,), Where.ABOUT, rest=_get("/retention")),
    Act("closing", (_SEE,), Where.ABOUT, rest=_get("/closing")),
    Act("grants", (_SEE,), Where.ABOUT, rest=_get("/grants")),
    Act(
        "grant",
        (_SEE, _MANAGE),
        Where.ABOUT,
        rest=_do("POST", "/grants", {"grantee": THIRD.idnat, "rights": ["see"]}),
        lack=_DEFIED,
    ),
    Act(
        "foresee a revocation",
        (_SEE, _MANAGE),
        Where.ABOUT,
        rest=lambda m: ("GET", f"/grants/{m.grant}/end", None),
        lack=_DEFIED,
        fresh=_G,
    ),
    Act(
        "revoke",
        (_SEE, _MANAGE),
        Where.ABOUT,
        rest=_do("DELETE", "/grants/{m.grant}"),
        lack=_DEFIED,
        fresh=_G,
    ),
    Act("renounce", (), Where.ABOUT, rest=_do("DELETE", "/grants/{m.own}"), fresh=_O, own=True),
    Act(
        "hand over",
        (_SEE, _MANAGE),
        Where.ABOUT,
        rest=lambda m: ("POST", "//grants/hand-over", {"from": THIRD.idnat, "to": FOURTH.idnat, "mailbox": m.box}),
        lack=_DEFIED,
        fresh=_G,
    ),
    Act("add a co-holder", (_SEE,), Where.ABOUT, rest=_do("POST", "/holders", {"idnat": EXTRA.idnat}), responsible=True),
    Act("search the directory", (), Where.NOWHERE, rest=_get("//directory?q=stock"), shown=STOCK_BOX),
    Act("addresses while somebody types", (), Where.NOWHERE, rest=_get("//directory/suggestions?q=stock"), shown=STOCK_BOX),
    Act("why not found", (), Where.NOWHERE, rest=_get("//directory/why-not-found?address={m.box}"), secret=True),
    Act("the national directory", (), Where.NOWHERE, rest=_get("///fhir/v2/Practitioner?family=stock"), keyed=True),
    Act("write into the national directory", (), Where.NOWHERE, rest=_do("PATCH", "///fhir/operators/Practitioner/1", {}), keyed=True),
    Act("send", (), Where.OUT, rest=_do("POST", "/messages", _LETTER), smtp="letter"),
    Act("announce", (), Where.OUT, smtp="mail"),
    Act("send as", (), Where.OUT, rest=_do("POST", "/messages", {**_LETTER, "send_mode": "send_as"}), mode="send_as"),
    Act("send on behalf", (), Where.OUT, rest=_do("POST", "/messages", {**_LETTER, "send_mode": "send_on_behalf"}), mode="send_on_behalf"),
    Act("send as owner", (), Where.OUT, rest=_do("POST", "/messages", {**_LETTER, "send_mode": "owner"}), mode="owner"),
    Act("close by a letter", (_SEE, _CLOSE), Where.OUT, rest=_do("POST", "/messages", _FIN), smtp="fin", kinds=PROFESSIONAL),
]


def subject_of(kind: MaskKind) -> str:
    """The subject of the letter that a mask of this kind matches; its text and the name of its file begin with the same word."""
    return f"Motus {kind}"


def _about_masked(kind: MaskKind) -> list[Act]:
    """What is asked of a letter that is masked from carers: first to find it, then by its id, then with it."""
    one, subject = f"/messages/{{m.masked[{kind}].message}}", subject_of(kind)
    thread = f"{{m.masked[{kind}].conversation}}"
    search = f"/messages?limit=200&subject={subject.replace(' ', '%20')}"
    found: list[tuple[str, tuple[frozenset[Right], ...], str, Rest | None, Imap | None]] = [
        ("list", (_SEE,), subject, _get("/messages?folder=INBOX&limit=200"), _say("UID FETCH 1:* (ENVELOPE)")),
        ("search subjects", (_SEE,), subject, _get(search), None),
        ("search", (_SEE, _READ), subject, _get(f"/messages?text=motus-{kind}&limit=200"), None),
        ("search over IMAP", (_SEE,), "* SEARCH ", None, _say(f'UID SEARCH SUBJECT "{subject}"')),
        ("search texts over IMAP", (_SEE, _READ), "* SEARCH ", None, _say(f"UID SEARCH BODY motus-{kind}")),
        ("sort over IMAP", (_SEE,), "* SORT ", None, _say(f'UID SORT (DATE) UTF-8 SUBJECT "{subject}"')),
        ("read over IMAP", (_SEE, _READ), f"motus-{kind}", None, _say("UID FETCH 1:* BODY.PEEK[TEXT]")),
    ]
    by_id = [
        ("open", (_SEE, _READ), _get(one)),
        ("download", (_SEE, _READ), _get(one + "/raw")),
        ("take a file of", (_SEE, _READ), _get(one + "/attachments/2")),
        ("diagnose", (_SEE, _READ), _get(one + "/diagnosis")),
        ("in whose charge is", (_SEE,), _get(one + "/charge")),
        ("flag", (_SEE, _MARK), _do("PATCH", one, {"add": ["\\Flagged"]})),
        ("move", (_SEE, _FILE), _do("POST", one + "/move", {"folder": "INBOX"})),
        ("mask again", (_SEE, _MANAGE), _do("PUT", "/masks" + one)),
        ("conversation of", (_SEE,), _get("/conversations/" + thread)),
        ("why of", (_SEE,), _get(f"/conversations/{thread}/why")),
    ]
    reply = {**_LETTER, "in_reply_to": f"{{m.masked[{kind}].message}}"}
    name = f"what a {kind} masks"
    return [
        *(
            Act(f"{act} {name}", needs, rest=rest, imap=imap, kinds=_PATIENTS, opened=True, shown=shown, masked=Rule.NOT_FOUND)
            for act, needs, shown, rest, imap in found
        ),
        *(Act(f"{act} {name}", needs, kinds=_PATIENTS, rest=rest, masked=Rule.NOT_FOUND) for act, needs, rest in by_id),
        Act(f"reply to {name}", (), Where.OUT, rest=_do("POST", "/messages", reply), kinds=_PATIENTS, masked=Rule.NOT_FOUND),
    ]


_HUSHED = {**_LETTER, "to": [HUSHED_BOX]}
_WHY_NOT, _MAY = _get(f"/why-not?to={HUSHED_BOX}"), '"code":"conversation-open"'
ACTS += [act for kind in MaskKind for act in _about_masked(kind)]
ACTS += [
    Act("masked files", (_SEE, _READ), rest=_get("/attachments?limit=200"), kinds=_PATIENTS, shown="motus.txt", masked=Rule.NOT_FOUND),
    Act("masked whom", (_SEE,), Where.ABOUT, rest=_WHY_NOT, kinds=_PATIENTS, shown=_MAY, masked=Rule.NOT_FOUND),
    Act("write to whom", (), Where.OUT, rest=_do("POST", "/messages", _HUSHED), smtp="hushed", kinds=_PATIENTS, masked=Rule.NOT_INVITED),
]
