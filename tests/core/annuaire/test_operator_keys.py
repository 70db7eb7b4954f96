"""Keys of operators: what is none first, then one that names its operator for as long as there is one."""

import pytest

from mss_sim.core.annuaire.operator_keys import key_of, operator_named_by, require_operator
from mss_sim.errors import Rule
from mss_sim.store import operators
from tests.core.towns import Town, refused

_NONE = (
    "",
    "op",
    "op.",
    "op..",
    "op.zz.0",
    "op.é.0",
    "op.A.0",
    "xx.QQ.0",
    "op.QQ.",
    "op.QQ==.0",
    f"op.{'QQ' * 1_001}.0",
    "op.gICA.0",
    "op.+/.0",
    "é",
)


@pytest.mark.parametrize("key", _NONE)
async def test_what_is_no_key(town: Town, key: str) -> None:
    assert operator_named_by(town.world, key) is None


async def test_a_key_names_its_operator_and_no_other(town: Town) -> None:
    found = await town.world.store.read(operators.list_all)
    keys = {key_of(town.world, one.name): one.name for one in found}
    assert len(keys) == len(found)
    for key, name in keys.items():
        assert operator_named_by(town.world, key) == name
        assert operator_named_by(town.world, key[:-1] + ("0" if key[-1] != "0" else "1")) is None
        word, _, seal = key.split(".")
        assert operator_named_by(town.world, f"{word}.QQ.{seal}") is None
        assert all("!" <= letter <= "~" for letter in key)


async def test_a_key_opens_for_an_operator_that_there_is(town: Town) -> None:
    annuaire = town.core.annuaire()
    (operator, *_) = await town.world.store.read(operators.list_all)
    assert await annuaire.operator_of(key_of(town.world, operator.name)) == operator.id
    assert await annuaire.operator_of(key_of(town.world, "Personne")) is None


async def test_the_key_of_an_operator_that_is_gone_opens_nothing(town: Town) -> None:
    (operator, *_) = await town.world.store.read(operators.list_all)
    assert (await town.world.store.read(require_operator, operator.id)).name == operator.name
    await town.world.store.write(lambda conn: operators.remove(conn, operator.id), changes_directory=True)
    with refused(Rule.AUTHENTICATION_FAILED, "The operator of this key is gone"):
        await town.world.store.read(require_operator, operator.id)
