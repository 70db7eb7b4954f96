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
    SEED = "seed"
    SYSTEM = "system"


class Profile(StrEnum):
    """How strict the world is about logging in."""

    DEVELOPMENT = "development"
    STRICT = "strict"


class Relay(StrEnum):
    """How a letter reaches another operator of the same world."""

    SMTP = "smtp"  # over a real connection, as between strangers
    DIRECT = "direct"  # in the transaction that accepts it


class PeerProof(StrEnum):
    """What a peer operator must show at the MX port."""

    CERTIFICATE = "certificate"  # TLS, and a certificate that the white list binds to the sender's domain
    DOMAIN = "domain"  # nothing: its word is taken


class UntrustedPeer(StrEnum):
    """What becomes of a peer whose certificate is of another authority."""

    REPLY = "reply"  # the handshake succeeds, MAIL is refused
    ALERT = "alert"  # the handshake fails


class TokenRefusal(StrEnum):
    """How a refused token is told (refus d'un jeton)."""

    PLAIN = "plain"  # the reply of the door, at once
    POLITE = "polite"  # a challenge that says why, the client's empty response, then the reply (ref: rfc7628#3.2.3)
    NATIONAL = "national"  # over SMTP the challenge, then a cut connection, as was seen at an operator


class TokenExpiry(StrEnum):
    """What becomes of a connection when the token that opened it expires."""

    KEEP = "keep"
    CUT = "cut"


class LogInBy(StrEnum):
    """Ways to log in that an operator accepts (moyens d'authentification)."""

    PASSWORD = "password"  # noqa: S105 - a way, not a secret
    PSC = "psc"
    CERTIFICATE = "certificate"


class Change(StrEnum):
    """What a list of rights or flags does to those that are there (ref: rfc4314#3.1, rfc9051#6.4.6)."""

    REPLACE = ""
    ADD = "+"
    REMOVE = "-"


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
    RIGHT_REFUSED = "right.refused"


class CertificateProfile(StrEnum):
    """Families of software certificates that are issued here (ref: client-requirements#2.5)."""

    SERV_SSL = "SERV_SSL"  # serveur
    ORG_AUTH_CLI = "ORG_AUTH_CLI"  # authentification d'une personne morale, client


class KeyKind(StrEnum):
    """Keys of leaf certificates."""

    P_256 = "P-256"
    RSA_2048 = "RSA-2048"


class RevocationReason(StrEnum):
    """Why a certificate was taken back (ref: rfc5280#5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION = "cessationOfOperation"
    ON_HOLD = "certificateHold"


class IgcService(StrEnum):
    """What the authority publishes over HTTP."""

    AIA = "aia"  # certificates of authorities, and their chain
    CRL = "crl"
    OCSP = "ocsp"


class ServiceBehaviour(StrEnum):
    """How one of these services answers."""

    NORMAL = "normal"
    FORBIDDEN = "forbidden"  # 403
    HTML = "html"  # 200, a page where a file is expected
    SLOW = "slow"  # right, but late
    EXPIRED = "expired"  # signed, but its next update is past
    UNREACHABLE = "unreachable"  # the connection is closed without an answer
    RATE_LIMITED = "rate_limited"  # the first request of an address passes, the next ones get 403 for a while


class TrapName(StrEnum):
    """A listener behind the wrong TLS, on which a client must stop before it says who it is."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    REVOKED = "revoked"
    WRONG_HOST = "wrong_host"
    WRONG_RANGE = "wrong_range"
    SELF_SIGNED = "self_signed"
    PUBLIC_CA = "public_ca"
    OLD_TLS = "tls10_tls11"
    WEAK_SUITES = "weak_suites"
    STRIPPED = "starttls_stripped"


class Verdict(StrEnum):
    """What a trap found about a client."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    WARN = "WARN"
    NOT_OBSERVED = "NOT-OBSERVED"


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
