"""Letters that Mon espace santé accepted and returns: with what subject and what text.

What is known (ref: cnam#6): a message called "Message non distribué" comes back when the messaging is closed, the patient is not found or
the address is invalid, and the mail server's own English one when the letter is too large. Sender, text and form are not public: each is a
setting (ref: quirks#mes-bounces). The INS is masked in what people read.

| rule              | status | subject                             | text      |
|-------------------|--------|-------------------------------------|-----------|
| mailbox-closed    | 5.2.1  | Message non distribué               | French    |
| unknown-mailbox   | 5.1.1  | Message non distribué               | French    |
| bad-address       | 5.1.3  | Message non distribué               | French    |
| message-too-large | 5.3.4  | Undelivered Mail Returned to Sender | English   |
| any other         | its own | Message non distribué              | French    |
"""

from collections.abc import Mapping
from typing import NamedTuple

from mss_sim.errors import Rule
from mss_sim.vocabulary.behaviours import MesRefusal
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN

_HEAD = "Votre message du {date} n'a pas pu être remis : "
TEXTS: Mapping[str, str] = {
    Rule.MAILBOX_CLOSED.value: _HEAD + "la messagerie de l'usager {patient} est fermée.",
    Rule.UNKNOWN_MAILBOX.value: _HEAD + "aucun usager ne correspond à l'adresse {patient}.",
    Rule.BAD_ADDRESS.value: _HEAD + "l'adresse {address} n'est pas une adresse d'usager valide.",
    Rule.TOO_LARGE.value: (
        "This is the mail system. Your message of {date} could not be delivered to {patient}: "
        "message size {size} exceeds size limit {limit} of the server."
    ),
}
_OTHER = _HEAD + "l'usager {patient} ne peut pas le recevoir."


class BounceFacts(NamedTuple):
    """What the text may name: when the letter was sent, to which address, its size and the limit in bytes."""

    date: str
    address: str
    size: int
    limit: int


def returns_later(refusal: MesRefusal, address: str) -> bool:
    """Whether the operator of an address takes what it cannot deliver, and returns it."""
    return refusal is MesRefusal.BOUNCE and address.endswith(f"@{PATIENT_DOMAIN}")


def masked(address: str) -> str:
    """A patient's address for people to read: `2790…989` instead of the INS."""
    local, _, _ = address.rpartition("@")
    return f"{local[:4]}…{local[-3:]}" if len(local) > 8 else local


def bounce_text(rule: str, facts: BounceFacts, texts: Mapping[str, str]) -> str:
    """The text of a returned letter; `texts` go before ours, holes that they do not know stay as they are."""
    text = texts.get(rule) or TEXTS.get(rule, _OTHER)
    for name, value in {**facts._asdict(), "patient": masked(facts.address)}.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
