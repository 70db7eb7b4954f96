"""Letters, their receipts and their conversations (messages, accusés, clôture)."""

from enum import StrEnum

HEADER_MES = "X-MSS-MES"
"""Header by which a professional's letter to a patient closes the exchange (ref: ref2#ECO.2.2.8)."""


HEADER_MES_FIN = "FIN"
"""The only meaningful value of `X-MSS-MES`; case-sensitive (ref: ref2#ECO.2.2.8)."""


SUBJECT_FIN = "[FIN]"
"""Subject, exact and case-sensitive, that withdraws every earlier letter of the mailbox (ref: cnam#7)."""


XDM_NAME = "IHE_XDM.ZIP"
"""Name of the attached document archive, compared without case (ref: ref2#ECO.2.1.1)."""


class TimelineKind(StrEnum):
    """What can happen to a sent letter, for one recipient."""

    SUBMITTED = "submitted"
    RELAYED = "relayed"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    FAILED = "failed"
    DISPLAYED = "displayed"
    PROCESSED = "processed"


class WatchReason(StrEnum):
    """Why a recipient of a sent letter is on the watch list (liste de suivi)."""

    NOT_DELIVERED = "not_delivered"  # non remis
    DELAYED = "delayed"  # retardé
    NOT_OPENED = "not_opened"  # remis, pas ouvert


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


class ReceiptFamily(StrEnum):
    """How a read receipt tells whether a document was taken in (docs/quirks.md); `plain` where nothing marks a program of the field."""

    IG_1_1_3 = "ig-1.1.3"  # processed/error, et un champ Error
    IG_LEGACY = "ig-legacy"  # processed/Error: code^libellé
    IHE = "ihe"  # deleted/Error: texte
    PLAIN = "plain"


class AutoSubmitted(StrEnum):
    """Keyword of the field Auto-Submitted (ref: rfc3834#5)."""

    NO = "no"
    GENERATED = "auto-generated"
    REPLIED = "auto-replied"


class Precedence(StrEnum):
    """Values of the field Precedence that say that a letter went to many (ref: rfc3834#2)."""

    BULK = "bulk"
    JUNK = "junk"
    LIST = "list"


class Silence(StrEnum):
    """Why a mailbox does not answer or forward a letter by itself (absence du bureau, transfert)."""

    REPORT = "report"  # accusé ou notification
    AUTOMATIC = "automatic"  # écrit par une machine
    LIST = "list"  # liste de diffusion
    OWN = "own"  # vient de la BAL elle-même
    NOT_NAMED = "not-named"  # la BAL n'est pas nommée
    ANSWERED = "answered"  # déjà répondu
    LOOP = "loop"  # boucle de transfert


class ClosureCause(StrEnum):
    """By what act a patient lost the right to answer."""

    FIN_SUBJECT = "fin_subject"  # message dont l'objet est [FIN]
    FIN_HEADER = "fin_header"  # en-tête X-MSS-MES: FIN
    EXPLICIT = "explicit"  # clôture demandée par un professionnel


class Ground(StrEnum):
    """Why somebody may write to a mailbox now; the counterpart of the rules that refuse it."""

    PROFESSIONAL = "professional"  # un professionnel écrit à qui il veut
    CONVERSATION_OPEN = "conversation-open"  # l'usager répond à ce qui lui a été écrit
    OPEN_TO_PATIENTS = "open-to-patients"  # la BAL accepte que l'usager écrive le premier
    PHARMACY_VISITED = "pharmacy-visited"  # pharmacie qui a délivré des médicaments à l'usager


class FinHeaderScope(StrEnum):
    """What a letter with `X-MSS-MES: FIN` closes; the national text says one message and no more (docs/quirks.md)."""

    CONVERSATION = "conversation"
    MESSAGE = "message"
