"""People and mailboxes added by hundreds: what is stored and what is refused is what the verbs for one store and refuse."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from mss_sim.core.access import authentication, identities
from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.control import many
from mss_sim.core.control.batches import Storing
from mss_sim.core.control.many import NewRow, RowRefused
from mss_sim.core.control.names_seen import NamesSeen
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.errors import Refusal, Rule
from mss_sim.models import mailbox_life, patients, tables
from mss_sim.policy.qualification import Traits
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState, SeenPolicy, SentPolicy
from mss_sim.vocabulary.patients import InsOid, PatientState, Sex
from tests.clients import DOCTOR, PATIENT, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused

_PRO, _ORG, _PAT = IdentityKind.PROFESSIONAL, IdentityKind.ORGANISATION, IdentityKind.PATIENT
_TRAITS = Traits("CORSE", "Ange", date(1980, 5, 1), Sex.MALE, "2A004")
_INS, _WRONG_KEY = "180052A00490108", "180052A00490109"
_INS_BOX = f"{_INS.lower()}@patient.mssante.fr"
_WITH_TABLES = (
    *(tables.identities, tables.accounts, tables.mailboxes, tables.folders, tables.co_holders),
    *(patients.patient_identities, mailbox_life.mailbox_uses),
)


def _pro(number: int, **values: Any) -> NewIdentity:
    return NewIdentity(f"8997004{number:05d}", _PRO, f"N{number}", **values)


def _box(number: int, name: str, kind: MailboxKind = MailboxKind.PER, **values: Any) -> NewMailbox:
    return NewMailbox(f"{name}@medecin.sim.mssante.fr", kind, f"8997004{number:05d}", **values)


def _patient(*ins: NewPatientIdentity, idnat: str = _INS) -> NewIdentity:
    return NewIdentity(idnat, _PAT, "CORSE", "Ange", ins=ins)


def _known(state: PatientState = PatientState.QUALIFIED, oid: InsOid = InsOid.NIR) -> NewPatientIdentity:
    return NewPatientIdentity(oid, state, _TRAITS)


def _ins_box(address: str = _INS_BOX, owner: str = _INS) -> NewMailbox:
    return NewMailbox(address, MailboxKind.PATIENT, owner)


_FULL = NewMailbox(
    "tout@medecin.sim.mssante.fr",
    *(MailboxKind.CAB, "899700477701", "Libellé", "Description", True, 3, 5_000, 7_000, SeenPolicy.PERSONAL, SentPolicy.BOTH),
    *((IDNATS["doctor"], "899700477702", IDNATS["doctor"], "899700477701"), MailboxState.SUSPENDED, "opens-at-once"),
)
_PERSON = NewIdentity(
    *("899700477702", _PRO, "LÉGER", "Zoé", "Dr", "Médecin", "1750990012", False, False, "SA01"), login="Zoé.Léger", password="secret-2026"
)
_STORIES: dict[str, list[NewRow]] = {
    "a person": [NewRow(_PERSON)],
    "a person with a mailbox": [NewRow(_pro(77701, login="a.b", password="x"), (_box(77701, "a"),))],
    "a mailbox of somebody of the seed": [NewRow(None, (NewMailbox("b@medecin.sim.mssante.fr", MailboxKind.PER, IDNATS["doctor"]),))],
    "a mailbox of somebody of an earlier row": [NewRow(_pro(77701)), NewRow(None, (_box(77701, "c"),))],
    "everything that can be said": [NewRow(_PERSON), NewRow(_pro(77701), (_FULL,))],
    "an organisation": [
        NewRow(
            NewIdentity("1990000002", _ORG, "Clinique", sector="SA04"),
            (
                NewMailbox("o@labo-parc.sim.mssante.fr", MailboxKind.ORG, "1990000002"),
                NewMailbox("p@labo-parc.sim.mssante.fr", MailboxKind.APP, "1990000002"),
            ),
        )
    ],
    "a patient": [NewRow(_patient(_known()), (_ins_box(),))],
    "a patient in another root": [NewRow(_patient(_known(oid=InsOid.NIA))), NewRow(_patient(_known(), idnat=_INS.lower()))],
    "a patient in two roots": [NewRow(_patient(_known(), _known(oid=InsOid.NIA)), (_ins_box(),))],
    "a patient whose space is closed": [NewRow(_patient(_known(PatientState.MES_CLOSED)), (_ins_box(),))],
    "a closed one whose mailbox comes later": [NewRow(_patient(_known(PatientState.MES_CLOSED))), NewRow(None, (_ins_box(),))],
    "a closed one whose mailbox is there": [
        NewRow(_patient(idnat="x")),
        NewRow(None, (_ins_box(owner="x"),)),
        NewRow(_patient(_known(PatientState.MES_CLOSED))),
    ],
    "a number with a wrong key": [
        NewRow(_patient(_known(), idnat=_WRONG_KEY), (_ins_box(f"{_WRONG_KEY.lower()}@patient.mssante.fr", _WRONG_KEY),))
    ],
    "an idNat that is taken": [NewRow(replace(_PERSON, idnat=IDNATS["doctor"]))],
    "an idNat that an earlier row took": [NewRow(_pro(77701)), NewRow(_pro(77701))],
    "a login that is taken": [NewRow(_pro(77701, login="Camille.Martin", password="x"))],
    "a login that an earlier row took": [NewRow(_pro(77701, login="a", password="x")), NewRow(_pro(77702, login="A", password="x"))],
    "a login without a password": [NewRow(_pro(77701, login="a"))],
    "a password without a login": [NewRow(_pro(77701, password="a"))],
    "a login with a star": [NewRow(_pro(77701, login="a*b", password="x"))],
    "an address that is taken": [NewRow(_pro(77701), (replace(_box(77701, "x"), address=DOCTOR),))],
    "an address that an earlier row took": [NewRow(_pro(77701), (_box(77701, "a"),)), NewRow(None, (_box(77701, "a"),))],
    "an owner who is nobody": [NewRow(None, (_box(77709, "a"),))],
    "an owner of the wrong kind": [NewRow(_pro(77701), (_box(77701, "a", MailboxKind.ORG),))],
    "an owner of the wrong kind in an earlier row": [NewRow(_pro(77701)), NewRow(None, (_box(77701, "a", MailboxKind.APP),))],
    "a domain of nobody": [NewRow(_pro(77701), (replace(_box(77701, "a"), address="a@nowhere.example"),))],
    "a patient elsewhere": [NewRow(_patient(_known()), (_ins_box(f"{_INS}@medecin.sim.mssante.fr".lower()),))],
    "a co-holder of a PER": [NewRow(_pro(77701), (_box(77701, "a", co_holders=(IDNATS["doctor"],)),))],
    "a co-holder who is nobody": [NewRow(_pro(77701), (_box(77701, "a", MailboxKind.CAB, co_holders=("nobody",)),))],
    "a co-holder without a name": [
        NewRow(_pro(77702, anonymous_card=True)),
        NewRow(_pro(77701), (_box(77701, "a", MailboxKind.CAB, co_holders=("899700477702",)),)),
    ],
    "a professional with an INS": [NewRow(replace(_pro(77701), ins=(_known(),)))],
    "a patient who is no number": [NewRow(_patient(_known(), idnat="123"))],
    "a patient without traits": [NewRow(_patient(NewPatientIdentity()))],
    "a root twice": [NewRow(_patient(_known(), _known()))],
    "a number of somebody else in that root": [NewRow(_patient(_known())), NewRow(_patient(_known(), idnat=_INS.lower()))],
    "a number of somebody else in another root": [
        NewRow(_patient(_known(oid=InsOid.NIA))),
        NewRow(_patient(_known(oid=InsOid.NIA), idnat=_INS.lower())),
    ],
    "one who opposed, and a mailbox": [NewRow(_patient(_known(PatientState.WITHOUT_MES)), (_ins_box(),))],
    "one who opposed, and a mailbox later": [NewRow(_patient(_known(PatientState.WITHOUT_MES))), NewRow(None, (_ins_box(),))],
    "one who opposed, with a mailbox already": [
        NewRow(_patient(idnat="x")),
        NewRow(None, (_ins_box(owner="x"),)),
        NewRow(_patient(_known(PatientState.WITHOUT_MES))),
    ],
    "one of the seed who opposes": [NewRow(None, (_ins_box(PATIENT),))],
}
_RIGHT = frozenset(list(_STORIES)[:13])
_RIGHT_BY_SETTING = "a number with a wrong key"
_STRICT = {"patient_ins_key": "strict", "patient_ins_required": True}


def _stored(conn: Connection) -> dict[str, Any]:
    """What is there, ids replaced by what they stand for, without what no two worlds have in common."""
    names = {id_: f"of {idnat}" for id_, idnat in conn.execute(select(tables.identities.c.id, tables.identities.c.idnat))}
    names |= {id_: f"of {address}" for id_, address in conn.execute(select(tables.mailboxes.c.id, tables.mailboxes.c.address))}
    found: dict[str, Any] = {}
    for table in _WITH_TABLES:
        rows = (row._asdict() for row in conn.execute(select(table)))
        plain = [{name: names.get(value, value) for name, value in row.items() if name not in ("id", "password_hash")} for row in rows]
        found[table.name] = sorted(plain, key=repr)
    return found


async def _by_verbs(town: Town, rows: Sequence[NewRow]) -> Refusal | None:
    try:
        for row in rows:
            if row.person is not None:
                await identities.add_identity(town.world, row.person)
            for new in row.mailboxes:
                await mailboxes.add_mailbox(town.world, new)
    except Refusal as refusal:
        return refusal
    return None


async def _by_hundreds(town: Town, rows: Sequence[NewRow], size: int) -> Refusal | None:
    storing = Storing(town.world)
    try:
        for start in range(0, len(rows), size):
            await storing.store(rows[start : start + size])
    except RowRefused as refused_:
        return refused_.refusal
    return None


async def _checked(town: Town, rows: Sequence[NewRow], size: int) -> Refusal | None:
    seen, found = NamesSeen(), list[RowRefused]()
    for start in range(0, len(rows), size):
        found += await town.world.store.read(partial(many.check, town.world), rows=rows[start : start + size], seen=seen)
    return found[0].refusal if found else None


def _said(refusal: Refusal | None) -> tuple[Any, ...] | None:
    return None if refusal is None else (refusal.rule, refusal.detail, refusal.reference, refusal.subject)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("story", _STORIES)
async def test_what_is_stored_and_refused_is_what_the_verbs_for_one_store_and_refuse(
    open_town: OpenTown, story: str, *, strict: bool
) -> None:
    rows, settings = _STORIES[story], _STRICT if strict else {}
    async with open_town(**settings) as one:
        wanted, before = await _by_verbs(one, rows), await one.world.store.read(_stored)
    assert (wanted is None) is (story in _RIGHT and not (strict and story == _RIGHT_BY_SETTING)), wanted
    for size in (1, len(rows)):
        async with open_town(**settings) as town:
            empty = await town.world.store.read(_stored)
            assert _said(await _checked(town, rows, size)) == _said(wanted)
            assert await town.world.store.read(_stored) == empty, "judging stores nothing"
            assert _said(await _by_hundreds(town, rows, size)) == _said(wanted)
            if wanted is None:
                assert await town.world.store.read(_stored) == before
            elif size > 1:
                assert await town.world.store.read(_stored) == empty, "a batch is stored whole or not at all"


async def test_of_a_batch_that_is_stored_in_part_the_right_rows_stay(town: Town) -> None:
    rows = [
        NewRow(_pro(77701, login="a", password="x"), (_box(77701, "a"),), 2),
        NewRow(_pro(77702, login="A", password="x"), (_box(77702, "b"),), 3),
        NewRow(None, (_box(77702, "c"),), 4),
        NewRow(_pro(77703), (_box(77703, "d"), replace(_box(77703, "e"), address=PRACTICE)), 5),
        NewRow(_pro(77704), (_box(77704, "d"),), 6),
    ]
    added = await Storing(town.world, partial=True).store(rows)
    assert (added.identities, added.mailboxes) == (2, 2)
    assert [(one.line, one.refusal.rule) for one in added.refused] == [(3, Rule.CONFLICT), (4, Rule.NOT_FOUND), (5, Rule.CONFLICT)]
    known = {one.idnat for one in await identities.list_identities(town.world)}
    assert {"899700477701", "899700477704"} <= known
    assert not {"899700477702", "899700477703"} & known, "of a refused row nothing stays"


async def test_who_is_there_already_is_kept_where_that_is_asked_for(town: Town) -> None:
    rows = [NewRow(_pro(77701, given_name="Ana"), (_box(77701, "a"),))]
    await Storing(town.world, keep=True).store(rows)
    await mailboxes.remove_mailbox(town.world, "a@medecin.sim.mssante.fr")
    again = await Storing(town.world, keep=True).store([*rows, NewRow(_pro(77702), (_box(77702, "b"),))])
    assert (again.identities, again.mailboxes, again.present) == (1, 1, 1)
    with refused(Rule.NOT_FOUND, "There is no mailbox a@"):
        await mailboxes.get_mailbox(town.world, "a@medecin.sim.mssante.fr")


async def test_those_who_are_added_log_in_and_get_letters(town: Town) -> None:
    await Storing(town.world).store([NewRow(_pro(77701, login="Éve", password="secret-2026"), (_box(77701, "a"),))])
    actor = await authentication.with_password(town.world, "E\u0301VE", "secret-2026", door=Door.REST)
    assert actor.identity.idnat == "899700477701"
    await town.send("doctor", DOCTOR, ["a@medecin.sim.mssante.fr"], "Bonjour")
    assert await town.subjects("a@medecin.sim.mssante.fr") == ["Bonjour"]


async def test_somebody_who_is_logged_in_sees_the_mailbox_that_is_added_for_them(town: Town) -> None:
    changed: list[set[int]] = []
    stop = town.world.store.watch(changed.append)
    await Storing(town.world).store([NewRow(None, (NewMailbox("b@medecin.sim.mssante.fr", MailboxKind.PER, IDNATS["doctor"]),))])
    stop()
    assert changed == [{0}], "their rights have changed"


@pytest.mark.parametrize(
    ("person", "mailbox", "said"),
    [
        (_pro(1, given_name="a\nb"), None, "given_name is one line"),
        (_pro(1, login="a\x00"), None, "login is one line"),
        (None, replace(_box(1, "a"), label="a\r\nBcc: x"), "label is one line"),
        (None, replace(_box(1, "a"), address="a"), "is not an address"),
        (None, replace(_box(1, "a"), address="a/b@medecin.sim.mssante.fr"), "cannot stand in the path"),
    ],
)
def test_a_written_row_has_texts_for_headers_and_an_address(person: NewIdentity | None, mailbox: NewMailbox | None, said: str) -> None:
    with refused(Rule.INVALID, said):
        many.written_row(1, person, mailbox)


def test_a_written_row_has_the_canonical_address() -> None:
    row = many.written_row(3, _pro(1, password="a\nb"), replace(_box(1, "a"), address="É@Medecin.sim.mssante.fr"))
    assert (row.line, row.mailboxes[0].address) == (3, "é@medecin.sim.mssante.fr")
    assert many.written_row(4, _pro(1), None) == NewRow(_pro(1), (), 4)
