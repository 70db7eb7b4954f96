"""The shapes of the control plane."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from mss_sim.core.control.adding_patients import PATIENTS_MAX
from mss_sim.core.control.adding_people_like import COUNT_MAX
from mss_sim.core.world.store_types import Operator
from mss_sim.http.grants import GrantOut
from mss_sim.http.shapes import Count, Day, Flag, IdentityRef, In, OneLine, Out, Rank, Whole
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mailboxes import HolderRole, IdentityKind, MailboxKind, MailboxState, Right, SeenPolicy, SentPolicy
from mss_sim.vocabulary.patients import InsOid, PatientState, RepresentativeKind, Sex


class HealthOut(Out):
    status: str = Field(examples=["alive"])


class SeedIn(In):
    name: str = Field(default="cabinet", examples=["cabinet"])


class PersonaMailbox(Out):
    address: str
    kind: MailboxKind
    rights: list[Right]


class PersonaOut(Out):
    role: str
    idnat: str
    name: str
    login: str
    password: str
    mailboxes: list[PersonaMailbox]


class LikeIn(In):
    """Whom new people are like: somebody of a seed, by role."""

    role: Annotated[OneLine, Field(max_length=100)] = Field(
        min_length=1, description="Role of a persona who is in this world.", examples=["doctor"]
    )
    count: Whole = Field(default=1, ge=1, le=COUNT_MAX)
    token: Flag = Field(default=True, description="An access token for each; a signature takes longer than all else of a person.")
    lifetime_seconds: Whole | None = Field(default=None, ge=1, le=86_400, description="Of the access tokens.")


class LikenessOut(PersonaOut):
    """A new person of your own; `role` is whose they are like."""

    access_token: str | None
    expires_in: int | None


class OperatorOut(Out):
    name: str
    domains: list[str]
    message_size_bytes_max: int | None
    mx: str | None
    authentication: list[LogInBy]


class StateOut(Out):
    operators: list[OperatorOut]
    identities: int
    mailboxes: int
    messages: int
    copies: int
    waiting: int
    """Recipients in the queue."""
    seeds: list[str]


class TokenIn(In):
    who: str = Field(description="idNat, login, own address, or role of a persona.", examples=["camille.martin"])
    lifetime_seconds: Whole | None = Field(default=None, ge=1, le=86_400)


class TokenOut(Out):
    access_token: str
    token_type: str
    expires_in: int


PostalCode = Annotated[str, StringConstraints(pattern=r"^(?:[0-9][0-9AB][0-9]{3})?$")]
"""Postal code of an organisation, or nothing."""
Sector = Annotated[str, StringConstraints(pattern=r"^(?:SA[0-9]{2})?$")]
"""Sector of activity of an organisation (TRE_R02-SecteurActivite), or nothing."""


class RepresentativeIn(In):
    idnat: Annotated[OneLine, Field(max_length=100)] = Field(min_length=1)
    kind: RepresentativeKind


class PatientIdentityIn(In):
    """One national identity of a patient, whose number is the idNat. All but a provisional one have all traits."""

    oid: InsOid = Field(default=InsOid.NIR, description="The root of the number.")
    state: PatientState = PatientState.QUALIFIED
    birth_name: OneLine = ""
    given_names: OneLine = Field(default="", description="First given names; the first of them is the trait.")
    birth_date: Day | None = Field(default=None, examples=["1985-03-12"])
    sex: Sex | None = None
    birth_place: str = Field(default="", pattern="^([0-9][0-9ABab][0-9]{3})?$", description="Commune, or 99 and a country.")
    representatives: list[RepresentativeIn] = Field(default=[], max_length=10, description="Who acts for a minor; as data only.")


class RepresentativeOut(Out):
    idnat: str
    kind: RepresentativeKind


class PatientIdentityOut(Out):
    ins: str = Field(examples=["285037511300167"])
    oid: InsOid
    state: PatientState
    birth_name: str = Field(examples=["FONTAINE"])
    given_names: str = Field(examples=["Claire"])
    birth_date: date | None = Field(examples=["1985-03-12"])
    sex: Sex | None
    birth_place: str = Field(examples=["75113"])
    representatives: list[RepresentativeOut]


class IdentityIn(In):
    idnat: Annotated[OneLine, Field(max_length=100)] = Field(min_length=1, examples=["899700420062"])
    kind: IdentityKind
    family_name: OneLine = Field(min_length=1)
    given_name: OneLine = ""
    title: OneLine = ""
    profession: OneLine = ""
    structure: OneLine = ""
    anonymous_card: Flag = False
    enabled: Flag = True
    sector: Sector = ""
    address_line: OneLine = Field(default="", description="Where an organisation is: number and street.", examples=["12 rue des Ormes"])
    postal_code: PostalCode = ""
    city: OneLine = ""
    login: str | None = Field(default=None, min_length=1)
    password: str | None = Field(default=None, min_length=1)
    ins: list[PatientIdentityIn] = Field(default=[], max_length=4, description="Patients only: one for each root (oid).")


class IdentityPatch(In):
    family_name: OneLine | None = Field(default=None, min_length=1)
    given_name: OneLine | None = None
    title: OneLine | None = None
    profession: OneLine | None = None
    structure: OneLine | None = None
    anonymous_card: Flag | None = None
    enabled: Flag | None = None
    sector: Sector | None = None
    address_line: OneLine | None = None
    postal_code: PostalCode | None = None
    city: OneLine | None = None
    login: str | None = Field(default=None, min_length=1)
    password: str | None = Field(default=None, min_length=1)
    ins: list[PatientIdentityIn] | None = Field(default=None, max_length=4, description="In the place of all that the patient had.")


class IdentityOut(Out):
    idnat: str
    kind: IdentityKind
    name: str
    family_name: str
    given_name: str
    title: str
    profession: str
    structure: str
    anonymous_card: bool
    enabled: bool
    sector: str
    """Sector of activity of an organisation (TRE_R02); SA33, SA38 and SA39 are pharmacies."""
    address_line: str
    postal_code: str
    city: str
    ins: list[PatientIdentityOut]
    warnings: list[str]
    """What is odd about the number, or said differently by number and traits; by setting a wrong key of an INS is refused."""


class FoundPersonOut(IdentityOut):
    login: str | None
    """Of the account; null without one."""


class PeoplePage(Out):
    items: list[FoundPersonOut]
    next_cursor: str | None
    """Give it back as `cursor` for the next page; null on the last one."""


class HeldMailboxOut(Out):
    """A mailbox that somebody holds without a grant."""

    address: str
    kind: MailboxKind
    state: MailboxState
    label: str
    role: HolderRole


class PersonOut(FoundPersonOut):
    """Somebody with all that is theirs."""

    mailboxes: list[HeldMailboxOut]
    grants: list[GrantOut]
    """Every grant that they ever got, the oldest first."""


class HolderOut(Out):
    idnat: str
    name: str
    role: HolderRole


class PatientsIn(In):
    count: Whole = Field(ge=1, le=PATIENTS_MAX, examples=[20])
    seed: Whole = Field(default=0, ge=0, lt=2**31, description="The same number gives the same people.")


class PatientOut(Out):
    """A fictional patient as it was made."""

    idnat: str = Field(examples=["290122A00497489"])
    family_name: str
    given_name: str
    case: str = Field(examples=["corsica-2a"])
    """What the patient is there for: twin, born-1925, corsica-2a …"""
    address: str = Field(examples=["290122a00497489@patient.mssante.fr"])
    login: str = Field(examples=["patient-7-8"])
    password: str
    ins: list[PatientIdentityOut]


class MailboxIn(In):
    address: str = Field(examples=["accueil@cabinet.sim.mssante.fr"])
    kind: MailboxKind
    owner_idnat: str = Field(description="One person for PER, the organisation for ORG and APP, the responsible for CAB, the patient.")
    label: OneLine = ""
    description: OneLine = ""
    red_listed: Flag = False
    preferred_rank: Rank | None = None
    message_size_bytes_max: Whole | None = Field(default=None, ge=1_000, le=2**40)
    quota_bytes: Count | None = None
    seen_policy: SeenPolicy | None = Field(default=None, description="Default: shared for ORG and CAB, personal for the others.")
    sent_policy: SentPolicy = SentPolicy.OWNER
    co_holders: list[str] = Field(default=[], description="idNats; CAB only.")
    with_structure: Flag = Field(default=False, description="The directory shows it where its owner works; PER and CAB only.")
    responsible_name: OneLine = Field(default="", description="Who answers for it; the restricted directory alone says it.")
    keeps_diagnoses: Flag = Field(
        default=False, description="Letters that come in with files are diagnosed, and the diagnosis is kept with them."
    )


class MailboxAdminPatch(In):
    state: MailboxState | None = None
    label: OneLine | None = None
    description: OneLine | None = None
    red_listed: Flag | None = None
    preferred_rank: Rank | None = None
    message_size_bytes_max: Whole | None = Field(default=None, ge=1_000, le=2**40)
    quota_bytes: Count | None = None
    seen_policy: SeenPolicy | None = None
    sent_policy: SentPolicy | None = None
    patients_may_write: Flag | None = Field(default=None, description="Patients may write first; ORG and CAB only.")
    with_structure: Flag | None = Field(default=None, description="The directory shows it where its owner works; PER and CAB only.")
    responsible_name: OneLine | None = Field(default=None, description="Who answers for it; the restricted directory alone says it.")
    keeps_diagnoses: Flag | None = Field(
        default=None, description="Letters that come in with files are diagnosed, and the diagnosis is kept with them."
    )


class MailboxAdmin(Out):
    address: str
    kind: MailboxKind
    owner: IdentityRef
    """Or the responsible of a practice's."""
    state: MailboxState
    label: str
    description: str
    red_listed: bool
    preferred_rank: int | None
    message_size_bytes_max: int | None
    quota_bytes: int
    used_bytes: int
    seen_policy: SeenPolicy
    sent_policy: SentPolicy
    patients_may_write: bool
    """Whether patients may write first: a mailbox of kind ORG or CAB that its managers opened to them."""
    with_structure: bool
    """Whether the directory shows it with its owner's work at a structure (PractitionerRole), and not with the owner alone."""
    keeps_diagnoses: bool
    """Whether letters that come in with files are diagnosed, and the diagnosis is kept with them."""
    responsible_name: str
    """Who answers for it, in free text; the restricted directory alone says it."""
    warnings: list[str]
    """What is odd about the address; by setting it is refused."""


def operator(row: Operator) -> dict[str, Any]:
    """An operator as it goes out."""
    ways = sorted(row.authentication)
    size = row.message_size_bytes_max
    return {"name": row.name, "domains": list(row.domains), "message_size_bytes_max": size, "mx": row.mx, "authentication": ways}
