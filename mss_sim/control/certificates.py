"""Certificates in the control plane: issued, taken back, downloaded; how the authority's services answer."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import Body, Depends, Query
from starlette.responses import Response

from mss_sim.clock import from_datetime, iso
from mss_sim.control import certificate_schemas as schemas
from mss_sim.core.assembly import Core
from mss_sim.core.trust import certificates, operators
from mss_sim.core.world.store_types import Certificate
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL_IN_MEMORY, Answers, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.pki import bundles
from mss_sim.pki.authority import ROOT
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour
from mss_sim.words.sentence import joined, say, sentence_of

router = strict_router(
    prefix="/control/certificates",
    tags=["control: certificates"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL_IN_MEMORY),
)
_FOUND = refusing(Rule.NOT_FOUND, Rule.STORE_UNAVAILABLE)
_PASSWORD = "mss-sim"  # noqa: S105 - told in the documentation


class Format(StrEnum):
    """What a certificate is downloaded as."""

    PEM = "pem"  # certificate and chain
    KEY = "key"
    DER = "der"
    P12 = "p12"
    P7B = "p7b"


_TYPES = {
    Format.PEM: "application/x-pem-file",
    Format.KEY: "application/x-pem-file",
    Format.DER: "application/pkix-cert",
    Format.P12: "application/x-pkcs12",
    Format.P7B: "application/x-pkcs7-certificates",
}
_TEXTS = octets(_TYPES[Format.PEM], example=examples.CERTIFICATE)["content"]
_BINARIES = octets(_TYPES[Format.DER], _TYPES[Format.P12], _TYPES[Format.P7B], example=examples.DER)["content"]
_FILES: Answers = {200: {"content": _TEXTS | _BINARIES}, **_FOUND}


async def _shown(core: Core, rows: list[Certificate]) -> list[dict[str, Any]]:
    addresses = await certificates.mailbox_addresses(core.world, rows)
    known = {one.id: one.name for one in await operators.list_all(core.world)}
    return [
        {
            "serial": row.serial,
            "profile": row.profile,
            "authority": row.authority,
            "subject": row.subject,
            "mailbox": addresses.get(row.mailbox_id) if row.mailbox_id is not None else None,
            "operator": known.get(row.operator_id) if row.operator_id is not None else None,
            "host": row.host,
            "not_before": iso(row.not_before),
            "not_after": iso(row.not_after),
            "revoked_at": iso(row.revoked_at),
            "reason": row.reason,
            "pem": row.certificate,
        }
        for row in rows
    ]


@router.get("", responses={200: {"model": list[schemas.CertificateOut]}, **_FOUND})
async def list_certificates(core: CurrentCore, mailbox: str | None = None) -> Response:
    """All certificates, or those of a mailbox, the newest first; those that the simulator's own ports show come last."""
    try:
        address = canonical(mailbox) if mailbox is not None else None
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=mailbox, reference="rfc5321#4.1.2") from error
    return Json(await _shown(core, await certificates.list_all(core.world, mailbox=address)))


@router.post("", status_code=201, responses={201: {"model": schemas.CertificateOut}, **_FOUND})
async def issue_certificate(core: CurrentCore, new: schemas.CertificateIn) -> Response:
    """Issue a certificate with a key of its own."""
    values = {**new.model_dump(), "hosts": tuple(new.hosts)}
    row = await certificates.issue(core.world, certificates.NewCertificate(**values))
    return Json((await _shown(core, [row]))[0], status_code=201)


Manners = Annotated[dict[IgcService, schemas.MannerIn], Body(examples=[{"ocsp": {"behaviour": "slow", "seconds": 10}}])]


def _manners(core: Core) -> dict[str, dict[str, object]]:
    manners = core.revocation.manners()
    return {service.value: {"behaviour": one.behaviour, "seconds": one.seconds} for service, one in manners.items()}


@router.get("/behaviour", responses={200: {"model": dict[IgcService, schemas.MannerOut]}})
async def get_behaviour(core: CurrentCore) -> Response:
    """How AIA, CRL, OCSP and LDAP answer."""
    return Json(_manners(core))


@router.patch("/behaviour", responses={200: {"model": dict[IgcService, schemas.MannerOut]}})
async def change_behaviour(core: CurrentCore, wanted: Manners) -> Response:
    """Switch services: `{"ocsp": {"behaviour": "slow", "seconds": 10}}`."""
    aia = wanted.get(IgcService.AIA)
    if aia is not None and aia.behaviour is ServiceBehaviour.EXPIRED:
        raise Refusal(Rule.INVALID, say("AIA says no date that could be past: switch crl or ocsp to expired."))
    for service, manner in wanted.items():
        core.revocation.switch(service, manner.behaviour, manner.seconds)
    return Json(_manners(core))


@router.get("/fetches", responses={200: {"model": list[schemas.FetchOut]}})
async def list_fetches(core: CurrentCore, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
    """What was asked of AIA, CRL, OCSP and LDAP, the newest first."""
    newest = list(core.revocation.fetches)[::-1][:limit]
    fetches = [
        {
            "at": iso(one.at),
            "service": one.service,
            "authority": one.label,
            "serial": one.serial,
            "peer": one.peer,
            "behaviour": one.behaviour,
        }
        for one in newest
    ]
    return Json(fetches)


@router.get("/{serial}", responses={200: {"model": schemas.CertificateOut}, **_FOUND})
async def get_certificate(core: CurrentCore, serial: str) -> Response:
    """One certificate; the serial is hexadecimal, with or without colons."""
    return Json((await _shown(core, [await certificates.find(core.world, serial)]))[0])


@router.post("/{serial}/revoke", responses={200: {"model": schemas.CertificateOut}, **_FOUND, **refusing(Rule.CONFLICT)})
async def revoke_certificate(core: CurrentCore, serial: str, wanted: schemas.RevocationIn | None = None) -> Response:
    """Take a certificate back: the next CRL and OCSP answers say so."""
    order = wanted or schemas.RevocationIn()
    row = await certificates.revoke(core.world, serial, order.reason, from_datetime(order.at) if order.at else None)
    return Json((await _shown(core, [row]))[0])


@router.get("/{serial}/{form}", responses=_FILES)
async def download_certificate(
    core: CurrentCore, serial: str, form: Format, password: Annotated[str, Query(min_length=1, max_length=100)] = _PASSWORD
) -> Response:
    """A certificate as a file: `pem` with its chain, `key`, `der`, `p12` under a password, `p7b` with chain and root."""
    row = await certificates.find(core.world, serial)
    headers = {"Content-Disposition": f'attachment; filename="{row.serial}.{form}"'}
    return Response(_file(core, row, form, password), media_type=_TYPES[form], headers=headers)


def _file(core: Core, row: Certificate, form: Format, password: str) -> bytes | str:
    igc, certificate = core.authorities, bundles.read_pem(row.certificate)
    chain = igc.authority(row.authority).chain
    match form:
        case Format.PEM:
            return certificates.with_chain(core.world, row)
        case Format.KEY:
            return row.key
        case Format.DER:
            return bundles.der(certificate)
        case Format.P12:
            return bundles.pkcs12(row.subject, bundles.read_key(row.key), certificate, chain, password)
        case Format.P7B:
            return bundles.pkcs7([certificate, *chain, igc.authority(ROOT).certificate])
