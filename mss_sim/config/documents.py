"""What can be set about documents in letters: how much of them is read, and what counts where no public text decides."""

from pathlib import Path, PurePath

from pydantic import Field, field_validator

from mss_sim.config.subjects import Subject
from mss_sim.vocabulary.patients import InsOid


class Documents(Subject):
    """Diagnosis of archives IHE_XDM, CDA and PDF."""

    entries_max: int = Field(default=50, ge=1, le=1_000, description="Entries of an archive, and of a METADATA.XML, that are read.")
    expanded_bytes_max: int = Field(default=64 * 1024**2, ge=1_000, le=2**30, description="Size of an archive when it is unpacked.")
    ratio_max: int = Field(
        default=100, ge=2, le=2_000, description="How many times a file of over a mebibyte may grow when it is unpacked."
    )
    xml_bytes_max: int = Field(default=10 * 1024**2, ge=1_000, le=2**26, description="Largest CDA, METADATA.XML or INDEX.HTM that is read.")
    pdf_objects_max: int = Field(default=5_000, ge=10, le=1_000_000, description="Objects of a PDF that are looked at.")
    findings_max: int = Field(default=500, ge=1, le=10_000, description="Findings that one diagnosis tells.")
    at_once_max: int = Field(default=2, ge=1, le=64, description="Diagnoses that are made at once; further ones wait.")
    drawing_seconds_max: float = Field(default=10, gt=0, le=60, description="How long a page of a PDF may be drawn for the pages.")
    ins_roots: frozenset[InsOid] = Field(
        default=frozenset(InsOid),
        description="Roots (OID) whose numbers count as a qualified identity for X-MSS-INS (ref: ref2#ECO.2.4.2).",
    )
    product: str | None = Field(
        default=None, min_length=1, max_length=100, description="What X-MSS-NIL has to hold; none: any reference (ref: ref2#ECO.2.4.3)."
    )
    schematron: Path | None = Field(
        default=None,
        description="A Schematron (.sch), or a folder with some, that is run over each CDA; needs mss-sim[schematron].",
    )
    schematron_files: tuple[str, ...] = Field(
        default=("CI-SIS_StructurationMinimale.sch",),
        min_length=1,
        max_length=100,
        description="Which files of the folder are run, and of those below it: names, with * for any characters.",
    )
    schematron_seconds_max: float = Field(
        default=30, gt=0, le=600, description="How long the Schematron may be run over the documents of one letter."
    )

    @field_validator("schematron")
    @classmethod
    def _check_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.exists():
            raise ValueError(f"there is no file or folder {path}")
        return path

    @field_validator("schematron_files")
    @classmethod
    def _check_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            steps = PurePath(name).parts
            if not steps or PurePath(name).anchor or ".." in steps or any("**" in step and step != "**" for step in steps):
                raise ValueError(f"{name!r} names no files of a folder; write names such as IHE*.sch")
        return names
