"""What patients do by themselves with the letters that they get (comportements de l'usager)."""

from enum import StrEnum


class Occasion(StrEnum):
    """What a behaviour reacts to."""

    DELIVERED = "delivered"  # a letter arrived that may be answered
    CLOSED = "closed"  # the exchange was closed: by the letter that arrived, or by the explicit act


class StepAct(StrEnum):
    """One thing that the holder of a mailbox does with a letter."""

    OPEN = "open"  # ouvre le message; l'accusé de lecture part
    RECEIPT = "receipt"  # l'accusé part plus tard que l'ouverture
    ANSWER = "answer"  # répond
    FORWARD = "forward"  # transfère
    DELETE = "delete"  # supprime sans lire
    CLOSE = "close"  # ferme sa messagerie
    REOPEN = "reopen"  # la rouvre
    BOUNCE = "bounce"  # le message, accepté, revient à l'expéditeur
    INTEGRATE = "integrate"  # la passerelle intègre les documents, ou dit pourquoi non


class ReceiptForm(StrEnum):
    """What leaves as the read receipt: the right one, or one of the malformations that the field shows (docs/quirks.md)."""

    CORRECT = "correct"
    NONE = "none"
    TWICE = "twice"
    NO_DISPOSITION = "no-disposition"
    OTHER_CASE = "other-case"
    FOLDED = "folded"
    NO_FINAL_RECIPIENT = "no-final-recipient"
    ID_WITHOUT_BRACKETS = "id-without-brackets"
    OTHER_ID = "other-id"
    NO_REPORT_TYPE = "no-report-type"
    PLAIN_PART = "plain-part"
    BEFORE_LETTER = "before-letter"
    PROCESSED_ERROR = "processed-error"  # processed/Error: code^libellé
    DELETED_ERROR = "deleted-error"  # deleted/error, famille IHE


MALFORMED_RECEIPTS = (
    *(ReceiptForm.NO_DISPOSITION, ReceiptForm.OTHER_CASE, ReceiptForm.FOLDED, ReceiptForm.NO_FINAL_RECIPIENT),
    *(ReceiptForm.ID_WITHOUT_BRACKETS, ReceiptForm.OTHER_ID, ReceiptForm.NO_REPORT_TYPE, ReceiptForm.PLAIN_PART),
    *(ReceiptForm.TWICE, ReceiptForm.BEFORE_LETTER),
)
"""The ten, in the order of their numbers."""


class AnswerTo(StrEnum):
    """Whom an answer goes to."""

    SENDER = "sender"  # à l'expéditeur, ou à son Reply-To
    ALL = "all"  # à tous


class AnswerFile(StrEnum):
    """What an answer brings along."""

    PHOTO = "photo"  # image/jpeg de téléphone, 2 Mo
    PDF = "pdf"
    BIG = "big"  # 17 Mo, que le courrier porte tout juste


class MesRefusal(StrEnum):
    """When Mon espace santé says that it has no mailbox for a letter."""

    RCPT = "rcpt"  # at once, at RCPT
    BOUNCE = "bounce"  # the letter is accepted, and comes back a little later


class BounceForm(StrEnum):
    """How a letter that a patient's mailbox did not take comes back, after it was accepted (docs/quirks.md)."""

    REPORT = "report"  # multipart/report (ref: rfc3464)
    PLAIN = "plain"  # texte, et le message en pièce jointe
    PLAIN_HEADERS = "plain-headers"  # texte, et son en-tête
