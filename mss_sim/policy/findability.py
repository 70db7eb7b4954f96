"""Why the directory does not show an address, and who is told.

| of an address                                    | it is               | told to                              |
|--------------------------------------------------|---------------------|--------------------------------------|
| in the patients' domain                          | `patient`           | everybody, whether there is one or not |
| in a domain of no operator                       | `domain-outside`    | everybody                            |
| that the directory shows                         | `published`         | everybody                            |
| that there is not                                | `unknown`           | the control plane alone              |
| that is closed                                   | `closed`            | who may know                         |
| of a carer, a program, a card that names nobody  | `holder-never-published` | who may know                    |
| whose holder was disabled                        | `holder-not-active` | who may know                         |
| on the red list                                  | `red-listed`        | who may know                         |
| that is published, and will be shown             | `not-yet-published` | who may know                         |
| any of the last six, or a patient's elsewhere    | `not-shown`         | everybody else                       |

Who may know is whoever may see the mailbox, and by setting every professional and employee, but for a patient's. To everybody else what is
hidden reads as what does not exist (ref: quirks#directory-why).
"""

from typing import NamedTuple

from mss_sim.mail.addresses import domain_of
from mss_sim.vocabulary.directory import Findability, WhyTold
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, IdentityKind, MailboxKind, MailboxState
from mss_sim.words.sentence import Sentence, say

_PUBLISHED_HOLDERS = frozenset({IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE, IdentityKind.ORGANISATION})
_COLLEAGUES = frozenset({IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE})

REASONS: dict[Findability, Sentence] = {
    Findability.PUBLISHED: say("The directory shows this address."),
    Findability.NOT_YET_PUBLISHED: say("This address is published, and not shown yet: changes are seen in the directory after a delay."),
    Findability.RED_LISTED: say("This mailbox is on the red list: it takes mail, and is not published. Its holder can take it off."),
    Findability.CLOSED: say("This mailbox is closed; mail to it comes back."),
    Findability.HOLDER_NOT_ACTIVE: say("The holder of this mailbox is not active any more."),
    Findability.HOLDER_NEVER_PUBLISHED: say(
        "The directory has professionals, employees and organisations; the holder of this mailbox is none."
    ),
    Findability.PATIENT: say("Patients are never in the directory; their address is told by themselves, or follows from their number."),
    Findability.DOMAIN_OUTSIDE: say("The domain of this address is not in the trust space; the directory has no such addresses."),
    Findability.UNKNOWN: say("There is no such mailbox."),
    Findability.NOT_SHOWN: say(
        "The directory does not show this address: there is no such mailbox, or it is not published. Its holder is told which."
    ),
}
"""Each as a sentence."""


class Standing(NamedTuple):
    """What counts of a mailbox: its kind, state and red list, and whether its holder is enabled, by which kind, with a nameless card."""

    kind: MailboxKind
    state: MailboxState
    red_listed: bool
    holder_kind: IdentityKind
    holder_enabled: bool
    anonymous_card: bool


def findability(address: str, standing: Standing | None, *, in_trust_space: bool, shown: bool) -> Findability:
    """Whether the directory shows an address, or why not; `standing` is None where there is no such mailbox."""
    patient = domain_of(address) == PATIENT_DOMAIN or (standing is not None and standing.kind is MailboxKind.PATIENT)
    if patient or not in_trust_space:
        return Findability.PATIENT if patient else Findability.DOMAIN_OUTSIDE
    if standing is None:
        return Findability.UNKNOWN
    reasons = (
        (shown, Findability.PUBLISHED),
        (standing.state is MailboxState.CLOSED, Findability.CLOSED),
        (standing.anonymous_card or standing.holder_kind not in _PUBLISHED_HOLDERS, Findability.HOLDER_NEVER_PUBLISHED),
        (not standing.holder_enabled, Findability.HOLDER_NOT_ACTIVE),
        (standing.red_listed, Findability.RED_LISTED),
    )
    return next((reason for holds, reason in reasons if holds), Findability.NOT_YET_PUBLISHED)


def as_told(found: Findability, address: str, asking: IdentityKind, why_told: WhyTold, *, sees: bool) -> Findability:
    """What somebody of that kind is told, who may see the mailbox or not."""
    public = found in {Findability.PUBLISHED, Findability.DOMAIN_OUTSIDE} or domain_of(address) == PATIENT_DOMAIN
    if public or (sees and found is not Findability.UNKNOWN):
        return found
    if why_told is WhyTold.PROFESSIONALS and asking in _COLLEAGUES and found is not Findability.PATIENT:
        return found
    return Findability.NOT_SHOWN
