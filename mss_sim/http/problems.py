"""The HTTP form of refusals: one table, and problem documents (ref: rfc9457)."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Mount
from starlette.types import Scope

from mss_sim import log
from mss_sim.core.assembly import Core
from mss_sim.errors import Failure, RecipientsRefused, Refusal, RetryLater, RowsRefused, Rule
from mss_sim.http import outcomes
from mss_sim.http.faults import fault, faults
from mss_sim.http.hosted import hosted
from mss_sim.mail.headers import printable
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import Sentence, quoted, say

MEDIA_TYPE = "application/problem+json"
FAULT_HEADER = "X-Fault"
"""Names the rule by which something failed on purpose, or was late."""

PROBLEMS: dict[Rule, tuple[int, Sentence]] = {
    Rule.AUTHENTICATION_REQUIRED: (401, say("Authentication is required")),
    Rule.AUTHENTICATION_FAILED: (401, say("Authentication failed")),
    Rule.AUTHORIZATION_FAILED: (403, say("You may not act for this mailbox")),
    Rule.TOO_MANY_CONNECTIONS: (503, say("Too many connections")),
    Rule.TOO_MANY_PASSWORDS: (429, say("Too many wrong passwords")),
    Rule.HOST_UNKNOWN: (421, say("The host is not known here")),
    Rule.HEAD_TOO_LARGE: (431, say("The head of the request is too large")),
    Rule.REQUEST_TOO_SLOW: (408, say("The request took too long")),
    Rule.SEND_NOT_ALLOWED: (403, say("You may not send from this mailbox")),
    Rule.RIGHT_MISSING: (403, say("A right is missing")),
    Rule.UNKNOWN_MAILBOX: (422, say("A recipient does not exist")),
    Rule.MAILBOX_CLOSED: (422, say("A mailbox is closed")),
    Rule.MAILBOX_SUSPENDED: (422, say("A mailbox is suspended")),
    Rule.MAILBOX_FULL: (422, say("A mailbox is full")),
    Rule.DOMAIN_OUTSIDE: (422, say("A domain is outside the trust space")),
    Rule.PEER_NOT_TRUSTED: (403, say("The certificate is not trusted")),
    Rule.WHITE_LIST_STALE: (503, say("The white list is too old")),
    Rule.BAD_ADDRESS: (422, say("An address cannot be read")),
    Rule.PATIENT_NOT_QUALIFIED: (422, say("No qualified identity backs a patient's address")),
    Rule.TOO_LARGE: (413, say("The message is too large")),
    Rule.TOO_MANY_RECIPIENTS: (422, say("Too many recipients")),
    Rule.LIMIT_REACHED: (422, say("A limit is reached")),
    Rule.NO_RECIPIENT: (422, say("There is no recipient")),
    Rule.NOT_INVITED: (403, say("The patient was not written to")),
    Rule.CONVERSATION_CLOSED: (403, say("The conversation is closed")),
    Rule.PHARMACY_NEVER_VISITED: (403, say("The pharmacy never dispensed anything to the patient")),
    Rule.PHARMACY_VISIT_TOO_OLD: (403, say("The pharmacy dispensed something too long ago")),
    Rule.NOT_A_PHARMACY: (403, say("The organisation is not a pharmacy")),
    Rule.NO_PUBLISHED_ORG_MAILBOX: (403, say("The mailbox is not one that patients write to first")),
    Rule.MALFORMED_MESSAGE: (400, say("The message is malformed")),
    Rule.GRANT_NOT_ALLOWED: (403, say("You may not change this delegation")),
    Rule.GRANTEE_NOT_ALLOWED: (422, say("This identity can hold no grant")),
    Rule.SUCCESSOR_REQUIRED: (409, say("A successor must be named first")),
    Rule.RECEIPT_NOT_REQUESTED: (409, say("No read receipt was asked for")),
    Rule.RECEIPT_ALREADY_SENT: (409, say("The read receipt has left already")),
    Rule.RECEIPT_NEEDS_CONSENT: (409, say("The reader must confirm the read receipt")),
    Rule.RECEIPT_OPTION_UNKNOWN: (409, say("The read receipt requires what is not known here")),
    Rule.NOT_FOUND: (404, say("Not found")),
    Rule.IN_CHARGE: (409, say("Somebody has the letter in charge")),
    Rule.CONFLICT: (409, say("Conflict")),
    Rule.INVALID: (422, say("The request is not valid")),
    Rule.IDEMPOTENCY_MISMATCH: (422, say("The Idempotency-Key was used for another request")),
    Rule.CONTROL_FORBIDDEN: (403, say("The control plane is closed to you")),
    Rule.STORE_UNAVAILABLE: (503, say("The store does not answer")),
    Rule.EXPIRED: (422, say("The delivery time expired")),
    Rule.FAULT: (503, say("A failure that was asked for")),
}
PLAIN = "/mailpit/"
"""What is below is refused in plain text, by the statuses of the programs whose clients ask there."""
_PLAIN_STATUSES = {422: 400}
_PHRASES = {404: say("Not Found"), 405: say("Method Not Allowed")}
"""What the framework says in English (ref: rfc9457#4.2.1)."""
_FAULTS_MAX = 100
_OF_FILES = ("GET", "HEAD")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_CHALLENGE = 'Basic realm="mss-sim", charset="UTF-8"'
_CHALLENGES = f'{_CHALLENGE}, Bearer realm="mss-sim"'


def problem(refusal: Refusal, language: Language) -> dict[str, Any]:
    """The problem document of a refusal in that language: `code` is the rule, `reference` its source, `recipients` each refused one."""
    status, title = PROBLEMS[refusal.rule]
    body: dict[str, Any] = {
        "type": f"urn:mss-sim:problem:{refusal.rule}",
        "title": title.in_language(language),
        "status": status,
        "code": refusal.rule,
        "detail": refusal.detail.in_language(language),
    }
    if refusal.reference:
        body["reference"] = refusal.reference
    if refusal.subject:
        body["subject"] = refusal.subject
    if isinstance(refusal, RecipientsRefused):
        body["recipients"] = [
            {"address": one.subject, "code": one.rule, "detail": one.detail.in_language(language), "reference": one.reference}
            for one in refusal.refusals
        ]
    if isinstance(refusal, RowsRefused):
        body["errors"] = rows(refusal.rows, language)
    return body


def rows(refused: Sequence[tuple[int, Refusal]], language: Language) -> list[dict[str, str]]:
    """Refused rows of a file: where each stands, what is wrong with it, by which rule."""
    return [{"where": f"line {line}", "what": one.detail.in_language(language), "code": one.rule.value} for line, one in refused]


def response(refusal: Refusal, language: Language, path: str = "") -> Response:
    """The HTTP response that shows a refusal."""
    body = problem(refusal, language)
    headers = {"WWW-Authenticate": _CHALLENGE if path.startswith(PLAIN) else _CHALLENGES} if body["status"] == 401 else {}
    if isinstance(refusal, RetryLater):
        headers["Retry-After"] = str(refusal.seconds)
    told = refusal.refusals if isinstance(refusal, RecipientsRefused) else (refusal,)
    fault = next((one.fault for one in told if isinstance(one, Failure)), None)
    if fault is not None:
        headers[FAULT_HEADER] = fault
    return _respond(body, headers, path)


def plain_status(status: int) -> int:
    """The status of a refusal in plain text."""
    return _PLAIN_STATUSES.get(status, status)


def plain(body: dict[str, Any]) -> str:
    """A problem in plain text: what to do, then the rule and its source."""
    return "\n".join([body["detail"], *(f"{name}: {body[name]}" for name in ("code", "reference") if name in body), ""])


def _respond(body: dict[str, Any], headers: dict[str, str], path: str) -> Response:
    if path.startswith(PLAIN):
        return PlainTextResponse(plain(body), status_code=plain_status(body["status"]), headers=headers)
    media_type, octets = written(body, path)
    return Response(octets, status_code=body["status"], media_type=media_type, headers=headers)


def written(body: dict[str, Any], path: str) -> tuple[str, bytes]:
    """(media type, octets) of a problem document, as clients of what is at a path read it."""
    if outcomes.speaks_fhir(path):
        return outcomes.MEDIA_TYPE, orjson.dumps(outcomes.told_in_fhir(body))
    return MEDIA_TYPE, orjson.dumps(body)


def install(app: FastAPI) -> None:
    """Make an application show every refusal, every framework error and every defect as a problem document."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_defect)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for this class
    count(request, error)
    return response(error, _language(request), request.url.path)


def count(request: Request, refusal: Refusal) -> None:
    """Count a refusal, at the door that the path leads to."""
    note(hosted(request).core, request.scope, refusal)


def note(core: Core, scope: Scope, refusal: Refusal) -> None:
    """The same, and leave it in the state of the request, for evidence."""
    core.world.tally.refused(_door(scope["path"]), refusal)
    scope.setdefault("state", {})["refusal"] = refusal


def _door(path: str) -> Door:
    if path.startswith("/api/"):
        return Door.REST
    return Door.DIRECTORY if outcomes.speaks_fhir(path) else Door.CONTROL


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    found, language = error.errors(), _language(request)
    refusal = Refusal(Rule.INVALID, say("Correct the request: {summary}.", summary=faults(found)))
    count(request, refusal)
    told = [{"where": ".".join(str(step) for step in one["loc"]), "what": fault(one).in_language(language)} for one in found[:_FAULTS_MAX]]
    return _respond({**problem(refusal, language), "errors": told}, {}, request.url.path)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    language = _language(request)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # undecodable octets, where a JSON body is read
        refusal = Refusal(Rule.INVALID, say("Correct the request: the body is not JSON in UTF-8."))
        count(request, refusal)
        return response(refusal, language, request.url.path)
    given: object = error.detail
    title = given if isinstance(given, Sentence) else _PHRASES.get(error.status_code, quoted(given))
    detail, headers = title, dict(error.headers or {})
    path = printable(request.url.path)[:200]
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = allowed = ", ".join(methods_of(request))
        detail = say("{method} is not for {path}; what is: {allowed}.", method=request.method, path=path, allowed=allowed)
    elif error.status_code == HTTPStatus.NOT_FOUND:
        detail = say("There is nothing at {path}; /docs shows what there is.", path=path)
    return _respond(_about_blank(error.status_code, title, detail, language), headers, request.url.path)


def _about_blank(status: int, title: Sentence, detail: Sentence, language: Language) -> dict[str, Any]:
    """The problem document of what no rule of ours refuses."""
    return {"type": "about:blank", "title": title.in_language(language), "status": status, "detail": detail.in_language(language)}


def _language(request: Request) -> Language:
    return hosted(request).core.world.settings.language


def methods_of(request: Request) -> list[str]:
    """The methods that any route of a path answers; the framework names those of the first route alone (ref: rfc9110#15.5.6)."""
    asked = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": []}

    def answered(method: str) -> bool:
        found = (route for route in request.app.routes if route.matches({**asked, "method": method})[0] is Match.FULL)
        return any(not isinstance(route, Mount) or method in _OF_FILES for route in found)

    return [method for method in _METHODS if answered(method)]


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    """The client hung up, or was disconnected, in the middle of its request: there is no one to answer."""
    return Response(status_code=400)


async def _on_defect(request: Request, error: Exception) -> Response:
    log.get("http").error("request failed", path=request.url.path, error=repr(error), exc_info=error)
    detail = say("A defect of the simulator; its log tells more.")
    return _respond(_about_blank(500, say("Internal error"), detail, _language(request)), {}, request.url.path)
