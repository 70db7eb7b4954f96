"""Shapes of the control plane's certificates, services and traps."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from mss_sim.api.schemas import In, Out
from mss_sim.policy.traps import Lookup, Outcome
from mss_sim.vocabulary import CertificateProfile, Door, IgcService, RevocationReason, ServiceBehaviour, TrapName, Verdict

_Text = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9._:*-]+$")]


class CertificateIn(In):
    """Bound to one of `mailbox` (APP), `operator` (its name) or `host`; the rest is found from it when left out."""

    mailbox: str | None = Field(default=None, examples=["resultats@labo-parc.sim.mssante.fr"])
    operator: _Text | None = None
    host: _Host | None = Field(default=None, examples=["mail.sim.mssante.fr"])
    profile: CertificateProfile | None = Field(default=None, description="SERV_SSL for a host, ORG_AUTH_CLI otherwise.")
    hosts: list[_Host] = Field(default=[], max_length=50, description="Further host names.")
    common: _Text | None = Field(default=None, description="CN.")
    organisation: _Text | None = Field(default=None, description="O.")
    structure: _Text | None = Field(default=None, description="OU, a structure identifier.", examples=["318751275100020"])
    department: _Text = Field(default="Paris (75)", description="ST.")
    days: int | None = Field(default=None, ge=1, le=3_000, description="Life; the setting's when left out.")


class RevocationIn(In):
    reason: RevocationReason = RevocationReason.UNSPECIFIED
    at: datetime | None = Field(default=None, description="With an offset; now when left out.")


class CertificateOut(Out):
    serial: str
    profile: CertificateProfile
    authority: str
    subject: str
    mailbox: str | None
    operator: str | None
    host: str | None
    not_before: str
    not_after: str
    revoked_at: str | None
    reason: RevocationReason | None
    pem: str


class MannerIn(In):
    behaviour: ServiceBehaviour
    seconds: float | None = Field(default=None, ge=0, le=3_600, description="How late, or how long refused; the setting's when left out.")


class MannerOut(Out):
    behaviour: ServiceBehaviour
    seconds: float


class FetchOut(Out):
    at: str
    service: IgcService
    authority: str
    serial: str | None
    peer: str
    behaviour: ServiceBehaviour


class TlsOut(Out):
    outcome: Outcome
    alert: str | None
    error: str | None
    version: str | None
    suite: str | None
    sni: str | None


class VisitOut(Out):
    session: str
    trap: TrapName
    door: Door
    peer: str
    opened_at: str
    closed_at: str | None
    tls: TlsOut
    lookup: Lookup
    went_on: list[str]
    requirements: list[str]
    verdict: Verdict
    why: str


class FindingOut(Out):
    trap: TrapName
    door: Door
    requirements: list[str]
    verdict: Verdict
    why: str
    session: str | None
    visits: int
