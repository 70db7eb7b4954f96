"""The daily files of the directory, as they are fetched by those who keep a copy of it (ref: ans-annuaire).

That of published mailboxes is a zip with one text of the same name: UTF-8, 31 columns between bars, one line for each mailbox of kind PER
or ORG. What is on the red list, and mailboxes of kind CAB and APP, are not there. Those of professionals say nothing of mailboxes
(`extracted_professionals`). Each tells the state of the instant in its name, read from the versions of the directory; it is made when
somebody asks, line by line, and kept until another one is due.
"""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper

from mss_sim.clock import DAY, HOUR, SECOND, Micros, to_datetime
from mss_sim.core.annuaire import extracted_professionals
from mss_sim.core.annuaire.extracted_professionals import Lines, department, entries_with_structures, row
from mss_sim.core.annuaire.publication import Loading
from mss_sim.core.world.world import World
from mss_sim.fhir.entries import Entry, PublishedMailbox, codes_of, rpps_of
from mss_sim.ids import id_after, instant_of
from mss_sim.store import directory_search
from mss_sim.store.directory import pruned_id
from mss_sim.store.directory_search import View
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import FileName, ResourceType
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.vocabulary.professions import profession_of, specialty_of

_MINUTE = 60 * SECOND
_OF_STRUCTURE = " structure BAL"
_PLACE = (
    *("L2COMPLEMENTLOCALISATION", "L3COMPLEMENTDISTRIBUTION", "L4NUMEROVOIE", "L4COMPLEMENTNUMEROVOIE", "NL4TYPEVOIE", "L4LIBELLEVOIE"),
    *("L5LIEUDITMENTION", "L6LIGNEACHEMINEMENT", "Code postal", "Département", "Pays"),
)
COLUMNS = (
    *("Type de BAL", "Adresse BAL", "Type Identifiant PP", "Identifiant PP", "Identification nationale PP"),
    *("Type identifiant structure", "Identification Structure", "Service de rattachement"),
    *("Civilité d'exercice", "Nom d'exercice", "Prénom d'exercice", "Catégorie profession", "Libellé de catégorie profession"),
    *("Code Profession", "Libellé Profession", "Code savoir-faire", "Libellé savoir-faire", "Dématérialisation"),
    *(f"{name}{_OF_STRUCTURE}" for name in ("Raison Sociale", "Enseigne commerciale", *_PLACE)),
)
"""The header line."""


@dataclass(frozen=True, slots=True)
class ExtractionFile:
    """A file: its name without an ending, the instant that it tells of, the octets of the zip."""

    name: str
    at: Micros
    octets: bytes


class Extraction:
    """The daily files of one world."""

    def __init__(self, world: World, loading: Loading) -> None:
        self._world = world
        self._loading = loading
        self._kept: dict[FileName, tuple[tuple[Micros, int], ExtractionFile]] = {}

    def forget(self) -> None:
        """The world begins anew."""
        self._kept.clear()

    async def file(self, name: FileName = FileName.MAILBOXES) -> ExtractionFile:
        """The file of that name that is published now."""
        await self._loading.ensure()
        newest = await self._world.store.read_briefly(directory_search.newest)
        at = self._due(newest)
        if name not in self._kept or self._kept[name][0] != (at, newest):
            octets = await self._world.store.read(_zipped, at, self._texts(name))
            self._kept[name] = (at, newest), ExtractionFile(_dated(name, at), at, octets)
        return self._kept[name][1]

    def _texts(self, name: FileName) -> Mapping[str, Lines]:
        """The texts of a file by their names, and what makes their lines."""
        if name is FileName.MAILBOXES:
            return {name: _lines}
        return extracted_professionals.texts(name, self._world.settings.directory.activity_columns)

    def _due(self, newest: int) -> Micros:
        """The instant of a file: that of its hour today or yesterday, or of the last change since, to the minute."""
        settings, now = self._world.settings.directory, self._world.clock.now()
        hour = settings.extraction_hour * HOUR
        daily = (now - hour) // DAY * DAY + hour - settings.extraction_late_days * DAY
        if settings.extraction_daily or settings.extraction_late_days:
            return daily
        return max(daily, -(-instant_of(newest) // _MINUTE) * _MINUTE)


def _dated(name: str, at: Micros) -> str:
    return f"{name}_{to_datetime(at):%Y%m%d%H%M}"


def _zipped(conn: Connection, at: Micros, texts: Mapping[str, Lines]) -> bytes:
    """The zip of an instant; only what is compressed already is held."""
    made, written = BytesIO(), to_datetime(at)
    view = View(max(id_after(at), pruned_id(conn)), at, newest=False)
    with zipfile.ZipFile(made, "w") as archive:
        for name, lines in texts.items():
            clock = (max(written.year, 1980), written.month, written.day, written.hour, written.minute, 0)
            about = zipfile.ZipInfo(f"{_dated(name, at)}.txt", clock)
            about.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(about, "w") as octets, TextIOWrapper(octets, "utf-8", newline="\n") as text:
                for line in lines(conn, view):
                    text.write(line)
    return made.getvalue()


def _lines(conn: Connection, view: View) -> Iterator[str]:
    yield "|".join(COLUMNS) + "\n"
    for type_ in (ResourceType.PRACTITIONER, ResourceType.ORGANIZATION):
        for entry, structure in entries_with_structures(conn, view, type_):
            yield from (_line(entry, box, structure) for box in entry.mailboxes if box.kind in _PUBLISHED)


_PUBLISHED = frozenset({MailboxKind.PER.value, MailboxKind.ORG.value})


def _line(entry: Entry, box: PublishedMailbox, structure: Entry | None) -> str:
    place = entry if not entry.is_person else structure if box.with_structure else None
    number = place.idnat if place else entry.structure if entry.is_person and box.with_structure else ""
    service = "" if entry.is_person else box.label
    cells = [box.kind, box.address, *_person(entry), number[:1], number[1:], service, *_exercise(entry), "O", *_placed(place)]
    return row(cells) + "\n"


def _person(entry: Entry) -> list[str]:
    """Kind and number of a person, and the national one; nothing of an organisation."""
    if not entry.is_person:
        return [""] * 3
    return [entry.idnat[:1], rpps_of(entry.idnat) or entry.idnat[1:], entry.idnat]


def _exercise(entry: Entry) -> list[str]:
    if not entry.is_person:
        return [""] * 9
    known = bool(codes_of(entry))
    profession, specialty = (profession_of(entry.profession), specialty_of(entry.profession)) if known else (None, None)
    return [
        *(entry.title.upper().rstrip("."), entry.family, entry.given),
        *(("C", "Civil", profession.code, profession.label) if profession else ("",) * 4),
        *((specialty.code, specialty.label) if specialty else ("",) * 2),
    ]


def _placed(place: Entry | None) -> list[str]:
    """Name and place of a structure; a line of address that a world has in one piece stands in its column for streets."""
    if place is None:
        return [""] * 13
    there = [place.line, "", f"{place.postal_code} {place.city}".strip(), place.postal_code, department(place.postal_code)]
    return [place.family, "", *[""] * 5, *there, "France" if place.postal_code else ""]
