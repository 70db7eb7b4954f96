"""Nobody needs a mouse: a morning's work with Tab, Enter and a few keys, the focus seen at every step."""

from typing import Any

from playwright.async_api import Page, expect

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, Person
from tests.pages.people import be, write

_TABS_MAX = 120
_FOCUSED = """() => {
  const held = document.activeElement, box = held.getBoundingClientRect(), style = getComputedStyle(held);
  const at = document.elementFromPoint(box.left + Math.min(box.width, 20) / 2, box.top + Math.min(box.height, 20) / 2);
  return {
    name: held.getAttribute("aria-label") ?? held.labels?.[0]?.innerText ?? held.innerText ?? held.tagName,
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 1,
    clear: held === document.body || held.tagName === "IFRAME" || held.contains(at) || at?.contains(held) || false,
  };
}"""


async def _tab_to(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus; whatever has it on the way is seen, and nothing lies over it."""
    for _ in range(_TABS_MAX):
        await page.keyboard.press("Tab")
        held: dict[str, Any] = await page.evaluate(_FOCUSED)
        assert held["seen"], held
        assert held["clear"], held
        if name in [line.strip() for line in held["name"].splitlines()]:
            return
    raise AssertionError(f"Tab never comes to {name}")


async def test_a_secretary_answers_without_a_mouse(page: Page, simulator: Simulator) -> None:
    for subject in ("Rendez-vous de M. BONNET", "Sortie de M. POLI"):
        await write(simulator, PRACTICE, subject)
    await page.goto("/")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Aller au contenu")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await _tab_to(page, "Devenir Sophie PETIT")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/ui/as/secretary/mailboxes/**")
    await _tab_to(page, "Cabinet des Tilleuls")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Cabinet des Tilleuls")).to_be_visible()
    links = page.locator("#rows tbody a")
    await expect(links).to_have_count(2)
    await _tab_to(page, await links.first.inner_text())
    await page.keyboard.press("j")
    await expect(links.nth(1)).to_be_focused()
    asked = await links.nth(1).inner_text()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=asked)).to_be_visible()
    await _tab_to(page, "Répondre")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Répondre")).to_be_visible()
    await _tab_to(page, "Texte")
    await page.keyboard.type("Jeudi convient.")
    await _tab_to(page, "Envoyer")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=f"Re: {asked}")).to_be_visible()
    await _tab_to(page, "Se déconnecter")
    await page.keyboard.press("Enter")
    await page.wait_for_url("/")
    assert [one["subject"] for one in await Person(simulator, "hospital").inbox(HOSPITAL, wait=10)] == [f"Re: {asked}"]


async def test_keys_are_heard_in_the_list_alone(page: Page, simulator: Simulator) -> None:
    for subject in ("Premier", "Deuxième", "Troisième"):
        await write(simulator, PRACTICE, subject)
    await be(page, "Sophie PETIT")
    await page.get_by_role("link", name="Cabinet des Tilleuls").click()
    await expect(page.get_by_role("heading", name="Cabinet des Tilleuls")).to_be_visible()
    await page.get_by_role("button", name="Rechercher").focus()
    for key in ("j", "x", "/"):
        await page.keyboard.press(key)
        await expect(page.get_by_role("button", name="Rechercher")).to_be_focused()
    await expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)
    links = page.locator("#rows tbody a")
    await expect(links).to_have_count(3)
    second = await links.nth(1).inner_text()
    await page.locator("#rows").focus()
    await page.keyboard.press("j")
    await expect(links.first).to_be_focused()
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.get_by_label(f"Choisir {second}")).to_be_checked()
    await write(simulator, PRACTICE, "Entre-temps")
    await expect(page.get_by_role("link", name="Entre-temps")).to_be_visible()
    await expect(page.get_by_role("link", name=second)).to_be_focused()
    await page.keyboard.press("k")
    await page.keyboard.press("k")
    await page.keyboard.press("k")
    await expect(page.get_by_role("link", name="Entre-temps")).to_be_focused()
    await page.keyboard.press("/")
    await page.keyboard.type("x/j")
    await expect(page.get_by_label("Rechercher", exact=True)).to_have_value("x/j")
    await expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)


async def test_the_focus_stays_where_it_was_when_a_part_is_asked_again(page: Page, simulator: Simulator) -> None:
    await write(simulator, PRACTICE, "Premier")
    await be(page, "Sophie PETIT")
    await page.get_by_role("link", name="Cabinet des Tilleuls").click()
    await page.get_by_label("Choisir Premier").focus()
    await write(simulator, PRACTICE, "Entre-temps")
    await expect(page.get_by_role("link", name="Entre-temps")).to_be_visible()
    await expect(page.get_by_label("Choisir Premier")).to_be_focused()
