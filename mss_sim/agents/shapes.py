"""What tools answer, as their schemas tell an agent; of documents of the simulator the fields that an agent needs."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, model_validator


class Mailbox(BaseModel):
    """A mailbox that somebody may use."""

    address: str
    kind: str = Field(description="PER: a professional's own; CAB: a practice's; ORG: a service's; APP: a program's; PATIENT: a patient's.")
    rights: list[str] = Field(description="What they may do with it.")


class Played(BaseModel):
    """Somebody who can act: every tool that takes `who` takes the role, login, idNat or own address."""

    role: str
    name: str
    idnat: str
    login: str
    mailboxes: list[Mailbox]


class Correspondent(BaseModel):
    name: str
    address: str


class Listed(BaseModel):
    """A letter as a mailbox lists it; `read_letter` takes its id."""

    id: str
    conversation_id: str = Field(description="What close_conversation takes.")
    message_id: str | None
    sender: list[Correspondent]
    to: list[Correspondent]
    subject: str
    preview: str
    received_at: datetime
    seen: bool
    has_attachments: bool
    receipt_requested: bool

    @model_validator(mode="before")
    @classmethod
    def renamed(cls, found: Any) -> Any:
        """`from` is no name for a field of Python's."""
        return {**found, "sender": found["from"]} if isinstance(found, dict) else found


class File(BaseModel):
    """A file of a letter."""

    part: str
    filename: str | None
    content_type: str
    size_bytes: int


class Letter(Listed):
    """A letter that was opened: its text, and the names of its files."""

    on_behalf_by: list[Correspondent] = Field(description="Who wrote it on behalf of the mailbox, if somebody did.")
    cc: list[Correspondent]
    text: str
    attachments: list[File]

    @model_validator(mode="before")
    @classmethod
    def renamed(cls, found: Any) -> Any:
        """The same, and the field Sender has a name of its own."""
        return {**found, "sender": found["from"], "on_behalf_by": found["sender"]} if isinstance(found, dict) else found


class Outcome(BaseModel):
    """What became of a recipient so far."""

    address: str
    state: str
    detail: str | None = None


class Sent(BaseModel):
    """A letter that was taken. `submission_id` is what `what_became_of` takes."""

    submission_id: str
    message_id: str | None
    mailbox: str = Field(description="The mailbox that it left from.")
    mode: str | None = Field(description="In what quality: owner, on behalf, as.")
    recipients: list[Outcome]
    warnings: list[dict[str, Any]]


class Event(BaseModel):
    """Something that happened to a recipient of a letter."""

    kind: str
    at: datetime
    detail: str
    failed: bool


class RecipientTimeline(BaseModel):
    """What happened to one recipient, the oldest first."""

    address: str
    state: str
    failed: bool
    events: list[Event]


class Timeline(BaseModel):
    """What became of a letter that was sent: delivered, displayed, failed, for each recipient."""

    submission_id: str
    subject: str
    submitted_at: datetime
    recipients: list[RecipientTimeline]


class Waited(BaseModel):
    """Whether what was waited for came. When it did not, `told` says what came instead."""

    met: bool
    found: list[dict[str, Any]] = Field(description="Letters (with codes, links and INS taken out of them), journal lines or events.")
    near: list[dict[str, Any]] = Field(description="Letters that came near, each with the marks that it lacks.")
    told: str
    cursor: str | None = Field(description="Give it back as `after`, and only what came later counts.")


class Named(BaseModel):
    idnat: str
    name: str


class Grant(BaseModel):
    """Rights of somebody over a mailbox; `revoke` takes its id."""

    id: str
    mailbox: str
    grantee: Named
    rights: list[str]
    valid_from: datetime | None
    valid_until: datetime | None
    reason: str
    in_force: bool
    revoked_at: datetime | None


class Conversation(BaseModel):
    """A conversation; `closed`: whether its patients can answer no more, null where no patient takes part."""

    id: str
    subject: str
    message_count: int
    closed: bool | None


class Writing(BaseModel):
    """Whether somebody may write to a mailbox now, by which rule, and why."""

    sender: str
    to: str
    may_write: bool
    rule: str
    detail: str
    reference: str | None

    @model_validator(mode="before")
    @classmethod
    def renamed(cls, found: Any) -> Any:
        """As above; the rule is called so wherever something is refused."""
        return {**found, "sender": found["from"], "rule": found["code"]} if isinstance(found, dict) else found


class Fired(BaseModel):
    """Something that happened because its instant had come."""

    at: datetime
    kind: str
    mailbox: str | None
    who: str


class Clock(BaseModel):
    """The time of the world, and what happened while it was moved."""

    now: datetime
    mode: str
    rate: float
    next_at: datetime | None = Field(description="When the next thing is due; null when nothing waits.")
    fired: list[Fired] = []


class Fault(BaseModel):
    """A rule by which something fails, with its counts; `clear_faults` takes its id."""

    id: str
    point: str
    match: dict[str, Any]
    action: dict[str, Any]
    seen: int
    fired: int
    left: int | None
    ended: bool


class RefusedCommand(BaseModel):
    """One refusal: what the client asked, what it was answered, by which rule."""

    at: datetime
    command: str
    answer: str
    rule: str | None
    detail: str
    reference: str | None


class Session(BaseModel):
    """What a client did in one go, at one door; `what_was_said` takes its id."""

    id: str
    door: str
    client: str | None
    who: str | None
    mailbox: str | None
    opened_at: datetime
    verdict: str = Field(description="clean; mistaken: the protocol said no; refused: a rule said no; failed: TLS or the simulator failed.")
    mistakes: int
    rules: dict[str, int]
    refused: list[RefusedCommand] = []


class Line(BaseModel):
    """`side` C is the client's, S the server's, - what happened to the connection."""

    at: datetime
    side: str
    text: str


class Conversed(Session):
    """The same with what was said; credentials, letters and bodies are left out."""

    transcript: list[Line]


class Happened(BaseModel):
    """Something that happened in the world, at its place in the feed."""

    position: int
    kind: str
    at: datetime | None
    mailbox: str | None
    message: dict[str, Any] | None
    who: dict[str, Any] | None
    detail: dict[str, Any] | None


class Events(BaseModel):
    """At most a hundred events, the oldest first; give `cursor` back as `after` for those that came later."""

    events: list[Happened]
    cursor: str
