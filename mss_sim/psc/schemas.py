"""The shapes of /control/psc."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mss_sim.vocabulary import IdentityKind

_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SwitchesIn(_In):
    """What to change; what is left out stays."""

    auto_approve: bool | None = None
    outages: int | None = Field(default=None, ge=0, le=1_000_000, description="How many of the next requests answer 503.")


class StateOut(BaseModel):
    """The provider."""

    issuer: str
    auto_approve: bool
    outages: int
    sessions: int
    keys: list[str]


class KeyOut(BaseModel):
    """The key that signs from now on."""

    kid: str


class ClientIn(_In):
    """A client; the names are those of RFC 7591."""

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


class ClientOut(BaseModel):
    """A registered client; its secret is shown once, when it was made."""

    model_config = ConfigDict(extra="allow")

    client_id: str
    client_secret: str | None = None


class PersonaIn(_In):
    """Somebody who may log in. An identity that is there already keeps its name and gets the profile."""

    idnat: _Line = Field(min_length=1, max_length=100, examples=["899700420070"])
    kind: IdentityKind = IdentityKind.PROFESSIONAL
    family_name: _Line = Field(min_length=1, max_length=200, examples=["ROUX"])
    given_name: _Line = Field(default="", max_length=200, examples=["Inès"])
    title: _Line = Field(default="", max_length=50)
    profession: _Line = Field(default="", max_length=200, examples=["Pharmacien"])
    structure: _Line = Field(default="", max_length=100)
    anonymous_card: bool = False
    profile: dict[str, Any] = Field(default_factory=dict, description="Claims of userinfo that replace the derived ones.")


class PersonaOut(BaseModel):
    """Somebody who may log in, and what userinfo tells of him."""

    idnat: str
    name: str
    profession: str
    userinfo: dict[str, Any]


class ApprovalOut(BaseModel):
    """A CIBA request that waits."""

    id: str
    client_id: str
    idnat: str
    name: str
    channel: str
    binding_message: str
    asked_at: str
    expires_at: str
