"""Professionals as the public register publishes them each day, without their mailboxes (ref: ans-annuaire): two zips, four texts.

| text                             | a line for                                     | columns                              |
|----------------------------------|------------------------------------------------|--------------------------------------|
| PS_LibreAcces_Personne_activite  | each activity of a professional with an RPPS   | 56; 52 and 48, the first of them, before |
| PS_LibreAcces_SavoirFaire        | each specialty of one                          | 13                                   |
| PS_LibreAcces_Dipl_AutExerc      | nothing: a world knows no diplomas             | 13                                   |
| Porteurs_CPS_CPF                 | the card of each professional with an RPPS     | 17 (ref: quirks#directory-cards)     |

Columns stand between bars, and one more bar ends each line. What a world does not know stays empty (ref: quirks#directory-professionals).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from mss_sim.clock import to_datetime
from mss_sim.fhir.entries import Entry, codes_of, role_codes_of, rpps_of
from mss_sim.fhir.query import Query
from mss_sim.store import directory_search
from mss_sim.store.directory_search import View
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import FileName, ResourceType, System
from mss_sim.vocabulary.professions import Profession, Specialty, profession_of, specialty_of

Lines = Callable[[Connection, View], Iterator[str]]
_AT_ONCE = 1_000
_ACTIVITIES, _KNOW_HOW, _DIPLOMAS = "PS_LibreAcces_Personne_activite", "PS_LibreAcces_SavoirFaire", "PS_LibreAcces_Dipl_AutExerc"
_PERSON = ("Type d'identifiant PP", "Identifiant PP", "Identification nationale PP")
_NAMED = ("Nom d'exercice", "Prénom d'exercice")
_EXERCISE = ("Code profession", "Libellé profession", "Code catégorie professionnelle", "Libellé catégorie professionnelle")
_KNOWN = ("Code type savoir-faire", "Libellé type savoir-faire", "Code savoir-faire", "Libellé savoir-faire")
_PLACED = tuple(
    f"{name} (coord. structure)"
    for name in (
        *("Complément destinataire", "Complément point géographique", "Numéro Voie", "Indice répétition voie", "Code type de voie"),
        *("Libellé type de voie", "Libellé Voie", "Mention distribution", "Bureau cedex", "Code postal", "Code commune", "Libellé commune"),
        *("Code pays", "Libellé pays", "Téléphone", "Téléphone 2", "Télécopie", "Adresse e-mail"),
    )
)
ACTIVITY_COLUMNS = (
    *_PERSON,
    *("Code civilité d'exercice", "Libellé civilité d'exercice", "Code civilité", "Libellé civilité"),
    *(*_NAMED, *_EXERCISE, *_KNOWN, "Code mode exercice", "Libellé mode exercice"),
    *("Numéro SIRET site", "Numéro SIREN site", "Numéro FINESS site", "Numéro FINESS établissement juridique"),
    *("Identifiant technique de la structure", "Raison sociale site", "Enseigne commerciale site", *_PLACED),
    *("Code Département (structure)", "Libellé Département (structure)", "Ancien identifiant de la structure", "Autorité d'enregistrement"),
    *("Code secteur d'activité", "Libellé secteur d'activité", "Code section tableau pharmaciens", "Libellé section tableau pharmaciens"),
    *("Code rôle", "Libellé rôle", "Code genre activité", "Libellé genre activité"),
)
KNOW_HOW_COLUMNS = (*_PERSON, *_NAMED, *_EXERCISE, *_KNOWN)
DIPLOMA_COLUMNS = (
    *(*_PERSON, *_NAMED, "Code type diplôme obtenu", "Libellé type diplôme obtenu", "Code diplôme obtenu", "Libellé diplôme obtenu"),
    *("Code type autorisation", "Libellé type autorisation", "Code discipline autorisation", "Libellé discipline autorisation"),
)
CARD_COLUMNS = (
    *(*_PERSON, *_NAMED, *_EXERCISE, "Code type de carte", "Libellé type de carte", "Numéro carte"),
    *("Identifiant national contenu dans la carte", "Date début validité", "Date fin validité", "Date opposition", "Date de mise à jour"),
)
_CARD = {"Code type de carte": "CPS", "Libellé type de carte": "Carte de Professionnel de Santé"}
_CARD_YEARS = 3
_CIVILITIES = {"m": ("M", "Monsieur"), "mme": ("MME", "Madame"), "mlle": ("MLLE", "Mademoiselle")}
_EXERCISE_CIVILITIES = {"dr": ("DR", "Docteur"), "pr": ("PR", "Professeur")}
_MODES = {"L": "Libéral", "S": "Salarié"}
_ORDINAL = ("S", "Spécialité ordinale")
_SITES = {"1": "Numéro FINESS site", "2": "Numéro SIREN site", "3": "Numéro SIRET site"}


def texts(name: FileName, activity_columns: int) -> Mapping[str, Lines]:
    """The texts of a zip by their names, and what makes their lines."""
    if name is FileName.CARDS:
        return {name: partial(_written, CARD_COLUMNS, _cards)}
    return {
        _ACTIVITIES: partial(_written, ACTIVITY_COLUMNS[:activity_columns], _activities),
        _KNOW_HOW: partial(_written, KNOW_HOW_COLUMNS, _know_how),
        _DIPLOMAS: partial(_written, DIPLOMA_COLUMNS, lambda _, __: iter(())),
    }


def row(cells: Iterable[str]) -> str:
    """A line without its end: cells between bars, in which no bar and no end of a line is left."""
    return "|".join(" ".join(cell.replace("|", " ").split()) for cell in cells)


def department(postal_code: str) -> str:
    """The department of a postal code, three figures overseas; that of Corsica is not told apart by it."""
    return postal_code[: 3 if postal_code.startswith(("97", "98")) else 2]


def entries_with_structures(conn: Connection, view: View, type_: ResourceType) -> Iterator[tuple[Entry, Entry | None]]:
    """All that a view has of one type, in the order of ids, each with the structure where it works, if it is there."""
    after, found = 0, [Entry.of(0, 0, False, ["", "organisation", *[""] * 9, []])]
    while found:
        found = directory_search.find(conn, Query(type_), view, after, _AT_ONCE)
        structures = directory_search.organisations(conn, sorted({entry.structure for entry in found if entry.structure}), view)
        for entry in found:
            after = entry.id
            yield entry, structures.get(entry.structure)


Values = Mapping[str, str]


def _written(columns: tuple[str, ...], rows: Callable[[Connection, View], Iterator[Values]], conn: Connection, view: View) -> Iterator[str]:
    yield f"{row(columns)}|\n"
    for values in rows(conn, view):
        yield f"{row(values.get(name, '') for name in columns)}|\n"


def _activities(conn: Connection, view: View) -> Iterator[Values]:
    for entry, structure in entries_with_structures(conn, view, ResourceType.PRACTITIONER):
        if _is_registered(entry):
            yield {**_person(entry), **_civility(entry), **_known(entry), **_activity(entry), **_placed(structure)}


def _know_how(conn: Connection, view: View) -> Iterator[Values]:
    for entry, _ in entries_with_structures(conn, view, ResourceType.PRACTITIONER):
        if _is_registered(entry) and _known(entry):
            yield {**_person(entry), **_known(entry)}


def _cards(conn: Connection, view: View) -> Iterator[Values]:
    """A card for everybody: a world has none, so its number is made of the RPPS, and it was given out when the year began."""
    year = to_datetime(view.gone_since).year
    begins, ends = f"{year}0101", f"{year + _CARD_YEARS - 1}1231"
    dates = {"Date début validité": begins, "Date fin validité": ends, "Date de mise à jour": begins}
    for entry, _ in entries_with_structures(conn, view, ResourceType.PRACTITIONER):
        if _is_registered(entry):
            number = {"Numéro carte": f"9{entry.idnat[-9:]}", "Identifiant national contenu dans la carte": entry.idnat}
            yield {**_person(entry), **_CARD, **number, **dates}


def _is_registered(entry: Entry) -> bool:
    return rpps_of(entry.idnat) is not None and bool(codes_of(entry))  # a skeleton has no profession


def _person(entry: Entry) -> Values:
    profession = profession_of(entry.profession)
    found = dict(zip((*_PERSON, *_NAMED), (entry.idnat[:1], entry.idnat[1:], entry.idnat, entry.family, entry.given), strict=True))
    return {
        **found,
        **_labelled("profession", profession),
        "Code catégorie professionnelle": "C",
        "Libellé catégorie professionnelle": "Civil",
    }


def _labelled(what: str, named: Profession | Specialty | None) -> Values:
    return {f"Code {what}": named.code, f"Libellé {what}": named.label} if named else {}


def _civility(entry: Entry) -> Values:
    word = entry.title.lower().rstrip(".")
    found: dict[str, str] = {}
    for what, known in (("civilité d'exercice", _EXERCISE_CIVILITIES), ("civilité", _CIVILITIES)):
        if word in known:
            found[f"Code {what}"], found[f"Libellé {what}"] = known[word]
    return found


def _known(entry: Entry) -> Values:
    specialty = specialty_of(entry.profession)
    kind, label = _ORDINAL
    return {"Code type savoir-faire": kind, "Libellé type savoir-faire": label, **_labelled("savoir-faire", specialty)} if specialty else {}


def _activity(entry: Entry) -> Values:
    """How and where somebody works; nothing of who works at no structure."""
    if not entry.structure:
        return {}
    codes = dict(role_codes_of(entry))
    mode, number = codes.get(System.MODE, ""), entry.structure[1:]
    site = {_SITES[entry.structure[0]]: number} if entry.structure[0] in _SITES else {}
    technical = {"Identifiant technique de la structure": f"F{number}"} if entry.structure[0] == "1" else {}
    ways = {
        "Code mode exercice": mode,
        "Libellé mode exercice": _MODES.get(mode, ""),
        "Code genre activité": codes.get(System.ACTIVITY, ""),
    }
    return {**ways, **site, **technical}


def _placed(structure: Entry | None) -> Values:
    """Name, sector and place of a structure; a line of address that a world has in one piece stands in the column for streets."""
    if structure is None:
        return {}
    code, city = structure.postal_code, structure.city
    where = {"Libellé Voie": structure.line, "Bureau cedex": f"{code} {city}".strip(), "Code postal": code, "Libellé commune": city}
    return {
        **{f"{name} (coord. structure)": text for name, text in {**where, "Libellé pays": "France" if code else ""}.items()},
        "Raison sociale site": structure.family,
        "Code Département (structure)": department(code),
        "Code secteur d'activité": structure.sector,
    }
