"""The documents of a letter on pages: read as text and drawn, with what is wrong with them; nothing of them is run."""

import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace

from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.parcel import Attachment, Parcel, Steps, make_parcel
from tests.clients import HOSPITAL, PRACTICE, Person, control
from tests.pages.people import be
from tests.parcels import paper, posted

_SCRIPT = "<script>document.title = 'taken'</script>"
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)


async def _arrives(simulator: Simulator, parcel: Parcel) -> None:
    """A colleague at the hospital sends it to the practice."""
    raw = posted(parcel, sender=HOSPITAL, to=PRACTICE)
    assert (await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, raw)).code == 250


async def _open(page: Page, subject: str) -> None:
    """The documents of a letter, by way of the practice's secretary."""
    await be(page, "Sophie PETIT")
    await page.get_by_role("link", name="Cabinet des Tilleuls").click()
    await page.get_by_role("link", name=subject).first.click()
    await page.get_by_role("link", name="Lire les documents, et ce qui n’y va pas").click()


async def test_a_letter_is_read_with_its_documents_and_its_one_fault(page: Page, simulator: Simulator) -> None:
    await _arrives(simulator, make_parcel([replace(paper(), text=["Bilan cardiologique normal."])], FLAWS["size-off-by-one"].steps))
    await _open(page, "XDM/1.0/DDM+")
    wrong = page.get_by_role("region", name="Ce qui n’y va pas")
    await expect(wrong.get_by_text("1 erreur")).to_be_visible()
    await expect(wrong).to_contain_text("xdm.size-mismatch")
    await expect(wrong).to_contain_text("La taille du fichier n’est pas celle de METADATA.XML, en octets.")
    await wrong.get_by_text("Ce qui n’a pas été vérifié").click()
    await expect(wrong).to_contain_text("PDF/A n’est pas validé")
    said = page.get_by_role("region", name="Ce qu’ils disent")
    await expect(said.get_by_role("definition").filter(has_text="PAT-TROIS DOMINIQUE")).to_be_visible()
    await expect(said.locator("pre").filter(has_text="Bilan cardiologique normal.")).to_have_count(2)
    await expect(said).to_contain_text("IHE_XDM/SUBSET01/METADATA.XML")
    drawn = said.get_by_role("img", name="Première page de")
    await drawn.scroll_into_view_if_needed()
    await expect(drawn).to_have_js_property("naturalHeight", 1_100)


async def test_whoever_drives_the_simulator_reads_them_without_a_trace(page: Page, simulator: Simulator) -> None:
    await _arrives(simulator, make_parcel([paper()]))
    await page.goto("/ui/letters")
    await page.get_by_role("link", name="XDM/1.0/DDM+").first.click()
    await page.get_by_role("link", name="Lire les documents, et ce qui n’y va pas").click()
    await expect(page.get_by_text("1 pour information")).to_be_visible()
    await page.get_by_role("link", name="Retour au message").click()
    secretary = Person(simulator, "secretary")
    assert [one["first_read"] for one in await secretary.inbox(PRACTICE)] == [None]


def _zip(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, octets in files.items():
            archive.writestr(name, octets)
    return made.getvalue()


def _swapped(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda octets: octets.replace(old.encode(), new.encode())


async def test_what_strangers_wrote_into_documents_is_text(page: Page, simulator: Simulator) -> None:
    escaped = _SCRIPT.replace("<", "&lt;")
    steps = Steps(cda=_swapped("<paragraph>", f"<paragraph>{escaped}"), files=lambda files: {**files, "README.TXT": _SCRIPT.encode()})
    parcel = make_parcel([paper()], steps)
    files = (
        *parcel.attachments,
        Attachment(f"{_SCRIPT}.txt", "text/plain", _SCRIPT.encode()),
        Attachment("image.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='taken'</script></svg>"),
        Attachment("lies.png", "image/png", b"<html><script>document.title='taken'</script></html>"),
        Attachment("photo.png", "image/png", _PIXEL),
        Attachment("deep.zip", "application/zip", _zip(**{f"../{_SCRIPT}": b"x", "A.HTM": _SCRIPT.encode()})),
    )
    await _arrives(simulator, replace(parcel, attachments=files))
    await _open(page, "XDM/1.0/DDM+")
    said = page.get_by_role("region", name="Ce qu’ils disent")
    await expect(said).to_contain_text(_SCRIPT)
    await expect(said.get_by_role("img")).to_have_count(2)
    assert await said.get_by_role("img", name="photo.png").evaluate("image => image.naturalWidth") == 1
    assert await page.title() != "taken"
    assert await page.locator("script:not([src])").count() == 0
    answer = await page.request.get(f"{page.url}/4/picture")
    assert answer.status == 404


_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g SYSTEM "file:///etc/passwd">]>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>&f;&f;&f;&f;&f;&f;&f;&f;&f;&g;</title></ClinicalDocument>"""


async def test_what_would_fill_the_memory_is_told_and_not_unpacked(page: Page, simulator: Simulator) -> None:
    bomb = make_parcel([paper()], FLAWS["zip-bomb"].steps)
    files = (
        *bomb.attachments,
        Attachment("CDA.XML", "text/xml", _LAUGHS),
        Attachment("zeros.zip", "application/zip", _zip(**{"A.TXT": bytes(99_000_000)})),
    )
    await _arrives(simulator, replace(bomb, attachments=files))
    begun = time.monotonic()
    await _open(page, "XDM/1.0/DDM+")
    wrong = page.get_by_role("region", name="Ce qui n’y va pas")
    await expect(wrong.get_by_text("xdm.expands-too-far").first).to_be_visible()
    said = page.get_by_role("region", name="Ce qu’ils disent")
    for name in ("zeros.zip", "CDA.XML"):
        await expect(said.get_by_text(name, exact=True)).to_be_visible()
    assert time.monotonic() - begun < 60
    assert "hahaha" not in await page.content()
    assert "root:" not in await page.content()


async def test_a_letter_shows_its_parts_and_its_source(page: Page, simulator: Simulator) -> None:
    await _arrives(simulator, make_parcel([paper()]))
    await be(page, "Sophie PETIT")
    await page.get_by_role("link", name="Cabinet des Tilleuls").click()
    await page.get_by_role("link", name="XDM/1.0/DDM+").first.click()
    await page.get_by_text("Ses parties").click()
    await expect(page.locator(".tree")).to_contain_text("IHE_XDM.ZIP")
    await page.get_by_role("link", name="Lire la source").click()
    await expect(page.locator("pre")).to_contain_text("Content-Type: multipart/mixed")


async def test_what_is_kept_with_a_letter_says_since_when(page: Page, simulator: Simulator) -> None:
    await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"keeps_diagnoses": True})
    await _arrives(simulator, make_parcel([paper()], Steps()))
    await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 10.0})
    await _open(page, "XDM/1.0/DDM+")
    await expect(page.get_by_role("region", name="Ce qui n’y va pas").get_by_text("Conservé avec le message depuis")).to_be_visible()
