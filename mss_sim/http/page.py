"""One page of HTML in the look of all pages: no JavaScript, no request to elsewhere. Every text from outside is escaped."""

from starlette.responses import HTMLResponse, Response

from mss_sim.http.look import LOOK
from mss_sim.http.reader import Reader
from mss_sim.words.sentence import Sentence, say

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def page(reader: Reader, title: Sentence, content: str, *, status: int = 200) -> Response:
    """A page; `content` is HTML that is already escaped, in the language of the reader."""
    html, theme = reader.html, f' data-theme="{reader.theme}"' if reader.theme else ""
    text = (
        f'<!doctype html><html lang="{reader.language}"{theme}><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html(say('{title} - Pro Santé Connect (simulator)', title=title))}</title>"
        f'<link rel="stylesheet" href="{LOOK}/style.css"><link rel="icon" href="{LOOK}/icon.svg" type="image/svg+xml"></head><body>'
        f'<header class="top"><p class="brand"><img src="{LOOK}/icon.svg" alt="" width="28" height="28"> Pro Santé Connect</p>'
        f'<p class="pretend">{html(say("Simulator: fictional people, no real authentication"))}</p>{reader.switch}</header>'
        f'<main id="main"><section class="card narrow alone"><h1>{html(title)}</h1>{content}</section></main></body></html>'
    )
    return HTMLResponse(text, status_code=status, headers=_HEADERS)
