"""The responses of a route, as OpenAPI shows them: the media type when it is not JSON, and each refusal by its rule.

Descriptions are English, as all of OpenAPI.

A router lists the rules that any of its routes may refuse by; a route with more rules lists them all again for the statuses
concerned, because its own list replaces the router's status by status.
"""

from collections import Counter
from http import HTTPStatus
from typing import Any

from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.http import problems
from mss_sim.policy.closure import WRITING_RULES
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import Sentence, quoted

Answers = dict[int | str, dict[str, Any]]

EVERYWHERE = (Rule.HOST_UNKNOWN, Rule.TOO_LARGE)
"""Refusals before a request is processed."""

ANYWHERE = (
    *EVERYWHERE,
    Rule.AUTHENTICATION_REQUIRED,
    Rule.AUTHENTICATION_FAILED,
    Rule.AUTHORIZATION_FAILED,
    Rule.TOO_MANY_PASSWORDS,
    Rule.INVALID,
    Rule.STORE_UNAVAILABLE,
)
"""Every client must authenticate, may misspell a parameter, and may find the store unavailable."""
IN_A_MAILBOX = (*ANYWHERE, Rule.RIGHT_MISSING, Rule.NOT_FOUND, Rule.MAILBOX_CLOSED)
"""The content of a mailbox needs a right over it, and may not exist."""
CONTROL_IN_MEMORY = (*EVERYWHERE, Rule.CONTROL_FORBIDDEN, Rule.INVALID)
"""What the control plane answers without the store."""
CONTROL = (*CONTROL_IN_MEMORY, Rule.STORE_UNAVAILABLE)

_MAILBOX = "tilleuls@cabinet.sim.mssante.fr"
_SAID: dict[Rule, str] = {
    Rule.AUTHENTICATION_REQUIRED: "Say who you are: Authorization: Basic or Bearer.",
    Rule.AUTHENTICATION_FAILED: "The login or the password is wrong.",
    Rule.AUTHORIZATION_FAILED: f"You neither hold {_MAILBOX} nor have a grant over it.",
    Rule.TOO_MANY_PASSWORDS: "Wrong passwords for this login from your address: 10. Try again in 30 s, with the right one.",
    Rule.HOST_UNKNOWN: "The simulator is not known as evil.example: ask for localhost, or name the host in MSS_SIM_HTTP_HOSTS.",
    Rule.SEND_NOT_ALLOWED: "You may not send from this mailbox: you neither hold it nor have a grant with send_on_behalf or send_as.",
    Rule.RIGHT_MISSING: f"The right read over {_MAILBOX} is missing; ask a holder of the mailbox for a grant that has it.",
    Rule.UNKNOWN_MAILBOX: "There is no mailbox personne@cabinet.sim.mssante.fr; check the address in the directory.",
    Rule.MAILBOX_CLOSED: f"The mailbox {_MAILBOX} is closed: nothing is read or done in it until it is opened again.",
    Rule.MAILBOX_SUSPENDED: f"The mailbox {_MAILBOX} is suspended: it does not send.",
    Rule.MAILBOX_FULL: f"The mailbox {_MAILBOX} is full; try again later.",
    Rule.DOMAIN_OUTSIDE: "The domain of info@example.org is not in the trust space; health mail never leaves it.",
    Rule.BAD_ADDRESS: "'Dr Martin' is not an address: local-part@domain is expected.",
    Rule.PATIENT_NOT_QUALIFIED: (
        "No qualified identity backs the address 190017510299945@patient.mssante.fr. No identity with this number is known here."
    ),
    Rule.TOO_LARGE: "The request is over 38500000 bytes.",
    Rule.TOO_MANY_RECIPIENTS: "At most 100 recipients; send the others another letter.",
    Rule.NO_RECIPIENT: "The letter has no recipient; fill to, cc or bcc.",
    Rule.NOT_INVITED: f"A patient may only answer: {_MAILBOX} has not written to this patient.",
    Rule.CONVERSATION_CLOSED: f"The conversation with {_MAILBOX} was closed by the professional; it can no longer be answered.",
    Rule.PHARMACY_NEVER_VISITED: f"A patient may write first to a pharmacy that dispensed medicines to them; that of {_MAILBOX} never did.",
    Rule.PHARMACY_VISIT_TOO_OLD: f"The pharmacy of {_MAILBOX} dispensed medicines to this patient 366 days ago.",
    Rule.NOT_A_PHARMACY: f"The organisation of {_MAILBOX} dispensed medicines to this patient, but its sector is not that of a pharmacy.",
    Rule.NO_PUBLISHED_ORG_MAILBOX: f"A patient writes first to a mailbox of kind ORG that is published; {_MAILBOX} is not.",
    Rule.MALFORMED_MESSAGE: "The message is refused: a line feed stands without its carriage return.",
    Rule.GRANT_NOT_ALLOWED: "You may not grant what you do not hold: manage.",
    Rule.GRANTEE_NOT_ALLOWED: "An anonymous card names nobody and can hold no grant; grant to an identified person.",
    Rule.SUCCESSOR_REQUIRED: "The responsible of a practice's mailbox leaves only when a successor is named: use PUT …/responsible first.",
    Rule.RECEIPT_NOT_REQUESTED: "The sender asked for no read receipt: the letter has no usable Disposition-Notification-To.",
    Rule.RECEIPT_ALREADY_SENT: "A read receipt has already left for this letter and this mailbox.",
    Rule.RECEIPT_NEEDS_CONSENT: f"The receipt is asked for {_MAILBOX}, which is not the return path: confirm it.",
    Rule.RECEIPT_OPTION_UNKNOWN: "The receipt is asked for with x-stamp, which is required and not known here: none leaves.",
    Rule.NOT_FOUND: "There is no such message in this mailbox.",
    Rule.IN_CHARGE: "Sophie PETIT has this letter in charge: they, or who manages the mailbox, may give it to you.",
    Rule.CONFLICT: "There is something of that name already.",
    Rule.INVALID: "Correct the request: query.limit: Input should be less than or equal to 200.",
    Rule.LIMIT_REACHED: "At most 100 flags and keywords at once.",
    Rule.IDEMPOTENCY_MISMATCH: "This Idempotency-Key was used for another request; take a new one.",
    Rule.CONTROL_FORBIDDEN: "Give the control key in X-Control-Key.",
    Rule.STORE_UNAVAILABLE: "The store does not answer; nothing was kept, try again later.",
}
_OF_A_RECIPIENT = frozenset({Rule.UNKNOWN_MAILBOX, Rule.DOMAIN_OUTSIDE, Rule.MAILBOX_FULL, Rule.PATIENT_NOT_QUALIFIED, *WRITING_RULES})


def refusing(*rules: Rule) -> Answers:
    """The responses of a route that may refuse by these rules: one for each status, an example for each rule."""
    found: Answers = {}
    for rule in dict.fromkeys(rules):
        status, sentence = problems.PROBLEMS[rule]
        title = sentence.in_language(Language.EN)
        shown = _response(found, status)
        shown["description"] = f"{shown['description']}, or: {title}" if shown["description"] else title
        _examples(shown)[rule.value] = {"summary": title, "value": problems.problem(_example(rule), Language.EN)}
    return found


def refusing_plainly(*rules: Rule) -> Answers:
    """The same in plain text, by the statuses of the programs whose clients ask there."""
    found: Answers = {}
    for rule in dict.fromkeys(rules):
        body = problems.problem(_example(rule), Language.EN)
        content = {"schema": {"type": "string"}, "examples": {}}
        shown = found.setdefault(problems.plain_status(body["status"]), {"description": "", "content": {"text/plain": content}})
        shown["description"] = f"{shown['description']}, or: {body['title']}" if shown["description"] else body["title"]
        shown["content"]["text/plain"]["examples"][rule.value] = {"summary": body["title"], "value": problems.plain(body)}
    return found


def unsupported(sentence: Sentence) -> Answers:
    """The response to a body with an unsupported media type."""
    detail = sentence.in_language(Language.EN)
    status, found = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, Answers()
    shown = _response(found, status)
    shown["description"] = status.phrase
    _examples(shown)["media-type"] = {"value": {"type": "about:blank", "title": detail, "status": status.value, "detail": detail}}
    return found


def octets(*media_types: str, example: str) -> dict[str, Any]:
    """A response that is a file rather than JSON."""
    schema = {"type": "string", "format": "binary"}
    return {"content": {media_type: {"schema": schema, "example": example} for media_type in media_types}}


def share_refusals(document: dict[str, Any]) -> None:
    """Have each refusal that several operations of an OpenAPI document declare stand once, in its components, named by its rules."""
    places = [
        (operation["responses"], status)
        for path in document["paths"].values()
        for operation in path.values()
        for status in operation["responses"]
    ]
    named = [(_name(status, answers[status]), answers, status) for answers, status in places]
    times = Counter(name for name, _, _ in named)
    shared: dict[str, Any] = {}
    for name, answers, status in named:
        if name is not None and times[name] > 1 and shared.setdefault(name, answers[status]) == answers[status]:
            answers[status] = {"$ref": f"#/components/responses/{name}"}
    document["components"]["responses"] = dict(sorted(shared.items()))


def _name(status: str, answer: dict[str, Any]) -> str | None:
    """The name of a refusal: its status, the form it is written in, its rules; None for what is none."""
    for media_type, form in ((problems.MEDIA_TYPE, "problem"), ("text/plain", "text")):
        if rules := answer.get("content", {}).get(media_type, {}).get("examples"):
            return ".".join([status, form, *rules])
    return None


def _response(found: Answers, status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return found.setdefault(status, {"description": "", "content": {problems.MEDIA_TYPE: {"schema": schema, "examples": {}}}})


def _examples(response: dict[str, Any]) -> dict[str, Any]:
    examples: dict[str, Any] = response["content"][problems.MEDIA_TYPE]["examples"]
    return examples


def _example(rule: Rule) -> Refusal:
    one = Refusal(rule, quoted(_SAID[rule]), subject=_MAILBOX if _MAILBOX in _SAID[rule] else None)
    return RecipientsRefused([one]) if rule in _OF_A_RECIPIENT else one
