"""Shapes of the control plane's certificates, services and traps."""

from typing import Annotated

from pydantic import Field

from mss_sim.http import examples
from mss_sim.http.shapes import In, Moment, Out, Seconds, Whole
from mss_sim.policy.traps import Lookup, TrapOutcome
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.trust import CertificateProfile, IgcService, RevocationReason, ServiceBehaviour, TrapName, Verdict

_Text = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]
_REQUIREMENTS = ["ECO.1.1.5"]
_WHY = "it refused the certificate (certificate_expired)"
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
    days: Whole | None = Field(default=None, ge=1, le=3_000, description="Life; the setting's when left out.")


class RevocationIn(In):
    reason: RevocationReason = RevocationReason.UNSPECIFIED
    at: Moment | None = Field(default=None, description="With an offset; now when left out.")


class CertificateOut(Out):
    serial: str = Field(examples=[examples.SERIAL])
    profile: CertificateProfile = Field(examples=[CertificateProfile.ORG_AUTH_CLI])
    authority: str = Field(examples=["ACI-EL-ORG"])
    subject: str = Field(examples=[examples.CERTIFICATE_DN])
    mailbox: str | None = Field(examples=[None])
    operator: str | None = Field(examples=["Hôpital des Ormes"])
    host: str | None = Field(examples=[None])
    not_before: str = Field(examples=[examples.INSTANT])
    not_after: str = Field(examples=["2029-01-05T08:00:00Z"])
    revoked_at: str | None = Field(examples=[examples.INSTANT])
    reason: RevocationReason | None = Field(examples=[RevocationReason.KEY_COMPROMISE])
    pem: str = Field(examples=[examples.CERTIFICATE])


class MannerIn(In):
    behaviour: ServiceBehaviour
    seconds: Seconds | None = Field(default=None, ge=0, le=3_600, description="How late, or how long refused; the setting's when left out.")


class MannerOut(Out):
    behaviour: ServiceBehaviour
    seconds: float


class FetchOut(Out):
    at: str
    service: IgcService
    authority: str = Field(examples=["ACI-EL-ORG"])
    serial: str | None = Field(examples=[examples.SERIAL])
    peer: str = Field(examples=["127.0.0.1"])
    behaviour: ServiceBehaviour


class TlsOut(Out):
    outcome: TrapOutcome = Field(examples=[TrapOutcome.ABORTED])
    alert: str | None = Field(examples=["certificate_expired"])
    error: str | None = Field(examples=["SSLV3_ALERT_CERTIFICATE_EXPIRED"])
    version: str | None = Field(examples=["TLSv1.3"])
    suite: str | None = Field(examples=["TLS_AES_256_GCM_SHA384"])
    sni: str | None = Field(examples=["mail.sim.mssante.fr"])


class VisitOut(Out):
    session: str = Field(examples=[examples.ID])
    trap: TrapName
    door: Door
    peer: str = Field(examples=["127.0.0.1"])
    opened_at: str = Field(examples=[examples.INSTANT])
    closed_at: str | None = Field(examples=[examples.INSTANT])
    tls: TlsOut
    lookup: Lookup
    went_on: list[str] = Field(examples=[[]])
    requirements: list[str] = Field(examples=[_REQUIREMENTS])
    verdict: Verdict
    why: str = Field(examples=[_WHY])


class FindingOut(Out):
    trap: TrapName
    door: Door
    requirements: list[str] = Field(examples=[_REQUIREMENTS])
    verdict: Verdict
    why: str = Field(examples=[_WHY])
    session: str | None = Field(examples=[examples.ID])
    visits: int
