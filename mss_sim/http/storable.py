"""Common to every request body, so that both databases behave the same."""

from typing import Any

from pydantic import BaseModel, field_validator

from mss_sim.words.sentence import say


class Storable(BaseModel):
    """A request body whose texts can be stored: PostgreSQL rejects NUL, and no text of ours needs one."""

    @field_validator("*")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        texts = (value,) if isinstance(value, str) else value if isinstance(value, list) else ()
        for one in texts:
            if isinstance(one, str) and "\x00" in one:
                raise ValueError(say("a text holds a NUL character; leave it out"))
        return value
