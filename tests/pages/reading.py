"""What a page says to whoever reads it, or has it read: its texts and the names of its parts, without data and code."""

from html.parser import HTMLParser

_UNREAD = frozenset({"script", "style", "code", "pre", "textarea"})
_EMPTY = frozenset({"br", "img", "input", "link", "meta", "hr"})
_NAMES = frozenset({"aria-label", "placeholder", "title", "alt"})


class Reading(HTMLParser):
    """The texts of a page in its own language, each piece as it stands; what is marked as another language is left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._left_out: list[bool] = []
        self._language: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self._language = given.get("lang")
        other = given.get("lang") not in (None, self._language)
        out = other or tag in _UNREAD or any(self._left_out)
        if not out:
            self.texts += [value for name, value in attrs if name in _NAMES and value]
        if tag not in _EMPTY:
            self._left_out.append(out)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY and self._left_out:
            self._left_out.pop()

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not any(self._left_out):
            self.texts.append(text)
