"""The control plane of Pro Santé Connect: clients, personas, keys, approvals, switches."""

import asyncio
import json
from collections.abc import Mapping
from html import escape
from typing import Any

import orjson
from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.control import psc_schemas as schemas
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.assembly import Core
from mss_sim.core.psc import clients, professionals, userinfo_claims
from mss_sim.core.psc.ciba import CibaRequest as Approval
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.core.psc.professionals import Professional
from mss_sim.core.world.store_types import Client
from mss_sim.errors import Refusal, Rule
from mss_sim.http.answers import CONTROL_IN_MEMORY, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.faults import faults
from mss_sim.http.page import page
from mss_sim.http.parameters import of_form
from mss_sim.http.reader import Reader, reader_of
from mss_sim.http.routes import strict_router
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.words.sentence import Sentence, Template, borrowed, say, sentence_of

router = strict_router(
    prefix="/control/psc",
    tags=["control: Pro Santé Connect"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL_IN_MEMORY),
)
_STORED = refusing(Rule.STORE_UNAVAILABLE)
_KINDS = {IdentityKind.PROFESSIONAL: say("Professional"), IdentityKind.EMPLOYEE: say("Employee of a structure")}


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type="application/json")


def _state(core: Core) -> Response:
    provider, keys = core.provider, core.provider.jwks()["keys"]
    told = {"auto_approve": provider.switches.auto_approve, "outages": provider.switches.outages, "sessions": len(provider.sessions)}
    return _json({"issuer": core.provider.issuer, **told, "keys": [key["kid"] for key in keys]})


@router.get("", responses={200: {"model": schemas.ProviderOut}})
async def get_provider(core: CurrentCore) -> Response:
    """The provider: its switches, how many are logged in, which keys verify."""
    return _state(core)


@router.patch("", responses={200: {"model": schemas.ProviderOut}})
async def change_provider(core: CurrentCore, wanted: schemas.SwitchesIn) -> Response:
    """Turn log-in without a page on or off, or have the next requests fail."""
    core.provider.switches.turn(auto_approve=wanted.auto_approve, outages=wanted.outages)
    return _state(core)


@router.post("/rotate-keys", responses={200: {"model": schemas.KeyOut}})
async def rotate_keys(core: CurrentCore) -> Response:
    """Sign with a new key from now on; the old one goes on verifying what it signed."""
    keep_seconds = max(core.world.settings.psc.session_seconds_max, 86_400)  # the longest life that /control/tokens gives
    return _json({"kid": await asyncio.to_thread(core.provider.rotate_keys, keep_seconds)})


@router.delete("/sessions", status_code=204)
async def end_sessions(core: CurrentCore, idnat: str | None = None) -> Response:
    """Log everybody out, or one professional everywhere."""
    core.provider.end_sessions(idnat)
    return Response(status_code=204)


def _client(row: Client, secret: str | None = None) -> dict[str, Any]:
    return {"client_id": row.client_id, **({"client_secret": secret} if secret else {}), **row.metadata}


@router.get("/clients", responses={200: {"model": list[schemas.ClientOut]}, **_STORED})
async def list_clients(core: CurrentCore) -> Response:
    """All clients, without their secrets."""
    return _json([_client(row) for row in await clients.registered(core.world)])


@router.post("/clients", status_code=201, responses={201: {"model": schemas.ClientOut}, **_STORED})
async def add_client(core: CurrentCore, new: schemas.ClientIn) -> Response:
    """Register a client, or replace the one of that id; its secret is shown here and nowhere else."""
    metadata = new.model_dump(exclude_none=True, exclude={"client_id", "client_secret"})
    row, secret = await clients.register(core.world, new.client_id, new.client_secret, metadata)
    return _json(_client(row, secret), 201)


@router.delete("/clients/{client_id:path}", status_code=204, responses=_STORED | refusing(Rule.NOT_FOUND))
async def remove_client(core: CurrentCore, client_id: str) -> Response:
    """Forget a client."""
    await clients.remove(core.world, client_id)
    return Response(status_code=204)


def _persona(row: Professional) -> dict[str, Any]:
    told = userinfo_claims.userinfo(row.identity, row.structure, row.profile, AuthMode.CARD)
    return {"idnat": row.identity.idnat, "name": row.identity.name, "profession": row.identity.profession, "userinfo": told}


@router.get("/personas", responses={200: {"model": list[schemas.CardholderOut]}, **_STORED})
async def list_personas(core: CurrentCore) -> Response:
    """All who may log in, with what userinfo tells of each."""
    return _json([_persona(row) for row in await professionals.list_profiles(core.world)])


@router.post("/personas", status_code=201, responses={201: {"model": schemas.CardholderOut}, **_STORED, **refusing(Rule.CONFLICT)})
async def put_persona(core: CurrentCore, new: schemas.PersonaIn) -> Response:
    """Add somebody who may log in, or give the one of that idNat another profile."""
    return _json(_persona(await _put(core, new)), 201)


async def _put(core: Core, new: schemas.PersonaIn) -> Professional:
    return await professionals.put_persona(core.world, NewIdentity(**new.model_dump(exclude={"profile"})), new.profile)


def _form(reader: Reader, typed: Mapping[str, str] | None = None, *, wrong: Sentence | None = None, added: str = "") -> Response:
    """A form for a persona of one's own; a refused one comes back with all that was typed."""
    html = reader.html
    kept = {name: escape(value) for name, value in (typed or {}).items()}
    fields = (
        ("idnat", say("National identifier (idNat)")),
        ("family_name", say("Family name")),
        ("given_name", say("Given name")),
        ("title", say("Title of practice")),
        ("profession", say("Profession")),
        ("structure", say("Structure (idNat)")),
    )
    inputs = "".join(f'<label>{html(label)}<br><input name="{name}" value="{kept.get(name, "")}"></label>' for name, label in fields)
    chosen = kept.get("kind")
    options = "".join(
        f'<option value="{kind.value}"{" selected" if chosen == kind.value else ""}>{html(label)}</option>'
        for kind, label in _KINDS.items()
    )
    told = f"<p>{html(say('Added: {name}', name=added))}</p>" if added else ""
    if wrong:
        told = f'<p class="faults" role="alert">{html(wrong)}</p>'
    content = (
        f'{told}<form method="post">{inputs}<label>{html(say("Type"))}<br><select name="kind">{options}</select></label>'
        f"<label>{html(say('UserInfo profile (JSON, optional)'))}<br>"
        f'<textarea name="profile" rows="8" cols="60">\n{kept.get("profile", "")}</textarea>'
        f"</label><button>{html(say('Add'))}</button></form>"
    )
    return page(reader, say("A new persona"), content, status=400 if wrong else 200)


def _profile(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(borrowed(f"profile: it is not JSON: {error}", Template("profile: it is not JSON"))) from error


@router.get("/personas/new", include_in_schema=False)
async def show_form(request: Request) -> Response:
    """A form for a persona of one's own."""
    return _form(reader_of(request))


@router.post("/personas/new", include_in_schema=False)
async def take_form(request: Request, core: CurrentCore) -> Response:
    """The form comes back."""
    values: dict[str, str] = {}
    reader = reader_of(request)
    try:
        values = (await of_form(request)).values
        profile = _profile(values.get("profile", "{}"))
        new = schemas.PersonaIn.model_validate({**values, "profile": profile})
        return _form(reader, added=_persona(await _put(core, new))["name"])
    except ValidationError as error:
        return _form(reader, values, wrong=faults(error.errors()))
    except (OAuthError, ValueError, RecursionError) as error:
        return _form(reader, values, wrong=error.description if isinstance(error, OAuthError) else sentence_of(error))
    except Refusal as refusal:
        return _form(reader, values, wrong=refusal.detail)


def _approval(row: Approval) -> dict[str, Any]:
    names = "id client_id idnat name binding_message"
    return {
        **{name: getattr(row, name) for name in names.split()},
        "channel": row.channel.value,
        "asked_at": iso(row.asked_at),
        "expires_at": iso(row.expires_at),
    }


@router.get("/ciba", responses={200: {"model": list[schemas.ApprovalOut]}})
async def list_approvals(core: CurrentCore) -> Response:
    """The requests that wait for an approval."""
    return _json([_approval(row) for row in core.ciba.pending()])


@router.post("/ciba/{request_id}/approve", responses={200: {"model": schemas.ApprovalOut}, **refusing(Rule.NOT_FOUND)})
async def approve(core: CurrentCore, request_id: str) -> Response:
    """Approve a request, as the professional would."""
    return _answer(core, request_id, approved=True)


@router.post("/ciba/{request_id}/refuse", responses={200: {"model": schemas.ApprovalOut}, **refusing(Rule.NOT_FOUND)})
async def refuse(core: CurrentCore, request_id: str) -> Response:
    """Refuse a request, as the professional would."""
    return _answer(core, request_id, approved=False)


def _answer(core: Core, request_id: str, *, approved: bool) -> Response:
    return _json(_approval(core.ciba.answer(request_id, approve=approved)))
