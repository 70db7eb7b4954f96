"""Examples that OpenAPI shows for whole bodies: a letter, its answer, a refusal."""

from pydantic.config import JsonDict

from mss_sim.vocabulary import SendMode

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
