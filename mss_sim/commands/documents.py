"""`mss-sim diagnose`, `mss-sim document`: what is wrong with a file, without any simulator; documents made, right or broken in one way."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mss_sim.app.asking import ask
from mss_sim.commands.options import DEFAULT_HTTP, AsJson, ControlKey, Http
from mss_sim.commands.telling import fail, show_json, show_table, table
from mss_sim.vocabulary.documents import CdaLevel, FindingLevel
from mss_sim.vocabulary.language import Language

if TYPE_CHECKING:
    from mss_sim.documents.findings import Diagnosis

_FILE_BYTES_MAX = 200_000_000
_STATUS = {FindingLevel.ERROR: 1, FindingLevel.WARNING: 3}
"""How the command ends by the worst level; 0 for what is lighter, and 2 for what was typed wrong."""
_SENDER, _RECIPIENT = "camille.martin@medecin.sim.mssante.fr", "tilleuls@cabinet.sim.mssante.fr"


def diagnose(
    file: Annotated[Path, typer.Argument(help="A letter (.eml), an archive IHE_XDM, a CDA or a PDF.")],
    *,
    language: Annotated[Language, typer.Option(help="Language of the findings.")] = Language.EN,
    schematron: Annotated[
        Path | None, typer.Option(help="A Schematron (.sch), or a folder of them (MSS_SIM_DOCUMENTS_SCHEMATRON_FILES), run over each CDA.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with a letter, an archive IHE_XDM, a CDA or a PDF; status 1 when there is an error, 3 when there are warnings."""
    from mss_sim.config.settings import Settings  # noqa: PLC0415 - --help answers at once
    from mss_sim.core.mailbox.diagnosis import practice  # noqa: PLC0415
    from mss_sim.documents.diagnosing import diagnose_file  # noqa: PLC0415
    from mss_sim.http.diagnoses import diagnosis  # noqa: PLC0415
    from mss_sim.mail.parse import MalformedMessage  # noqa: PLC0415

    if not file.is_file():
        raise fail(f"there is no file {file}")
    if file.stat().st_size > _FILE_BYTES_MAX:
        raise fail(f"{file} is over {_FILE_BYTES_MAX} bytes")
    if schematron is not None and not schematron.exists():
        raise fail(f"there is no Schematron {schematron}")
    settings = Settings() if schematron is None else Settings(documents_schematron=schematron)
    try:
        found = diagnose_file(file.read_bytes(), file.name, practice(settings))
    except MalformedMessage as error:
        raise fail(f"{file} is no letter, archive, CDA or PDF that can be read: {error}") from error
    shown = diagnosis(found, language)
    if as_json:
        show_json(shown)
    else:
        _tell(shown)
    raise typer.Exit(_status(found))


def _status(found: "Diagnosis") -> int:
    return _STATUS.get(found.worst, 0) if found.worst else 0


def _tell(shown: dict[str, Any]) -> None:
    """A diagnosis for people: what was read, what was found, what was not checked."""
    for one in shown["documents"]:
        facts = ", ".join(f"{name} {value}" for name, value in one["facts"].items())
        typer.echo(f"{one['kind']:<8} {one['document']}  {facts}")
    for one in shown["findings"]:
        typer.echo(f"\n{one['level']}: {one['code']}\n  in {one['document']} {one['where']}".rstrip())
        typer.echo(f"  {one['detail']}")
        for name in ("seen", "expected"):
            if one[name]:
                typer.echo(f"  {name}: {one[name]}")
        typer.echo(f"  by {', '.join([one['reference'], *one['requirements']])}")
    counted = ", ".join(f"{count} {level}" for level, count in shown["counts"].items() if count)
    typer.echo(f"\n{counted or 'nothing was found'}")
    for text in shown["not_checked"]:
        typer.echo(f"not checked: {text}")


def document(
    folder: Annotated[Path | None, typer.Argument(help="Where the files are written; none: which types and flaws there are.")] = None,
    *,
    type_: Annotated[list[str] | None, typer.Option("--type", help="Type of the list JDV_J07; repeat for more documents.")] = None,
    level: Annotated[CdaLevel, typer.Option(help="N1: the CDA holds a PDF; N3: it holds a section.")] = CdaLevel.N3,
    flaw: Annotated[str | None, typer.Option(help="The one thing that is broken.")] = None,
    patient: Annotated[str | None, typer.Option(help="IdNat of a patient of a running simulator; none: that of the samples.")] = None,
    author: Annotated[str | None, typer.Option(help="IdNat of who signs, of a running simulator.")] = None,
    http: Http = DEFAULT_HTTP,
    control_key: ControlKey = None,
) -> None:
    """Write an archive IHE_XDM, its PDF and a letter that carries both into a folder: right ones, or broken in one way."""
    if folder is None:
        _list_makeable()
        return
    types = type_ or ["11490-0"]
    if patient or author:
        asked = {"types": types, "level": level, "flaw": flaw, "patient": patient, "author": author}
        made = ask(http, control_key, "/control/documents", asked)
        files = [(one["filename"], base64.b64decode(one["content_base64"])) for one in made["attachments"]]
        _write(folder, made["subject"], made["headers"], files, made["finding"])
        return
    parcel, finding = _made(types, level, flaw)
    _write(folder, parcel.subject, parcel.headers, [(one.name, one.octets) for one in parcel.attachments], finding)


def _list_makeable() -> None:
    from mss_sim.documents import value_sets  # noqa: PLC0415 - --help answers at once
    from mss_sim.documents.making.flaws import FLAWS  # noqa: PLC0415

    types = table("type", "name", title="Types of documents (JDV_J07)")
    for (_, code), name in value_sets.types().names.items():
        types.add_row(code, name)
    show_table(types)
    flaws = table("flaw", "its finding", title="Flaws")
    for name, one in FLAWS.items():
        flaws.add_row(name, one.code)
    show_table(flaws)


def _made(types: list[str], level: CdaLevel, flaw: str | None) -> tuple[Any, str | None]:
    """The parcel of the people of the samples, at an instant that is always the same, so that the octets are."""
    from datetime import datetime  # noqa: PLC0415 - --help answers at once
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from mss_sim.documents.making.flaws import FLAWS  # noqa: PLC0415
    from mss_sim.documents.making.paper import Paper  # noqa: PLC0415
    from mss_sim.documents.making.parcel import Steps, make_parcel  # noqa: PLC0415

    if flaw and flaw not in FLAWS:
        raise fail(f"there is no flaw {flaw}; mss-sim document lists those that there are")
    if flaw and len(types) > 1:
        raise fail("a flaw breaks one document; name one --type")
    broken = FLAWS[flaw] if flaw else None
    at = datetime(2026, 1, 5, 10, tzinfo=ZoneInfo("Europe/Paris"))
    papers = [Paper(at, type=one, level=(broken.level if broken else None) or level) for one in types]
    return make_parcel(papers, broken.steps if broken else Steps()), broken.code if broken else None


def _write(folder: Path, subject: str, headers: dict[str, str], files: list[tuple[str, bytes]], finding: str | None) -> None:
    """The files, and a letter that carries them; those of one name have a number each but for the first, where they lie in the folder."""
    from mss_sim.mail.compose import Draft, File, compose  # noqa: PLC0415 - --help answers at once

    folder.mkdir(parents=True, exist_ok=True)
    written = list[str]()
    for name, octets in files:
        path, count = Path(name), sum(one == name for one, _ in files[: len(written)])
        written.append(f"{path.stem}-{count + 1}{path.suffix}" if count else name)
        (folder / written[-1]).write_bytes(octets)
    kinds = {True: "application/pdf", False: "application/zip"}
    attached = [File(name, kinds[name.lower().endswith(".pdf")], octets) for name, octets in files]
    draft = Draft(("Camille MARTIN", _SENDER), [("", _RECIPIENT)], subject, "Document de démonstration.\n", files=attached, headers=headers)
    letter = compose(draft, message_id="<document@medecin.sim.mssante.fr>", at=1_767_600_000_000_000)
    (folder / "letter.eml").write_bytes(letter)
    typer.echo(f"wrote {', '.join([*written, 'letter.eml'])} to {folder}")
    if finding:
        typer.echo(f"mss-sim diagnose {folder / 'letter.eml'} finds {finding}")
