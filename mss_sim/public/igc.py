"""What the authority publishes over HTTP: certificates of authorities, revocation lists, OCSP; for everybody, without a key.

Each service answers as `/control/certificates/behaviour` says, so that one sees what a client does when a lookup fails.
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, Response

from mss_sim.core.trust import certificates
from mss_sim.core.world.revocation_faults import Manner
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import Answers, octets, refusing
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.problems import FAULT_HEADER
from mss_sim.pki import bundles, revocation
from mss_sim.pki.authority import ORGANISATIONS, RANGES, ROOT
from mss_sim.pki.names import serial_text
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour
from mss_sim.words.sentence import say

router = APIRouter(default_response_class=Response, tags=["certificates and revocation"])
_REQUEST_BYTES_MAX = 8_192
_CERTIFICATE, _CHAIN = "application/pkix-cert", "application/x-pkcs7-certificates"
_CRL, _OCSP = "application/pkix-crl", "application/ocsp-response"  # ref: rfc2585#4, rfc6960#C.2
_FORBIDDEN = "Forbidden\n"
_PAGE = "<!DOCTYPE html><html><head><title>mss-sim</title></head><body><p>Vérification du navigateur en cours…</p></body></html>"

Label = Annotated[str, Path(description="Label of the authority.", examples=[ORGANISATIONS])]
Question = Annotated[
    str, Path(description="An OCSP request, DER in base64.", examples=[base64.b64encode(examples.OCSP_REQUEST.encode("ascii")).decode()])
]
_QUESTION = {"required": True, **octets("application/ocsp-request", example=examples.OCSP_REQUEST)}


def _published(media_type: str) -> Answers:
    """The responses of a service: its file, or a page or a refusal when it was told to answer so."""
    files = octets(media_type, example=examples.DER)["content"] | octets("text/html", example=_PAGE)["content"]
    return {200: {"content": files}, 403: {"description": "The service was told to refuse", **octets("text/plain", example=_FORBIDDEN)}}


_ANSWERED = _published(_OCSP) | refusing(Rule.STORE_UNAVAILABLE)


async def _answer(
    request: Request,
    core: CurrentCore,
    service: IgcService,
    label: str,
    build: Callable[[bool], Awaitable[Response]],
    serial: str | None = None,
) -> Response:
    """The answer of a service in the manner that it was switched to; `build` is told whether it must be out of date."""
    peer = request.client.host if request.client else ""
    manner = core.revocation.ask(service, label, peer, serial)
    response = await _in_manner(request, manner, build)
    if manner.fault is not None:
        response.headers[FAULT_HEADER] = manner.fault
    return response


async def _in_manner(request: Request, manner: Manner, build: Callable[[bool], Awaitable[Response]]) -> Response:
    match manner.behaviour:
        case ServiceBehaviour.FORBIDDEN:
            return Response(_FORBIDDEN, status_code=403, media_type="text/plain")
        case ServiceBehaviour.HTML:
            return HTMLResponse(_PAGE)
        case ServiceBehaviour.UNREACHABLE:
            request.state.hang_up()
            await asyncio.sleep(0)
            return Response(status_code=503)  # nobody hears it any more
        case ServiceBehaviour.SLOW:
            await asyncio.sleep(manner.seconds)
    return await build(manner.behaviour is ServiceBehaviour.EXPIRED)


def _check(core: CurrentCore, label: Label) -> None:
    if label not in {one.label for one in core.authorities.existing()}:
        raise Refusal(Rule.NOT_FOUND, say("There is no authority {label!r} here: {ranges}.", label=label[:40], ranges=", ".join(RANGES)))


@router.get("/AC/Chaine_de_certification-IGC-Sante.p7b", responses=_published(_CHAIN))
async def download_chain(request: Request, core: CurrentCore) -> Response:
    """The root and the authority of organisations, PKCS #7."""
    igc = core.authorities

    async def build(_expired: bool) -> Response:
        chain = [igc.authority(label).certificate for label in (ROOT, ORGANISATIONS)]
        return Response(bundles.pkcs7(chain), media_type=_CHAIN)

    return await _answer(request, core, IgcService.AIA, "Chaine_de_certification-IGC-Sante", build)


@router.get("/AC/{label}.cer", responses=_published(_CERTIFICATE) | refusing(Rule.NOT_FOUND))
async def download_authority(request: Request, core: CurrentCore, label: Label) -> Response:
    """The certificate of an authority, DER."""
    _check(core, label)

    async def build(_expired: bool) -> Response:
        return Response(bundles.der(core.authorities.authority(label).certificate), media_type=_CERTIFICATE)

    return await _answer(request, core, IgcService.AIA, label, build)


@router.get("/CRL/{label}.crl", responses=_published(_CRL) | refusing(Rule.NOT_FOUND, Rule.STORE_UNAVAILABLE))
async def download_crl(request: Request, core: CurrentCore, label: Label) -> Response:
    """The revocation list of an authority, DER."""
    _check(core, label)

    async def build(expired: bool) -> Response:
        return Response(await certificates.crl(core.world, label, expired=expired), media_type=_CRL)

    return await _answer(request, core, IgcService.CRL, label, build)


@router.post("/ocsp", responses=_ANSWERED, openapi_extra={"requestBody": _QUESTION})
async def post_ocsp(request: Request, core: CurrentCore) -> Response:
    """The state of one certificate; the body is an OCSP request, DER."""
    octets = bytearray()
    async for piece in request.stream():
        octets += piece
        if len(octets) > _REQUEST_BYTES_MAX:
            break
    return await _ocsp(request, core, bytes(octets[:_REQUEST_BYTES_MAX]))


@router.get("/ocsp/{text:path}", responses=_ANSWERED)
async def get_ocsp(request: Request, core: CurrentCore, text: Question) -> Response:
    """The same, the request in base64 in the path (ref: rfc6960#A.1)."""
    try:
        octets = base64.b64decode(text.replace(" ", "+"), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    return await _ocsp(request, core, octets)


async def _ocsp(request: Request, core: CurrentCore, octets: bytes) -> Response:
    try:
        question = revocation.read_request(octets, core.authorities.existing())
    except revocation.UnreadableRequestError:
        return Response(revocation.malformed(), media_type=_OCSP)

    async def build(expired: bool) -> Response:
        return Response(await certificates.ocsp(core.world, question, expired=expired), media_type=_OCSP)

    label = question.issuer.label if question.issuer else ""
    return await _answer(request, core, IgcService.OCSP, label, build, serial_text(question.serial))
