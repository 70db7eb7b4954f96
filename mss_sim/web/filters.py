"""What the list of a mailbox is searched by, as its address has it; and the list again that a form was in."""

from urllib.parse import quote, urlencode

from mss_sim.web.visit import Visit

FILTERS = ("text", "from", "to", "subject", "since", "until", "unread", "document", "answered", "charge")


def list_of(visit: Visit, **more: str) -> str:
    """The address of the list whose form was posted: the same folder, filters and page; `more` goes before."""
    shown = {name: value for name in ("folder", *FILTERS, "cursor") if (value := visit.field(name))}
    return f"{visit.here.base}/mailboxes/{quote(visit.address, safe='@')}?{urlencode({**shown, **more})}"
