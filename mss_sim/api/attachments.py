"""REST: the attachments of all letters of a mailbox."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from mss_sim.api import views
from mss_sim.api.views import PREFIX
from mss_sim.clock import iso
from mss_sim.core.mailbox import mailbox_attachments
from mss_sim.core.mailbox.mailbox_attachments import LetterWithFiles
from mss_sim.http.answers import IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json, Out, Person
from mss_sim.ids import encode

router = strict_router(prefix=f"{PREFIX}/mailboxes/{{address}}/attachments", tags=["messages"], responses=refusing(*IN_A_MAILBOX))


class AttachmentRef(Out):
    part: str
    filename: str | None = Field(examples=["compte-rendu.pdf"])
    content_type: str = Field(examples=["application/pdf"])
    url: str


class LetterWithAttachments(Out):
    id: str
    """The copy of the letter; one that lies in two folders is there twice."""
    email_id: str
    from_: Annotated[list[Person], Field(alias="from")]
    subject: str
    received_at: datetime
    attachments: list[AttachmentRef]


class AttachmentPage(Out):
    items: list[LetterWithAttachments]
    next_cursor: str | None
    """Give it back as `cursor` for the next page; null on the last one."""


@router.get("", responses={200: {"model": AttachmentPage}})
async def list_attachments(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, page: CurrentPage) -> Response:
    """The letters of a mailbox that carry attachments, with these, newest first; the right to read is needed."""
    before = page.before(PagedList.ATTACHMENTS)
    rows = await mailbox_attachments.list_attachments(core.world, actor, address, before=before, limit=page.limit + 1)
    return Json(page.cut(PagedList.ATTACHMENTS, rows, lambda row: row.copy_id, lambda row: _shown(row, address)))


def _shown(row: LetterWithFiles, address: str) -> dict[str, Any]:
    letter = encode(row.copy_id)
    return {
        "id": letter,
        "email_id": encode(row.message_id),
        "from": row.from_,
        "subject": row.subject,
        "received_at": iso(row.at),
        "attachments": [
            {
                "part": file["number"],
                "filename": file["filename"],
                "content_type": file["type"],
                "url": views.url(address, "messages", letter, "attachments", file["number"]),
            }
            for file in row.files
        ],
    }
