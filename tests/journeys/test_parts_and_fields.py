"""Parts of letters as readers meet them over REST and IMAP: comments in their fields, charsets that lie, parts without a name."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, ImapClient, Person
from tests.conftest import StartSimulator


@pytest.fixture
async def world(start: StartSimulator) -> AsyncIterator[Simulator]:
    async with start(relay="smtp", peers_proof="certificate") as running:
        yield running


async def _read(world: Simulator, content: bytes) -> dict[str, Any]:
    """The letter with these fields of content and this body, as its reader opens it."""
    head = f"From: {DOCTOR2}\r\nTo: {DOCTOR}\r\nSubject: x\r\nMIME-Version: 1.0 (essai)\r\n".encode()
    raw = head + content.replace(b"\n", b"\r\n")
    assert (await Person(world, "doctor2").smtp(DOCTOR2, DOCTOR, raw)).code == 250
    doctor = Person(world, "doctor")
    return await doctor.open(DOCTOR, (await doctor.inbox(DOCTOR))[0]["id"])


@pytest.mark.parametrize(
    ("charset", "octets"),
    [("us-ascii", b"L\x92h\xf4pital"), ("utf-8", b"L\x92h\xf4pital"), ("us-ascii", "L’hôpital".encode()), ("x-none", "L’hôpital".encode())],
)
async def test_text_and_preview_are_read_by_one_rule(world: Simulator, charset: str, octets: bytes) -> None:
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n".encode()
    one = await _read(world, head + octets + b"\n")
    assert (one["text"].strip(), one["preview"]) == ("L’hôpital", "L’hôpital")


async def test_comments_in_fields_hide_no_text_and_no_file(world: Simulator) -> None:
    one = await _read(
        world,
        b"Content-Type: multipart/mixed; boundary=q (limite (une))\n\n"
        b"--q\nContent-Type: text/plain (texte); charset=iso-8859-1 (latin)\nContent-Transfer-Encoding: base64 (codage)\n\n"
        + base64.b64encode("hôpital".encode("latin-1"))
        + b"\n--q\nContent-Type: application/zip (archive)\nContent-Disposition: attachment (joint); filename=IHE_XDM.ZIP (document);\n"
        b"Content-Transfer-Encoding: BASE64;\n\nUEs=\nAwQ=\n--q--\n",
    )
    assert one["text"] == "hôpital"
    assert [(file["filename"], file["size_bytes"]) for file in one["attachments"]] == [("IHE_XDM.ZIP", 4)]
    assert one["has_xdm"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [("text/calendar; method=REQUEST", "BEGIN:VCALENDAR"), ("text/xml", "<ClinicalDocument/>"), ("text/plain", "La suite")],
)
async def test_a_part_without_a_name_is_listed_and_fetched(world: Simulator, kind: str, text: str) -> None:
    body = f"Content-Type: multipart/mixed; boundary=q\n\n--q\n\nVoir\n--q\nContent-Type: {kind}\n\n{text}\n--q--\n"
    one = await _read(world, body.encode())
    [file] = one["attachments"]
    assert (one["text"], one["has_attachments"], file["content_type"]) == ("Voir", True, kind.partition(";")[0])
    fetched = await Person(world, "doctor").rest("GET", file["url"].removeprefix("/api/v1"))
    assert (fetched.status_code, fetched.text) == (200, text)


async def test_the_structure_shows_languages_and_parameters_as_they_came(world: Simulator) -> None:
    await _read(world, b"Content-Type: text/plain; name*=utf-8''%C3%A9.txt\nContent-Language: fr (francais), en\n\nx\n")
    account = Person(world, "doctor").account
    client = await ImapClient.open(world, account["login"], account["password"])
    await client.ask("SELECT INBOX")
    shown = (await client.ask("FETCH * (BODYSTRUCTURE)"))[0]
    assert '("name*" "utf-8\'\'%C3%A9.txt")' in shown
    assert '("fr" "en")' in shown
