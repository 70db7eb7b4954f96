"""The readers of documents, and some for the fuzzer to begin with."""

import io
import zipfile
from collections.abc import Sequence

from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.making.parcel import make_parcel
from mss_sim.documents.reading import read_file
from tests.parcels import PRACTICE, paper, posted


def read_document(octets: bytes) -> None:
    """Read a file by its first bytes, as a diagnosis and as a page does; MalformedMessage for what begins as a letter and is none."""
    diagnose_file(octets, "A.XML", PRACTICE)
    read_file(octets, "A.XML", PRACTICE)


def some_documents() -> Sequence[bytes]:
    """An archive, a PDF, the files of the archive, and a letter that carries all of it."""
    parcel = make_parcel([paper()])
    archive, pdf = (one.octets for one in parcel.attachments)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return (archive, pdf, *(packed.read(name) for name in packed.namelist()), posted(parcel))
