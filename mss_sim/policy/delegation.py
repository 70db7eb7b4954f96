"""Delegation: in what quality an actor sends, who may grant what to whom, who may revoke it.

| who asks                    | may grant               | may revoke              | may change the holders |
|-----------------------------|-------------------------|-------------------------|------------------------|
| owner, responsible          | any right               | any grant               | yes (CAB)              |
| co-holder                   | any right               | any grant               | may leave              |
| grantee with see and manage | the rights they hold    | any grant but their own | no                     |
| any other grantee           | nothing                 | renounce their own      | no                     |
| patient                     | some rights, to a carer | any grant               | no                     |
| carer                       | nothing                 | renounce their own      | no                     |
|-----------------------------|-------------------------|-------------------------|------------------------|
A patient has so many carers at once, and gives each some of the rights to see, to read and to answer on their behalf
(ref: quirks#patient-grants).

A hand-over revokes one person's grants and gives them to another: the requester must be allowed to do both, and be neither of the two.
"""

from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import Access, Grant
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState, Right, SendMode
from mss_sim.words.sentence import Template, quoted, say

_SEND_RIGHTS: dict[SendMode, Right] = {SendMode.AS: Right.SEND_AS, SendMode.ON_BEHALF: Right.SEND_ON_BEHALF}
_GRANTEE_KINDS = frozenset({IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE, IdentityKind.APPLICATION})
_CARER_KINDS = frozenset({IdentityKind.CARER, IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE})


@dataclass(frozen=True, slots=True)
class SendAs:
    """In what quality a letter is sent, and by which grant when not by a holder's own right."""

    mode: SendMode
    grant: Grant | None = None


def decide_sending(access: Access, address: str, precedence: SendMode, wished: SendMode | None = None) -> SendAs:
    """How this access sends from the mailbox; Refusal(SEND_NOT_ALLOWED) when it may not.

    `wished` narrows the choice to one quality. Without a wish, `precedence` speaks when both send rights are held: send_as by
    default as in Exchange, on behalf first as in Zarafa (ref: quirks#send-precedence).
    """
    if access.role is not None and wished in (None, SendMode.OWNER):
        return SendAs(SendMode.OWNER)
    other = SendMode.ON_BEHALF if precedence is SendMode.AS else SendMode.AS
    for mode in (precedence, other):
        if wished in (None, mode) and _SEND_RIGHTS[mode] in access.rights:
            return SendAs(mode, access.grant_for(_SEND_RIGHTS[mode]))
    quality = say(" as {mode}", mode=wished) if wished else quoted("")
    raise Refusal(
        Rule.SEND_NOT_ALLOWED,
        say(
            "You may not send from {address}{quality}: you neither hold this mailbox nor have a grant with send_on_behalf or send_as.",
            address=address,
            quality=quality,
        ),
        subject=address,
        reference="quirks#from-not-allowed",
    )


_SILENT: dict[MailboxState, tuple[Rule, Template, str]] = {
    MailboxState.CLOSED: (Rule.MAILBOX_CLOSED, Template("The mailbox {address} is closed: it does not send."), "quirks#closed-mailbox"),
    MailboxState.SUSPENDED: (
        Rule.MAILBOX_SUSPENDED,
        Template("The mailbox {address} is suspended: it does not send."),
        "quirks#suspended-mailbox",
    ),
}


def decide_leaving(state: MailboxState, address: str) -> None:
    """Raise the refusal when the state of a mailbox forbids sending: both letters and read receipts."""
    if state in _SILENT:
        rule, text, source = _SILENT[state]
        raise Refusal(rule, text.say(address=address), subject=address, reference=source)


@dataclass(frozen=True, slots=True)
class Grantee:
    """The grantee, as far as the decision needs it. `kind` is None when the identity is unknown."""

    idnat: str
    kind: IdentityKind | None
    anonymous_card: bool = False
    enabled: bool = False


@dataclass(frozen=True, slots=True)
class CarerRules:
    """What a patient may give: these rights, to so many carers; `others` are those that have or will have a grant, beside the grantee."""

    rights: frozenset[Right]
    most: int
    others: int = 0


def decide_grant(
    granter: Access,
    grantee: Grantee,
    rights: frozenset[Right],
    *,
    to_himself: bool,
    mailbox: MailboxKind,
    valid_until: Micros | None = None,
    carers: CarerRules | None = None,
) -> None:
    """Raise the refusal when this granter may not give these rights, for that long, to this grantee.

    The grantee is checked last: a requester who may not grant learns nothing about which identities exist. Over a patient's mailbox
    `carers` says what may be given; without it nothing may.
    """
    if not rights:
        raise Refusal(Rule.INVALID, say("A grant needs at least one right."))
    if not granter.may(Right.MANAGE):
        raise Refusal(
            Rule.GRANT_NOT_ALLOWED,
            say("Only a holder of the mailbox or a grantee with manage may grant."),
            reference="quirks#who-may-grant",
        )
    if to_himself:
        raise Refusal(
            Rule.GRANT_NOT_ALLOWED, say("Nobody grants to themselves or edits their own grant."), reference="quirks#who-may-grant"
        )
    beyond = rights - granter.rights
    if beyond:
        names = ", ".join(sorted(beyond))
        raise Refusal(
            Rule.GRANT_NOT_ALLOWED, say("You may not grant what you do not hold: {names}.", names=names), reference="quirks#who-may-grant"
        )
    end = _end(granter, rights | {Right.SEE, Right.MANAGE})
    if end is not None and (valid_until is None or valid_until > end):
        raise Refusal(
            Rule.GRANT_NOT_ALLOWED,
            say("You may not grant for longer than you hold: give a valid_until that is not after the end of your own grant."),
            reference="quirks#grant-duration",
        )
    if mailbox is MailboxKind.PATIENT:
        _decide_carer(granter, rights, carers or CarerRules(frozenset(), 0))
    check_grantee(grantee, mailbox)


def _decide_carer(granter: Access, rights: frozenset[Right], rules: CarerRules) -> None:
    if granter.role is None:
        raise Refusal(Rule.GRANT_NOT_ALLOWED, say("Only the patient chooses a carer."), reference="quirks#patient-grants")
    beyond = rights - rules.rights
    if beyond:
        names = ", ".join(sorted(beyond))
        detail = say("A carer may not be given {names}; these may: {known}.", names=names, known=", ".join(sorted(rules.rights)))
        raise Refusal(Rule.GRANT_NOT_ALLOWED, detail, reference="quirks#patient-grants")
    if rules.others >= rules.most:
        detail = say("A patient has {most} carers at most; revoke another's grant first.", most=rules.most)
        raise Refusal(Rule.GRANT_NOT_ALLOWED, detail, reference="quirks#patient-grants")


def _end(granter: Access, rights: frozenset[Right]) -> Micros | None:
    """When the first of these rights ends for the granter; None when none does."""
    if granter.role is not None:
        return None
    ends = []
    for right in rights:
        until = [grant.valid_until for grant in granter.grants if right in grant.rights]
        if until and None not in until:
            ends.append(max(instant for instant in until if instant is not None))
    return min(ends, default=None)


def check_grantee(grantee: Grantee, mailbox: MailboxKind) -> None:
    """Refuse an unknown or unfit grantee in the same words: the refusal must not reveal which INS is a patient's of this world."""
    if grantee.anonymous_card:
        raise Refusal(
            Rule.GRANTEE_NOT_ALLOWED,
            say("An anonymous card names nobody and can hold no grant; grant to an identified person."),
            subject=grantee.idnat,
            reference="sentinelle#f4",
        )
    if mailbox is MailboxKind.PATIENT and (grantee.kind not in _CARER_KINDS or not grantee.enabled):
        raise Refusal(
            Rule.GRANTEE_NOT_ALLOWED,
            say("{idnat} names nobody who can be a carer: an enabled carer, professional or employee can.", idnat=grantee.idnat),
            subject=grantee.idnat,
            reference="quirks#patient-grants",
        )
    if mailbox is not MailboxKind.PATIENT and (grantee.kind not in _GRANTEE_KINDS or not grantee.enabled):
        raise Refusal(
            Rule.GRANTEE_NOT_ALLOWED,
            say(
                "{idnat} names nobody who can hold a grant: it is given to an enabled professional, employee or application.",
                idnat=grantee.idnat,
            ),
            subject=grantee.idnat,
            reference="sentinelle#f2",
        )


def decide_hand_over(*, from_himself: bool, to_himself: bool) -> None:
    """Raise the refusal when the requester is one of the two persons of a hand-over: they may not give away or extend their own grants."""
    if from_himself:
        raise Refusal(
            Rule.GRANT_NOT_ALLOWED,
            say("Nobody hands over their own grants: renounce them, and ask a holder of the mailbox to grant to your successor."),
            reference="quirks#who-may-grant",
        )
    if to_himself:
        raise Refusal(
            Rule.GRANT_NOT_ALLOWED,
            say("Nobody hands grants over to themselves; ask a holder of the mailbox for one."),
            reference="quirks#who-may-grant",
        )


def decide_revocation(revoker: Access, *, own: bool) -> None:
    """Raise the refusal when this access may not revoke a grant of the mailbox; renouncing one's own needs no right."""
    if own:
        return
    if not revoker.may(Right.MANAGE):
        raise Refusal(
            Rule.GRANT_NOT_ALLOWED,
            say("Only a holder of the mailbox or a grantee with manage may grant or revoke; a grantee may renounce their own grant."),
            reference="quirks#who-may-grant",
        )


def decide_window(valid_from: Micros | None, valid_until: Micros | None, now: Micros) -> None:
    """Raise the refusal when a validity window is empty or already over."""
    start = now if valid_from is None else max(valid_from, now)
    if valid_until is not None and valid_until <= start:
        raise Refusal(Rule.INVALID, say("valid_until must be later than valid_from and than now."))
