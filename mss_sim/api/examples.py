"""Examples that OpenAPI shows: written by hand for a letter, its answer and a refusal, put together from their fields for the rest."""

from typing import Any, cast

from pydantic.config import JsonDict, JsonValue

from mss_sim.vocabulary import KEYWORD_MDN_SENT, XDM_NAME, SendMode

DOCTOR = "camille.martin@medecin.sim.mssante.fr"
PRACTICE = "tilleuls@cabinet.sim.mssante.fr"

PROBLEM: JsonDict = {
    "examples": [
        {
            "type": "urn:mss-sim:problem:send-not-allowed",
            "title": "You may not send from this mailbox",
            "status": 403,
            "code": "send-not-allowed",
            "detail": "You may not send from this mailbox: you neither hold it nor have a grant with send_on_behalf or send_as.",
            "reference": "mss-sim#send-not-allowed",
            "subject": DOCTOR,
        }
    ]
}
LETTER: JsonDict = {"examples": [{"to": [DOCTOR], "subject": "Compte rendu", "text": "Bonjour,", "request_read_receipt": True}]}
SENT: JsonDict = {
    "examples": [
        {
            "submission_id": "0am6c38w5xc01",
            "email_id": "0am6c38w5xc00",
            "message_id": "<0am6c38w5xc02.1f2e3d4c@cabinet.sim.mssante.fr>",
            "id": "0am6c38w5xc03",
            "mode": SendMode.ON_BEHALF.value,
            "recipients": [{"address": DOCTOR, "state": "delivered", "code": None, "detail": None}],
            "timeline_url": f"/api/v1/mailboxes/{PRACTICE}/sent/0am6c38w5xc01",
            "replayed": False,
        }
    ]
}

_ID = "0am6c38w5xc01"
_INSTANT = "2026-01-05T08:00:00Z"
_FIELDS: dict[str, JsonValue] = {
    "access_token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI4OTk3MDA0MjAwNjIifQ.c2lnbmF0dXJl",
    "address": PRACTICE,
    "at": _INSTANT,
    "content_type": "application/zip",
    "conversation_id": _ID,
    "description": "Secrétariat du cabinet",
    "detail": "250 2.1.5 Delivered",
    "domains": ["cabinet.sim.mssante.fr"],
    "email_id": _ID,
    "expires_in": 120,
    "family_name": "MARTIN",
    "filename": XDM_NAME,
    "flags": ["\\Seen"],
    "folder": "INBOX",
    "given_name": "Camille",
    "grant_id": None,
    "grantee": "590000010000017/SEC0001",
    "headers": [["Subject", "Compte rendu"]],
    "html": None,
    "id": _ID,
    "idnat": "899700420062",
    "in_reply_to": ["<question@medecin.sim.mssante.fr>"],
    "keywords": [KEYWORD_MDN_SENT],
    "label": "Cabinet des Tilleuls",
    "login": "camille.martin",
    "mailbox": PRACTICE,
    "message_size_bytes_max": 25_000_000,
    "message_id": "<0am6c38w5xc02.1f2e3d4c@cabinet.sim.mssante.fr>",
    "name": "Camille MARTIN",
    "next_cursor": None,
    "password": "sim-camille",
    "patient": "patient.dupuis@patient.mssante.fr",
    "preview": "Bonjour, vous trouverez ci-joint le compte rendu.",
    "profession": "Médecin",
    "quota_bytes": 1_000_000_000,
    "reason": "Congés",
    "references": ["<question@medecin.sim.mssante.fr>"],
    "structure": "Cabinet des Tilleuls",
    "subject": "Compte rendu",
    "text": "Bonjour,\nvous trouverez ci-joint le compte rendu.",
    "title": "Dr",
    "token_type": "Bearer",
    "uid_validity": 1_767_600_000,
    "url": f"/api/v1/mailboxes/{PRACTICE}/messages/{_ID}/parts/2",
    "warnings": [],
}
_TYPES: dict[str, JsonValue] = {"string": "", "integer": 1, "number": 1.0, "boolean": False, "null": None}


def complete(components: dict[str, Any]) -> None:
    """Give every object among the schemas of an OpenAPI document an example, made of those of its fields."""
    for schema in components.values():
        if schema.get("type") == "object" and "examples" not in schema:
            schema["examples"] = [_object(schema, components)]


def _object(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, JsonValue]:
    return {name: _value(name, field, components) for name, field in schema.get("properties", {}).items()}


def _value(name: str, field: dict[str, Any], components: dict[str, Any]) -> JsonValue:
    match field:
        case {"examples": [first, *_]} | {"enum": [first, *_]}:
            value = first
        case {"$ref": target}:
            value = _value(name, components[target.rpartition("/")[2]], components)
        case {"type": "object"}:
            value = _object(field, components)
        case _ if name in _FIELDS:
            value = _FIELDS[name]
        case {"anyOf": [first, *_]}:
            value = _value(name, first, components)
        case {"type": "array", "items": items}:
            value = [_value("", items, components)]
        case {"format": "date-time"}:
            value = _INSTANT
        case _:
            value = _TYPES.get(field.get("type", "null"))
    return cast("JsonValue", value)
