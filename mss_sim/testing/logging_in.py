"""A log-in with Pro Santé Connect, as a program and a browser do it: the page, somebody's choice on it, a code, tokens, userinfo.

No switch of the world is touched for it. Each log-in is in a browser of its own, so that nobody is logged in already.
"""

import base64
import re
import secrets
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from mss_sim.testing.asking import Answer, Request, RestRefused, answer, ask
from mss_sim.testing.documents import Ready
from mss_sim.testing.results import LogIn

_KEY = re.compile(r'name="key" value="([^"]*)"')
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def log_in(ready: Ready, idnat: str, mode: str) -> LogIn:
    """What the client of the ready file gets. RestRefused when the page does not let them in: who has no card, or is shut out."""
    psc, state = ready["psc"], secrets.token_urlsafe(12)
    asked = {
        "client_id": psc["client_id"],
        "redirect_uri": psc["redirect_uri"],
        "response_type": "code",
        "scope": "openid scope_all",
        "acr_values": "eidas1",
        "state": state,
        "nonce": secrets.token_urlsafe(12),
    }
    page = await answer(Request("GET", f"{ready['http']}/auth?{urlencode(asked)}"))
    key = _KEY.search(page.body.decode("utf-8", "replace"))
    if key is None:
        raise _refused(page, "the log-in page was not shown")
    chosen = {"key": key[1], "identity": idnat, "mode": mode, "decision": "approve"}
    headers = {**_FORM, "Cookie": _cookies(page)}
    sent = await answer(Request("POST", f"{ready['http']}/auth/login", headers, urlencode(chosen).encode()))
    told = parse_qs(urlsplit(sent.headers.get("Location", "")).query)
    if told.get("state") != [state] or "code" not in told:
        raise _refused(sent, f"{idnat} is not let in: Pro Santé Connect knows professionals and employees, by {mode}")
    account = base64.b64encode(f"{psc['client_id']}:{psc['client_secret']}".encode()).decode()
    form = {"grant_type": "authorization_code", "code": told["code"][0], "redirect_uri": psc["redirect_uri"]}
    there = f"{psc['issuer']}/protocol/openid-connect"
    tokens = await ask(Request("POST", f"{there}/token", {**_FORM, "Authorization": f"Basic {account}"}, urlencode(form).encode()))
    userinfo = await ask(Request("GET", f"{there}/userinfo", {"Authorization": f"Bearer {tokens['access_token']}"}))
    return LogIn(tokens["access_token"], tokens["refresh_token"], tokens["id_token"], tokens["expires_in"], userinfo)


def _cookies(page: Answer) -> str:
    kept = SimpleCookie()
    for line in page.headers.get_all("Set-Cookie") or ():
        kept.load(line)
    return "; ".join(f"{name}={one.coded_value}" for name, one in kept.items())


def _refused(found: Answer, detail: str) -> RestRefused:
    return RestRefused(found.status, {"code": "login-refused", "detail": detail})
