"""Cursors: the place of the last row already shown, its id or its UID, so that page 1,000 costs what page 1 does.

A cursor begins with a letter that names its list: a UID of one folder would be a place in the list of all folders too, just the wrong one.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from mss_sim.errors import Refusal, Rule
from mss_sim.ids import decode, encode
from mss_sim.words.sentence import Sentence, say

T = TypeVar("T")
_LIMIT_MAX = 200


class PagedList(Enum):
    """Which list a cursor is a place in: the letter that it begins with."""

    ALL_FOLDERS = "a"
    FOLDER = "f"
    SENT = "s"
    CONVERSATIONS = "c"
    JOURNAL = "j"
    WATCH_LIST = "w"
    LETTERS = "l"
    DELIVERIES = "d"
    SESSIONS = "e"
    ATTACHMENTS = "t"
    PEOPLE = "p"
    MAILBOXES = "m"
    CORRESPONDENTS = "n"

    @property
    def label(self) -> Sentence:
        """What people call it."""
        return _LABELS[self]


_LABELS = {
    PagedList.ALL_FOLDERS: say("messages of all folders"),
    PagedList.FOLDER: say("messages of one folder"),
    PagedList.SENT: say("letters sent"),
    PagedList.CONVERSATIONS: say("conversations"),
    PagedList.JOURNAL: say("journal"),
    PagedList.WATCH_LIST: say("watch list"),
    PagedList.LETTERS: say("letters of the world"),
    PagedList.DELIVERIES: say("deliveries of a webhook"),
    PagedList.SESSIONS: say("sessions of clients"),
    PagedList.ATTACHMENTS: say("attachments"),
    PagedList.PEOPLE: say("people"),
    PagedList.MAILBOXES: say("mailboxes"),
    PagedList.CORRESPONDENTS: say("correspondents"),
}


def cursor(listing: PagedList, place: int) -> str:
    """The cursor of the page that begins after `place`."""
    return listing.value + encode(place)


class Page:
    """What page is asked for: at most `limit` rows whose place is under what `before` tells."""

    def __init__(self, limit: int = 50, cursor: str | None = None) -> None:
        self.limit = limit
        self._cursor = cursor

    def before(self, listing: PagedList) -> int | None:
        """The place that the page begins after; Refusal(INVALID) when the cursor is of another list, or none that was given."""
        if not self._cursor:
            return None
        try:
            found, place = PagedList(self._cursor[:1]), decode(self._cursor[1:])
        except ValueError as error:
            raise Refusal(Rule.INVALID, say("The cursor is not one that was given; start again without it.")) from error
        if found is not listing:
            detail = say(
                "The cursor is of the {label}, this list is of the {other}; start again without it.",
                label=found.label,
                other=listing.label,
            )
            raise Refusal(Rule.INVALID, detail)
        return place

    def cut(self, listing: PagedList, rows: Sequence[T], id_of: Callable[[T], int], show: Callable[[T], Any]) -> dict[str, Any]:
        """The page out of `limit + 1` rows: the row too many tells that there is another page."""
        return self.whole(listing, rows[: self.limit], id_of, show, more=len(rows) > self.limit)

    @staticmethod
    def whole(listing: PagedList, shown: Sequence[T], id_of: Callable[[T], int], show: Callable[[T], Any], *, more: bool) -> dict[str, Any]:
        """The page of these rows, `more` when there is another."""
        return {"items": [show(row) for row in shown], "next_cursor": cursor(listing, id_of(shown[-1])) if more else None}


async def get_page(
    limit: Annotated[int, Query(ge=1, le=_LIMIT_MAX, description="Rows on the page.")] = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before, of the same list.")] = None,
) -> Page:
    """The page that a request asks for."""
    return Page(limit, cursor)


CurrentPage = Annotated[Page, Depends(get_page)]
