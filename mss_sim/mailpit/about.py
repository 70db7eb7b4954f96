"""What is known of the mailbox as a whole, and whether it lives."""

from importlib.metadata import version

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from mss_sim.core.control import mail_catcher
from mss_sim.errors import Rule
from mss_sim.http.answers import octets, refusing_plainly
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.problems import PLAIN
from mss_sim.http.shapes import Json
from mss_sim.mailpit import answers, schemas

router = answers.router()
probes = APIRouter(prefix=PLAIN.removesuffix("/"), default_response_class=Response, tags=["Mailpit"])
_LIVES = octets("text/plain", example="ok")
_NOT_COUNTED = ("Uptime", "Memory", "MessagesDeleted", "SMTPAccepted", "SMTPAcceptedSize", "SMTPRejected", "SMTPIgnored")


@router.get("/info", responses={200: {"model": schemas.MailpitInformation}})
async def get_information(core: CurrentCore) -> Response:
    """How many letters there are; what Mailpit tells of its own process is 0 here."""
    totals = await mail_catcher.totals(core.world)
    told = {
        "Version": f"mss-sim {version('mss-sim')}",
        "LatestVersion": "disabled",
        "Database": "",
        "DatabaseSize": totals.size_bytes,
        "Messages": totals.letters,
        "Unread": totals.unread,
        "Tags": {},
        "RuntimeStats": dict.fromkeys(_NOT_COUNTED, 0),
    }
    return Json(told)


@router.get("/tags", responses={200: {"model": list[str]}})
async def list_tags() -> Response:
    """The tags of letters: there are none here."""
    return Json([])


@probes.get("/livez", responses={200: _LIVES, **refusing_plainly(Rule.HOST_UNKNOWN)})
async def is_alive() -> Response:
    """The process answers."""
    return PlainTextResponse("")


@probes.get("/readyz", responses={200: _LIVES, **refusing_plainly(Rule.HOST_UNKNOWN, Rule.STORE_UNAVAILABLE)})
async def is_ready(core: CurrentCore) -> Response:
    """The store answers."""
    await mail_catcher.totals(core.world)
    return PlainTextResponse("")
