"""One page of HTML in the look of all pages: French, no JavaScript, no request to elsewhere. Every text from outside is escaped."""

from html import escape

from starlette.responses import HTMLResponse, Response

from mss_sim.http.look import LOOK

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def page(title: str, content: str, *, status: int = 200) -> Response:
    """A page; `content` is HTML that is already escaped."""
    html = (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} - Pro Santé Connect (simulateur)</title>"
        f'<link rel="stylesheet" href="{LOOK}/style.css"><link rel="icon" href="{LOOK}/icon.svg" type="image/svg+xml"></head><body>'
        f'<header class="top"><p class="brand"><img src="{LOOK}/icon.svg" alt="" width="28" height="28"> Pro Santé Connect</p>'
        '<p class="pretend">Simulateur : personnes fictives, aucune authentification réelle</p></header>'
        f'<main id="main"><section class="card narrow alone"><h1>{escape(title)}</h1>{content}</section></main></body></html>'
    )
    return HTMLResponse(html, status_code=status, headers=_HEADERS)
