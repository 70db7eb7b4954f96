"""Correspondents of the directory, and why an address is not among them, as the API, the control plane and the pages show them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from mss_sim.clock import iso
from mss_sim.core.annuaire.correspondents import Correspondent, Explanation, Suggestion
from mss_sim.core.world.world import World
from mss_sim.fhir.entries import PublishedMailbox
from mss_sim.http import examples
from mss_sim.http.shapes import Out
from mss_sim.vocabulary.directory import Findability
from mss_sim.vocabulary.mailboxes import MailboxKind

SUGGESTIONS_MAX = 20
Address = Annotated[str, Query(max_length=320, description="The address that is not found.", examples=[examples.PRACTICE])]
_SPECIALTY = "Médecine générale (SM)"


class PublishedMailboxOut(Out):
    address: str = Field(examples=[examples.DOCTOR])
    kind: MailboxKind
    label: str
    preferred: bool = Field(examples=[True])
    """Whether its holder prefers it to the others."""


class StructureOut(Out):
    """An organisation, as far as the directory tells where it is."""

    idnat: str = Field(examples=["1750990012"])
    name: str = Field(examples=["Hôpital des Ormes"])
    address_line: str = Field(examples=["12 rue des Ormes"])
    postal_code: str = Field(examples=["75012"])
    city: str = Field(examples=["Paris"])


class CorrespondentOut(Out):
    """Somebody to write to."""

    idnat: str
    kind: str = Field(examples=["professional"])
    name: str
    profession: str
    specialty: str = Field(examples=[_SPECIALTY])
    structure: StructureOut | None
    """Where a person works, or the organisation itself; null where the directory has none."""
    mailboxes: list[PublishedMailboxOut]
    """The preferred one first."""


class CorrespondentPage(Out):
    items: list[CorrespondentOut]
    next_cursor: str | None


class SuggestionOut(Out):
    """An address, and whose it is."""

    address: str = Field(examples=[examples.DOCTOR])
    kind: MailboxKind
    label: str
    preferred: bool = Field(examples=[True])
    name: str
    profession: str
    structure: str
    city: str = Field(examples=["Paris"])


class FindabilityOut(Out):
    """Whether the directory shows an address, or why not."""

    address: str = Field(examples=[examples.DOCTOR])
    published: bool = Field(examples=[True])
    code: Findability
    detail: str
    correspondent: CorrespondentOut | None
    """Under whom it is found; null where it is not."""
    shown_at: datetime | None
    """When it will be shown; null but where it is published and not shown yet."""


def correspondent(one: Correspondent) -> dict[str, Any]:
    """A correspondent as it goes out."""
    entry, place = one.entry, one.place
    there = None
    if place is not None:
        there = {
            "idnat": place.idnat,
            "name": place.family,
            "address_line": place.line,
            "postal_code": place.postal_code,
            "city": place.city,
        }
    return {
        "idnat": entry.idnat,
        "kind": entry.kind,
        "name": one.name,
        "profession": entry.profession,
        "specialty": one.specialty,
        "structure": there,
        "mailboxes": [_mailbox(one, box) for box in one.mailboxes],
    }


def _mailbox(one: Correspondent, box: PublishedMailbox) -> dict[str, Any]:
    return {"address": box.address, "kind": box.kind, "label": box.label, "preferred": one.prefers(box)}


def suggestion(one: Suggestion) -> dict[str, Any]:
    """A suggestion as it goes out."""
    whose = one.whose
    told = {"name": whose.name, "profession": whose.entry.profession}
    place = whose.place
    return {**_mailbox(whose, one.mailbox), **told, "structure": place.family if place else "", "city": place.city if place else ""}


def explanation(world: World, one: Explanation) -> dict[str, Any]:
    """An explanation as it goes out."""
    return {
        "address": one.address,
        "published": one.code is Findability.PUBLISHED,
        "code": one.code,
        "detail": world.translated(one.detail),
        "correspondent": correspondent(one.whose) if one.whose else None,
        "shown_at": iso(one.shown_at) if one.shown_at is not None else None,
    }
