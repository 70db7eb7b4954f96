"""The gateway in front of the directory: it knows keys, and nothing of FHIR (ref: ans-annuaire).

| key in `ESANTE-API-KEY`      | searches                      | writes               |
|------------------------------|-------------------------------|----------------------|
| that of the directory        | the public profile            | 403                  |
| an operator's                | the restricted profile        | its own mailboxes    |
| none; another                | 401; 403                      | 401; 403             |
"""

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


class TurnedAway(Exception):
    """Who asks shows no key, or a wrong one; `response` is what the gateway answers."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


async def let_in(request: Request, core: Core, *, operators_alone: bool) -> int | None:
    """The operator whose key is shown; None for the key of the directory. TurnedAway for any other."""
    given = request.headers.get(API_KEY_HEADER.lower())
    if given is None:
        detail = say("Show the key of the directory in {header}.", header=API_KEY_HEADER)
        raise TurnedAway(_refuse(request, core, 401, Rule.AUTHENTICATION_REQUIRED, detail))
    operator_id = await core.annuaire().operator_of(given)
    if operator_id is not None:
        return operator_id
    known = secrets.compare_digest(given.encode(), core.world.directory_key.encode())
    if operators_alone:
        detail = say("This is not the key of an operator; GET /control/operators tells them, as directory_key.")
    else:
        detail = say("This is not the key of the directory; the ready file has it, under directory.api_key.")
    if operators_alone or not known:
        raise TurnedAway(_refuse(request, core, 403, Rule.AUTHENTICATION_FAILED, detail))
    return None


def _refuse(request: Request, core: Core, status: int, rule: Rule, detail: Sentence) -> Response:
    refusal = Refusal(rule, detail, reference=REFERENCE)
    core.world.tally.refused(Door.DIRECTORY, refusal)
    request.state.refusal = refusal
    body = {"message": detail.in_language(core.world.settings.language), "http_status_code": status}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")
