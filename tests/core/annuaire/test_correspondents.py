"""Correspondents found by words: what finds nobody first, then by each field; what is never shown; and who is told why."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.identities import NewIdentity, add_identity, change_identity
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.annuaire.correspondents import Correspondent, CorrespondentQuery, Explanation
from mss_sim.core.mailbox.mailboxes import NewMailbox, add_mailbox, change_mailbox
from mss_sim.errors import Rule
from mss_sim.models.directory import directory_cards, directory_words
from mss_sim.policy.searching import WORDS_MAX
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import Findability
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState, Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused

NOBODY = "personne@medecin.sim.mssante.fr"


async def find(town: Town, text: str = "", **fields: Any) -> list[Correspondent]:
    """Whoever is found."""
    return await town.core.annuaire().correspondents.find(CorrespondentQuery(text, **fields), limit=50)


async def names(town: Town, text: str = "", **fields: Any) -> list[str]:
    """How they are called, in order."""
    return sorted(one.name for one in await find(town, text, **fields))


async def suggested(town: Town, text: str, limit: int = 8) -> list[str]:
    """The addresses that are suggested."""
    return [one.mailbox.address for one in await town.core.annuaire().correspondents.suggest(text, limit=limit)]


async def change(town: Town, address: str, **values: Any) -> None:
    """Change a mailbox as the control plane does."""
    await change_mailbox(town.world, address, values, actor_id=None, door=Door.CONTROL)


async def why(town: Town, who: str | None, address: str) -> Explanation:
    """What somebody is told about an address."""
    actor = await town.actor(who) if who else None
    return await town.core.annuaire().correspondents.why_not_found(actor, address)


@pytest.mark.parametrize("text", ["", " ", "%", "_", "*", "\x00", "\u202e", "<>", "@", "@medecin.sim.mssante.fr"])
async def test_what_has_no_word_finds_nobody(town: Town, text: str) -> None:
    with refused(Rule.INVALID, "Say whom you look for"):
        await find(town, text)
    assert await suggested(town, text) == []
    with refused(Rule.INVALID):
        await find(town, kind=MailboxKind.PER)


async def test_a_search_has_few_words_of_a_bounded_length(town: Town) -> None:
    many = " ".join(chr(ord("a") + number) * 3 for number in range(WORDS_MAX + 1))
    with refused(Rule.LIMIT_REACHED, f"at most {WORDS_MAX} words"):
        await find(town, many)
    with refused(Rule.LIMIT_REACHED):
        await suggested(town, many)
    with refused(Rule.LIMIT_REACHED, "1000 characters"):
        await find(town, place="p" * 1_001)
    assert await names(town, " ".join(["martin"] * 100)) == ["Dr Camille MARTIN"], "one word is one, however often it stands there"


@pytest.mark.parametrize("text", ["mar%", "m_rtin", "artin", "martin zzz", "martin' or 1=1", "martin\u202enitram", "camille martin lyon"])
async def test_what_matches_nobody(town: Town, text: str) -> None:
    assert await names(town, text) in ([], ["Dr Camille MARTIN"] if text == "mar%" else [])


@pytest.mark.parametrize(
    ("text", "fields", "found"),
    [
        ("MARTIN", {}, ["Dr Camille MARTIN"]),
        ("mart cam", {}, ["Dr Camille MARTIN"]),
        ("tilleuls", {}, ["Dr Camille MARTIN"]),
        ("hopital ormes", {}, ["Dr Paul DURAND", "Hôpital des Ormes"]),
        ("medecin", {}, ["Dr Camille MARTIN", "Dr Hugo BERNARD", "Dr Paul DURAND"]),
        ("paris", {}, ["Dr Paul DURAND", "Hôpital des Ormes"]),
        ("durand paris", {}, ["Dr Paul DURAND"]),
        ("cardio", {}, ["Dr Paul DURAND", "Hôpital des Ormes"]),
        ("cardiologue", {}, ["Dr Paul DURAND", "Hôpital des Ormes"]),
        ("cardiologu paris", {}, ["Dr Paul DURAND", "Hôpital des Ormes"]),
        ("médecin cardiologue", {}, ["Dr Paul DURAND"]),
        ("généralistes", {}, ["Dr Camille MARTIN", "Dr Hugo BERNARD"]),
        ("", {"specialty": "cardiologues"}, ["Dr Paul DURAND"]),
        ("", {"profession": "omnipraticien"}, ["Dr Camille MARTIN", "Dr Hugo BERNARD"]),
        ("", {"place": "infirmière"}, []),
        ("", {"profession": "Médecin généraliste"}, ["Dr Camille MARTIN", "Dr Hugo BERNARD"]),
        ("", {"specialty": "cardio"}, ["Dr Paul DURAND"]),
        ("", {"specialty": "médecine générale"}, ["Dr Camille MARTIN", "Dr Hugo BERNARD"]),
        ("", {"place": "75"}, ["Dr Paul DURAND", "Hôpital des Ormes"]),
        ("", {"place": "69006"}, ["Laboratoire du Parc"]),
        ("", {"place": "75", "profession": "médecin"}, ["Dr Paul DURAND"]),
        ("", {"structure": "ormes"}, ["Dr Paul DURAND", "Hôpital des Ormes"]),
        ("", {"structure": "cardiologie"}, []),
        ("", {"structure": "ormes", "kind": MailboxKind.ORG}, ["Hôpital des Ormes"]),
        ("martin", {"place": "paris"}, []),
        ("martin", {"kind": MailboxKind.APP}, []),
        (DOCTOR, {}, ["Dr Camille MARTIN"]),
        ("<Camille.Martin@med", {}, ["Dr Camille MARTIN"]),
        ("camille.martin@cabinet", {}, []),
    ],
)
async def test_each_word_is_the_beginning_of_one_without_case_and_accents(
    town: Town, text: str, fields: dict[str, Any], found: list[str]
) -> None:
    assert await names(town, text, **fields) == found


async def test_what_a_correspondent_tells(town: Town) -> None:
    (durand,) = await find(town, "durand")
    assert durand.place is not None
    assert (durand.specialty, durand.place.family, durand.place.city) == (
        "Cardiologie et Maladies vasculaires (SM)",
        "Hôpital des Ormes",
        "Paris",
    )
    (martin,) = await find(town, "martin")
    assert (martin.specialty, martin.place) == ("Médecine générale (SM)", None), "the directory has no such structure"
    assert [(box.address, martin.prefers(box)) for box in martin.mailboxes] == [(DOCTOR, True), (PRACTICE, False)]
    assert [box.address for box in (await find(town, "martin", kind=MailboxKind.CAB))[0].mailboxes] == [PRACTICE]


async def test_suggestions_are_addresses_the_preferred_one_first(town: Town) -> None:
    assert await suggested(town, "mart") == [DOCTOR, PRACTICE]
    assert await suggested(town, "mart", limit=1) == [DOCTOR]
    await change(town, DOCTOR, preferred_rank=2)
    await change(town, PRACTICE, preferred_rank=1)
    assert await suggested(town, "mart") == [PRACTICE, DOCTOR]
    assert await suggested(town, "camille.martin@m") == [DOCTOR]
    assert [HOSPITAL in await suggested(town, "cardiologue"[:length]) for length in range(3, 12)] == [True] * 9
    assert await suggested(town, "durand par") == [HOSPITAL]


async def test_pages_go_on_behind_who_was_shown_last_and_show_nobody_twice(town: Town) -> None:
    for number in range(7):
        idnat = f"8997004299{number:02d}"
        await add_identity(town.world, NewIdentity(idnat, IdentityKind.PROFESSIONAL, "MARTEL", f"Marcel{number}"))
        await add_mailbox(town.world, NewMailbox(f"marcel.martel.{number}@medecin.sim.mssante.fr", MailboxKind.PER, idnat))
    verbs, seen, after = town.core.annuaire().correspondents, list[str](), None
    while rows := await verbs.find(CorrespondentQuery("mar"), after=after, limit=2):
        seen += [one.name for one in rows]
        after = rows[-1].entry.id
    assert sorted(seen) == sorted({"Dr Camille MARTIN", *(f"Marcel{number} MARTEL" for number in range(7))})


async def test_patients_the_red_list_and_what_is_closed_are_not_there(town: Town) -> None:
    assert await names(town, "fontaine") == []
    assert await suggested(town, PATIENT) == []
    await change(town, PRACTICE, red_listed=True)
    assert await suggested(town, "mart") == [DOCTOR]
    await change(town, DOCTOR, state=MailboxState.CLOSED)
    assert await names(town, "martin") == []
    await change(town, DOCTOR, state=MailboxState.ACTIVE)
    assert await suggested(town, "mart") == [DOCTOR]
    await change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    assert await names(town, "martin") == []


async def test_a_change_is_found_with_its_commit_and_what_was_is_not(town: Town) -> None:
    assert await names(town, "martin") == ["Dr Camille MARTIN"]
    await change_identity(town.world, IDNATS["doctor"], {"family_name": "LEGRAND"}, None, None)
    assert await names(town, "legrand") == ["Dr Camille LEGRAND"]
    assert await names(town, "martin", kind=MailboxKind.CAB) == ["Dr Camille LEGRAND"], "the label of a mailbox has the name still"
    await change(town, DOCTOR, label="")
    await change_identity(town.world, "1750990012", {"family_name": "Hôpital du Lac", "city": "Annecy"}, None, None)
    assert await names(town, "durand annecy") == ["Dr Paul DURAND"], "who works at a structure moves with it"
    assert await names(town, "", structure="lac") == ["Dr Paul DURAND", "Hôpital du Lac"]
    assert await names(town, "paris") == []


async def test_a_structure_without_a_mailbox_is_no_correspondent_and_leads_to_who_works_there(town: Town) -> None:
    place = NewIdentity("1750990099", IdentityKind.ORGANISATION, "Clinique du Port", city="Brest")
    await add_identity(town.world, place)
    await change_identity(town.world, IDNATS["hospital"], {"structure": place.idnat}, None, None)
    assert await names(town, "brest") == ["Dr Paul DURAND"]
    await change_identity(town.world, place.idnat, {"city": "Vannes", "family_name": "Clinique du Golfe"}, None, None)
    assert (await names(town, "durand vannes"), await names(town, "", structure="golfe")) == (["Dr Paul DURAND"], ["Dr Paul DURAND"])
    assert await names(town, "brest") == []
    await change_identity(town.world, place.idnat, {"enabled": False}, None, None)
    (durand,) = await find(town, "durand")
    assert (durand.place, await names(town, "vannes")) == (None, [])


async def test_a_search_is_as_late_as_the_publication(open_town: OpenTown) -> None:
    async with open_town(directory_publication_delay_seconds=3_600) as town:
        assert await names(town, "martin") == []
        told = await why(town, "doctor", DOCTOR)
        assert (told.code, told.shown_at) == (Findability.NOT_YET_PUBLISHED, town.clock.now() + 3_600_000_000)
        assert (await why(town, "secretary", HOSPITAL)).code is Findability.NOT_SHOWN
        town.clock.advance(timedelta(hours=2))
        assert await suggested(town, "martin") == [DOCTOR, PRACTICE]
        await change(town, DOCTOR, red_listed=True)
        await change_identity(town.world, IDNATS["doctor"], {"family_name": "LEGRAND"}, None, None)
        assert (await names(town, "legrand"), await suggested(town, "camille martin")) == ([], [DOCTOR, PRACTICE])
        town.clock.advance(timedelta(hours=2))
        assert await suggested(town, "legrand") == [PRACTICE]


async def test_nothing_is_kept_until_somebody_looks_and_all_of_it_goes_with_the_world(open_town: OpenTown) -> None:
    def count(conn: Connection) -> int:
        return int(conn.execute(select(func.count()).select_from(directory_cards)).scalar_one())

    async with open_town(directory_load_rows_at_once=2) as town:
        await town.core.annuaire().loading.ensure()
        await change(town, DOCTOR, label="Autre")
        assert await town.world.store.read(count) == 0
        assert await names(town, "autre") == ["Dr Camille MARTIN"]
        assert await town.world.store.read(count) == 5
        await town.core.reset("cabinet")
        assert (await names(town, "autre"), await names(town, "martin")) == ([], ["Dr Camille MARTIN"])


async def test_words_and_cards_say_the_same(town: Town) -> None:
    await names(town, "martin")
    await change(town, DOCTOR, label="Autre nom")
    await change_identity(town.world, "1750990012", {"city": "Annecy"}, None, None)

    def both(conn: Connection) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        cards = conn.execute(select(directory_cards)).all()
        words = conn.execute(select(directory_words.c.word, directory_words.c.identity_id)).all()
        return {(word, row[0]) for row in cards for text in row[1:-1] for word in text.split()}, {(row[0], row[1]) for row in words}

    of_cards, of_words = await town.world.store.read(both)
    assert of_cards == of_words


async def test_a_search_is_made_by_its_indexes(town: Town) -> None:
    await names(town, "martin")
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    engine = town.world.store._engine  # noqa: SLF001 - what it is asked is nowhere else to be seen
    event.listen(engine, "before_cursor_execute", note)
    await names(town, "medecin")
    await names(town, "durand", place="paris")
    with engine.connect() as conn:
        steps = [
            str(row[-1])
            for statement, parameters in list(asked)
            if "FROM directory_" in statement and "max(" not in statement
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert steps
    assert not [step for step in steps if "SCAN" in step or step.endswith("(person=?)")], steps


WHY = [
    ("doctor", DOCTOR, {}, Findability.PUBLISHED),
    ("secretary", HOSPITAL, {}, Findability.PUBLISHED),
    ("secretary", NOBODY, {}, Findability.NOT_SHOWN),
    (None, NOBODY, {}, Findability.UNKNOWN),
    ("secretary", "info@example.org", {}, Findability.DOMAIN_OUTSIDE),
    ("secretary", PATIENT, {}, Findability.PATIENT),
    ("secretary", "190017510299945@patient.mssante.fr", {}, Findability.PATIENT),
    ("doctor", DOCTOR, {"red_listed": True}, Findability.RED_LISTED),
    ("hospital", DOCTOR, {"red_listed": True}, Findability.NOT_SHOWN),
    (None, DOCTOR, {"red_listed": True}, Findability.RED_LISTED),
    ("doctor", DOCTOR, {"state": MailboxState.CLOSED}, Findability.CLOSED),
    ("hospital", DOCTOR, {"state": MailboxState.CLOSED}, Findability.NOT_SHOWN),
    ("hospital", LABORATORY, {"state": MailboxState.SUSPENDED}, Findability.PUBLISHED),
]


@pytest.mark.parametrize(("who", "address", "values", "code"), WHY)
async def test_why_an_address_is_not_found_is_told_to_who_may_know(
    town: Town, who: str | None, address: str, values: dict[str, Any], code: Findability
) -> None:
    if values:
        await change(town, address, **values)
    told = await why(town, who, address)
    assert (told.code, bool(told.whose)) == (code, code is Findability.PUBLISHED)


async def test_what_is_hidden_reads_as_what_does_not_exist(town: Town) -> None:
    await change(town, DOCTOR2, red_listed=True)
    hidden, missing = await why(town, "hospital", DOCTOR2), await why(town, "hospital", NOBODY)
    assert (hidden.code, hidden.detail, hidden.whose, hidden.shown_at) == (missing.code, missing.detail, None, None)


async def test_a_delegate_is_told_and_who_chose_another_mailbox_is_not(town: Town) -> None:
    await change(town, DOCTOR, red_listed=True)
    assert (await why(town, "hospital", DOCTOR)).code is Findability.NOT_SHOWN
    await grant(town.world, CONTROL, GrantRequest(DOCTOR, IDNATS["hospital"], frozenset({Right.SEE})))
    assert (await why(town, "hospital", DOCTOR)).code is Findability.RED_LISTED
    elsewhere = await town.actor("hospital", mailbox=HOSPITAL)
    assert (await town.core.annuaire().correspondents.why_not_found(elsewhere, DOCTOR)).code is Findability.NOT_SHOWN


async def test_a_holder_who_is_not_active_or_never_published(town: Town) -> None:
    await change_identity(town.world, IDNATS["hospital"], {"enabled": False}, None, None)
    assert (await why(town, None, HOSPITAL)).code is Findability.HOLDER_NOT_ACTIVE
    assert (await why(town, "secretary", HOSPITAL)).code is Findability.NOT_SHOWN


async def test_by_setting_all_professionals_are_told(open_town: OpenTown) -> None:
    async with open_town(directory_why_told="professionals") as town:
        await change(town, DOCTOR, red_listed=True)
        assert [(await why(town, who, DOCTOR)).code for who in ("hospital", "secretary", "patient")] == [
            Findability.RED_LISTED,
            Findability.RED_LISTED,
            Findability.NOT_SHOWN,
        ]
        assert (await why(town, "secretary", NOBODY)).code is Findability.UNKNOWN
        assert (await why(town, "secretary", WARD)).code is Findability.PUBLISHED
