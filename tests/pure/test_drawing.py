"""A page of a PDF as a picture: which page, how large, and what cannot be drawn."""

import io
import subprocess
import sys

import pytest
from PIL import Image

from mss_sim.documents.drawing import NO_SUCH_PAGE, UndrawableError, draw
from mss_sim.documents.pdf import library

_SIZES = [(200, 100), (50, 200), (0.5, 0.25)]


def _pdf() -> bytes:
    """Pages of these sizes, the first of which is black."""
    pikepdf, made = library(), io.BytesIO()
    pdf = pikepdf.new()
    for width, height in _SIZES:
        pdf.add_blank_page().obj.MediaBox = [0, 0, width, height]
    pdf.pages[0].obj.Contents = pdf.make_stream(b"0 g 0 0 200 100 re f")
    pdf.save(made)
    return made.getvalue()


@pytest.mark.parametrize(("number", "size", "color"), [(1, (1_100, 550), 0), (2, (275, 1_100), 255), (3, (550, 275), 255)])
def test_a_page_is_drawn_eleven_hundred_pixels_long_or_as_many_as_a_point_would_be(number: int, size: tuple[int, int], color: int) -> None:
    picture = Image.open(io.BytesIO(draw(_pdf(), number)))
    assert (picture.format, picture.size, picture.convert("L").getextrema()) == ("PNG", size, (color, color))


@pytest.mark.parametrize("number", [-3, 0, 4])
def test_there_is_no_other_page(number: int) -> None:
    with pytest.raises(UndrawableError):
        draw(_pdf(), number)


@pytest.mark.parametrize("octets", [b"", b"%PDF-1.4 and then nothing"])
def test_what_is_no_pdf_is_not_drawn(octets: bytes) -> None:
    with pytest.raises(UndrawableError):
        draw(octets, 1)


def _run(code: str, octets: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", f"import sys; from mss_sim.documents import drawing; {code}"]
    return subprocess.run(command, input=octets, capture_output=True, check=False)


def test_the_process_writes_the_picture_or_exits_with_a_number_of_its_own() -> None:
    drawn = _run("sys.argv[1:] = ['1']; sys.exit(drawing.main())", _pdf())
    assert (drawn.returncode, drawn.stdout) == (0, draw(_pdf(), 1))
    none = _run("sys.argv[1:] = ['4']; sys.exit(drawing.main())", _pdf())
    assert (none.returncode, none.stdout) == (NO_SUCH_PAGE, b"") == (3, b"")


def test_the_process_has_a_gibibyte_of_memory_and_ten_seconds_of_processor() -> None:
    told = _run("drawing._limit(); import resource as r; print(r.getrlimit(r.RLIMIT_CPU), r.getrlimit(r.RLIMIT_AS))")
    assert told.stdout == f"(10, 10) {(1024**3, 1024**3)}\n".encode()
