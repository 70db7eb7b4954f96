"""A page of a PDF, drawn as a picture, in a process of its own: PDFium is C++, and what it reads was written by strangers.

`python -m mss_sim.documents.drawing NUMBER` reads a document from its standard input and writes a PNG to its output. The process has a
gibibyte of memory, and as many seconds of processor as it is told, where the system can limit them (`resource`); the caller ends
it when its time is over. Scripts, forms and links of the document are neither run nor drawn.
"""

import io
import sys

_LONG_SIDE = 1_100
"""Pixels of the longer side of a page."""
_MEMORY_BYTES = 2**30
_SECONDS = 10
NO_SUCH_PAGE = 3
"""What the process exits with when the document cannot be read, or has no such page."""


class UndrawableError(Exception):
    """The document has no such page that can be drawn."""


def draw(octets: bytes, number: int) -> bytes:
    """The PNG of a page, the first of which is 1, 1,100 pixels on its longer side; UndrawableError."""
    import pypdfium2  # noqa: PLC0415 - the process that asks for a picture does not load it

    try:
        document = pypdfium2.PdfDocument(octets)
        page = document[number - 1]
        width, height = page.get_size()
        bitmap = page.render(scale=_LONG_SIDE / max(width, height, 1.0), may_draw_forms=False)
    except (pypdfium2.PdfiumError, IndexError, ValueError, MemoryError) as error:
        raise UndrawableError from error
    drawn = io.BytesIO()
    bitmap.to_pil().save(drawn, "PNG")
    return drawn.getvalue()


def _limit() -> None:
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


def main() -> int:
    """Draw the page that the command line names."""
    _limit()
    try:
        drawn = draw(sys.stdin.buffer.read(), int(sys.argv[1]))
    except UndrawableError:
        return NO_SUCH_PAGE
    sys.stdout.buffer.write(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
