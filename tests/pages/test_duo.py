"""Two people side by side: what one does is seen by the other in their own frame, and stories are told in eight steps."""

import httpx
import pytest
from playwright.async_api import FrameLocator, Page, expect

from mss_sim.app.simulator import Simulator
from mss_sim.core.control.named_seeds import NONE
from mss_sim.scenarios import shelf
from mss_sim.scenarios.reading import read_scenario
from mss_sim.web.guided import GUIDED
from tests.clients import PRACTICE, Person, control
from tests.conftest import StartSimulator
from tests.pages.conftest import OpenBrowser

_LOUISE = "Louise MOREAU"
_STEPS = 8


async def _begin(page: Page, story: str) -> tuple[FrameLocator, FrameLocator, FrameLocator]:
    """Begin a story: the frames of the guide, of who stands on the left, and on the right."""
    await page.goto(f"/ui/duo?story={story}")
    await page.get_by_role("button", name="Connecter tout le monde et commencer").click()
    await expect(page.locator("iframe")).to_have_count(3)
    return page.frame_locator("iframe.guide"), page.frame_locator("iframe#left"), page.frame_locator("iframe#right")


async def _next(guide: FrameLocator, number: int) -> None:
    """Play the guided step of that number, from 1 on."""
    await expect(guide.locator(".step-passed")).to_have_count(number - 1)
    await guide.get_by_role("button", name="Étape suivante").click()
    await expect(guide.locator(".step-passed")).to_have_count(number)


async def _mark(page: Page) -> None:
    """Leave something in each frame that a reload of the page would take away."""
    await page.evaluate("document.body.dataset.kept = 'yes'")


async def test_a_delegation_is_told_in_eight_steps_and_each_is_seen_in_both_frames(page: Page) -> None:
    guide, doctor, secretary = await _begin(page, "delegation")
    await _mark(page)
    practice = secretary.get_by_role("navigation", name="Boîtes").get_by_role("link", name="Cabinet des Tilleuls")
    await expect(secretary.get_by_role("heading", name="Aucune boîte pour le moment")).to_be_visible()
    await _next(guide, 1)
    await _next(guide, 2)
    await expect(practice).to_have_count(0)
    await _next(guide, 3)
    await expect(practice).to_be_visible()
    await expect(secretary.get_by_role("link", name="Compte rendu de consultation")).to_be_visible()
    await expect(doctor.get_by_role("row").filter(has_text=_LOUISE)).to_be_visible()
    await _next(guide, 4)
    await expect(doctor.get_by_text(f"{_LOUISE} lit « Compte rendu de consultation »")).to_be_visible()
    await expect(secretary.get_by_text(f"lu d'abord par {_LOUISE}")).to_be_visible()
    await _next(guide, 5)
    await expect(doctor.get_by_text(f"Refusé à {_LOUISE} : le droit de supprimer manque")).to_be_visible()
    await _next(guide, 6)
    await _next(guide, 7)
    await expect(doctor.get_by_text(f"{_LOUISE} écrit « Re: Compte rendu de consultation » pour")).to_be_visible()
    await _next(guide, _STEPS)
    await expect(practice).to_have_count(0)
    await expect(secretary.get_by_role("heading", name="Introuvable")).to_be_visible()
    await expect(doctor.get_by_role("row").filter(has_text=_LOUISE)).to_have_count(0)
    await expect(guide.get_by_text("L’histoire est finie.")).to_be_visible()
    assert await page.evaluate("document.body.dataset.kept") == "yes"


async def test_a_story_starts_again_with_one_click_wherever_it_was_left(page: Page, simulator: Simulator) -> None:
    guide, _, secretary = await _begin(page, "delegation")
    for number in (1, 2, 3):
        await _next(guide, number)
    await guide.get_by_role("button", name="Recommencer").click()
    await expect(guide.locator(".step-current")).to_contain_text("n'existe pas")
    await expect(secretary.get_by_role("heading", name="Aucune boîte pour le moment")).to_be_visible()
    for number in range(1, _STEPS + 1):
        await _next(guide, number)
    await expect(guide.get_by_text("L’histoire est finie.")).to_be_visible()
    assert len((await control(simulator, "GET", "/scenarios")).json()) == 1


@pytest.mark.parametrize("story", ["patient", "locum"])
async def test_the_other_stories_are_told_in_eight_steps(page: Page, story: str) -> None:
    guide, left, right = await _begin(page, story)
    for number in range(1, _STEPS + 1):
        await _next(guide, number)
        if (story, number) == ("locum", 4):
            await expect(right.get_by_role("navigation").get_by_role("link", name="Dr_Camille_MARTIN")).to_be_visible()
    await expect(guide.get_by_text("L’histoire est finie.")).to_be_visible()
    if story == "locum":
        await expect(right.get_by_role("navigation").get_by_role("link", name="Dr_Camille_MARTIN")).to_have_count(0)
    else:
        await expect(right.get_by_role("link", name="Votre ordonnance").first).to_be_visible()
        await expect(left.get_by_role("link", name="Re: Votre ordonnance").first).to_be_visible()


async def test_people_of_the_address_stand_side_by_side_after_one_click(page: Page, simulator: Simulator) -> None:
    await page.goto("/ui/duo?left=doctor&right=newcomer&third=hospital")
    await page.get_by_role("button", name="Connecter tout le monde").click()
    await expect(page.locator("iframe")).to_have_count(3)
    for side, name in (("left", "Camille MARTIN"), ("right", _LOUISE), ("third", "Paul DURAND")):
        await expect(page.frame_locator(f"iframe#{side}").locator(".who")).to_contain_text(name)
    louise = page.frame_locator("iframe#right")
    doctor = Person(simulator, "doctor")
    wanted = {"grantee": "louise.moreau", "rights": ["see", "read"]}
    for _ in range(2):  # who lost a mailbox sees it again
        made = await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=wanted)
        await expect(louise.get_by_role("heading", name="Cabinet des Tilleuls")).to_be_visible()
        await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{made.json()['id']}")
        await expect(louise.get_by_role("heading", name="Introuvable")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Connecter tout le monde")).to_have_count(0)


async def test_a_story_that_finds_another_world_says_so_and_a_fresh_world_lets_it_be_told(page: Page, simulator: Simulator) -> None:
    wanted = {"grantee": "louise.moreau", "rights": ["see"]}
    await Person(simulator, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/grants", json=wanted)
    guide, _, _ = await _begin(page, "delegation")
    await guide.get_by_role("button", name="Étape suivante").click()
    await expect(guide.get_by_text("L’histoire s’est passée autrement", exact=False)).to_be_visible()
    await expect(guide.locator(".failed")).to_contain_text("not-found")
    await guide.get_by_text("Ce que fait « Recommencer »").click()
    await guide.get_by_role("button", name="Repartir d’un monde neuf").click()
    await page.get_by_role("button", name="Connecter tout le monde et commencer").click()
    await _next(guide, 1)


async def test_for_a_room_everything_is_larger_in_the_frames_too(page: Page) -> None:
    _, doctor, _ = await _begin(page, "delegation")
    await page.get_by_role("button", name="Vidéoprojecteur").click()
    size = "getComputedStyle(document.documentElement).fontSize"
    assert await page.evaluate(size) == "20.8px"
    assert await doctor.locator("html").evaluate(f"() => {size}") == "20.8px"
    await page.get_by_role("button", name="Taille habituelle").click()
    assert await page.evaluate(size) == "16px"


async def test_a_story_is_told_in_english(open_browser: OpenBrowser) -> None:
    page = await (await open_browser()).new_page()
    await page.goto("/ui/duo?story=delegation")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_text("The doctor delegates the mailbox for thirty days", exact=False)).to_be_visible()


@pytest.mark.parametrize("story", sorted(GUIDED))
def test_the_guided_steps_are_eight_and_hold_all_steps_of_the_scenario(story: str) -> None:
    raw = shelf.octets(story)
    scenario = read_scenario(raw, size_bytes_max=len(raw), steps_max=len(raw))
    told = GUIDED[story]
    assert (len(told.together), sum(told.together)) == (_STEPS, len(scenario.steps))
    assert set(told.seats) <= set(scenario.actors)
    assert [told.number_of(played) for played in (0, told.together[0], len(scenario.steps))] == [0, 1, _STEPS]


def _token(html: str) -> str:
    return html.partition('name="token" value="')[2].partition('"')[0]


async def test_what_is_not_there_is_refused_in_words(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        token = _token((await client.get("/ui/duo")).text)
        for method, path, data, status in (
            ("GET", "/ui/duo?story=nothing", {}, 404),
            ("GET", "/ui/duo/guide?story=delegation", {}, 404),
            ("GET", "/ui/duo/guide?story=nothing&play=1", {}, 404),
            ("GET", "/ui/duo?left=%00&right=%3Cscript%3E", {}, 200),
            ("GET", "/ui/duo?story=delegation&play=gone", {}, 200),
            ("POST", "/ui/duo/begin", {"story": "breakdown"}, 404),
            ("POST", "/ui/duo/next", {"story": "delegation", "play": "gone"}, 404),
            ("POST", "/ui/duo/reset", {"story": "nothing"}, 404),
            ("POST", "/ui/duo/log-in", {"left": "nobody"}, 404),
        ):
            answer = await client.request(method, path, data={"token": token, **data} if method == "POST" else None)
            assert answer.status_code == status, path
            assert "<script>" not in answer.text
        for path in ("begin", "next", "reset", "log-in"):
            assert (await client.post(f"/ui/duo/{path}", data={"story": "delegation"})).status_code == 403


async def test_a_world_without_people_shows_how_to_plant_some(start: StartSimulator) -> None:
    async with start(seed=NONE) as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        shown = await client.get("/ui/duo?left=doctor&right=secretary")
        assert (shown.status_code, "mss-sim seed cabinet" in shown.text) == (200, True)
        token = _token(shown.text)
        assert (await client.post("/ui/duo/begin", data={"token": token, "story": "delegation"})).status_code == 404


async def test_with_a_control_key_nobody_plays_without_it(start: StartSimulator) -> None:
    async with start(control_key="clé-de-pilotage") as simulator, httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        shown = await client.get("/ui/duo")
        assert shown.status_code == 403
        assert (await client.post("/ui/duo/begin", data={"token": _token(shown.text), "story": "delegation"})).status_code == 403
