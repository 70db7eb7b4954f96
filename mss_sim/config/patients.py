"""What can be set about patients, their operator, their carers, and the kiosk where they read."""

from typing import Literal

from pydantic import Field

from mss_sim.config.subjects import Subject
from mss_sim.vocabulary.behaviours import BounceForm, MesRefusal
from mss_sim.vocabulary.mail import FinHeaderScope
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.vocabulary.patients import KeyCheck, Unqualified


class Patient(Subject):
    """Letters from and to patients."""

    receipt_automatic: bool = Field(default=True, description="A patient's first reading sends the requested read receipt.")
    fin_header_scope: FinHeaderScope = Field(default=FinHeaderScope.CONVERSATION, description="What X-MSS-MES: FIN closes.")
    reopened_by_letter: bool = Field(
        default=True, description="A new letter of the professional opens again what was closed; else an explicit act alone does."
    )
    ins_required: bool = Field(default=False, description="A patient's mailbox whose local part is no INS is refused.")
    behaviour: str = Field(default="by-hand", description="What patients without a behaviour of their own do with letters: its name.")
    ins_key: KeyCheck = Field(default=KeyCheck.WARNING, description="What a wrong key of an INS does, in identities and in addresses.")
    unqualified: Unqualified = Field(
        default=Unqualified.WARNED,
        description="What becomes of a letter to an address that no qualified identity backs (ref: ref2#ECO.2.2.6).",
    )
    pharmacy_days_max: int = Field(
        default=365, ge=0, le=36_500, description="Days since a pharmacy dispensed medicines within which a patient may write to it first."
    )
    first_letter_after_closure: bool = Field(
        default=True, description="Whether a patient who may write first to a mailbox still may when all conversations there were closed."
    )


class Mes(Subject):
    """The operator of the patients, Mon espace santé."""

    refusal: MesRefusal = Field(default=MesRefusal.RCPT, description="When a letter is refused that no patient's mailbox can take.")
    bounce_seconds: float = Field(default=1.0, ge=0, description="How long after it was accepted such a letter comes back.")
    bounce_form: BounceForm = Field(default=BounceForm.REPORT, description="In what form it comes back.")
    bounce_sender: str = Field(
        default="mailer-daemon", pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Left part of the address that it comes back from."
    )
    bounce_subject: str = Field(default="Message non distribué", min_length=1, max_length=200, description="Its subject.")
    bounce_subject_too_large: str = Field(
        default="Undelivered Mail Returned to Sender", min_length=1, max_length=200, description="Its subject when the letter is too large."
    )
    bounce_texts: dict[str, str] = Field(
        default={}, description="Its text by the code of the rule, with {date}, {patient}, {address}, {size}, {limit} in it."
    )


class Carers(Subject):
    """Those whom patients let look into their mailbox. Nothing of it is national: the law is being made."""

    max: int = Field(default=1, ge=0, description="Carers whom one patient may have at once; 0: none.")
    rights: frozenset[Literal[Right.SEE, Right.READ, Right.SEND_ON_BEHALF]] = Field(
        default=frozenset({Right.SEE, Right.READ, Right.SEND_ON_BEHALF}), description="Rights that a patient may give a carer."
    )
    receipts: bool = Field(default=True, description="A carer's reading sends the read receipt that the patient's would.")
    visit_seconds: int = Field(default=3_600, ge=0, description="A carer's looks within this time are one visit in the journal.")
    masks_max: int = Field(default=1_000, ge=1, description="Masks of one patient.")


class Kiosk(Subject):
    """The page where patients without a computer read their letters."""

    seconds: int = Field(
        default=120, ge=1, le=86_400, description="Time without a touch after which the kiosk logs out, on the machine's clock."
    )
    warning_seconds: int = Field(
        default=30, ge=0, description="How long before it warns, so that a touch prolongs (ref: wcag22#timing-adjustable)."
    )
