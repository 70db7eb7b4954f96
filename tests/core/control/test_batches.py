"""Batches: rows by so many, each password hashed once."""

from collections import Counter

import pytest

from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.control import batches
from mss_sim.core.control.batches import Storing, in_batches
from mss_sim.core.control.many import NewRow, RowRefused
from mss_sim.core.world.passwords import Passwords
from mss_sim.errors import Rule
from mss_sim.store import identities
from mss_sim.vocabulary.mailboxes import IdentityKind
from tests.core.towns import Town


@pytest.mark.parametrize(("count", "size", "lengths"), [(0, 3, []), (1, 3, [1]), (3, 3, [3]), (4, 3, [3, 1]), (3, 1, [1, 1, 1])], ids=str)
async def test_all_rows_come_in_their_order_by_so_many(count: int, size: int, lengths: list[int]) -> None:
    found = [batch async for batch in in_batches(iter(range(count)), size)]
    assert [len(batch) for batch in found] == lengths
    assert [row for batch in found for row in batch] == list(range(count))


async def test_what_a_row_raises_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        [batch async for batch in in_batches((1 // (1 - number) for number in range(3)), 2)]


def _row(number: int, password: str | None) -> NewRow:
    login = f"login{number}" if password else None
    return NewRow(NewIdentity(f"x{number}", IdentityKind.PROFESSIONAL, "X", login=login, password=password), line=number)


async def test_each_password_is_hashed_once_and_each_person_has_the_own_one(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: Counter[str] = Counter()
    real = Passwords.hash

    def counted(self: Passwords, password: str) -> str:
        hashed[password] += 1
        return real(self, password)

    monkeypatch.setattr(Passwords, "hash", counted)
    storing = Storing(town.world)
    await storing.store([_row(1, "a"), _row(2, "b"), _row(3, "a"), _row(4, None)])
    await storing.store([_row(5, "a")])
    assert hashed == {"a": 1, "b": 1}
    for number, password in ((1, "a"), (2, "b"), (3, "a"), (5, "a")):
        account = await town.world.store.read(identities.account_of_login, f"login{number}")
        assert account is not None
        assert await town.world.passwords.check(password, account.password_hash)
    monkeypatch.setattr(batches, "_HASHES_MAX", 2)
    await storing.store([_row(6, "c"), _row(7, "a")])
    assert hashed == {"a": 2, "b": 1, "c": 1}, "what is remembered is bounded"


async def test_whoever_keeps_a_copy_of_the_directory_hears_of_it(town: Town) -> None:
    before = town.world.store.directory_version, town.world.store.rights_version
    await Storing(town.world).store([_row(1, None)])
    assert town.world.store.directory_version > before[0]
    assert town.world.store.rights_version > before[1]


async def test_a_refused_row_is_named_by_its_line(town: Town) -> None:
    with pytest.raises(RowRefused) as refused:
        await Storing(town.world).store([_row(1, "a"), _row(2, "b"), _row(1, "c")])
    assert (refused.value.line, refused.value.refusal.rule) == (1, Rule.CONFLICT)
    assert await town.world.store.read(identities.by_idnat, "x2") is None
