"""One file to report an anomaly with: a session, the letters that it brought, what became of them, versions and settings, as a zip archive.

| file                  | holds                                                                             |
|-----------------------|-----------------------------------------------------------------------------------|
| README.txt            | what the archive is, and what is not in it                                        |
| session.json, .txt    | the session with its refusals, TLS and costs; what was said, line by line         |
| letters/1.json        | where its copies lie, its receipts recipient by recipient, its tree of parts      |
| letters/1.eml         | the letter; made anonymous, letters/1.txt: its header fields                      |
| world.json            | versions, time, seed, settings that are not the defaults, faults that are set     |

Made anonymous, people have other names, the same ones throughout (`mail/pseudonyms.py`), and what somebody wrote freely is left out:
texts, subjects, names of files, header fields that no standard gives, what was searched for.
"""

import asyncio
import io
import json
import platform
import re
import zipfile
from importlib.metadata import version
from typing import Any

from mss_sim.clock import iso
from mss_sim.core.access.identity_names import names_behind
from mss_sim.core.control import every_letter
from mss_sim.core.control.snapshots import chosen_settings
from mss_sim.core.world.store_types import LetterQuery
from mss_sim.core.world.world import World
from mss_sim.evidence.transcripts import Transcript
from mss_sim.faults import actions
from mss_sim.http import letters as views
from mss_sim.http import sessions
from mss_sim.mail.headers import decode, read_headers, split
from mss_sim.mail.pseudonyms import Pseudonyms, addresses_in
from mss_sim.mail.tree import tree
from mss_sim.words.sentence import say

_LETTERS_MAX = 20
_FIELDS_MAX = 1_000
_LEFT_OUT = "(left out)"
_FREE = (
    (re.compile(r"(ENVELOPE|BODYSTRUCTURE|BODY) \(.*", re.IGNORECASE), rf"\1 {_LEFT_OUT}"),
    (re.compile(r"\b(SUBJECT|TEXT|BODY|KEYWORD) (\"[^\"]*\"|[^\s()]+)", re.IGNORECASE), rf"\1 {_LEFT_OUT}"),
    (re.compile(r"(\((?:cn|sn|givenName|uid|title|commonName|surname)(?:>=|<=|=))[^()]*", re.IGNORECASE), rf"\1{_LEFT_OUT}"),
    (re.compile(r"([?&](?:text|subject|q|query|name)=)[^&\s]*", re.IGNORECASE), rf"\1{_LEFT_OUT}"),
)
"""What somebody wrote freely in a command, or was shown of a letter."""
_STRUCTURAL = re.compile(
    r"(from|to|cc|sender|reply-to|date|message-id|in-reply-to|references|mime-version|received|return-path|auto-submitted"
    r"|content-(type|transfer-encoding)|disposition-notification-(to|options)|x-mss-[\w-]+)\Z",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r";\s*(?:file)?name\*?[^;]*", re.IGNORECASE)
_NAMED_FREELY = frozenset({"subject", "filename", "keywords", "folder"})


async def report(world: World, one: Transcript, seed: str | None, *, anonymous: bool) -> bytes:
    """The archive of one session."""
    language = world.settings.language
    found = [letter for message_id in dict.fromkeys(one.brought) for letter in await _letters(world, message_id)][:_LETTERS_MAX]
    session, said = sessions.whole(one, language), sessions.text(one)
    about = _about(world, seed)
    if anonymous:
        names = await _pseudonyms(world, session, said, found)
        for line in session["transcript"]:
            line["text"] = _without_free_text(line["text"])
        session, about = names.of_all(session), names.of_all(about)
        said = names.of("".join(_without_free_text(line) for line in said.splitlines(keepends=True)))
        found = [(names.of_all(_bare(shown)), names.of(_fields(raw)).encode()) for shown, raw in found]
    kind = "txt" if anonymous else "eml"
    files = {
        "README.txt": _readme(anonymous=anonymous).in_language(language).encode(),
        "session.json": _json(session),
        "session.txt": said.encode(),
        "world.json": _json(about),
    }
    for number, (shown, raw) in enumerate(found, 1):
        files |= {f"letters/{number}.json": _json(shown), f"letters/{number}.{kind}": raw}
    return await asyncio.to_thread(_packed, files)


def _readme(*, anonymous: bool) -> Any:
    if anonymous:
        return say(
            "A session with mss-sim, to report an anomaly with. People, addresses and numbers have other names, the same ones throughout; "
            "texts, subjects and names of files are left out. Read it before you pass it on."
        )
    return say("A session with mss-sim, to report an anomaly with. It holds letters and names as they are; credentials were never kept.")


async def _letters(world: World, message_id: str) -> list[tuple[dict[str, Any], bytes]]:
    """The letters of a Message-ID: as they are shown, and as they came."""
    made = []
    for row in await every_letter.list_letters(world, LetterQuery(_LETTERS_MAX, message_id=message_id)):
        raw = await every_letter.read_raw(world, row.message.id)
        shown = await views.opened(world, await every_letter.open_letter(world, row.message.id))
        made.append(({**shown, "parts": views.part(await asyncio.to_thread(tree, raw))}, raw))
    return made


def _about(world: World, seed: str | None) -> dict[str, Any]:
    faults = [
        {"point": kept.rule.point.value, "action": actions.as_json(kept.rule.action), "seen": kept.seen, "fired": kept.fired}
        for kept in world.faults.all()
    ]
    return {
        "versions": {"mss-sim": version("mss-sim"), "python": platform.python_version(), "system": platform.system()},
        "now": iso(world.clock.now()),
        "clock": world.clock.pace.mode.value,
        "seed": seed,
        "settings": chosen_settings(world),
        "faults": faults,
    }


async def _pseudonyms(world: World, session: dict[str, Any], said: str, found: list[tuple[dict[str, Any], bytes]]) -> Pseudonyms:
    """Those of everybody who is known to stand in a report."""
    texts = [json.dumps([session, *(shown for shown, _ in found)], ensure_ascii=False), said, *(_fields(raw) for _, raw in found)]
    addresses = set().union(*map(addresses_in, texts))
    people = {one["name"] for shown, _ in found for field in ("from", "to", "cc") for one in shown[field] if one["name"]}
    senders = {one["actor"]["name"] for shown, _ in found for one in shown["sent"] if one["actor"]}
    who = [session["who"]] if session["who"] else []
    behind = await names_behind(world, [*sorted(addresses), *who])
    return Pseudonyms(people | senders | behind, {address.partition("@")[2] for address in addresses})


def _without_free_text(line: str) -> str:
    for pattern, left in _FREE:
        line = pattern.sub(left, line)
    return line


def _bare(value: Any) -> Any:
    """What is shown of a letter, without what somebody named freely."""
    if isinstance(value, dict):
        return {name: _LEFT_OUT if name in _NAMED_FREELY and inner else _bare(inner) for name, inner in value.items()}
    return [_bare(inner) for inner in value] if isinstance(value, list | tuple) else value


def _fields(raw: bytes) -> str:
    """The header fields of a letter, those alone that a standard gives with what they say."""
    headers = read_headers(raw[: split(raw)[0]], count_max=_FIELDS_MAX)
    told = ((name, _PARAMETERS.sub("", decode(value)) if _STRUCTURAL.match(name) else _LEFT_OUT) for name, value in headers.fields)
    return "".join(f"{name}: {value}\r\n" for name, value in told)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str).encode("utf-8", "replace")


def _packed(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, octets in files.items():
            archive.writestr(zipfile.ZipInfo(name), octets, zipfile.ZIP_DEFLATED)  # without an instant: the same report is the same file
    return packed.getvalue()
