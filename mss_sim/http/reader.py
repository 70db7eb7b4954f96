"""Who reads a page: the language and the look that they chose once for the pages of every door."""

from dataclasses import dataclass
from html import escape

from starlette.requests import Request

from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import Sentence

LANGUAGE_COOKIE, THEME_COOKIE, SIZE_COOKIE = "mss-sim-language", "mss-sim-theme", "mss-sim-size"
THEMES = ("light", "dark")
PROJECTOR = "projector"
"""The size for a room: everything larger."""
_ASKED = "ui_locales"
"""In which languages a client wants to have people asked, the first that is known (ref: openid-connect-core#3.1.2.1)."""
_NAMES = {Language.FR: "Français", Language.EN: "English"}


@dataclass(frozen=True, slots=True)
class Reader:
    """The language of a page without scripts, its theme, and where it stands in the other language; empty when it cannot be read again."""

    language: Language
    theme: str | None
    other: str

    def html(self, sentence: Sentence) -> str:
        """The sentence in the language of the reader, escaped."""
        return escape(sentence.in_language(self.language))

    @property
    def switch(self) -> str:
        """The link to the same page in the other language."""
        to = _other(self.language)
        return f'<a href="{escape(self.other)}" hreflang="{to}" lang="{to}">{_NAMES[to]}</a>' if self.other else ""


def reader_of(request: Request) -> Reader:
    """Who reads the answer to a request: by what the request asks for, then by what the reader chose."""
    wanted = request.query_params.get(_ASKED, "").lower().split()
    language = next((known for one in wanted for known in Language if one.partition("-")[0] == known), language_of(request))
    here = request.url.include_query_params(**{_ASKED: _other(language)})
    return Reader(language, theme_of(request), f"{here.path}?{here.query}" if request.method == "GET" else "")


def language_of(request: Request) -> Language:
    """The language that the reader chose; French until they choose."""
    try:
        return Language(request.cookies.get(LANGUAGE_COOKIE, Language.FR))
    except ValueError:
        return Language.FR


def theme_of(request: Request) -> str | None:
    """The theme that the reader chose; None for that of their machine."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else None


def size_of(request: Request) -> str | None:
    """The size that the reader chose; None for the usual one."""
    return PROJECTOR if request.cookies.get(SIZE_COOKIE) == PROJECTOR else None


def _other(language: Language) -> Language:
    return Language.EN if language is Language.FR else Language.FR
