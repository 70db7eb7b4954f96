"""The verbs of a world are handed to its plays, which are made when the first is asked for."""

from dataclasses import fields

from tests.core.scenarios.playing import SENT, begun
from tests.core.towns import OpenTown, Town


async def test_the_plays_of_a_world_are_made_once_and_act_by_its_verbs(town: Town) -> None:
    before = len(town.world.beginning_anew)
    plays = town.core.plays()
    assert town.core.plays() is plays
    assert len(town.world.beginning_anew) == before + 1
    services = (await begun(town, SENT)).stage.services
    assert all(getattr(services, field.name) is getattr(town.core, field.name) for field in fields(services))


async def test_worlds_have_plays_of_their_own(town: Town, open_town: OpenTown) -> None:
    async with open_town() as other:
        assert other.core.plays() is not town.core.plays()
