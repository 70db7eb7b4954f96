"""The shapes of /control/psc."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from mss_sim.http.shapes import Flag, Out, Whole
from mss_sim.vocabulary.mailboxes import IdentityKind

_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]

_KID = "Yk3f0v2QxJ5m8Zr1T7nB4cWd6LpSgHaEuIoKeNqXtMw"
_SECRET = "h0Zb8vKqf4nTzW2sYxRj6mLcP1dGaUeI7oXtB3wQk5E"  # noqa: S105 - its form
_METADATA: JsonDict = {
    "client_name": "Mon logiciel",
    "token_endpoint_auth_method": "client_secret_basic",
    "redirect_uris": ["https://lgc.example/retour"],
    "grant_types": ["authorization_code", "refresh_token"],
}
_PROFILE: JsonDict = {"codeCivilite": "MME", "SubjectOrganization": "Pharmacie du Lac"}
_PERSONA: JsonDict = {
    "idnat": "899700420070",
    "kind": "professional",
    "family_name": "FABRE",
    "given_name": "Léa",
    "profession": "Pharmacien",
    "profile": _PROFILE,
}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SwitchesIn(_In):
    """What to change; what is left out stays."""

    auto_approve: Flag | None = Field(default=None, examples=[True])
    outages: Whole | None = Field(default=None, ge=0, le=1_000_000, description="How many of the next requests answer 503.", examples=[2])


class ProviderOut(Out):
    """The provider."""

    issuer: str = Field(examples=["http://127.0.0.1:8080/auth/realms/esante-wallet"])
    auto_approve: bool
    outages: int
    sessions: int
    keys: list[str] = Field(examples=[[_KID]])


class KeyOut(Out):
    """The key that signs from now on."""

    kid: str = Field(examples=[_KID])


class ClientIn(_In):
    """A client; the names are those of RFC 7591."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client_id": "mon-lgc", **_METADATA}]})

    client_id: _Line = Field(min_length=1, max_length=200, examples=["mon-lgc"])
    client_secret: str | None = Field(default=None, min_length=1, max_length=2_000, description="Made up when it is needed and not given.")
    client_name: str | None = Field(default=None, examples=["Mon logiciel"])
    token_endpoint_auth_method: str | None = Field(default=None, examples=["client_secret_basic"])
    redirect_uris: list[str] | None = Field(default=None, examples=[["https://lgc.example/retour"]])
    post_logout_redirect_uris: list[str] | None = None
    grant_types: list[str] | None = Field(default=None, examples=[["authorization_code", "refresh_token"]])
    jwks: dict[str, Any] | None = None
    tls_client_auth_subject_dn: str | None = None
    userinfo_signed_response_alg: str | None = None


class ClientOut(Out):
    """A registered client; its secret is shown once, when it was made."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"client_id": "mon-lgc", "client_secret": _SECRET, **_METADATA}]}
    )

    client_id: str
    client_secret: str | None = None


class PersonaIn(_In):
    """Somebody who may log in. An identity that is there already keeps its name and gets the profile."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PERSONA]})

    idnat: _Line = Field(min_length=1, max_length=100, examples=["899700420070"])
    kind: IdentityKind = IdentityKind.PROFESSIONAL
    family_name: _Line = Field(min_length=1, max_length=200, examples=["ROUX"])
    given_name: _Line = Field(default="", max_length=200, examples=["Inès"])
    title: _Line = Field(default="", max_length=50)
    profession: _Line = Field(default="", max_length=200, examples=["Pharmacien"])
    structure: _Line = Field(default="", max_length=100)
    anonymous_card: Flag = False
    profile: dict[str, Any] = Field(default_factory=dict, description="Claims of userinfo that replace the derived ones.")


class CardholderOut(Out):
    """Somebody who may log in, and what userinfo tells of them."""

    idnat: str = Field(examples=["899700420070"])
    name: str = Field(examples=["Léa FABRE"])
    profession: str = Field(examples=["Pharmacien"])
    userinfo: dict[str, Any] = Field(
        examples=[{"sub": "f:6d1f4c0e-2b7a-5e93-8c1d-9a4b3f2e7d60:899700420070", "SubjectNameID": "899700420070", **_PROFILE}]
    )


class ApprovalOut(Out):
    """A CIBA request that waits."""

    id: str = Field(examples=["0am6c38w5xc01"])
    client_id: str = Field(examples=["mon-lgc"])
    idnat: str = Field(examples=["899700420013"])
    name: str = Field(examples=["Dr Camille MARTIN"])
    channel: str = Field(examples=["CARD"])
    binding_message: str = Field(examples=["42"])
    asked_at: str = Field(examples=["2026-01-05T08:00:00Z"])
    expires_at: str = Field(examples=["2026-01-05T08:02:00Z"])
