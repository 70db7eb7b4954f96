"""Mailboxes, who holds them, and what lies in them (boîtes aux lettres, titulaires, délégations)."""

from enum import IntFlag, StrEnum

PATIENT_DOMAIN = "patient.mssante.fr"
"""Domain of the patients' mailboxes, `<15-character INS>@patient.mssante.fr` (ref: ref2#ECO.2.2.6)."""


class MailboxKind(StrEnum):
    """Kind of a mailbox, code system TRE_R257-TypeBAL, and the patient's (ref: ans-r257)."""

    PER = "PER"  # BAL personnelle
    ORG = "ORG"  # BAL organisationnelle
    APP = "APP"  # BAL applicative
    CAB = "CAB"  # BAL cabinet
    PATIENT = "PATIENT"  # messagerie de l'usager, Mon espace santé


PROFESSIONAL_KINDS = frozenset({MailboxKind.PER, MailboxKind.ORG, MailboxKind.APP, MailboxKind.CAB})


OPENED_TO_PATIENTS = frozenset({MailboxKind.ORG, MailboxKind.CAB})
"""Kinds whose managers may let patients write first: a secretariat stands behind them."""

PHARMACY_SECTORS = frozenset({"SA33", "SA38", "SA39"})
"""Sectors of activity of pharmacies: officine, officine mutualiste, officine minière (TRE_R02-SecteurActivite)."""


class MailboxState(StrEnum):
    """Where a mailbox stands in its life."""

    ACTIVE = "active"  # ouverte
    SUSPENDED = "suspended"  # suspendue: mail waits outside
    CLOSED = "closed"  # fermée: mail comes back


class UseStage(StrEnum):
    """How far a mailbox has come since somebody used it last (BAL inutilisée)."""

    USED = "used"
    WARNED = "warned"
    UNLISTED = "unlisted"  # mise en liste rouge faute d'utilisation
    PASSED = "passed"  # il n'y avait rien à faire


class IdentityKind(StrEnum):
    """What an identity is; its national id string (idNat) is its key (ref: ans-idnps)."""

    PROFESSIONAL = "professional"  # professionnel, idNat 8 + RPPS
    EMPLOYEE = "employee"  # salarié de structure, idNat 3/4/5/6 + structure + / + interne
    ORGANISATION = "organisation"  # personne morale, idNat 1 + FINESS, 3 + SIRET...
    APPLICATION = "application"  # logiciel ou machine
    PATIENT = "patient"  # usager, by INS
    CARER = "carer"  # aidant, proche aidant: somebody whom patients let look into their mailbox


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


class MaskKind(StrEnum):
    """What a patient may mask from carers (masquer, comme dans Mon espace santé)."""

    LETTER = "letter"  # message
    CORRESPONDENT = "correspondent"  # correspondant, by address
    DOCUMENT = "document"  # pièce jointe, by its content


class HolderRole(StrEnum):
    """How somebody holds a mailbox in their own right, without a grant."""

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


FLAG_SEEN = "\\Seen"
FLAG_NAMES: dict[str, Flag] = {
    FLAG_SEEN: Flag.SEEN,
    "\\Answered": Flag.ANSWERED,
    "\\Flagged": Flag.FLAGGED,
    "\\Deleted": Flag.DELETED,
    "\\Draft": Flag.DRAFT,
}


KEYWORD_MDN_SENT = "$MDNSent"
"""Set on a copy once its read receipt has left (ref: rfc3503#3)."""
