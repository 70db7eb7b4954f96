"""The switches of Pro Santé Connect: turned one by one, and as they were after a new beginning."""

from mss_sim.core.psc.switches import Switches
from tests.core.towns import OpenTown


def test_a_switch_that_is_not_named_stays_as_it_is() -> None:
    switches = Switches(auto_approve=False)
    switches.turn(outages=3)
    assert switches == Switches(auto_approve=False, outages=3)
    switches.turn(auto_approve=True)
    assert switches == Switches(auto_approve=True, outages=3)
    switches.turn(auto_approve=False, outages=0)
    assert switches == Switches(auto_approve=False)


async def test_a_new_beginning_turns_them_back(open_town: OpenTown) -> None:
    async with open_town(psc_auto_approve=True) as town:
        assert town.core.provider.switches == Switches(auto_approve=True)
        town.core.provider.switches.turn(auto_approve=False, outages=2)
        town.core.provider.forget()
        assert town.core.provider.switches == Switches(auto_approve=True)
