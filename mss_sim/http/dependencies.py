"""Typed dependencies of the HTTP front ends: the core, the actor, ids and addresses in paths.

All are coroutines: FastAPI runs a plain function in a thread of its own, which takes longer than most requests.
"""

from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPBasic, HTTPBearer
from starlette.requests import HTTPConnection

from mss_sim.core.access import authentication, gate
from mss_sim.core.access.authentication import Actor
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.http.credentials import basic_pair
from mss_sim.http.hosted import Hosted, hosted
from mss_sim.ids import decode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import joined, say, sentence_of


class _Basic(HTTPBasic):
    """Shows the scheme in OpenAPI and reads nothing: the framework would refuse broken credentials with its own response."""

    async def __call__(self, request: HTTPConnection) -> None:
        """Leave the header to `authenticate`."""


class _Bearer(HTTPBearer):
    """The same for tokens."""

    async def __call__(self, request: HTTPConnection) -> None:
        """Leave the header to `authenticate`."""


_BASIC = _Basic(scheme_name="HTTPBasic", auto_error=False, description="Login and password of a persona; refused in the strict profile.")
_BEARER = _Bearer(
    scheme_name="HTTPBearer", auto_error=False, description="Access token, as `mss-sim token` or `POST /control/tokens` mints it."
)


async def get_hosted(request: Request) -> Hosted:
    """The world as its HTTP doors see it."""
    return hosted(request)


CurrentHosted = Annotated[Hosted, Depends(get_hosted)]


async def get_core(request: Request) -> Core:
    """The core that the application was built for."""
    return hosted(request).core


CurrentCore = Annotated[Core, Depends(get_core)]


async def get_actor(request: Request, _basic: Annotated[object, Security(_BASIC)], _bearer: Annotated[object, Security(_BEARER)]) -> Actor:
    """The actor; Refusal without credentials. An actor who chose a mailbox at log-in is limited to that one."""
    actor: Actor | None = getattr(request.state, "actor", None)  # determined before the body, where there is one
    if actor is None:
        actor = await authenticate(hosted(request).core, request.headers.get("authorization"), client_of(request))
        request.state.who = actor.identity.idnat
    address = request.path_params.get("address")
    if address is not None:
        gate.check_reach(actor, await get_address(address))
    return actor


def client_of(request: Request) -> str:
    """The address of the client that sent a request."""
    return request.client.host if request.client else "local"


async def authenticate(core: Core, header: str | None, client: str) -> Actor:
    """The actor of an Authorization header, checked again at every request. RetryLater after too many wrong passwords."""
    scheme, _, value = (header or "").partition(" ")
    match scheme.lower():
        case "basic":
            name, password = basic_pair(value)
            async with core.wrong_passwords.turn(client, name):
                return await authentication.with_password(core.world, name, password, door=Door.REST)
        case "bearer":
            return await authentication.with_token(core.world, value.strip(), door=Door.REST)
        case _:
            raise Refusal(Rule.AUTHENTICATION_REQUIRED, say("Say who you are: Authorization: Basic or Bearer."), reference="rfc9110#11.6.2")


CurrentActor = Annotated[Actor, Depends(get_actor)]


async def get_address(
    address: Annotated[str, Path(description="Address of the mailbox.", examples=["tilleuls@cabinet.sim.mssante.fr"])],
) -> str:
    """A mailbox address in a path, canonical."""
    try:
        return canonical(address)
    except AddressError as error:
        raise Refusal(Rule.NOT_FOUND, joined((sentence_of(error), ".")), subject=address, reference="rfc5321#4.1.2") from error


MailboxAddress = Annotated[str, Depends(get_address)]


def read_id(text: str) -> int:
    """An id from outside; a malformed id was never issued, so it is not found."""
    try:
        return decode(text)
    except ValueError as error:
        raise Refusal(Rule.NOT_FOUND, say("There is nothing here called {text!r}.", text=text[:20])) from error
