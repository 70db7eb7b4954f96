"""Which log-in method opens which kind of mailbox over SMTP and IMAP (ref: client-requirements#2.5, ref2#ECO.1.2.1, sc-mss#CONF.07).

| mailbox           | password            | token (PSC) | certificate |
|-------------------|---------------------|-------------|-------------|
| PER, ORG, CAB     | development profile | may         | refused     |
| of a patient      | development profile | development profile | refused |
| APP               | refused             | refused     | may         |

An operator may accept fewer methods. In the development profile the setting `login_app_passwords` lets APP mailboxes open like ORG ones,
for tests without a certificate.
"""

from collections.abc import Collection

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.words.sentence import Sentence, joined, say

_STAR, _PLUS = "*", "+"
_SOURCE = "client-requirements#2.5"
_PEOPLE = frozenset({LogInBy.PASSWORD, LogInBy.PSC})
WAYS: dict[MailboxKind, frozenset[LogInBy]] = {
    MailboxKind.PER: _PEOPLE,
    MailboxKind.ORG: _PEOPLE,
    MailboxKind.CAB: _PEOPLE,
    MailboxKind.PATIENT: _PEOPLE,
    MailboxKind.APP: frozenset({LogInBy.CERTIFICATE}),
}
_INSTEAD: dict[MailboxKind, Sentence] = {
    MailboxKind.APP: say("An APP mailbox opens by its client certificate: show it in TLS and say AUTH EXTERNAL"),
}


def split_name(text: str, *, plus: bool) -> tuple[str, str]:
    """(mailbox, login) of a name such as `mailbox*login`, the mailbox empty where none is named; `plus`: also of `login+mailbox`.

    What follows the plus is an address, so that a login that holds one is not cut.
    """
    mailbox, star, login = text.rpartition(_STAR)
    if star:
        return mailbox, login
    login, _, mailbox = text.partition(_PLUS)
    return (mailbox, login) if plus and login and "@" in mailbox and "@" not in login else ("", text)


def decide_way(kind: MailboxKind, way: LogInBy, accepted: Collection[LogInBy], operator: str, *, app_passwords: bool) -> None:
    """Return when `way` opens a mailbox of that kind, at an operator with these accepted methods; Refusal otherwise."""
    ways = WAYS[kind] | (_PEOPLE if kind is MailboxKind.APP and app_passwords else frozenset())
    if way not in ways:
        instead = _INSTEAD.get(kind, say("Mailboxes of persons and groups open by a Pro Santé Connect token (XOAUTH2)"))
        raise Refusal(Rule.AUTHENTICATION_FAILED, joined((instead, ".")), reference=_SOURCE)
    if way not in accepted:
        names = ", ".join(sorted(accepted))
        raise Refusal(
            Rule.AUTHENTICATION_FAILED,
            say("The operator {operator} accepts other ways to log in: {names}.", operator=operator, names=names),
            reference=_SOURCE,
        )
