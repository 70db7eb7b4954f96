"""The shapes of requests and answers, as OpenAPI shows them. Instants are RFC 3339 in UTC; ids are 13 characters; sizes are bytes."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from mss_sim.api.charge_schemas import ChargeOut
from mss_sim.http import examples
from mss_sim.http.grants import GrantOut, Reason
from mss_sim.http.shapes import Flag, IdentityRef, In, OneLine, Out, Person, Rank
from mss_sim.http.timelines import Timeline
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mail import ClosureCause, Disposition, TimelineKind
from mss_sim.vocabulary.mailboxes import (
    HolderRole,
    IdentityKind,
    MailboxKind,
    MailboxState,
    MaskKind,
    Right,
    SeenPolicy,
    SendMode,
    SentPolicy,
    SpecialUse,
)
from mss_sim.vocabulary.trust import CertificateProfile, RevocationReason

_DOCTOR = "camille.martin@medecin.sim.mssante.fr"
_PRACTICE = "tilleuls@cabinet.sim.mssante.fr"
_SECRETARY = "590000010000017/SEC0001"


_PEOPLE_MAX = 1_000  # more are not even looked at; `recipients_max` says how many a letter may have


class Problem(Out):
    """A refusal (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra=examples.PROBLEM)

    type: str
    title: str
    status: int
    detail: str
    code: str | None = None
    """The rule that refuses."""
    reference: str | None = None
    """Where the rule comes from."""
    subject: str | None = None
    recipients: list[dict[str, Any]] | None = None
    """Each refused recipient of a letter."""
    errors: list[dict[str, str]] | None = None
    """Where a request has not the right shape, or a file a wrong row, and how."""


class MailboxOut(Out):
    address: str
    kind: MailboxKind
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
    role: HolderRole | None = None
    """How you hold it by yourself; null for a grantee."""
    rights: list[Right] = Field(default=[])
    """What you may do with it now."""


class Me(Out):
    idnat: str
    kind: IdentityKind
    name: str
    profession: str
    acting_for: str | None
    """The mailbox that you chose by logging in as `mailbox*login`; you reach that one alone."""
    mailboxes: list[MailboxOut]


class MailboxPatch(In):
    """What a holder, or a grantee with manage, may change."""

    label: OneLine | None = None
    description: OneLine | None = None
    red_listed: Flag | None = None
    preferred_rank: Rank | None = None
    seen_policy: SeenPolicy | None = None
    sent_policy: SentPolicy | None = None
    patients_may_write: Flag | None = Field(default=None, description="Patients may write first; ORG and CAB only.")
    keeps_diagnoses: Flag | None = Field(
        default=None, description="Letters that come in with files are diagnosed, and the diagnosis is kept with them."
    )


class FolderOut(Out):
    id: str
    name: str
    special_use: SpecialUse | None
    exists: int
    unseen: int
    uid_validity: int
    uid_next: int
    highest_modseq: int


class FolderIn(In):
    name: str = Field(examples=["Résultats/2026"])


class FirstRead(Out):
    by: IdentityRef
    at: datetime


class MessageSummary(Out):
    id: str
    """The copy; it keeps this id when it is moved."""
    email_id: str
    """The message itself; the same in every mailbox and folder."""
    conversation_id: str
    folder: str
    folder_id: str
    uid: int
    modseq: int
    message_id: str | None
    from_: Annotated[list[Person], Field(alias="from")]
    to: list[Person]
    cc: list[Person]
    subject: str
    preview: str
    date: datetime | None
    """What the Date field says."""
    received_at: datetime
    size_bytes: int
    seen: bool
    flags: list[str]
    keywords: list[str]
    has_attachments: bool
    has_xdm: bool
    receipt_requested: bool
    charge: ChargeOut | None
    """In whose hands it is; null where it was never taken or noted on."""
    first_read: FirstRead | None


class MessagePage(Out):
    items: list[MessageSummary]
    next_cursor: str | None
    """Give it back as `cursor` for the next page; null on the last one."""


class Attachment(Out):
    part: str
    filename: str | None
    content_type: str
    size_bytes: int
    url: str


class MessageOut(MessageSummary):
    return_path: str | None
    sender: list[Person]
    reply_to: list[Person]
    in_reply_to: list[str]
    references: list[str]
    headers: list[tuple[str, str]]
    """Every header field, decoded, in order."""
    text: str
    html: str | None
    attachments: list[Attachment]
    read_by: list[FirstRead]


class FlagsIn(In):
    add: list[str] = Field(default=[], examples=[["\\Seen"]])
    remove: list[str] = Field(default=[])


class MoveIn(In):
    folder_id: str | None = None
    folder: str | None = Field(default=None, description="Name of the folder, instead of its id.", examples=["Archive"])


class PersonIn(In):
    address: str = Field(examples=[_PRACTICE])
    name: str = ""


class AttachmentIn(In):
    filename: str = Field(examples=["IHE_XDM.ZIP"])
    content_type: str = "application/octet-stream"
    content_base64: str


class SendIn(In):
    """A letter. People are addresses, or objects with a name."""

    model_config = ConfigDict(json_schema_extra=examples.LETTER)

    to: list[PersonIn | str] = Field(default=[], max_length=_PEOPLE_MAX, examples=[[_DOCTOR]])
    cc: list[PersonIn | str] = Field(default=[], max_length=_PEOPLE_MAX)
    bcc: list[PersonIn | str] = Field(default=[], max_length=_PEOPLE_MAX)
    reply_to: list[PersonIn | str] = Field(default=[], max_length=_PEOPLE_MAX)
    subject: str = ""
    text: str = ""
    html: str | None = None
    attachments: list[AttachmentIn] = Field(default=[])
    in_reply_to: str | None = Field(default=None, description="Id of a message in this mailbox, or a Message-ID.")
    request_read_receipt: Flag = False
    request_delivery_receipt: Flag = False
    close_conversation: Flag = Field(default=False, description="Adds X-MSS-MES: FIN; patients cannot answer this letter.")
    send_mode: SendMode | None = Field(default=None, description="In what quality, when you hold more than one right.")
    headers: dict[str, str] = Field(default={}, examples=[{"X-MSS-NIL": "DEV0001"}])


class RecipientOutcome(Out):
    address: str
    state: TimelineKind
    code: str | None = None
    detail: str | None = None


class RecipientWarning(Out):
    address: str
    detail: str


class SentOut(Out):
    model_config = ConfigDict(json_schema_extra=examples.SENT)

    submission_id: str
    email_id: str
    message_id: str | None
    mailbox: str
    """The mailbox that the letter left from; its timeline is there."""
    id: str | None
    """The copy in Sent: of that mailbox, or of your own by its sent policy; null when none is kept."""
    url: str | None
    """Where that copy is; null when there is none, or you may not read it."""
    mode: SendMode | None
    recipients: list[RecipientOutcome]
    warnings: list[RecipientWarning]
    """Recipients that the letter leaves for, and that you should look at: no qualified identity backs a patient's address."""
    timeline_url: str | None
    replayed: bool = False
    """True when the Idempotency-Key had been used: nothing was sent again, the rest is the first answer."""


class TimelinePage(Out):
    items: list[Timeline]
    next_cursor: str | None


class ReceiptIn(In):
    disposition: Disposition = Disposition.DISPLAYED
    error: str | None = Field(default=None, max_length=500)
    confirm: Flag = Field(default=False, description="The reader agrees to answer an address that is not the return path.")


class ReceiptOut(Out):
    to: str
    email_id: str


class HandOverIn(In):
    from_: str = Field(alias="from", description="idNat of who leaves.", examples=[_SECRETARY])
    to: str = Field(description="idNat of the successor.")
    mailbox: str | None = Field(default=None, description="Only the grants over this mailbox; none: over all that you manage.")
    reason: Reason = ""


class HandOverOut(Out):
    ended: list[GrantOut]
    created: list[GrantOut]


class OpenConnectionOut(Out):
    door: Door
    client: str = Field(examples=["Thunderbird 140.0"])
    """What the mail program calls itself; empty where it does not say."""
    since: datetime


class GrantEndOut(Out):
    """What would end with a grant."""

    grant: str
    grantee: IdentityRef
    rights_lost: list[Right]
    rights_kept: list[Right]
    """By other grants, or as a holder."""
    drafts: int
    """Letters in the mailbox's folder of drafts, which stay there."""
    connections: list[OpenConnectionOut]
    """Of the grantee's mail programs: they stay open, and show the mailbox no longer."""


class HolderIn(In):
    idnat: str


class ResponsibleIn(In):
    idnat: str
    stay: Flag = Field(default=True, description="The former responsible stays a co-holder.")


class HolderOut(Out):
    idnat: str
    name: str
    role: HolderRole


class CertificateOut(Out):
    serial: str = Field(examples=[examples.SERIAL])
    profile: CertificateProfile = Field(examples=[CertificateProfile.ORG_AUTH_CLI])
    authority: str = Field(examples=["ACI-EL-ORG"])
    subject: str = Field(examples=[examples.CERTIFICATE_DN])
    mailbox: str = Field(examples=["resultats@labo-parc.sim.mssante.fr"])
    not_before: str = Field(examples=[examples.INSTANT])
    not_after: str = Field(examples=["2029-01-05T08:00:00Z"])
    revoked_at: str | None = Field(examples=[None])
    reason: RevocationReason | None = Field(examples=[None])
    pem: str = Field(examples=[examples.CERTIFICATE])


class PatientOut(Out):
    patient: str
    answers_to: str
    may_answer: bool
    closed_at: datetime | None
    cause: ClosureCause | None


class ConversationOut(Out):
    id: str
    subject: str
    message_count: int
    last_message: MessageSummary
    patients: list[PatientOut]
    closed: bool | None
    """Null when no patient takes part."""
    messages: list[MessageSummary] | None = None


class ConversationPage(Out):
    items: list[ConversationOut]
    next_cursor: str | None


class MaskOut(Out):
    id: str
    kind: MaskKind
    what: str
    """The subject of the letter, the address, or the name of the document."""
    masked_at: datetime
