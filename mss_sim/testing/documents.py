"""The JSON documents that a test meets, by the names of their fields: what a ready file says, and what REST answers about letters.

They are dicts, as JSON is, so that a test reads them as a client in any language does: `world.ready["submission"]["port"]`,
`letter["from"][0]["address"]`. A type checker knows every key. Instants are text of ISO 8601 here.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict


class Endpoint(TypedDict):
    """Where a port is."""

    host: str
    port: int


class Truststore(TypedDict):
    """The authority's certificate for Java: a file of PKCS #12, and what opens it."""

    file: str
    password: str


class MxPeer(TypedDict):
    """What another operator shows at the MX port, and an address that it may write from."""

    cert_file: str
    key_file: str
    sender: str


class AppClient(TypedDict):
    """The certificate with which a mailbox of kind APP logs in."""

    cert_file: str
    key_file: str
    mailbox: str


class Trap(TypedDict):
    """A listener behind the wrong TLS; `root_file` is what to trust, where it is another authority's."""

    submission: Endpoint
    imap: Endpoint
    root_file: NotRequired[str]


class PscClient(TypedDict):
    """The client of Pro Santé Connect that every world has."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


class PersonaMailbox(TypedDict):
    """A mailbox that a persona may use; `kind` PER, ORG, APP, CAB or PAT, `rights` as grants name them."""

    address: str
    kind: str
    rights: list[str]


class PersonaDocument(TypedDict):
    """Somebody of the seed, by the role that they play."""

    role: str
    idnat: str
    name: str
    login: str
    password: str
    mailboxes: list[PersonaMailbox]


class DirectoryDocument(TypedDict):
    """Where the national directory is: its FHIR base, the key for ESANTE-API-KEY, the daily files, where operators write."""

    fhir: str
    api_key: str
    extraction: str
    professionals: str
    cards: str
    write: str


class Ready(TypedDict):
    """What a client needs to know of a world: the content of its ready file."""

    http: str
    ui: str
    """The pages, for people."""
    https: str | None
    submission: Endpoint
    mx: Endpoint
    imap: Endpoint
    dns: Endpoint | None
    ldap: Endpoint | None
    ca_file: str
    truststore: Truststore
    control_key: str | None
    mx_peer: MxPeer | None
    app_client: AppClient | None
    traps: dict[str, Trap]
    psc: PscClient
    directory: DirectoryDocument
    personas: list[PersonaDocument]


class Representative(TypedDict):
    """Who acts for a minor."""

    idnat: str
    kind: str


class PatientIdentity(TypedDict):
    """A national identity of a patient, with the traits that belong to it."""

    ins: str
    oid: str
    state: str
    birth_name: str
    given_names: str
    birth_date: str | None
    sex: str | None
    birth_place: str
    representatives: list[Representative]


class PatientDocument(TypedDict):
    """A fictional patient; `case` is what they are there for: twin, born-1925, corsica-2a."""

    idnat: str
    family_name: str
    given_name: str
    case: str
    address: str
    login: str
    password: str
    ins: list[PatientIdentity]


class Address(TypedDict):
    """Somebody in From, To or Cc."""

    name: str
    address: str


class Reader(TypedDict):
    """Who is meant, by number and name."""

    idnat: str
    name: str


class FirstRead(TypedDict):
    """Who opened a letter first, and when."""

    by: Reader
    at: str


class ChargeItem(TypedDict):
    """In whose hands a letter is: `open`, `in_charge` or `done`; `notes`: how many colleagues wrote."""

    state: str
    who: Reader | None
    since: str | None
    notes: int


_From = TypedDict("_From", {"from": list[Address]})


class LetterItem(_From):
    """A letter as lists of a mailbox show it; `id` is its copy, `email_id` the letter itself, the same in every mailbox."""

    id: str
    email_id: str
    conversation_id: str
    folder: str
    folder_id: str
    uid: int
    modseq: int
    message_id: str | None
    to: list[Address]
    cc: list[Address]
    subject: str
    preview: str
    date: str | None
    received_at: str
    size_bytes: int
    seen: bool
    flags: list[str]
    keywords: list[str]
    has_attachments: bool
    has_xdm: bool
    receipt_requested: bool
    charge: ChargeItem | None
    first_read: FirstRead | None


class AttachmentItem(TypedDict):
    """A file of a letter; `url` is where its octets are."""

    part: str
    filename: str | None
    content_type: str
    size_bytes: int
    url: str


class OpenedLetter(LetterItem):
    """A letter with its text, fields and files."""

    return_path: str | None
    sender: list[Address]
    reply_to: list[Address]
    in_reply_to: list[str]
    references: list[str]
    headers: list[tuple[str, str]]
    text: str
    html: str | None
    attachments: list[AttachmentItem]
    read_by: list[FirstRead]


class NewAttachment(TypedDict):
    """A file to send."""

    filename: str
    content_type: NotRequired[str]
    content_base64: str


class LetterFields(TypedDict, total=False):
    """What may be said of a letter that is sent by REST, beside its recipients; what is left out is empty."""

    cc: Sequence[str]
    bcc: Sequence[str]
    reply_to: Sequence[str]
    subject: str
    text: str
    html: str
    attachments: Sequence[NewAttachment]
    in_reply_to: str
    request_read_receipt: bool
    request_delivery_receipt: bool
    close_conversation: bool
    send_mode: str
    headers: dict[str, str]


class Outcome(TypedDict):
    """What became of a recipient so far: `state` is a kind of event of the timeline."""

    address: str
    state: str
    code: str | None
    detail: str | None


class Advice(TypedDict):
    """What to look at about a recipient whom the letter leaves for."""

    address: str
    detail: str


class SentLetter(TypedDict):
    """A letter that was taken; `id` and `url` of its copy in Sent, None where none is kept."""

    submission_id: str
    email_id: str
    message_id: str | None
    mailbox: str
    id: str | None
    url: str | None
    mode: str | None
    recipients: list[Outcome]
    warnings: list[Advice]
    timeline_url: str | None
    replayed: bool


class UserInfo(TypedDict, total=False):
    """What Pro Santé Connect tells of who logged in: the claims that most programs read; others stand beside them."""

    sub: str
    SubjectNameID: str
    preferred_username: str
    given_name: str
    family_name: str
    email_verified: bool
    SubjectRole: list[str]
    Secteur_Activite: str
    SubjectOrganization: str
    SubjectOrganizationID: str
    authMode: str
    codeCivilite: str


class FaultMatch(TypedDict, total=False):
    """When a fault is meant; what is left out is not looked at. Texts are a value, or have one `*`; sizes are in bytes."""

    address: str
    sender: str
    recipient: str
    identity: str
    client: str
    verb: str
    path: str
    folder: str
    size_min: int
    size_max: int


class FaultAction(TypedDict, total=False):
    """What is said of a fault; each kind takes some of these (`docs/guide/break-things.md`)."""

    code: str
    status: str
    text: str
    seconds: float
    bytes_per_second: int
    moment: str
    after_bytes: int
    words: Sequence[str]
    behaviour: str


class PresetFields(TypedDict, total=False):
    """What is said of a trouble of the field; each takes some of these, and all of them `lifetime_seconds`."""

    address: str
    seconds: float
    bytes_per_second: int
    letters: int
    requests: int
    after_bytes: int
    count: int
    smtp_words: Sequence[str]
    imap_words: Sequence[str]
    lifetime_seconds: float
