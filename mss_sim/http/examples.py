"""Examples shown in OpenAPI. A request can be sent unchanged, to the seed world `cabinet`, by the doctor of the practice;
what only a patient does, by a patient.

Bodies of requests, parameters and files are written by hand; responses are assembled from their fields. The ids of copies, folders,
grants and the like are generated with the world: those in the examples show their form only.
"""

from typing import Any, cast

from pydantic.config import JsonDict, JsonValue

from mss_sim.vocabulary.mail import XDM_NAME
from mss_sim.vocabulary.mailboxes import KEYWORD_MDN_SENT, SendMode

DOCTOR = "camille.martin@medecin.sim.mssante.fr"
PRACTICE = "tilleuls@cabinet.sim.mssante.fr"
LABORATORY = "resultats@labo-parc.sim.mssante.fr"
PATIENT = "285037511300167@patient.mssante.fr"
_DOCTOR, _COLLEAGUE, _CARDIOLOGIST, _NOBODY_YET = "899700420013", "899700420021", "899700420047", "899700420062"
_SECRETARY, _SUCCESSOR = "590000010000017/SEC0001", "590000010000017/SEC0002"

RAW = f"From: {PRACTICE}\r\nTo: {DOCTOR}\r\nSubject: Compte rendu\r\nMIME-Version: 1.0\r\n\r\nBonjour,\r\n"
WATCH_TABLE = '"recipient","reason","days",...\r\n"279035121518989@patient.mssante.fr","not_opened","7",...\r\n'
JOURNAL_TABLE = '"at","mailbox","act",...\r\n"2026-01-05T08:00:00Z","tilleuls@cabinet.sim.mssante.fr","message.read",...\r\n'
IMPORT_NDJSON = (
    '{"kind": "professional", "idnat": "899700421011", "family_name": "LEGRAND", "given_name": "Élise", "title": "Dr", '
    '"login": "elise.legrand", "password": "cabinet-2026", "address": "elise.legrand@medecin.sim.mssante.fr", "mailbox_kind": "PER"}\n'
)
IMPORT_CSV = (
    "type;idnat;civilité;prénom;nom;identifiant;mot de passe;bal;type de bal\r\n"
    "professional;899700421029;Dr;Noé;LEBRUN;noe.lebrun;cabinet-2026;noe.lebrun@medecin.sim.mssante.fr;PER\r\n"
)
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"
CERTIFICATE_DN = "CN=smtp.hopital-ormes.sim.mssante.fr,OU=300000000000000,O=Hôpital des Ormes,ST=Paris (75),C=FR"
SERIAL = "5a3c0f8e9b7d4216a0c1e2f3041526373b1c9d04"
DER = "0\\x82\\x02..."
ID = "0am6c38w5xc01"
INSTANT = "2026-01-05T08:00:00Z"
OCSP_REQUEST = "0E0C0A0?0=0\t\x06\x05+\x0e\x03\x02\x1a\x05\x00\x04\x14name of the issuer..\x04\x14key of the issuer...\x02\x04mss1"
"""DER of a question about an unknown certificate: it has no octet above 7F, so that it can be part of a text."""
CONFIGURATION = """\
<?xml version='1.0' encoding='utf-8'?>
<clientConfig version="1.1">
  <emailProvider id="cabinet.sim.mssante.fr">
    <domain>cabinet.sim.mssante.fr</domain>
    <incomingServer type="imap">
      <hostname>mail.sim.mssante.fr</hostname>
      <port>1143</port>
      <socketType>STARTTLS</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>OAuth2</authentication>
    </incomingServer>
  </emailProvider>
</clientConfig>"""
WHITE_LIST = f"""\
<?xml version="1.0" encoding="UTF-8"?><ListeBlancheMSSante xmlns="https://listeblanche.mssante.fr/schema">
    <DateDeGeneration>2026-01-05T08:00:00Z</DateDeGeneration>
    <ListeDomaines>
        <Domaine>
            <Nom>hopital-ormes.sim.mssante.fr</Nom>
            <Description>Hôpital des Ormes</Description>
            <DNCertificatOperateur>{CERTIFICATE_DN}</DNCertificatOperateur>
            <ResponsableContact>responsable@hopital-ormes.sim.mssante.fr</ResponsableContact>
            <SupportContact>support@hopital-ormes.sim.mssante.fr</SupportContact>
            <DateMAJ>2026-01-05T08:00:00Z</DateMAJ>
        </Domaine>
    </ListeDomaines>
</ListeBlancheMSSante>"""
CHECKSUM = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"

PROBLEM: JsonDict = {
    "examples": [
        {
            "type": "urn:mss-sim:problem:send-not-allowed",
            "title": "You may not send from this mailbox",
            "status": 403,
            "code": "send-not-allowed",
            "detail": "You may not send from this mailbox: you neither hold it nor have a grant with send_on_behalf or send_as.",
            "reference": "quirks#from-not-allowed",
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
            "mailbox": PRACTICE,
            "id": "0am6c38w5xc03",
            "url": f"/api/v1/mailboxes/{PRACTICE}/messages/0am6c38w5xc03",
            "mode": SendMode.ON_BEHALF.value,
            "recipients": [{"address": DOCTOR, "state": "delivered", "code": None, "detail": None}],
            "warnings": [],
            "timeline_url": f"/api/v1/mailboxes/{PRACTICE}/sent/0am6c38w5xc01",
            "replayed": False,
        }
    ]
}

_REQUESTS: dict[str, JsonDict] = {
    "AttachmentIn": {"filename": XDM_NAME, "content_type": "application/zip", "content_base64": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="},
    "ChargeIn": {"deed": "take", "note": "Je rappelle le patient."},
    "CertificateIn": {"mailbox": LABORATORY, "days": 30},
    "DispensationIn": {"patient": PATIENT, "organisation": "1750990012"},
    "GenerationIn": {"practitioners": 20, "organisations": 2, "patients": 20, "letters": 10, "operators": 2, "seed": 7},
    "FlagsIn": {"add": ["\\Seen", "urgent"], "remove": ["\\Flagged"]},
    "FolderIn": {"name": "Résultats/2026"},
    "ForwardingIn": {"to": DOCTOR, "keep": True},
    "GrantIn": {"grantee": _SUCCESSOR, "rights": ["see", "read"], "valid_until": "2099-12-31T23:00:00Z", "reason": "Congés"},
    "HandOverIn": {"from": _SECRETARY, "to": _SUCCESSOR, "mailbox": PRACTICE, "reason": "Départ de Sophie PETIT"},
    "HolderIn": {"idnat": _CARDIOLOGIST},
    "IdentityIn": {
        "idnat": _NOBODY_YET,
        "kind": "professional",
        "family_name": "ROUX",
        "given_name": "Alice",
        "title": "Dr",
        "profession": "Médecin généraliste",
        "login": "alice.roux",
        "password": "cabinet-2026",
    },
    "IdentityPatch": {"profession": "Assistante médicale", "enabled": True},
    "LikeIn": {"role": "doctor", "count": 2},
    "MailboxAdminPatch": {"state": "suspended", "quota_bytes": 1_000_000_000},
    "MailboxIn": {"address": "accueil@cabinet.sim.mssante.fr", "kind": "CAB", "owner_idnat": _DOCTOR, "co_holders": [_COLLEAGUE]},
    "MailboxPatch": {"sent_policy": "both"},
    "MannerIn": {"behaviour": "slow", "seconds": 10},
    "MoveIn": {"folder": "Archive"},
    "OutOfOfficeIn": {"text": "Le cabinet est fermé jusqu'au 2 janvier.", "subject": "Cabinet fermé", "until": "2089-01-02T07:00:00Z"},
    "OperatorIn": {"name": "Clinique du Lac", "domains": ["clinique-lac.sim.mssante.fr"], "message_size_bytes_max": 10_000_000},
    "OperatorPatch": {"message_size_bytes_max": 10_000_000, "authentication": ["psc", "certificate"]},
    "OwnerIn": {"idnat": _COLLEAGUE},
    "PersonIn": {"address": DOCTOR, "name": "Dr Camille MARTIN"},
    "ReceiptIn": {"disposition": "displayed"},
    "ResponsibleIn": {"idnat": _COLLEAGUE, "stay": True},
    "PatientsIn": {"count": 20, "seed": 7},
    "RetentionIn": {"days": 90},
    "RevocationIn": {"reason": "keyCompromise"},
    "SeedIn": {"name": "cabinet"},
    "TokenIn": {"who": "camille.martin", "lifetime_seconds": 120},
}
_PARAMETERS: dict[str, JsonValue] = {
    "Idempotency-Key": "compte-rendu-2026-0001",
    "answered": False,
    "certificate_dn": CERTIFICATE_DN,
    "client_id": "mss-sim-client",
    "conversation_id": ID,
    "correspondent": LABORATORY,
    "domain": "hopital-ormes.sim.mssante.fr",
    "door": "smtp",
    "emailaddress": PRACTICE,
    "event_id": ID,
    "folder_id": ID,
    "form": "pem",
    "from": "durand",
    "grant_id": ID,
    "has_attachment": True,
    "idnat": _COLLEAGUE,
    "limit": 50,
    "mailbox": LABORATORY,
    "mask_id": ID,
    "message_id": ID,
    "name": "cabinet",
    "part": "2",
    "password": "mss-sim",
    "recipient_id": ID,
    "request_id": ID,
    "send_mode": "owner",
    "serial": SERIAL,
    "session_id": ID,
    "since": "2026-01-05T08:00:00Z",
    "subject": "compte rendu",
    "submission_id": ID,
    "text": "hémoglobine",
    "to": [DOCTOR],
    "trap": "revoked",
    "unread": True,
    "until": "2089-01-02T07:00:00Z",
    "verdict": "FAIL",
    "who": _DOCTOR,
}
_CURSORS = {
    "/control/messages": f"l{ID}",
    "/control/evidence": f"e{ID}",
    "messages": f"f{ID}",
    "sent": f"s{ID}",
    "conversations": f"c{ID}",
    "journal": f"j{ID}",
    "watch-list": f"w{ID}",
    "deliveries": f"d{ID}",
    "attachments": f"t{ID}",
    "people": f"p{ID}",
    "directory": f"n{ID}",
}
"""By the path or its last step, the list in which the cursor is a position; messages are those of the folder in the other example."""
_FIELDS: dict[str, JsonValue] = {
    "access_token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI4OTk3MDA0MjAwNjIifQ.c2lnbmF0dXJl",
    "acting_for": None,
    "address": PRACTICE,
    "at": INSTANT,
    "content_type": "application/zip",
    "conversation_id": ID,
    "description": "Secrétariat du cabinet",
    "detail": "250 2.1.5 Delivered",
    "domains": ["cabinet.sim.mssante.fr"],
    "email_id": ID,
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
    "id": ID,
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
    "part": "2",
    "report_url": f"/api/v1/mailboxes/{PRACTICE}/sent/{ID}/reports/{ID}",
    "url": f"/api/v1/mailboxes/{PRACTICE}/messages/{ID}/attachments/2",
    "warnings": [],
    "what": LABORATORY,
}
_TYPES: dict[str, JsonValue] = {"string": "", "integer": 1, "number": 1.0, "boolean": False, "null": None}


def complete(document: dict[str, Any]) -> None:
    """Give an example to every object, every parameter, every request body and every response of an OpenAPI document."""
    _forget_framework(document)
    components = document["components"]["schemas"]
    for name, schema in components.items():
        if schema.get("type") == "object" and "examples" not in schema:
            schema["examples"] = [_REQUESTS.get(name) or _object(schema, components)]
    for place, path in document["paths"].items():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                _show_parameter(place, parameter)
            operation["responses"] = dict(sorted(operation["responses"].items()))
            for carrier in (operation.get("requestBody", {}), *operation["responses"].values()):
                for shown in carrier.get("content", {}).values():
                    if not {"example", "examples"} & shown.keys():
                        shown["example"] = _value("", shown["schema"], components)


def _forget_framework(document: dict[str, Any]) -> None:
    """Remove the refusal that FastAPI declares wherever there is a parameter; a route that refuses parameters declares it itself."""
    names = ("HTTPValidationError", "ValidationError")
    for name in names:
        document["components"]["schemas"].pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            shown = operation["responses"].get("422", {}).get("content", {}).get("application/json")
            if shown and shown["schema"].get("$ref", "").endswith(names):
                del operation["responses"]["422"]


def _show_parameter(place: str, parameter: dict[str, Any]) -> None:
    own = parameter.pop("example", None), *parameter["schema"].pop("examples", ())
    if parameter["name"] == "cursor":
        own = (_CURSORS.get(place) or _CURSORS[place.rpartition("/")[2]],)
    given = next((one for one in own if one is not None), None)
    parameter["example"] = _PARAMETERS[parameter["name"]] if given is None else given


def _object(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, JsonValue]:
    return {name: _value(name, field, components) for name, field in schema.get("properties", {}).items()}


def _value(name: str, field: dict[str, Any], components: dict[str, Any]) -> JsonValue:
    match field:
        case {"examples": [first, *_]} | {"enum": [first, *_]}:
            value = first
        case {"anyOf": [{"$ref": target}, *_]} if "examples" not in field:
            value = _value(name, components[target.rpartition("/")[2]], components)
        case {"$ref": target}:
            value = _value(name, components[target.rpartition("/")[2]], components)
        case {"type": "object", "propertyNames": keys, "additionalProperties": values}:
            value = {str(_value("", keys, components)): _value("", values, components)}
        case {"type": "object"}:
            value = _object(field, components)
        case _ if name in _FIELDS:
            value = _FIELDS[name]
        case {"anyOf": [first, *_]}:
            value = _value(name, first, components)
        case {"type": "array", "items": items}:
            value = [_value("", items, components)]
        case {"format": "date-time"}:
            value = INSTANT
        case _:
            value = _TYPES.get(field.get("type", "null"))
    return cast("JsonValue", value)
