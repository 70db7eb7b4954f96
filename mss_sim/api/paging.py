"""Cursors: the place of the last row already shown, its id or its UID, so that page 1,000 costs what page 1 does."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from mss_sim.errors import Refusal, Rule
from mss_sim.ids import decode, encode

T = TypeVar("T")
_LIMIT_MAX = 200


class Page:
    """What page is asked for: at most `limit` rows whose place is under `before`."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=_LIMIT_MAX, description="Rows on the page.")] = 50,
        cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    ) -> None:
        self.limit = limit
        try:
            self.before = decode(cursor) if cursor else None
        except ValueError as error:
            raise Refusal(Rule.INVALID, "The cursor is not one that was given; start again without it.") from error

    def cut(self, rows: Sequence[T], id_of: Callable[[T], int], show: Callable[[T], Any]) -> dict[str, Any]:
        """The page out of `limit + 1` rows: the row too many tells that there is another page."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return {"items": [show(row) for row in shown], "next_cursor": encode(id_of(shown[-1])) if more else None}


CurrentPage = Annotated[Page, Depends()]
