"""People of the world as an administrator sees them: found, shown with all that is theirs, made, made like one of the seed."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from mss_sim.core.access import identities
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.access.rights_in_force import grant_of
from mss_sim.core.control import adding_people_like, people_and_mailboxes, personas
from mss_sim.core.world.store_types import GrantRow
from mss_sim.errors import Refusal, Rule
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.policy.identifiers import warnings
from mss_sim.vocabulary.mailboxes import IdentityKind, Right
from mss_sim.web import home
from mss_sim.web.delegation_words import RIGHTS, ROLES
from mss_sim.web.fields import check_meant, line, number, word, word_or_none
from mss_sim.web.mailbox_fields import STATES
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_ROWS = 50
_LIKE_MAX = 50
_IDNAT_CHARS_MAX = 100
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9.-]")
_FILTERS = ("text", "kind")
KINDS = {
    IdentityKind.PROFESSIONAL: say("professional"),
    IdentityKind.EMPLOYEE: say("employee"),
    IdentityKind.ORGANISATION: say("organisation"),
    IdentityKind.APPLICATION: say("application"),
    IdentityKind.PATIENT: say("patient"),
    IdentityKind.CARER: say("carer"),
}
_TEXTS = ("family_name", "given_name", "title", "profession", "structure")


async def show_all(visit: Visit) -> Response:
    """The people of the world in the order of their creation, by the filters in the address."""
    asked = visit.request.query_params
    filters = {name: asked.get(name, "").strip() for name in _FILTERS}
    kind = word_or_none(filters["kind"], "kind", IdentityKind)
    after = Page(_ROWS, asked.get("cursor")).before(PagedList.PEOPLE)
    found = await people_and_mailboxes.find_people(visit.core.world, filters["text"], kind=kind, after=after, limit=_ROWS + 1)
    shown, more = found[:_ROWS], len(found) > _ROWS
    kept = {name: value for name, value in filters.items() if value}
    return show(
        "people.html",
        visit.here,
        kinds=KINDS,
        filters=filters,
        asked=urlencode(kept),
        rows=shown,
        next=urlencode({**kept, "cursor": cursor(PagedList.PEOPLE, shown[-1].identity.id)}) if more else None,
        roles=sorted(await personas.played(visit.core.world)),
        played=home.ROLES,
        like_max=_LIKE_MAX,
        curl=_curl(visit, "people?text=martin"),
    )


async def show_one(visit: Visit) -> Response:
    """Somebody with their login, mailboxes, grants and national identities."""
    found = await people_and_mailboxes.show_person(visit.core.world, _idnat(visit))
    played = await personas.played(visit.core.world)
    return show(
        "person.html",
        visit.here,
        found=found,
        person=found.identity,
        place=_place(visit),
        below=_name_in_paths(found.login, found.identity.idnat),
        role=next((role for role, row in played.items() if row["idnat"] == found.identity.idnat), ""),
        kinds=KINDS,
        states=STATES,
        roles=ROLES,
        warnings=warnings(found.identity.idnat, found.identity.kind),
        grants=[_grant(visit, row, address) for row, address in reversed(found.grants)],
        curl=_curl(visit, f"people/{quote(found.identity.idnat, safe='')}"),
    )


def _name_in_paths(login: str | None, idnat: str) -> str:
    """Below which name somebody's pages are, when they log in from here."""
    return _NOT_IN_A_NAME.sub("-", login or idnat)


def _grant(visit: Visit, row: GrantRow, address: str) -> dict[str, Any]:
    now = visit.core.world.clock.now()
    return {
        "address": address,
        "words": [RIGHTS[right] for right in Right if right in row.rights],
        "from": row.valid_from,
        "until": row.valid_until,
        "reason": row.reason,
        "revoked_at": row.revoked_at,
        "in_force": grant_of(row).holds_at(now),
        "to_come": row.revoked_at is None and row.valid_from is not None and now < row.valid_from,
    }


async def add(visit: Visit) -> Response:
    """Create somebody, with an account where a login and a password are given."""
    new = NewIdentity(
        idnat=line(visit, "idnat", _IDNAT_CHARS_MAX),
        kind=word(visit.field("kind"), "kind", IdentityKind),
        family_name=line(visit, "family_name"),
        given_name=line(visit, "given_name"),
        title=line(visit, "title"),
        profession=line(visit, "profession"),
    )
    if not new.idnat or not new.family_name:
        raise Refusal(Rule.INVALID, say("Somebody new has an idNat and a name."), subject="idnat")
    account = _account(visit)
    await identities.add_identity(visit.core.world, replace(new, login=account.get("login"), password=account.get("password")))
    return back(f"/ui/people/{quote(new.idnat, safe='')}")


async def add_like(visit: Visit) -> Response:
    """Add people like one of the seed, and show how they log in: that is told nowhere else."""
    count = number(visit.field("count"), "count", 1, _LIKE_MAX) or 1
    made = await adding_people_like.add_like(visit.core.world, visit.field("role"), count)
    body = f'{{"role": "{made[0].role}", "count": {count}}}'
    names = {one.idnat: _name_in_paths(one.login, one.idnat) for one in made}
    return show("people_made.html", visit.here, made=made, names=names, curl=f"{_curl(visit, 'people/like')} --json '{body}'")


async def change(visit: Visit) -> Response:
    """Change names, profession and account of somebody."""
    identity = (await people_and_mailboxes.show_person(visit.core.world, _idnat(visit))).identity
    read = {name: line(visit, name) for name in _TEXTS}
    if not read["family_name"]:
        raise Refusal(Rule.INVALID, say("Somebody has a name."), subject="family_name")
    changes = {name: value for name, value in read.items() if value != getattr(identity, name)}
    account = _account(visit)
    if changes or account:
        await identities.change_identity(visit.core.world, identity.idnat, changes, account.get("login"), account.get("password"))
    return back(_place(visit))


def _account(visit: Visit) -> dict[str, str]:
    """Login and password where one of them is given; the core refuses one without the other."""
    given = {"login": line(visit, "login"), "password": visit.field("password")}
    return {name: value for name, value in given.items() if value} if given["password"] or given["login"] else {}


async def enable(visit: Visit) -> Response:
    """Shut somebody out at their very next request, or let them in again."""
    enabled = visit.field("do") == "enable"
    if not enabled:
        check_meant(visit)
    await identities.change_identity(visit.core.world, _idnat(visit), {"enabled": enabled}, None, None)
    return back(_place(visit))


async def remove(visit: Visit) -> Response:
    """Delete somebody who owns no mailbox."""
    check_meant(visit)
    await identities.remove_identity(visit.core.world, _idnat(visit))
    return back("/ui/people")


def _idnat(visit: Visit) -> str:
    return str(visit.request.path_params["idnat"])


def _place(visit: Visit) -> str:
    return f"/ui/people/{quote(_idnat(visit), safe='')}"


def _curl(visit: Visit, path: str) -> str:
    return f"curl {visit.origin}/control/{path}"


ROUTES: Routes = (
    ("GET", "/ui/people", show_all),
    ("POST", "/ui/people", add),
    ("POST", "/ui/people-like", add_like),
    ("POST", "/ui/people/{idnat:path}/enabled", enable),
    ("POST", "/ui/people/{idnat:path}/delete", remove),
    ("POST", "/ui/people/{idnat:path}", change),
    ("GET", "/ui/people/{idnat:path}", show_one),
)
