"""How the services of the authority respond, over HTTP and LDAP, and a log of their requests.

A client whose lookups fail must neither fail open nor lock itself out; these switches show what it does
(ref: ref2#ECO.1.1.7, sc-mss#CONF.22). The log tells the traps whether a client checked for revocation at all.
"""

from collections import deque
from dataclasses import dataclass

from mss_sim.clock import SECOND, Clock, Micros
from mss_sim.config.settings import Settings
from mss_sim.faults.actions import Behave
from mss_sim.faults.faults import Faults
from mss_sim.faults.rules import Facts
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour

_POINTS = {IgcService.AIA: Point.AIA, IgcService.CRL: Point.CRL, IgcService.OCSP: Point.OCSP, IgcService.LDAP: Point.LDAP}


@dataclass(frozen=True, slots=True)
class RevocationFetch:
    """One request: `label` the authority, `serial` the certificate that OCSP was asked about."""

    at: Micros
    service: IgcService
    label: str
    serial: str | None
    peer: str
    behaviour: ServiceBehaviour


@dataclass(slots=True)
class Manner:
    """How one service responds; `seconds` is the delay of a slow one, or how long a rate-limited one refuses.

    `fault`: the rule by which it responds so, None where it was switched.
    """

    behaviour: ServiceBehaviour = ServiceBehaviour.NORMAL
    seconds: float = 0
    fault: str | None = None


class RevocationServices:
    """Behaviours, all normal at first, and the last requests."""

    def __init__(self, clock: Clock, settings: Settings, faults: Faults | None = None) -> None:
        """`faults`: rules that go before the switches, counted; None where there is no world that may fail."""
        self._clock = clock
        self._settings = settings
        self._manners = {service: Manner() for service in IgcService}
        self._last_passed: dict[tuple[IgcService, str], Micros] = {}
        self._faults = faults
        self.fetches: deque[RevocationFetch] = deque(maxlen=settings.igc.fetches_max)

    def forget(self) -> None:
        """Every service is normal, and no request was counted."""
        self._manners = {service: Manner() for service in IgcService}
        self._last_passed.clear()
        self.fetches.clear()

    def manners(self) -> dict[IgcService, Manner]:
        """How each service responds now."""
        return dict(self._manners)

    def switch(self, service: IgcService, behaviour: ServiceBehaviour, seconds: float | None = None) -> None:
        """Change how a service responds; `seconds` None takes the setting."""
        self._manners[service] = self._manner(behaviour, seconds)
        self._last_passed = {key: at for key, at in self._last_passed.items() if key[0] is not service}

    def _manner(self, behaviour: ServiceBehaviour, seconds: float | None, fault: str | None = None) -> Manner:
        usual = self._settings.igc.rate_seconds if behaviour is ServiceBehaviour.RATE_LIMITED else self._settings.igc.slow_seconds
        return Manner(behaviour, usual if seconds is None else seconds, fault)

    def ask(self, service: IgcService, label: str, peer: str, serial: str | None = None) -> Manner:
        """Record a request; how to respond to it: never rate-limited, but normal or forbidden."""
        manner = self._by_fault(service, peer) or self._manners[service]
        if service is IgcService.LDAP and manner.behaviour is ServiceBehaviour.NORMAL:
            manner = self._as_published(manner)
        if manner.behaviour is ServiceBehaviour.RATE_LIMITED:
            manner = Manner(self._limited(service, peer, manner.seconds), fault=manner.fault)
        self.fetches.append(RevocationFetch(self._clock.now(), service, label, serial, peer, manner.behaviour))
        return manner

    def _as_published(self, manner: Manner) -> Manner:
        """Over LDAP there are the lists of HTTP: those that are out of date there are so here. The rest is a trouble of one service."""
        expired = self._manners[IgcService.CRL].behaviour is ServiceBehaviour.EXPIRED
        return Manner(ServiceBehaviour.EXPIRED) if expired else manner

    def _by_fault(self, service: IgcService, peer: str) -> Manner | None:
        """How a rule has the service respond; None when none is for it."""
        fault = self._faults.find(_POINTS[service], Facts(client=peer)) if self._faults is not None else None
        if fault is None or not isinstance(fault.action, Behave):
            return None
        return self._manner(fault.action.behaviour, fault.action.seconds, fault.rule)

    def _limited(self, service: IgcService, peer: str, seconds: float) -> ServiceBehaviour:
        """Normal for the first request of an address, forbidden for those that follow too soon."""
        now, last = self._clock.now(), self._last_passed.get((service, peer))
        if last is not None and now < last + seconds * SECOND:
            return ServiceBehaviour.FORBIDDEN
        self._last_passed[service, peer] = now
        return ServiceBehaviour.NORMAL
