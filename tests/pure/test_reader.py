"""Who reads a page: what the request asks for goes before what was chosen once, and a choice that there is not is none."""

import pytest
from starlette.requests import Request

from mss_sim.http.reader import language_of, reader_of, size_of, theme_of
from mss_sim.words.sentence import quoted


def asked(cookies: str = "", query: str = "", method: str = "GET") -> Request:
    """A request for a page."""
    headers = [(b"host", b"localhost"), *([(b"cookie", cookies.encode())] if cookies else [])]
    return Request(
        {"type": "http", "method": method, "path": "/auth", "query_string": query.encode(), "headers": headers, "scheme": "http"}
    )


@pytest.mark.parametrize(
    ("cookies", "language", "theme", "size"),
    [
        ("", "fr", None, None),
        ("mss-sim-language=en; mss-sim-theme=dark; mss-sim-size=projector", "en", "dark", "projector"),
        ("mss-sim-language=fr; mss-sim-theme=light; mss-sim-size=usual", "fr", "light", None),
        ("mss-sim-language=de; mss-sim-theme=pink; mss-sim-size=PROJECTOR", "fr", None, None),
    ],
)
def test_what_was_chosen_is_read_from_cookies(cookies: str, language: str, theme: str | None, size: str | None) -> None:
    request = asked(cookies)
    assert (language_of(request), theme_of(request), size_of(request)) == (language, theme, size)
    reader = reader_of(request)
    assert (reader.language, reader.theme) == (language, theme)


@pytest.mark.parametrize(
    ("wanted", "chosen", "language"),
    [
        ("", "en", "en"),
        ("en", "fr", "en"),
        ("EN-GB", "fr", "en"),
        ("fr-CA en", "en", "fr"),
        ("de en fr", "fr", "en"),
        ("de", "en", "en"),
        ("english", "fr", "fr"),
        ("de en-GB", "", "en"),
    ],
)
def test_the_first_language_that_is_known_is_taken(wanted: str, chosen: str, language: str) -> None:
    request = asked(f"mss-sim-language={chosen}" if chosen else "", f"ui_locales={wanted.replace(' ', '+')}" if wanted else "")
    assert reader_of(request).language == language


def test_a_page_leads_to_itself_in_the_other_language_unless_it_answers_a_form() -> None:
    french, english = reader_of(asked(query="state=a%26b")), reader_of(asked(query="ui_locales=en"))
    assert french.other == "/auth?state=a%26b&ui_locales=en"
    assert french.switch == '<a href="/auth?state=a%26b&amp;ui_locales=en" hreflang="en" lang="en">English</a>'
    assert english.switch == '<a href="/auth?ui_locales=fr" hreflang="fr" lang="fr">Français</a>'
    posted = reader_of(asked(method="POST"))
    assert (posted.other, posted.switch) == ("", "")
    assert french.html(quoted('<a "b">')) == "&lt;a &quot;b&quot;&gt;"
