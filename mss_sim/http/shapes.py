"""Shapes shared by every HTTP front end: strict bodies, plain answers, small types of fields."""

from collections.abc import Mapping
from datetime import date, datetime
from operator import attrgetter
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic.types import Strict
from pydantic_core import CoreSchema
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.core.world.store_types import Identity, Mailbox, Waiting
from mss_sim.http.docstrings import field_docstrings
from mss_sim.http.storable import Storable
from mss_sim.words.sentence import say

OneLine = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
"""A text that can be a header value: one line."""


Whole = Annotated[int, Strict()]
"""A number in a body: `"1"` and `true` are none."""
Flag = Annotated[bool, Strict()]
"""Yes or no in a body: `1` and `"true"` are neither."""
Seconds = Annotated[float, Strict()]
Count = Annotated[Whole, Field(ge=0, le=2**62)]
Rank = Annotated[Whole, Field(ge=1, le=1_000_000)]


def written(value: Any) -> Any:
    """A date as text; a number, which pydantic would count from 1970, is refused."""
    if value is not None and (not isinstance(value, str) or value.strip().lstrip("+-").replace(".", "", 1).isdigit()):
        raise ValueError(say("write a date as in 2026-01-05T08:00:00Z"))
    return value


Moment = Annotated[datetime, BeforeValidator(written)]
"""A date with its time in a body, as text."""
Day = Annotated[date, BeforeValidator(written)]
"""A date without it."""


class In(Storable, BaseModel):
    """A request body; unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", str_max_length=100_000_000)


class Out(BaseModel):
    """An answer: it is shown in OpenAPI and validates nothing, so that it is built when OpenAPI is asked for.

    The string below a field is its description. pydantic's `use_attribute_docstrings` would read them in the source of every class when
    the class is made; here they are read when OpenAPI is asked for, and a start is sooner over.
    """

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(core_schema)
        properties = handler.resolve_ref_schema(shown)["properties"]
        for kind in (kind for kind in reversed(cls.__mro__) if issubclass(kind, Out)):
            for name, text in field_docstrings(kind.__module__).get(kind.__qualname__, {}).items():
                properties[name]["description"] = text
        return shown


class Json(Response):
    """A response made of plain data."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


class IdentityRef(Out):
    idnat: str
    name: str


class Person(Out):
    name: str
    address: str


class AttemptsOut(Out):
    """What the queue tries for a recipient."""

    reply: str | None
    """Why the letter waits: the last reply; null while it was not tried."""
    tries: int
    next_try_at: datetime


def attempts(waiting: Waiting) -> dict[str, Any]:
    """What the queue tries for a recipient, as it goes out."""
    return {"reply": waiting.last_reply or None, "tries": waiting.attempts, "next_try_at": iso(waiting.next_at)}


_MAILBOX_FIELDS = (
    *("address", "kind", "state", "label", "description", "red_listed", "preferred_rank"),
    *("message_size_bytes_max", "quota_bytes", "used_bytes", "seen_policy", "sent_policy", "patients_may_write", "with_structure"),
    "keeps_diagnoses",
)
_OF_MAILBOX = attrgetter(*_MAILBOX_FIELDS)

People = Mapping[int, Identity]


def person(people: People, identity_id: int | None) -> dict[str, str] | None:
    """A person as shown: idNat and name."""
    identity = people.get(identity_id) if identity_id is not None else None
    return {"idnat": identity.idnat, "name": identity.name} if identity else None


def mailbox(box: Mailbox) -> dict[str, Any]:
    """A mailbox without any rights."""
    return dict(zip(_MAILBOX_FIELDS, _OF_MAILBOX(box), strict=True))
