"""What `mss-sim run` says once it is ready: who can log in, and three things to try, as commands that work as they are printed."""

import json
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any
from urllib.parse import quote as in_url

from mss_sim import log
from mss_sim.mail.fields import library_breaks_lines

_OWN = 9
"""Rights of who holds a mailbox: all of them."""


def lines(ready: Mapping[str, Any], *, passwords: bool, drawn: bool = False) -> Iterator[str]:
    """The lines; `passwords` tells whether they log in over HTTP: in the strict profile tokens alone do.

    `drawn` tells that the control key was not set, so that it has to be shown.
    """
    if ready["control_key"]:
        yield f"Control key, for X-Control-Key: {ready['control_key'] if drawn else 'the one that was set'}"
    personas = [one for one in ready["personas"] if one["login"]]
    if not personas:
        yield f"Nobody can log in: the world is empty. Plant people with: mss-sim seed --http {ready['http']}"
        return
    yield "Who can log in:"
    width = max(len(one["login"]) for one in personas)
    for one in personas:
        boxes = ", ".join(box["address"] for box in one["mailboxes"]) or "no mailbox yet"
        yield f"  {one['login']:<{width}}  {one['password']:<14}  {boxes}"
    yield "Try:"
    for command in _commands(ready, personas, passwords=passwords):
        yield f"  {command}"


def _commands(ready: Mapping[str, Any], personas: list[dict[str, Any]], *, passwords: bool) -> Iterator[str]:
    reader = next((one for one in personas if one["mailboxes"]), None)
    if reader is None:
        return
    base, box = f"{ready['http']}/api/v1", reader["mailboxes"][0]["address"]

    def curl(who: Mapping[str, Any], rest: str) -> str:
        token = f'-H "Authorization: Bearer $(mss-sim token {quote(who["login"])} --http {ready["http"]})"'
        return f"curl {'-u ' + quote(who['login'] + ':' + who['password']) if passwords else token} {rest}"

    yield curl(reader, f"{base}/me")
    for sender in personas:
        own = next((one for one in sender["mailboxes"] if one["kind"] == "PER" and len(one["rights"]) == _OWN), None)
        if sender is not reader and own is not None:
            letter = json.dumps({"to": [box], "subject": "Bonjour", "text": "Bonjour."})
            body = f"-H 'Content-Type: application/json' -d {quote(letter)}"
            yield curl(sender, f"{body} {base}/mailboxes/{in_url(own['address'], safe='@')}/messages")
            break
    yield curl(reader, quote(f"{base}/mailboxes/{in_url(box, safe='@')}/messages?unread=true"))


def log_ready(ready: Mapping[str, Any]) -> None:
    """The line of the log that says where everything is."""
    log.get("app").info(
        "ready",
        http=ready["http"],
        **({"https": ready["https"]} if ready["https"] else {}),
        ui=ready["ui"],
        docs=f"{ready['http']}/docs",
        psc=ready["psc"]["issuer"],
        submission=ready["submission"]["port"],
        mx=ready["mx"]["port"],
        imap=ready["imap"]["port"],
        ca=ready["ca_file"],
    )


def warn_of_library() -> None:
    """mss-sim writes no header with the email library; the scripts that somebody tests with run on the same Python."""
    if library_breaks_lines():
        text = "the email library of this Python lets line breaks into headers (CVE-2024-6923): mss-sim does not write with it, scripts may"
        log.get("app").warning(text, better="3.11.10, 3.12.5, 3.13 or later")
