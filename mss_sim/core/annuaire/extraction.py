"""The daily file of published mailboxes, as it is fetched by whoever keeps a copy of the directory (ref: ans-annuaire).

A zip with one text of the same name: UTF-8, 31 columns between bars, one line for each mailbox of kind PER or ORG. What is on the red list,
and mailboxes of kind CAB and APP, are not there. It tells the state of the instant in its name, which is read from the versions of the
directory; it is made when somebody asks, line by line, and kept until another one is due.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper

from mss_sim.clock import DAY, HOUR, SECOND, Micros, to_datetime
from mss_sim.core.annuaire.publication import Loading
from mss_sim.core.world.world import World
from mss_sim.fhir.entries import Entry, PublishedMailbox, codes_of, rpps_of
from mss_sim.fhir.query import Query
from mss_sim.ids import id_after, instant_of
from mss_sim.store import directory_search
from mss_sim.store.directory_search import View
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.vocabulary.professions import profession_of, specialty_of

_NAME = "Extraction_Correspondance_MSSante_"
_MINUTE = 60 * SECOND
_AT_ONCE = 1_000
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
    """The daily file of one world."""

    def __init__(self, world: World, loading: Loading) -> None:
        self._world = world
        self._loading = loading
        self._kept: tuple[tuple[Micros, int], ExtractionFile] | None = None

    def forget(self) -> None:
        """The world begins anew."""
        self._kept = None

    async def file(self) -> ExtractionFile:
        """The file that is published now."""
        await self._loading.ensure()
        newest = await self._world.store.read_briefly(directory_search.newest)
        at = self._due(newest)
        if self._kept is None or self._kept[0] != (at, newest):
            octets = await self._world.store.read(_zipped, at)
            self._kept = (at, newest), ExtractionFile(_name(at), at, octets)
        return self._kept[1]

    def _due(self, newest: int) -> Micros:
        """The instant of the file: that of its hour today or yesterday, or of the last change since, to the minute."""
        settings, now = self._world.settings.directory, self._world.clock.now()
        hour = settings.extraction_hour * HOUR
        daily = (now - hour) // DAY * DAY + hour - settings.extraction_late_days * DAY
        if settings.extraction_daily or settings.extraction_late_days:
            return daily
        return max(daily, -(-instant_of(newest) // _MINUTE) * _MINUTE)


def _name(at: Micros) -> str:
    return _NAME + to_datetime(at).strftime("%Y%m%d%H%M")


def _zipped(conn: Connection, at: Micros) -> bytes:
    """The zip of an instant; only what is compressed already is held."""
    made, written = BytesIO(), to_datetime(at)
    about = zipfile.ZipInfo(f"{_name(at)}.txt", (max(written.year, 1980), written.month, written.day, written.hour, written.minute, 0))
    about.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(made, "w") as archive, archive.open(about, "w") as octets, TextIOWrapper(octets, "utf-8", newline="\n") as text:
        text.write("|".join(COLUMNS) + "\n")
        for line in _lines(conn, View(id_after(at), at, newest=False)):
            text.write(line)
    return made.getvalue()


def _lines(conn: Connection, view: View) -> Iterator[str]:
    for type_ in (ResourceType.PRACTITIONER, ResourceType.ORGANIZATION):
        after, entries = 0, [Entry.of(0, 0, False, ["", "organisation", *[""] * 9, []])]
        while entries:
            entries = directory_search.find(conn, Query(type_), view, after, _AT_ONCE)
            structures = directory_search.organisations(conn, sorted({entry.structure for entry in entries if entry.structure}), view)
            for entry in entries:
                after = entry.id
                yield from (_line(entry, box, structures.get(entry.structure)) for box in entry.mailboxes if box.kind in _PUBLISHED)


_PUBLISHED = frozenset({MailboxKind.PER.value, MailboxKind.ORG.value})


def _line(entry: Entry, box: PublishedMailbox, structure: Entry | None) -> str:
    place = entry if not entry.is_person else structure if box.with_structure else None
    number = place.idnat if place else entry.structure if entry.is_person and box.with_structure else ""
    service = "" if entry.is_person else box.label
    cells = [box.kind, box.address, *_person(entry), number[:1], number[1:], service, *_exercise(entry), "O", *_placed(place)]
    return "|".join(" ".join(cell.replace("|", " ").split()) for cell in cells) + "\n"


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
    there = [place.line, "", f"{place.postal_code} {place.city}".strip(), place.postal_code, _department(place.postal_code)]
    return [place.family, "", *[""] * 5, *there, "France" if place.postal_code else ""]


def _department(postal_code: str) -> str:
    """The department of a postal code, three figures overseas; that of Corsica is not told apart by it."""
    return postal_code[: 3 if postal_code.startswith(("97", "98")) else 2]
