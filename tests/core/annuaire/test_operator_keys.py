"""Keys of operators: what is none first, then one that names its operator for as long as there is one."""

import pytest

from mss_sim.core.annuaire.operator_keys import key_of, operator_id_of, require_operator
from mss_sim.errors import Rule
from mss_sim.store import operators
from tests.core.towns import Town, refused


@pytest.mark.parametrize(
    "key", ["", "op", "op-", "op--", "op-zz-0", "op-é-0", "op-1-0", "xx-1-0", f"op-{'1' * 17}-0", "op--1-0", "op-+1-0", "op-1_0-0"]
)
async def test_what_is_no_key(town: Town, key: str) -> None:
    assert operator_id_of(town.world, key) is None


async def test_a_key_names_its_operator_and_no_other(town: Town) -> None:
    found = await town.world.store.read(operators.list_all)
    keys = {key_of(town.world, one.id): one.id for one in found}
    assert len(keys) == len(found)
    for key, id_ in keys.items():
        assert operator_id_of(town.world, key) == id_
        assert operator_id_of(town.world, key[:-1] + ("0" if key[-1] != "0" else "1")) is None
        word, _, seal = key.split("-")
        assert operator_id_of(town.world, f"{word}-{id_ + 1:x}-{seal}") is None


async def test_the_key_of_an_operator_that_is_gone_opens_nothing(town: Town) -> None:
    (operator, *_) = await town.world.store.read(operators.list_all)
    assert (await town.world.store.read(require_operator, operator.id)).name == operator.name
    await town.world.store.write(lambda conn: operators.remove(conn, operator.id), changes_directory=True)
    with refused(Rule.AUTHENTICATION_FAILED, "The operator of this key is gone"):
        await town.world.store.read(require_operator, operator.id)
