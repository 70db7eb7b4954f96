"""The gateway in front of the directory: it knows keys, and nothing of FHIR (ref: ans-annuaire)."""

import secrets

import orjson
from starlette.requests import Request
from starlette.responses import Response

from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.directory import API_KEY_HEADER
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import Sentence, say

REFERENCE = "quirks#directory-key"


def turned_away(request: Request, core: Core) -> Response | None:
    """What whoever shows no key, or a wrong one, is answered; None for who may go on."""
    given = request.headers.get(API_KEY_HEADER.lower())
    if given is None:
        return _refuse(
            request, core, 401, Rule.AUTHENTICATION_REQUIRED, say("Show the key of the directory in {header}.", header=API_KEY_HEADER)
        )
    if not secrets.compare_digest(given.encode(), core.world.directory_key.encode()):
        detail = say("This is not the key of the directory; the ready file has it, under directory.api_key.")
        return _refuse(request, core, 403, Rule.AUTHENTICATION_FAILED, detail)
    return None


def _refuse(request: Request, core: Core, status: int, rule: Rule, detail: Sentence) -> Response:
    refusal = Refusal(rule, detail, reference=REFERENCE)
    core.world.tally.refused(Door.DIRECTORY, refusal)
    request.state.refusal = refusal
    body = {"message": detail.in_language(core.world.settings.language), "http_status_code": status}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")
