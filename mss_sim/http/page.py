"""One page of HTML: French, no JavaScript, no external requests. Every text from outside is escaped."""

from html import escape

from starlette.responses import HTMLResponse, Response

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#1b1b35;background:#f5f5fe}"
    "main{background:#fff;border:1px solid #ddd;border-radius:6px;padding:1.5rem}h1{font-size:1.3rem;margin-top:0}"
    "label{display:block;margin:.6rem 0}select,input,textarea{font:inherit;padding:.3rem;max-width:100%}"
    "fieldset{border:1px solid #ddd;border-radius:4px;margin:1rem 0}"
    "button{font:inherit;padding:.5rem 1rem;margin-right:.5rem;border:1px solid #000091;border-radius:4px;background:#000091;color:#fff}"
    "button.second{background:#fff;color:#000091}.note{color:#666;font-size:.9rem}.wrong{color:#b34000}code{overflow-wrap:anywhere}"
    "th{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0}td{padding:.3rem 0}"
    "pre{white-space:pre-wrap;background:#f5f5fe;padding:.7rem}"
)


def page(title: str, content: str, *, status: int = 200) -> Response:
    """A page; `content` is HTML that is already escaped."""
    html = (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)} - Pro Santé Connect (simulateur)</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{escape(title)}</h1>{content}<p class="note">Simulateur : personnes fictives, aucune authentification réelle.</p>'
        "</main></body></html>"
    )
    return HTMLResponse(html, status_code=status, headers=_HEADERS)
