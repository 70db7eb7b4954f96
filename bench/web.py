"""Pages: how soon a browser has them whole, what comes over the wire, how soon a letter stands in an open list, what open pages weigh."""

import http.client
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import quote, urlencode, urlsplit

from figures import BenchmarkError, Row, Setting, percentile
from fill import multiply
from playwright.sync_api import Browser, Page, sync_playwright
from servers import RECIPIENT, Load, Simulator, simulator
from worlds import connection, letter, post

_DOCTOR = "899700420013"
_ROWS = f"/ui/as/doctor/mailboxes/{quote(RECIPIENT)}"
_WHOLE_MILLISECONDS_MAX = 300.0
_FIRST_BYTES_MAX = 90_000
_LATER_BYTES_MAX = 25_000
_PART_MILLISECONDS_MAX = 40.0
_SEEN_MILLISECONDS_MAX = 300.0
_MEGABYTES_MAX = 60.0
_OPEN = 100
_SECONDS = 30
_TRANSFERRED = "performance.getEntries().reduce((sum, one) => sum + (one.transferSize || 0), 0)"
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_PROGRAMS = ("chromium", "google-chrome")


def opened(setting: Setting) -> list[Row]:
    """The first page and the list of a mailbox in chromium; a letter that comes; a hundred open lists."""
    count = setting.count(100_000, 1_000)
    with _filled(setting, count) as running, _browser() as browser:
        whole, first, later = _visits(running, browser, setting.count(15, 2))
        seen = _seen(running, browser, setting.count(20, 3))
    with simulator(setting.folder, data=setting.folder / "open") as running:
        open_count = setting.count(_OPEN, 5)
        megabytes = _weight(running, open_count)
    return [
        _row(f"first page whole in a browser, {count:,} letters", percentile(whole, 0.5), _WHOLE_MILLISECONDS_MAX, "ms", whole),
        _row("octets of a first visit", max(first), _FIRST_BYTES_MAX, "B", first),
        _row("octets of a later one", max(later), _LATER_BYTES_MAX, "B", later),
        _row("a letter in an open list", percentile(seen, 0.5), _SEEN_MILLISECONDS_MAX, "ms", seen),
        _row(f"memory of {open_count} open pages", megabytes, _MEGABYTES_MAX, "MB", [megabytes]),
    ]


def part(setting: Setting) -> list[Row]:
    """The part of a list that is asked for whenever a letter comes, in a mailbox of a million."""
    count = setting.count(1_000_000, 5_000)
    with _filled(setting, count) as running:
        asking, cookie = _logged_in(running)
        took = [_asked(asking, cookie) for _ in range(setting.count(200, 10))]
    return [_row(f"part of a list, {count:,} letters", percentile(took, 0.95), _PART_MILLISECONDS_MAX, "ms", took, "p95 ")]


def _row(name: str, figure: float, limit: float, unit: str, all_of_it: list[float], word: str = "") -> Row:
    ratio = figure / limit
    detail = {"all": all_of_it, "median": percentile(all_of_it, 0.5), "p95": percentile(all_of_it, 0.95)}
    return Row(name, f"{word}{figure:,.0f} {unit}", f"<= {limit:,g} {unit}", ratio, ratio <= 1, detail)


@contextmanager
def _filled(setting: Setting, count: int) -> Iterator[Simulator]:
    """A simulator with so many letters in the practice's inbox."""
    data = setting.folder / "data"
    with simulator(setting.folder, data=data, in_clear=True) as running:
        Load(running.mx, 1, connections=1, extra=("--prefix", "one")).run()
    multiply(data / "mss-sim.db", "<one.000000000000@load.sim.mssante.fr>", count)
    with simulator(setting.folder, data=data) as running:
        yield running


@contextmanager
def _browser() -> Iterator[Browser]:
    program = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if program is None:
        raise BenchmarkError("no browser is installed: apt-get install chromium")
    with sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def _visits(running: Simulator, browser: Browser, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds until the first page is whole, octets of a first visit, and of a second one, each in a browser that knows nothing."""
    whole, first, later = [], [], []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        page.goto(running.ready["ui"], wait_until="load")
        whole.append(float(page.evaluate(_LOADED)))
        first.append(float(page.evaluate(_TRANSFERRED)))
        page.goto(running.ready["ui"], wait_until="load")
        later.append(float(page.evaluate(_TRANSFERRED)))
        context.close()
    return whole, first, later


def _seen(running: Simulator, browser: Browser, letters: int) -> list[float]:
    """Milliseconds from the answer to who sends until the letter stands in a list that is open."""
    page = browser.new_context().new_page()
    _be_doctor(running, page)
    page.goto(f"{running.ready['http']}{_ROWS}", wait_until="load")
    sending, took = connection(running), []
    for number in range(letters):
        subject = f"Lettre {number}."
        began = post(sending, letter(subject))
        page.get_by_role("link", name=subject).wait_for()
        took.append((time.perf_counter() - began) * 1_000)
    return took


def _be_doctor(running: Simulator, page: Page) -> None:
    page.goto(running.ready["ui"])
    page.locator(f"form:has(input[value='{_DOCTOR}']) button").click()
    page.wait_for_url("**/ui/as/**")


def _logged_in(running: Simulator) -> tuple[http.client.HTTPConnection, str]:
    """A connection, and the cookies of a doctor who is logged in on pages."""
    place = urlsplit(running.ready["http"])
    asking = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=_SECONDS)
    asking.request("GET", "/")
    answer = asking.getresponse()
    token = re.search(r'name="token" value="([^"]+)"', answer.read().decode())
    browser = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    if token is None or not browser:
        raise BenchmarkError("the first page has no form")
    form = urlencode({"token": token[1], "who": _DOCTOR, "name": "doctor"})
    asking.request("POST", "/ui/log-in", form, {"Cookie": browser, "Content-Type": "application/x-www-form-urlencoded"})
    answer = asking.getresponse()
    answer.read()
    persona = next((told for name, told in answer.getheaders() if name.lower() == "set-cookie" and "persona" in told), "")
    return asking, f"{browser}; {persona.partition(';')[0]}"


def _asked(asking: http.client.HTTPConnection, cookie: str) -> float:
    """Milliseconds until a part of the list is there whole."""
    began = time.perf_counter()
    asking.request("GET", f"{_ROWS}/rows", headers={"Cookie": cookie, "X-Part": "yes"})
    answer = asking.getresponse()
    body = answer.read()
    if answer.status != 200 or body.count(b"<tr") < 50:
        raise BenchmarkError(f"the part of the list was answered {answer.status}: {body[:200]!r}")
    return (time.perf_counter() - began) * 1_000


def _weight(running: Simulator, count: int) -> float:
    """Megabytes that so many open lists weigh in the server: each was shown whole, and listens."""
    asking, cookie = _logged_in(running)
    _page(asking, cookie)
    with ExitStack() as open_pages:
        before = running.resident_bytes()
        for _ in range(count):
            after = _page(asking, cookie)
            open_pages.enter_context(_listening(running, cookie, after))
        return (running.resident_bytes() - before) / 1e6


def _page(asking: http.client.HTTPConnection, cookie: str) -> str:
    asking.request("GET", _ROWS, headers={"Cookie": cookie})
    answer = asking.getresponse()
    found = re.search(r'data-live="([^"]+)"', answer.read().decode())
    if answer.status != 200 or found is None:
        raise BenchmarkError(f"the list was answered {answer.status}")
    return found[1].replace("&amp;", "&")


@contextmanager
def _listening(running: Simulator, cookie: str, path: str) -> Iterator[socket.socket]:
    place = urlsplit(running.ready["http"])
    with socket.create_connection((place.hostname or "127.0.0.1", place.port or 80), timeout=_SECONDS) as opened_:
        opened_.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nCookie: {cookie}\r\n\r\n".encode())
        answer = opened_.recv(4_096)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise BenchmarkError(f"who listens was answered {answer[:60]!r}")
        yield opened_
