"""Writing: a new letter, an answer, one that is passed on or replaces another, a draft; as whom; refusals beside what was written.

The form is the whole state: what it bears as a key is that of a retry (`core/mailflow/idempotency`), so that it sends once however often it
is posted. What it carries from another letter (the files of a draft, or of a letter that is passed on) it names, and the server reads it
there. A form cannot show again the files that were chosen in it: when a letter with files is refused, it is kept as a draft.
"""

import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from mss_sim.core.mailbox import folders, messages
from mss_sim.core.mailbox.appending import NewCopy, append
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.messages import OpenedMessage
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.mailflow import composing
from mss_sim.core.mailflow.composing import Answered, Composition, answered_by_name
from mss_sim.core.mailflow.letter import Accepted, IdempotencyKey
from mss_sim.core.mailflow.senders import SendingMailbox, shown_author, shown_sender
from mss_sim.core.world.store_types import Folder, ListQuery
from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.http.dependencies import read_id
from mss_sim.http.problems import PROBLEMS
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.compose import File
from mss_sim.mail.mime import content
from mss_sim.mail.summary import read_summary
from mss_sim.vocabulary.mailboxes import IdentityKind, Right, SendMode, SpecialUse
from mss_sim.web.letter_forms import NOTIFY, LetterForm, of_answer, of_draft, of_forward, of_post, of_replacement
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import joined, say, sentence_of

_PEER = "the pages"
WITHOUT_DIRECTORY = frozenset({IdentityKind.PATIENT, IdentityKind.CARER})
"""They get no suggestions of addresses: they answer."""
_SEPARATOR = re.compile(r"""((?:"[^"]*"|<[^>]*>|[^",;<\n])+)""")
_WITH_NAME = re.compile(r"(?P<name>.*?)<(?P<address>[^<>]*)>\s*\Z", re.DOTALL)
_PLAIN_FILE = "application/octet-stream"


async def show_form(visit: Visit) -> Response:
    """The form: empty, or filled in from a letter that is answered or passed on, or from a draft."""
    asked, known = visit.request.query_params, await _choices(visit)
    address = visit.address
    form = LetterForm(author=_first_choice(known, address), to=asked.get("to", ""), key=secrets.token_urlsafe(16))
    if wanted := asked.get("answer") or asked.get("answer_all"):
        opened = await _opened(visit, wanted)
        form = of_answer(form, opened, visit.here.language, all_=bool(asked.get("answer_all")))
    elif wanted := asked.get("forward"):
        form = of_forward(form, await _opened(visit, wanted), visit.here.language)
    elif wanted := asked.get("replace"):
        form = of_replacement(form, await _opened(visit, wanted), visit.here.language)
    elif wanted := asked.get("draft"):
        form = of_draft(form, await _opened(visit, wanted), [value for value, _ in known])
    return await _shown(visit, form, known, kept="kept" in asked)


async def take(visit: Visit) -> Response:
    """Send what was written, or keep it as a draft."""
    form = of_post(visit.form)
    files = await uploaded(visit)
    try:
        if visit.field("do") == "autosave":  # whose address cannot be read yet is still being typed
            letter = await _composition(visit, replace(form, to="", cc="", bcc=""), [])
            return back(f"{_place(visit)}/write?draft={await _keep(visit, form, letter)}")
        letter = await _composition(visit, form, files)
        if visit.field("do") == "draft":
            return back(f"{_place(visit)}/write?draft={await _keep(visit, form, letter)}&kept=yes")
        request = await composing.request(visit.core.world, visit.session.actor, letter, peer=_PEER)
        if form.key:
            request = replace(request, idempotency=IdempotencyKey(form.key[:200], _digest(form, files)))
        sent = await visit.core.submission.submit(visit.session.actor, request)
    except Refusal as refusal:
        if visit.field("do") == "autosave":
            return Response(status_code=204)  # what is wrong is told when they send it, or keep it by hand
        return await _refused(visit, form, files, refusal)
    await _after_sending(visit, form)
    return await _led_on(visit, sent)


async def _refused(visit: Visit, form: LetterForm, files: list[File], refusal: Refusal) -> Response:
    """The form again with what was written in it, each refusal beside it; its files lie in a draft, where one may be kept."""
    kept, lost = False, bool(files)
    if files:
        with suppress(Refusal):
            letter = await _composition(visit, replace(form, to="", cc="", bcc=""), files)
            draft = await _keep(visit, form, letter)
            opened = await _opened(visit, draft)
            carried = tuple(part["number"] for part in read_summary(opened.item.message.summary).leaves if part["attachment"])
            form, kept, lost = replace(form, draft=draft, source=draft, parts=carried), True, False
    if refusal.rule is Rule.IDEMPOTENCY_MISMATCH:
        form = replace(form, key=secrets.token_urlsafe(16))
    faults = refusal.refusals if isinstance(refusal, RecipientsRefused) else (refusal,)
    return await _shown(visit, form, await _choices(visit), faults, PROBLEMS[refusal.rule][0], kept=kept, lost=lost)


async def _shown(
    visit: Visit,
    form: LetterForm,
    known: list[tuple[str, SendingMailbox]],
    faults: tuple[Refusal, ...] = (),
    status: int = 200,
    *,
    kept: bool = False,
    lost: bool = False,
) -> Response:
    actor, address = visit.session.actor, visit.address
    held = await messages.held_mailboxes(visit.core.world, actor)
    carried: list[dict[str, Any]] = []
    if form.source:
        with suppress(Refusal):
            opened = await _opened(visit, form.source)
            carried = [{**part} for part in read_summary(opened.item.message.summary).leaves if part["attachment"]]
    return show(
        "writing.html",
        visit.here,
        status=status,
        boxes=held,
        box=next((one for one in held if one.mailbox.address == address), None),
        address=address,
        place=_place(visit),
        form=form,
        authors=[(value, shown_author(one.mailbox, actor), shown_sender(actor, one), one.sending.mode) for value, one in known],
        carried=carried,
        faults=faults,
        kept=kept,
        lost=lost,
        suggests=actor.identity.kind not in WITHOUT_DIRECTORY,
        replaces="replace" in visit.request.query_params,
        url=f"{visit.origin}/",
    )


def _place(visit: Visit) -> str:
    return f"{visit.here.base}/mailboxes/{visit.address}"


async def _choices(visit: Visit) -> list[tuple[str, SendingMailbox]]:
    """Every way in which the persona may send: what stands for it in the form, and whose name it shows."""
    found = await visit.core.submission.senders.choices(visit.session.actor)
    return [(f"{one.mailbox.address} {one.sending.mode}", one) for one in found]


def _first_choice(known: list[tuple[str, SendingMailbox]], address: str) -> str:
    """The mailbox whose page it is, else the persona's own."""
    return next((value for value, one in known if one.mailbox.address == address), known[0][0] if known else "")


async def _opened(visit: Visit, letter: str) -> OpenedMessage:
    return await visit.core.reading.open_message(visit.session.actor, visit.address, read_id(letter))


async def _composition(visit: Visit, form: LetterForm, files: list[File]) -> Composition:
    """The letter that the form describes; every address that cannot be read is a refusal of its own."""
    address, _, mode = form.author.partition(" ")
    if not address or mode not in set(SendMode):
        raise Refusal(Rule.INVALID, say("Choose as whom you write."))
    sender = await visit.core.submission.senders.sender_at(visit.session.actor, address, SendMode(mode))
    faults: list[Refusal] = []
    to, cc, bcc = (_people(text, faults) for text in (form.to, form.cc, form.bcc))
    if faults:
        raise RecipientsRefused(faults)
    return Composition(
        sender.mailbox,
        to,
        cc,
        bcc,
        subject=form.subject,
        text=form.text,
        files=[*await _carried(visit, form), *files],
        answers=await _answered(visit, form.answers),
        read_receipt=form.read_receipt,
        delivery_receipt=form.delivery_receipt,
        closes=form.closes,
        mode=SendMode(mode),
    )


def _people(text: str, faults: list[Refusal]) -> list[tuple[str, str]]:
    """(name, canonical address) of whom a field names, one after the other, by commas, semicolons or lines."""
    found = []
    for piece in _SEPARATOR.findall(text):
        named = _WITH_NAME.match(piece.strip())
        name, address = (named["name"].strip().strip('"').strip(), named["address"]) if named else ("", piece.strip())
        if not piece.strip():
            continue
        try:
            found.append((name, canonical(address)))
        except AddressError as error:
            faults.append(
                Refusal(Rule.BAD_ADDRESS, joined((sentence_of(error), ".")), subject=piece.strip()[:320], reference="rfc5321#4.1.2")
            )
    return found


async def _answered(visit: Visit, text: str) -> Answered:
    if not text:
        return Answered()
    if text.startswith("<"):
        return answered_by_name(text)
    return await composing.answered(visit.core.world, visit.session.actor, visit.address, read_id(text))


async def _carried(visit: Visit, form: LetterForm) -> list[File]:
    if not form.source or not form.parts:
        return []
    opened = await _opened(visit, form.source)
    return [
        File(part["filename"] or "", _type(part["type"]), content(opened.raw, part["start"], part["end"], part["encoding"]))
        for part in read_summary(opened.item.message.summary).leaves
        if part["attachment"] and part["number"] in form.parts
    ]


async def uploaded(visit: Visit) -> list[File]:
    """The files that came with a form."""
    files = [one for one in visit.form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    return [File(one.filename or "", _type(one.content_type or _PLAIN_FILE), await one.read()) for one in files]


def _type(named: str) -> str:
    """The type that a file gets in a letter: what is in parts itself may not be written in base64 (ref: rfc2045#6.4)."""
    kind = named.partition(";")[0].strip().lower()
    return _PLAIN_FILE if kind.startswith(("message/", "multipart/")) or "/" not in kind else kind


def _digest(form: LetterForm, files: list[File]) -> str:
    digest = hashlib.sha256(repr(form).encode("utf-8", "surrogatepass"))
    for one in files:
        digest.update(f"\n{one.name!r} {len(one.content)}\n".encode())
        digest.update(one.content)
    return digest.hexdigest()


async def _keep(visit: Visit, form: LetterForm, letter: Composition) -> str:
    """Put the letter into Drafts, in the place of the draft that it was; its id. Whose address cannot be read is left out."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    ignored: list[Refusal] = []
    to, cc, bcc = (_people(text, ignored) for text in (form.to, form.cc, form.bcc))
    raw = await composing.written(world, actor, replace(letter, to=to, cc=cc, bcc=bcc), draft=True)
    folder = await _special(visit, SpecialUse.DRAFTS)
    words = {"\\Draft", "\\Seen", *((NOTIFY,) if form.delivery_receipt else ())}
    added = await append(world, actor, FolderRef(address, folder.name, folder.id), NewCopy(raw, frozenset(words)))
    page = await messages.list_messages(world, actor, address, ListQuery(0, 1, before=added.uids[0] + 1), encode(folder.id))
    if form.draft:
        with suppress(Refusal):
            await messages.delete(world, actor, address, read_id(form.draft))
    return encode(page.looks[0][0].copy.id)


async def _special(visit: Visit, use: SpecialUse) -> Folder:
    rows = await folders.list_folders(visit.core.world, visit.session.actor, visit.address)
    found = next((row for row, _ in rows if row.special_use is use), None)
    if found is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such folder in this mailbox."))
    return found


async def _after_sending(visit: Visit, form: LetterForm) -> None:
    """What was answered is marked, and the draft goes to Trash, out of which a form that is posted again can still read its files."""
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    if form.answers and not form.answers.startswith("<"):
        with suppress(Refusal):
            await visit.core.reading.change_flags_of(actor, address, read_id(form.answers), FlagChange(frozenset({"\\Answered"})))
    if form.draft:
        with suppress(Refusal):
            trash = await _special(visit, SpecialUse.TRASH)
            await messages.move(world, actor, address, read_id(form.draft), encode(trash.id))


async def _led_on(visit: Visit, sent: Accepted) -> Response:
    """What became of the letter: the page of it where the persona may look there, else what is known now."""
    world, actor = visit.core.world, visit.session.actor
    if sent.submission_id is not None and await messages.may(world, actor, sent.left_from, Right.SEE):
        return back(f"{visit.here.base}/mailboxes/{sent.left_from}/sent/{encode(sent.submission_id)}")
    return show("sent_unseen.html", visit.here, boxes=await messages.held_mailboxes(world, actor), sent=sent, place=_place(visit))


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/mailboxes/{address}/write", show_form),
    ("POST", "/ui/as/{who}/mailboxes/{address}/write", take),
)
