"""What goes out: JSON that is not cached, errors in the form of the protocol, redirects back to a client."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from starlette.responses import RedirectResponse, Response

from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.mail.plain import in_ascii
from mss_sim.vocabulary.language import Language

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_UNSPEAKABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def json(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that is not to be kept (ref: rfc6749#5.1)."""
    return Response(orjson.dumps(content), status_code=status, media_type="application/json", headers={**NO_STORE, **(headers or {})})


def spoken(error: OAuthError, language: Language) -> str:
    """The description of an error in the characters that the protocol allows (ref: rfc6749#5.2)."""
    text = in_ascii(error.description.in_language(language))
    return _UNSPEAKABLE.sub("?", text.replace('"', "'").replace("\\", "/"))


def error(refused: OAuthError, language: Language, headers: Mapping[str, str] | None = None) -> Response:
    """An error of an endpoint that clients call."""
    return json({"error": refused.code, "error_description": spoken(refused, language)}, status=refused.status, headers=headers)


def redirect(uri: str, parameters: Mapping[str, str | None], *, after_form: bool = False) -> Response:
    """Send the browser back to a client, with parameters added to those that its URI has (ref: rfc6749#4.1.2)."""
    added = urlencode({name: value for name, value in parameters.items() if value is not None})
    glue = "&" if urlsplit(uri).query else "?"
    target = f"{uri}{glue if added and not uri.endswith('?') else ''}{added}"
    return RedirectResponse(target, status_code=303 if after_form else 302, headers=NO_STORE)
