"""The words of the specifications, spelled once.

ANS terms (kinds of mailbox, closure) and RFC terms (flags, special uses) are enums here; no other module spells them as
strings. Each member's comment gives the French term that users know.
"""

from enum import Enum, IntFlag, StrEnum

PATIENT_DOMAIN = "patient.mssante.fr"
"""Domain of the patients' mailboxes, `<15-character INS>@patient.mssante.fr` (ref: ref2#ECO.2.2.6)."""

HEADER_MES = "X-MSS-MES"
"""Header by which a professional's letter to a patient closes the exchange (ref: ref2#ECO.2.2.8)."""

HEADER_MES_FIN = "FIN"
"""The only meaningful value of `X-MSS-MES`; case-sensitive (ref: ref2#ECO.2.2.8)."""

SUBJECT_FIN = "[FIN]"
"""Subject, exact and case-sensitive, that withdraws every earlier letter of the mailbox (ref: cnam#7)."""

XDM_NAME = "IHE_XDM.ZIP"
"""Name of the attached document archive, compared without case (ref: ref2#ECO.2.1.1)."""


class MailboxKind(StrEnum):
    """Kind of a mailbox, code system TRE_R257-TypeBAL, and the patient's (ref: ans-r257)."""

    PER = "PER"  # BAL personnelle
    ORG = "ORG"  # BAL organisationnelle
    APP = "APP"  # BAL applicative
    CAB = "CAB"  # BAL cabinet
    PATIENT = "PATIENT"  # messagerie de l'usager, Mon espace santé


PROFESSIONAL_KINDS = frozenset({MailboxKind.PER, MailboxKind.ORG, MailboxKind.APP, MailboxKind.CAB})


class MailboxState(StrEnum):
    """Where a mailbox stands in its life."""

    ACTIVE = "active"  # ouverte
    SUSPENDED = "suspended"  # suspendue: mail waits outside
    CLOSED = "closed"  # fermée: mail comes back


class IdentityKind(StrEnum):
    """What an identity is; its national id string (idNat) is its key (ref: ans-idnps)."""

    PROFESSIONAL = "professional"  # professionnel, idNat 8 + RPPS
    EMPLOYEE = "employee"  # salarié de structure, idNat 3/4/5/6 + structure + / + interne
    ORGANISATION = "organisation"  # personne morale, idNat 1 + FINESS, 3 + SIRET...
    APPLICATION = "application"  # logiciel ou machine
    PATIENT = "patient"  # usager, by INS


class Right(StrEnum):
    """One verb that a grant may give over a mailbox."""

    SEE = "see"  # voir la BAL et la liste des messages
    READ = "read"  # lire
    MARK = "mark"  # marquer
    FILE = "file"  # classer
    DELETE = "delete"  # supprimer
    SEND_ON_BEHALF = "send_on_behalf"  # envoyer de la part de
    SEND_AS = "send_as"  # envoyer en tant que
    CLOSE = "close"  # clore un échange avec un patient
    MANAGE = "manage"  # gérer les délégations


class HolderRole(StrEnum):
    """How somebody holds a mailbox by himself, without a grant."""

    OWNER = "owner"  # titulaire
    RESPONSIBLE = "responsible"  # responsable d'une BAL cabinet
    CO_HOLDER = "co_holder"  # cotitulaire


class SeenPolicy(StrEnum):
    """Whether `\\Seen` is one for all who read a mailbox, or each reader's own."""

    SHARED = "shared"  # lu pour tous
    PERSONAL = "personal"  # lu pour chacun


class SentPolicy(StrEnum):
    """Where the copy of a sent letter is filed when a delegate sends."""

    OWNER = "owner"  # dans la BAL qui envoie
    SENDER = "sender"  # dans la BAL du délégué
    BOTH = "both"
    NONE = "none"


class SendMode(StrEnum):
    """In what quality a letter leaves a mailbox."""

    OWNER = "owner"  # par un titulaire
    AS = "send_as"  # en tant que
    ON_BEHALF = "send_on_behalf"  # de la part de


class SpecialUse(StrEnum):
    """Special uses of folders (ref: rfc6154#2); INBOX is special by its name."""

    INBOX = "\\Inbox"
    SENT = "\\Sent"
    DRAFTS = "\\Drafts"
    TRASH = "\\Trash"
    JUNK = "\\Junk"
    ARCHIVE = "\\Archive"


FOLDERS_AT_BIRTH: tuple[tuple[str, SpecialUse], ...] = (
    ("INBOX", SpecialUse.INBOX),
    ("Sent", SpecialUse.SENT),
    ("Drafts", SpecialUse.DRAFTS),
    ("Trash", SpecialUse.TRASH),
    ("Junk", SpecialUse.JUNK),
    ("Archive", SpecialUse.ARCHIVE),
)
FOLDER_SEPARATOR = "/"
NAMESPACE_OTHERS = "Other Users"
"""First level of the names under which other persons' mailboxes are seen over IMAP (ref: rfc2342#4)."""
NAMESPACE_SHARED = "Shared"
"""The same for collective mailboxes."""


class Flag(IntFlag):
    """System flags of a copy, stored as one integer (ref: rfc9051#2.3.2)."""

    SEEN = 1
    ANSWERED = 2
    FLAGGED = 4
    DELETED = 8
    DRAFT = 16


FLAG_NAMES: dict[str, Flag] = {
    "\\Seen": Flag.SEEN,
    "\\Answered": Flag.ANSWERED,
    "\\Flagged": Flag.FLAGGED,
    "\\Deleted": Flag.DELETED,
    "\\Draft": Flag.DRAFT,
}
KEYWORD_MDN_SENT = "$MDNSent"
"""Set on a copy once its read receipt has left (ref: rfc3503#3)."""


class TimelineKind(StrEnum):
    """What can happen to a sent letter, for one recipient."""

    SUBMITTED = "submitted"
    RELAYED = "relayed"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    FAILED = "failed"
    DISPLAYED = "displayed"
    PROCESSED = "processed"


class DsnAction(StrEnum):
    """Action field of a delivery status notification (ref: rfc3464#2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Notify(StrEnum):
    """Values of the NOTIFY parameter (ref: rfc3461#4.1)."""

    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


class Disposition(StrEnum):
    """Disposition type of a message disposition notification (ref: rfc8098#3.2.6.2)."""

    DISPLAYED = "displayed"
    DELETED = "deleted"
    DISPATCHED = "dispatched"
    PROCESSED = "processed"


class ClosureCause(StrEnum):
    """By what act a patient lost the right to answer."""

    FIN_SUBJECT = "fin_subject"  # message dont l'objet est [FIN]
    FIN_HEADER = "fin_header"  # en-tête X-MSS-MES: FIN
    EXPLICIT = "explicit"  # clôture demandée par un professionnel


class FinHeaderScope(StrEnum):
    """What a letter with `X-MSS-MES: FIN` closes; the national text says one message and no more (docs/quirks.md)."""

    CONVERSATION = "conversation"
    MESSAGE = "message"


class Door(StrEnum):
    """Through which front end a request came; stands in every journal line."""

    SMTP = "smtp"
    MX = "mx"
    REST = "rest"
    IMAP = "imap"
    CONTROL = "control"
    SYSTEM = "system"


class Profile(StrEnum):
    """How strict the world is about logging in."""

    DEVELOPMENT = "development"
    STRICT = "strict"


class Act(StrEnum):
    """What a journal line tells of."""

    SUBMITTED = "message.submitted"
    RECEIVED = "message.received"
    REFUSED = "message.refused"
    READ = "message.read"
    FLAGGED = "message.flagged"
    MOVED = "message.moved"
    COPIED = "message.copied"
    APPENDED = "message.appended"
    DELETED = "message.deleted"
    RECEIPT_SENT = "receipt.sent"
    RECEIPT_MATCHED = "receipt.matched"
    GRANTED = "grant.created"
    REVOKED = "grant.revoked"
    RENOUNCED = "grant.renounced"
    HANDED_OVER = "grant.handed_over"
    HOLDER_ADDED = "holder.added"
    HOLDER_REMOVED = "holder.removed"
    RESPONSIBLE_CHANGED = "holder.responsible_changed"
    CLOSED = "conversation.closed"
    REOPENED = "conversation.reopened"
    MAILBOX_CHANGED = "mailbox.changed"
    FOLDER_CREATED = "folder.created"
    FOLDER_RENAMED = "folder.renamed"
    FOLDER_DELETED = "folder.deleted"


PSC_REALM = "/auth/realms/esante-wallet"
"""Path of the Pro Santé Connect issuer below its host (ref: psc#urls)."""


class AuthMode(StrEnum):
    """With what a professional logged in, the claim `authMode` (ref: psc#access-token)."""

    CARD = "CARD"  # carte CPS ou CPE
    MOBILE = "MOBILE"  # application e-CPS


class TokenType(StrEnum):
    """The claim `typ` of the tokens of Pro Santé Connect (ref: psc#access-token)."""

    ACCESS = "Bearer"
    ID = "ID"
    REFRESH = "Refresh"


class Unset(Enum):
    """Marks a value that a partial change leaves as it is."""

    UNSET = 0


UNSET = Unset.UNSET
