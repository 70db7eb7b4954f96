"""Who may do what, where, at which door, logged in how: every cell over real sockets, against what policy's tables say.

`make test` asks a tenth of the cells, always the same ones; `make matrix` asks all (MATRIX_SHARE=1). For each mailbox the cells that are
to be refused come first, and afterwards nothing in it has changed; then those that are allowed, each on something made for it.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState
from tests.matrix.acts import ACTS, Act, Masked, Material
from tests.matrix.doors import Answer, shows
from tests.matrix.expected import Cell, Way, expected, is_stranger, looks_as_carer, only_masked
from tests.matrix.people import BOXES, HUSHED_BOX, PEOPLE, POOR_BOX, STOCK_BOX, Box, Person
from tests.matrix.world import ELSEWHERE, World, grantable, home_of, start

_SHARE = int(os.environ.get("MATRIX_SHARE", "10"))
_SEED = "2026"
_LETTERS = {"fin": (POOR_BOX, "[FIN]"), "hushed": (HUSHED_BOX, "Bonjour")}
_NOBODYS = tuple(f"0am6c38w5xc0{number}" for number in range(1, 7))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all cells of a process."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    process, ready = start(folder)
    made = World(ready, folder)
    try:
        made.fill()
        yield made
        assert made.astray() == []
    finally:
        made.close()
        assert process.poll() is None, f"the simulator ended by itself, with {process.poll()}"
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _ways(person: Person, box: Box, act: Act, door: str) -> Iterator[Way]:
    if door != "rest" or person.enabled:  # a disabled person who goes on guessing his password is soon slowed down
        yield Way.PASSWORD
    if not person.narrow:
        yield Way.TOKEN
        if not act.own and person.enabled:
            yield Way.STAR
    if person.name in ("holder", "every right") and box != ELSEWHERE and (door != "imap" or not act.named):
        yield Way.ELSEWHERE
    if person.name == box.holder and box.kind is MailboxKind.APP and door != "rest":
        yield Way.CERTIFICATE


def cells(box: Box) -> Iterator[Cell]:
    """Every cell of a mailbox."""
    for person in (one for one in PEOPLE if one.meets(box)):
        for act in ACTS:
            if box.kind not in act.kinds or (act.own and not grantable(person, box)):
                continue
            for door in (name for name, asked in (("rest", act.rest), ("imap", act.imap), ("smtp", act.smtp)) if asked):
                for way in _ways(person, box, act, door):
                    yield Cell(person, box, act, door, way)


def _chosen(cell: Cell) -> bool:
    digest = hashlib.blake2b(f"{_SEED} {cell.name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % _SHARE == 0


def _refused(cell: Cell) -> bool:
    """Whether nothing is done; a carer who looks for what is masked is shown the rest, and reads it."""
    return bool(expected(cell)) and not (cell.act.shown and only_masked(cell))


def _prefix(cell: Cell, address: str) -> str:
    """What leads to a mailbox over IMAP."""
    own = cell.way in (Way.STAR, Way.CERTIFICATE) or (cell.way is not Way.ELSEWHERE and home_of(cell.person) == cell.box.address)
    if own and address == cell.box.address:
        return ""
    return f"{'Other Users' if cell.box.kind in (MailboxKind.PER, MailboxKind.PATIENT) else 'Shared'}/{address}/"


def _ask(world: World, cell: Cell, material: Material, address: str, *, again: bool) -> Answer:
    """Do the act at its door to the mailbox at an address."""
    person, box, act, door, way = cell
    material = material._replace(box=address)
    if door == "rest":
        assert act.rest is not None
        answer: Answer = world.rest(person, box, way, act.rest(material), act, address)
        return answer
    if door == "smtp":
        smtp = world.smtp(person, box, way)
        to, subject = _LETTERS.get(act.smtp, (STOCK_BOX, material.word))
        return smtp.refused or smtp.send(address, to, subject, whole=act.smtp != "mail")
    assert act.imap is not None
    client, prefix = world.imap(person, box, way), _prefix(cell, address)
    refused = client.refused or (client.select(f"{prefix}INBOX", again=again) if act.opened else None)
    return refused or client.ask(act.imap(material, prefix), act.shown.format(box=prefix))


def _wrong(world: World, cell: Cell) -> str | None:
    """What is wrong with the answer to a cell; None when it is the expected one."""
    rules = expected(cell)
    address = cell.box.address
    material = world.material(cell.box, cell.act, cell.person, fresh=not rules)
    answer = _ask(world, cell, material, address, again=not rules)
    if looks_as_carer(cell) and (said := _masked_told(world, cell, material, answer)):
        return said
    if not rules:
        if answer.word == "ok":
            world.tidy(cell.box, cell.act)
            hidden = cell.act.secret and cell.box.state is MailboxState.CLOSED and is_stranger(cell)
            return _told_apart(world, cell, material, answer) if hidden else None
        return f"{cell.name}: allowed, answered {answer.word}: {answer.text.strip()}"
    words = {"401"} if cell.act.keyed else {shows(cell.door, rule, at_mail=cell.act.smtp != "" and cell.door == "smtp") for rule in rules}
    words |= {"hidden"} if cell.act.shown else set()
    words &= {"hidden"} if cell.act.shown and only_masked(cell) else words
    if answer.word not in words:
        return f"{cell.name}: expected {sorted(words)}, answered {answer.word}: {answer.text.strip()[:300]}"
    return _told_apart(world, cell, material, answer) if is_stranger(cell) else None


def _masked_told(world: World, cell: Cell, material: Material, answer: Answer) -> str | None:
    """What a carer learns of what is masked: by a word of it, or since its id is answered otherwise than one that nobody has."""
    asked = str(cell.act.rest(material)) if cell.act.rest else ""
    if any(word in answer.text.lower() for word in ("motus", "hushed") if word not in asked and word != cell.act.smtp):
        return f"{cell.name}: tells what is masked: {answer.text.strip()[:300]}"
    if cell.act.masked is not Rule.NOT_FOUND or cell.act.shown:
        return None
    ids = dict(zip((id_ for one in material.masked.values() for id_ in one), _NOBODYS, strict=True))
    guessed = material._replace(masked={kind: Masked(*(ids[id_] for id_ in one)) for kind, one in material.masked.items()})
    unknown = _ask(world, cell, guessed, cell.box.address, again=False)
    there = answer.text
    for known, nobodys in ids.items():
        there = there.replace(known, nobodys)
    return None if there == unknown.text else f"{cell.name}: what is masked is told from what is not: {there!r}, {unknown.text!r}"


def _told_apart(world: World, cell: Cell, material: Material, answer: Answer) -> str | None:
    """What a stranger learns by asking for an address that nobody has."""
    unknown = _ask(world, cell, material, cell.box.twin, again=False)
    if unknown.text.replace(cell.box.twin, cell.box.address) == answer.text or answer.word == "hidden":
        return None
    return f"{cell.name}: what is there is told from what is not: {answer.text.strip()!r}, {unknown.text.strip()!r}"


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("box", BOXES, ids=lambda box: f"{box.kind}-{box.state}")
def test_every_cell_answers_what_policy_says(world: World, box: Box) -> None:
    asked = [cell for cell in cells(box) if _chosen(cell)]
    before = world.state(box)
    wrong = [said for cell in asked if _refused(cell) and (said := _wrong(world, cell))]
    assert not wrong, f"{len(wrong)} cells:\n" + "\n".join(wrong[:40])
    after = world.state(box)
    changed = {part: (before[part], after[part]) for part in before if before[part] != after[part]}
    assert changed == {}, "a refused act changed the mailbox"
    wrong = [said for cell in asked if not _refused(cell) and (said := _wrong(world, cell))]
    world.hang_up(box)
    assert not wrong, f"{len(wrong)} cells:\n" + "\n".join(wrong[:40])
