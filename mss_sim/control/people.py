"""The control plane: the world seen and changed from outside, for tests and trainers. Apart from the simulated API."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from starlette.responses import FileResponse, Response

from mss_sim.control import schemas
from mss_sim.core.access import authentication, delegation, identities, identity_names, patient_identities, practice_holders
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.assembly import Core
from mss_sim.core.control import adding_patients, adding_people_like, named_seeds, personas
from mss_sim.core.control import people_and_mailboxes as directory
from mss_sim.core.control.counts import state as count
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.trust import operators
from mss_sim.core.world.store_types import FoundPerson, Identity, Mailbox, PatientIdentity
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples, grants
from mss_sim.http.answers import CONTROL, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore, MailboxAddress, read_id
from mss_sim.http.grants import GrantIn, GrantOut
from mss_sim.http.hosted import hosted
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json, mailbox
from mss_sim.policy.identifiers import address_warnings
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState

IdNat = Annotated[str, Path(description="National id of the identity.", examples=["590000010000017/SEC0002"])]
Text = Annotated[str, Query(description="Words in names, idNat, login, profession or structure.", examples=["martin"])]
Kind = Annotated[IdentityKind | None, Query(description="Only of this kind.", examples=[IdentityKind.PROFESSIONAL])]
router = strict_router(
    prefix="/control",
    tags=["control: people and mailboxes"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)
_FOUND = refusing(Rule.NOT_FOUND)
_NEW = refusing(Rule.CONFLICT)
_LIKE = _FOUND | refusing(*CONTROL, Rule.LIMIT_REACHED)
_LOOKING = refusing(*CONTROL, Rule.LIMIT_REACHED)
_HELD = ("address", "kind", "state", "label")
_PLACED = _FOUND | _NEW | refusing(*CONTROL, Rule.DOMAIN_OUTSIDE)
_GRANTING = _FOUND | refusing(*CONTROL, Rule.GRANT_NOT_ALLOWED, Rule.GRANTEE_NOT_ALLOWED)


@router.get("/state", responses={200: {"model": schemas.StateOut}})
async def get_state(core: CurrentCore) -> Response:
    """Counts of what the world holds, and its operators."""
    state = await count(core.world)
    known = await operators.list_all(core.world)
    counts = {name: getattr(state, name) for name in ("identities", "mailboxes", "messages", "copies", "waiting")}
    return Json({**counts, "operators": [schemas.operator(row) for row in known], "seeds": named_seeds.names(core.world)})


@router.post("/reset", status_code=204)
async def reset(request: Request, core: CurrentCore, wanted: schemas.SeedIn | None = None) -> Response:
    """Empty the world and plant the seed it began with, or the one that is named; `none` leaves it empty."""
    name = wanted.name if wanted else hosted(request).seed or named_seeds.NONE
    await core.reset(name)
    return Response(status_code=204)


@router.post("/seed", responses={200: {"model": list[schemas.PersonaOut]}, **_NEW})
async def plant_seed(core: CurrentCore, wanted: schemas.SeedIn) -> Response:
    """Plant a seed, unless its people are there already; its personas."""
    await named_seeds.plant(core.world, wanted.name)
    return Json([row.as_json() for row in await personas.of_seed(core.world, wanted.name)])


@router.get("/personas", responses={200: {"model": list[schemas.PersonaOut]}})
async def list_personas(core: CurrentCore, name: str = "cabinet") -> Response:
    """The people of a seed who can be played, with their logins and what they may do now."""
    return Json([row.as_json() for row in await personas.of_seed(core.world, name)])


@router.get("/ca.pem", responses={200: octets("application/x-pem-file", example=examples.CERTIFICATE)})
async def download_ca(request: Request) -> Response:
    """The certificate of the simulator's authority: trust it in the client under test, nowhere else."""
    return FileResponse(hosted(request).ca_file, media_type="application/x-pem-file", filename="mss-sim-ca.pem")


@router.post("/tokens", status_code=201, responses={201: {"model": schemas.TokenOut}, **_FOUND})
async def mint_token(core: CurrentCore, wanted: schemas.TokenIn) -> Response:
    """An access token for a person; a login goes before a role of the same name."""
    lifetime = wanted.lifetime_seconds or core.world.settings.token.lifetime_seconds
    try:
        identity = await identities.identity_named(core.world, wanted.who)
    except Refusal:
        idnat = await personas.idnat_of(core.world, wanted.who)
        if idnat is None:
            raise
        identity = await identities.identity_named(core.world, idnat)
    token = authentication.mint_token(core.world, identity.idnat, lifetime_seconds=lifetime)
    return Json({"access_token": token, "token_type": "Bearer", "expires_in": lifetime}, status_code=201)


def _identity(core: Core, row: Identity, ins: Sequence[PatientIdentity]) -> dict[str, object]:
    names = "idnat kind family_name given_name title profession structure anonymous_card enabled sector address_line postal_code city"
    traits = "ins oid state birth_name given_names birth_date sex birth_place representatives"
    return {
        **{name: getattr(row, name) for name in names.split()},
        "name": row.name,
        "ins": [{name: getattr(one, name) for name in traits.split()} for one in ins],
        "warnings": [core.world.translated(one) for one in patient_identities.odd(row, ins)],
    }


async def _shown(core: Core, row: Identity, status: int = 200) -> Response:
    return Json(_identity(core, row, await patient_identities.of_person(core.world, row)), status_code=status)


def _patient_identities(wanted: Sequence[schemas.PatientIdentityIn]) -> tuple[NewPatientIdentity, ...]:
    return tuple(NewPatientIdentity.read(one.model_dump()) for one in wanted)


@router.get("/identities", responses={200: {"model": list[schemas.IdentityOut]}})
async def list_identities(core: CurrentCore) -> Response:
    """All identities; `warnings` tells what is odd about a number."""
    known = await patient_identities.by_person(core.world)
    return Json([_identity(core, row, known.get(row.id, ())) for row in await identities.list_identities(core.world)])


@router.post("/identities", status_code=201, responses={201: {"model": schemas.IdentityOut}, **_NEW})
async def add_identity(core: CurrentCore, new: schemas.IdentityIn) -> Response:
    """Create an identity, with an account when a login and a password are given."""
    values = {**new.model_dump(), "ins": _patient_identities(new.ins)}
    return await _shown(core, await identities.add_identity(core.world, identities.NewIdentity(**values)), 201)


@router.get("/identities/{idnat:path}", responses={200: {"model": schemas.IdentityOut}, **_FOUND})
async def get_identity(core: CurrentCore, idnat: IdNat) -> Response:
    """One identity."""
    return await _shown(core, await identities.identity_named(core.world, idnat))


@router.patch("/identities/{idnat:path}", responses={200: {"model": schemas.IdentityOut}, **_FOUND, **_NEW})
async def change_identity(core: CurrentCore, idnat: IdNat, patch: schemas.IdentityPatch) -> Response:
    """Change an identity, its account, or all national identities of a patient; `enabled: false` shuts it out at its very next request."""
    changes = patch.model_dump(exclude_unset=True)
    login, password = changes.pop("login", None), changes.pop("password", None)
    if patch.ins is not None:
        changes["ins"] = _patient_identities(patch.ins)
    return await _shown(core, await identities.change_identity(core.world, idnat, changes, login, password))


@router.delete("/identities/{idnat:path}", status_code=204, responses=_FOUND | _NEW)
async def remove_identity(core: CurrentCore, idnat: IdNat) -> Response:
    """Delete an identity that owns no mailbox."""
    await identities.remove_identity(core.world, idnat)
    return Response(status_code=204)


@router.post("/patients", responses={200: {"model": list[schemas.PatientOut]}, **_PLACED})
async def add_patients(core: CurrentCore, wanted: schemas.PatientsIn) -> Response:
    """Add fictional patients with their mailboxes; the same seed gives the same people, and those who are there stay as they are."""
    people = await adding_patients.add_patients(core.world, wanted.count, wanted.seed)
    return Json([one.as_json() for one in people])


@router.get("/people", responses={200: {"model": schemas.PeoplePage}, **_LOOKING})
async def find_people(core: CurrentCore, page: CurrentPage, text: Text = "", kind: Kind = None) -> Response:
    """People looked for by words, in the order of their creation; without accents and case."""
    after = page.before(PagedList.PEOPLE)
    found = await directory.find_people(core.world, text, kind=kind, after=after, limit=page.limit + 1)

    def shown(one: FoundPerson) -> dict[str, object]:
        return {**_identity(core, one.identity, known.get(one.identity.id, ())), "login": one.login}

    known = await patient_identities.of_people(core.world, [one.identity.id for one in found])
    return Json(page.cut(PagedList.PEOPLE, found, lambda one: one.identity.id, shown))


@router.get("/people/{idnat:path}", responses={200: {"model": schemas.PersonOut}, **_FOUND})
async def show_person(core: CurrentCore, idnat: IdNat) -> Response:
    """Somebody with their login, the mailboxes that they hold, and every grant that they ever got."""
    found = await directory.show_person(core.world, idnat)
    held = [{**{name: getattr(box, name) for name in _HELD}, "role": role} for box, role in found.held]
    given = await grants.grants_out(core, list(found.grants))
    return Json({**_identity(core, found.identity, found.ins), "login": found.login, "mailboxes": held, "grants": given})


@router.post("/people/like", status_code=201, responses={201: {"model": list[schemas.LikenessOut]}, **_LIKE})
async def add_like(core: CurrentCore, wanted: schemas.LikeIn) -> Response:
    """Add people like one of a seed, each with an identity, mailboxes, a log-in, a profile and a token of their own; all or none.

    A mailbox that is the model's own, or an organisation's that is lent to the model, is made anew for each of them, on the same domain.
    """
    people = await adding_people_like.add_like(core.world, wanted.role, wanted.count)
    lifetime = (wanted.lifetime_seconds or core.world.settings.token.lifetime_seconds) if wanted.token else None

    def shown() -> list[dict[str, object]]:
        minted = (authentication.mint_token(core.world, one.idnat, lifetime_seconds=lifetime) if wanted.token else None for one in people)
        return [{**one.as_json(), "access_token": token, "expires_in": lifetime} for one, token in zip(people, minted, strict=True)]

    return Json(await asyncio.to_thread(shown), status_code=201)


def _mailbox(core: Core, row: Mailbox, owner: Identity) -> dict[str, object]:
    warnings = [core.world.translated(one) for one in address_warnings(row.address, row.kind)]
    of_owner = {"owner": {"idnat": owner.idnat, "name": owner.name}, "responsible_name": row.responsible_name}
    return {**mailbox(row), **of_owner, "warnings": warnings}


async def _shown_mailbox(core: Core, row: Mailbox, status: int = 200) -> Response:
    known = await identity_names.identities_by_id(core.world, [row.owner_id])
    return Json(_mailbox(core, row, known[row.owner_id]), status_code=status)


@router.get("/mailboxes", responses={200: {"model": list[schemas.MailboxAdmin]}, **_LOOKING})
async def list_mailboxes(
    core: CurrentCore,
    text: Annotated[
        str, Query(description="Words in address, label, description or the owner's name, without accents and case.", examples=["tilleuls"])
    ] = "",
    kind: Annotated[MailboxKind | None, Query(description="Only of this kind.", examples=[MailboxKind.CAB])] = None,
    state: Annotated[MailboxState | None, Query(description="Only in this state.", examples=[MailboxState.ACTIVE])] = None,
) -> Response:
    """All mailboxes, or those that are looked for, in the order of their creation."""
    return Json([_mailbox(core, *one) for one in await directory.find_mailboxes(core.world, text, kind=kind, state=state)])


@router.post("/mailboxes", status_code=201, responses={201: {"model": schemas.MailboxAdmin}, **_PLACED})
async def add_mailbox(core: CurrentCore, new: schemas.MailboxIn) -> Response:
    """Create a mailbox; the domain must be an operator's."""
    values = {**new.model_dump(), "co_holders": tuple(new.co_holders)}
    return await _shown_mailbox(core, await mailboxes.add_mailbox(core.world, mailboxes.NewMailbox(**values)), 201)


@router.get("/mailboxes/{address}", responses={200: {"model": schemas.MailboxAdmin}, **_FOUND})
async def get_mailbox(core: CurrentCore, address: MailboxAddress) -> Response:
    """One mailbox."""
    return await _shown_mailbox(core, await mailboxes.get_mailbox(core.world, address))


@router.get("/mailboxes/{address}/holders", responses={200: {"model": list[schemas.HolderOut]}, **_FOUND})
async def list_holders(core: CurrentCore, address: MailboxAddress) -> Response:
    """Who holds a mailbox: its owner, or the responsible and the co-holders of a practice's."""
    found = await directory.show_mailbox(core.world, address)
    return Json([{"idnat": one.identity.idnat, "name": one.identity.name, "role": one.role} for one in found.holders])


@router.patch("/mailboxes/{address}", responses={200: {"model": schemas.MailboxAdmin}, **_FOUND})
async def change_mailbox(core: CurrentCore, address: MailboxAddress, patch: schemas.MailboxAdminPatch) -> Response:
    """Change anything but the address and the kind: state, quota, limits, texts, policies."""
    changes = patch.model_dump(exclude_unset=True, mode="json")
    return await _shown_mailbox(core, await mailboxes.change_mailbox(core.world, address, changes, actor_id=None, door=Door.CONTROL))


@router.delete("/mailboxes/{address}", status_code=204, responses=_FOUND)
async def remove_mailbox(core: CurrentCore, address: MailboxAddress) -> Response:
    """Delete a mailbox with all that is in it."""
    await mailboxes.remove_mailbox(core.world, address)
    return Response(status_code=204)


@router.get("/mailboxes/{address}/grants", responses={200: {"model": list[GrantOut]}, **_FOUND})
async def list_grants(core: CurrentCore, address: MailboxAddress) -> Response:
    """Every grant over a mailbox."""
    mailbox = await mailboxes.get_mailbox(core.world, address)
    rows = await delegation.list_grants(core.world, mailbox.owner_id, address)
    return Json(await grants.grants_out(core, [(row, address) for row in rows]))


@router.post("/mailboxes/{address}/grants", status_code=201, responses={201: {"model": GrantOut}, **_GRANTING})
async def add_grant(core: CurrentCore, address: MailboxAddress, grant: GrantIn) -> Response:
    """Give rights over a mailbox, as its owner would."""
    row = await delegation.grant(core.world, practice_holders.CONTROL, grants.request_of(address, grant))
    return Json((await grants.grants_out(core, [(row, address)]))[0], status_code=201)


@router.delete("/mailboxes/{address}/grants/{grant_id}", responses={200: {"model": GrantOut}, **_FOUND})
async def revoke_grant(core: CurrentCore, address: MailboxAddress, grant_id: str) -> Response:
    """Take a grant back."""
    row = await delegation.revoke(core.world, practice_holders.CONTROL, address, read_id(grant_id))
    return Json((await grants.grants_out(core, [(row, address)]))[0])
