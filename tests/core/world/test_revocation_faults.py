"""How the services of the authority answer, and what is remembered of who asked."""

from datetime import timedelta

import pytest

from mss_sim.clock import ManualClock
from mss_sim.config.settings import Settings
from mss_sim.core.world.revocation_faults import Manner, RevocationServices
from mss_sim.faults.actions import Behave
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour
from tests.core.towns import Town

NORMAL, FORBIDDEN = ServiceBehaviour.NORMAL, ServiceBehaviour.FORBIDDEN


@pytest.fixture
def services(clock: ManualClock) -> RevocationServices:
    return RevocationServices(clock, Settings(igc_fetches_max=3, igc_slow_seconds=7, igc_rate_seconds=300))


def test_all_is_normal_at_first_and_one_service_is_switched_without_the_others(services: RevocationServices) -> None:
    assert {manner.behaviour for manner in services.manners().values()} == {NORMAL}
    services.switch(IgcService.CRL, ServiceBehaviour.SLOW)
    assert services.ask(IgcService.CRL, "a", "x").behaviour is ServiceBehaviour.SLOW
    assert services.ask(IgcService.OCSP, "a", "x").behaviour is NORMAL


@pytest.mark.parametrize(
    ("behaviour", "given", "seconds"),
    [
        (ServiceBehaviour.SLOW, None, 7),
        (ServiceBehaviour.RATE_LIMITED, None, 300),
        (ServiceBehaviour.SLOW, 0, 0),
        (ServiceBehaviour.RATE_LIMITED, 5, 5),
    ],
)
def test_how_late_it_is_or_how_long_it_refuses_is_given_or_a_setting(
    services: RevocationServices, behaviour: ServiceBehaviour, given: float | None, seconds: float
) -> None:
    services.switch(IgcService.AIA, behaviour, given)
    assert services.manners()[IgcService.AIA].seconds == seconds


def test_of_a_rate_limited_service_the_first_request_of_an_address_passes_and_the_next_after_a_while(
    services: RevocationServices, clock: ManualClock
) -> None:
    services.switch(IgcService.CRL, ServiceBehaviour.RATE_LIMITED, 60)
    services.switch(IgcService.AIA, ServiceBehaviour.RATE_LIMITED, 60)
    asked = [
        services.ask(service, "a", peer).behaviour
        for service, peer in ((IgcService.CRL, "x"), (IgcService.CRL, "x"), (IgcService.CRL, "y"), (IgcService.AIA, "x"))
    ]
    assert asked == [NORMAL, FORBIDDEN, NORMAL, NORMAL]
    clock.advance(timedelta(seconds=60) - timedelta(microseconds=1))
    assert services.ask(IgcService.CRL, "a", "x").behaviour is FORBIDDEN
    clock.advance(timedelta(microseconds=1))
    assert services.ask(IgcService.CRL, "a", "x").behaviour is NORMAL


def test_switching_a_service_forgets_whom_it_has_let_pass_and_nobody_elses(services: RevocationServices) -> None:
    for service in (IgcService.CRL, IgcService.AIA):
        services.switch(service, ServiceBehaviour.RATE_LIMITED, 60)
        services.ask(service, "a", "x")
    services.switch(IgcService.CRL, ServiceBehaviour.RATE_LIMITED, 60)
    assert services.ask(IgcService.CRL, "a", "x").behaviour is NORMAL
    assert services.ask(IgcService.AIA, "a", "x").behaviour is FORBIDDEN


def test_the_last_requests_are_kept_with_how_they_were_answered(services: RevocationServices, clock: ManualClock) -> None:
    services.switch(IgcService.OCSP, ServiceBehaviour.RATE_LIMITED)
    for number in range(4):
        services.ask(IgcService.OCSP, "a", "x", str(number))
        clock.advance(timedelta(seconds=1))
    assert [(one.serial, one.behaviour) for one in services.fetches] == [("1", FORBIDDEN), ("2", FORBIDDEN), ("3", FORBIDDEN)]
    assert {(one.service, one.label, one.peer) for one in services.fetches} == {(IgcService.OCSP, "a", "x")}
    assert [after.at - before.at for before, after in zip(services.fetches, list(services.fetches)[1:], strict=False)] == [1_000_000] * 2


def test_over_ldap_there_are_the_lists_of_http_and_what_fails_there_fails_there_alone(services: RevocationServices) -> None:
    def asked() -> ServiceBehaviour:
        return services.ask(IgcService.LDAP, "a", "x").behaviour

    assert asked() is NORMAL
    for alone in (FORBIDDEN, ServiceBehaviour.UNREACHABLE, ServiceBehaviour.HTML, ServiceBehaviour.SLOW):
        services.switch(IgcService.LDAP, NORMAL)
        services.switch(IgcService.CRL, alone)
        assert asked() is NORMAL, "HTTP is down, LDAP is not"
        services.switch(IgcService.CRL, NORMAL)
        services.switch(IgcService.LDAP, alone)
        assert (asked(), services.ask(IgcService.CRL, "a", "x").behaviour) == (alone, NORMAL), "and the other way round"
    services.switch(IgcService.CRL, ServiceBehaviour.EXPIRED)
    assert asked() is ServiceBehaviour.SLOW, "its own trouble goes first"
    services.switch(IgcService.LDAP, NORMAL)
    assert asked() is ServiceBehaviour.EXPIRED
    services.switch(IgcService.CRL, NORMAL)
    assert asked() is NORMAL


async def test_a_rule_for_one_client_goes_before_the_switches_and_is_named_however_it_answers(town: Town) -> None:
    services = town.world.igc.services
    for service, behaviour in ((IgcService.CRL, ServiceBehaviour.SLOW), (IgcService.OCSP, ServiceBehaviour.RATE_LIMITED)):
        rule = town.world.faults.add(Point(service.value), Behave(behaviour, 60), Match(client="x"), count=None).rule
        assert services.ask(service, "a", "y") == Manner(NORMAL, 0, None)
        found = [services.ask(service, "a", "x") for _ in range(2)]
        assert [one.fault for one in found] == [rule.id] * 2
        assert [one.behaviour for one in found] == ([behaviour] * 2 if service is IgcService.CRL else [NORMAL, FORBIDDEN])
