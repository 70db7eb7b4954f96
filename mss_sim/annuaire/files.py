"""The daily files, for everybody, without a key (ref: ans-annuaire)."""

from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.clock import SECOND, to_datetime
from mss_sim.core.annuaire.extraction import ExtractionFile
from mss_sim.core.assembly import Core
from mss_sim.vocabulary.directory import FileName


async def extraction(request: Request, core: Core, name: FileName) -> Response:
    """The zip of the day of that name; HEAD tells its name, and who has it already is told so (ref: rfc9110#13.1)."""
    file = await core.annuaire().extraction.file(name)
    headers = {
        "Content-Disposition": f"attachment; filename={file.name}.zip",
        "ETag": f'"{sha256(file.octets).hexdigest()[:32]}"',
        "Last-Modified": format_datetime(to_datetime(file.at), usegmt=True),
    }
    if _has_it(request, file, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(file.octets, media_type="application/zip", headers=headers)


def _has_it(request: Request, file: ExtractionFile, etag: str) -> bool:
    """Whether the client has this file; If-None-Match goes before If-Modified-Since."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in known.split(",")]
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return file.at // SECOND <= int((since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp())
