"""From a SASL exchange to an actor: the part of logging in that socket doors share."""

from collections.abc import Awaitable, Callable

from mss_sim.config.settings import Settings
from mss_sim.core.access import authentication
from mss_sim.core.access.authentication import Actor
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.net import sasl
from mss_sim.net.sasl import CertificateCredentials, Credentials, PasswordCredentials
from mss_sim.policy.logins import split_name
from mss_sim.vocabulary.doors import Door, Profile, TokenRefusal
from mss_sim.words.sentence import Sentence, say

_REFUSED_TOKEN = b'{"status":"401","schemes":"bearer","scope":"mail"}'


def mechanisms(settings: Settings, certificate: bytes | None) -> list[str]:
    """The SASL mechanisms offered: no password in the strict profile (ref: ref2#ECO.1.2.1), EXTERNAL to clients with a certificate."""
    hidden: set[str] = set()
    if settings.profile is Profile.STRICT:
        hidden |= sasl.PASSWORD_MECHANISMS
    if not settings.login.oauthbearer:
        hidden.add("OAUTHBEARER")
    if certificate is None:
        hidden |= sasl.CERTIFICATE_MECHANISMS
    return [name for name in sasl.MECHANISMS if name not in hidden]


def instead(settings: Settings, certificate: bytes | None, mechanism: str) -> Sentence:
    """What to do instead of a mechanism that is not offered."""
    if mechanism in sasl.PASSWORD_MECHANISMS:
        return say("The strict profile takes no password: log in by XOAUTH2 with a token of Pro Santé Connect (ref2#ECO.1.2.1)")
    if mechanism in sasl.CERTIFICATE_MECHANISMS:
        return say("EXTERNAL needs a client certificate: show it in TLS (client-requirements#2.5)")
    return say("{mechanism} is not offered; use {offered}", mechanism=mechanism, offered=", ".join(mechanisms(settings, certificate)))


class CutConnection(Exception):
    """A token was refused as some operators do: a challenge with the reason, then the connection is cut."""


async def show_token_refusal(
    settings: Settings, mechanism: str, ask: Callable[[str], Awaitable[str]], tell: Callable[[str], Awaitable[object]]
) -> None:
    """Notify a client that its token is refused, in the style of the settings; the reply of the door follows.

    CutConnection when no reply may follow (ref: client-requirements#2.3).
    """
    if mechanism not in sasl.TOKEN_MECHANISMS or settings.token.refusal is TokenRefusal.PLAIN:
        return
    challenge = sasl.encode(_REFUSED_TOKEN)
    if settings.token.refusal is TokenRefusal.POLITE:
        await ask(challenge)
        return
    await tell(challenge)
    raise CutConnection


async def exchange(mechanism: str, initial: str | None, ask: Callable[[str], Awaitable[str]]) -> Credentials | None:
    """Run an exchange; None when the client cancels with `*`, SaslError when it does not follow its mechanism.

    `initial` is the initial response as base64, `=` for an empty one; `ask` sends a challenge and returns the response, both base64.
    """
    first = None if initial is None else b"" if initial == "=" else sasl.decode(initial)
    steps = sasl.MECHANISMS[mechanism](first)
    try:
        challenge = next(steps)
        while True:
            response = await ask(sasl.encode(challenge))
            if response == "*":
                return None
            challenge = steps.send(sasl.decode(response))
    except StopIteration as end:
        credentials: Credentials = end.value
        return credentials


async def actor_behind(world: World, credentials: Credentials, *, door: Door, certificate: bytes | None) -> Actor:
    """The actor with these credentials, `certificate` (DER) being the client's; Refusal(AUTHENTICATION_FAILED) otherwise."""
    if isinstance(credentials, CertificateCredentials):
        return await authentication.with_certificate(world, certificate, door=door, mailbox=credentials.acts_for or None)
    if isinstance(credentials, PasswordCredentials):
        mailbox = credentials.acts_for or None
        return await authentication.with_password(world, credentials.name, credentials.password, door=door, mailbox=mailbox)
    return await authentication.with_token(world, credentials.token, door=door, mailbox=credentials.user)


def login_of(credentials: Credentials, *, plus: bool) -> str:
    """Who these credentials say that they are of: the login, or the mailbox that comes with a token or a certificate."""
    if isinstance(credentials, PasswordCredentials):
        return split_name(credentials.name, plus=plus)[1]
    return credentials.acts_for if isinstance(credentials, CertificateCredentials) else credentials.user


def refused_at_trap() -> Refusal:
    """The refusal of every log-in behind a trap, whatever it brings."""
    detail = say("This is a trap: your client should have left before it said who you are.")
    return Refusal(Rule.AUTHENTICATION_FAILED, detail, reference="quirks#traps")
