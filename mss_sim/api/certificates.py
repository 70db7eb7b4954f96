"""REST: the certificates that open one's mailboxes, to be seen and downloaded; they are issued and revoked under /control."""

from typing import Any

from starlette.responses import Response

from mss_sim.api import schemas
from mss_sim.api.views import PREFIX
from mss_sim.clock import iso
from mss_sim.core.mailbox import visible_certificates
from mss_sim.core.trust.certificates import with_chain
from mss_sim.core.world.store_types import Certificate
from mss_sim.http import examples
from mss_sim.http.answers import ANYWHERE, IN_A_MAILBOX, Answers, octets, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json

router = strict_router(prefix=PREFIX, tags=["certificates"], responses=refusing(*ANYWHERE))
_HERE = refusing(*IN_A_MAILBOX)
_PEM = "application/x-pem-file"
_FILE: Answers = {200: octets(_PEM, example=examples.CERTIFICATE), **_HERE}


def _shown(address: str, row: Certificate) -> dict[str, Any]:
    return {
        "serial": row.serial,
        "profile": row.profile,
        "authority": row.authority,
        "subject": row.subject,
        "mailbox": address,
        "not_before": iso(row.not_before),
        "not_after": iso(row.not_after),
        "revoked_at": iso(row.revoked_at),
        "reason": row.reason,
        "pem": row.certificate,
    }


@router.get("/certificates", responses={200: {"model": list[schemas.CertificateOut]}})
async def list_own_certificates(core: CurrentCore, actor: CurrentActor) -> Response:
    """The certificates of every mailbox that you may see, the newest first, revoked and expired ones included."""
    return Json([_shown(address, row) for address, row in await visible_certificates.list_all(core.world, actor)])


@router.get("/mailboxes/{address}/certificates", responses={200: {"model": list[schemas.CertificateOut]}, **_HERE})
async def list_mailbox_certificates(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """The certificates of one mailbox, the newest first; only APP mailboxes have any."""
    return Json([_shown(address, row) for row in await visible_certificates.list_certificates(core.world, actor, address)])


@router.get("/mailboxes/{address}/certificates/{serial}", responses={200: {"model": schemas.CertificateOut}, **_HERE})
async def get_mailbox_certificate(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, serial: str) -> Response:
    """One certificate of a mailbox; the serial is hexadecimal, with or without colons."""
    return Json(_shown(address, await visible_certificates.find(core.world, actor, address, serial)))


@router.get("/mailboxes/{address}/certificates/{serial}/pem", responses=_FILE)
async def download_mailbox_certificate(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, serial: str) -> Response:
    """A certificate and the authorities above it as a PEM file, without its key."""
    row = await visible_certificates.find(core.world, actor, address, serial)
    headers = {"Content-Disposition": f'attachment; filename="{row.serial}.pem"'}
    return Response(with_chain(core.world, row), media_type=_PEM, headers=headers)
