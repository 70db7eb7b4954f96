"""From a SASL exchange to an actor: what the socket doors share of logging in."""

from collections.abc import Awaitable, Callable

from mss_sim.config import Settings
from mss_sim.core import accounts
from mss_sim.core.accounts import Actor
from mss_sim.core.world import World
from mss_sim.net import sasl
from mss_sim.net.sasl import Credentials, PasswordCredentials
from mss_sim.vocabulary import Door, Profile


def mechanisms(settings: Settings) -> list[str]:
    """The SASL mechanisms on offer; the strict profile offers no password (ref: ref2#ECO.1.2.1)."""
    strict = settings.profile is Profile.STRICT
    return [name for name in sasl.MECHANISMS if not (strict and name in sasl.PASSWORD_MECHANISMS)]


async def exchange(mechanism: str, initial: str | None, ask: Callable[[str], Awaitable[str]]) -> Credentials | None:
    """Run an exchange; None when the client cancels with `*`, SaslError when it does not follow its mechanism.

    `initial` is the initial response as base64, `=` for an empty one; `ask` sends a challenge and gives the response, both base64.
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


async def actor_behind(world: World, credentials: Credentials, *, door: Door) -> Actor:
    """The actor behind credentials; Refusal(AUTHENTICATION_FAILED) otherwise."""
    if isinstance(credentials, PasswordCredentials):
        mailbox = credentials.acts_for or None
        return await accounts.with_password(world, credentials.name, credentials.password, door=door, mailbox=mailbox)
    return await accounts.with_token(world, credentials.token, door=door, mailbox=credentials.user)
