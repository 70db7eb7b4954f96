"""How the HTTP services of the authority respond, and a log of their requests.

A client whose lookups fail must neither fail open nor lock itself out; these switches show what it does
(ref: ref2#ECO.1.1.7, sc-mss#CONF.22). The log tells the traps whether a client checked for revocation at all.
"""

from collections import deque
from dataclasses import dataclass

from mss_sim.clock import SECOND, Clock, Micros
from mss_sim.config.settings import Settings
from mss_sim.vocabulary.trust import IgcService, ServiceBehaviour


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
    """How one service responds; `seconds` is the delay of a slow one, or how long a rate-limited one refuses."""

    behaviour: ServiceBehaviour = ServiceBehaviour.NORMAL
    seconds: float = 0


class RevocationServices:
    """Behaviours, all normal at first, and the last requests."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._manners = {service: Manner() for service in IgcService}
        self._last_passed: dict[tuple[IgcService, str], Micros] = {}
        self.fetches: deque[RevocationFetch] = deque(maxlen=settings.igc.fetches_max)

    def manners(self) -> dict[IgcService, Manner]:
        """How each service responds now."""
        return dict(self._manners)

    def switch(self, service: IgcService, behaviour: ServiceBehaviour, seconds: float | None = None) -> None:
        """Change how a service responds; `seconds` None takes the setting."""
        usual = self._settings.igc.rate_seconds if behaviour is ServiceBehaviour.RATE_LIMITED else self._settings.igc.slow_seconds
        self._manners[service] = Manner(behaviour, usual if seconds is None else seconds)
        self._last_passed = {key: at for key, at in self._last_passed.items() if key[0] is not service}

    def ask(self, service: IgcService, label: str, peer: str, serial: str | None = None) -> Manner:
        """Record a request; how to respond to it: never rate-limited, but normal or forbidden."""
        manner = self._manners[service]
        if manner.behaviour is ServiceBehaviour.RATE_LIMITED:
            manner = Manner(self._limited(service, peer, manner.seconds))
        self.fetches.append(RevocationFetch(self._clock.now(), service, label, serial, peer, manner.behaviour))
        return manner

    def _limited(self, service: IgcService, peer: str, seconds: float) -> ServiceBehaviour:
        """Normal for the first request of an address, forbidden for those that follow too soon."""
        now, last = self._clock.now(), self._last_passed.get((service, peer))
        if last is not None and now < last + seconds * SECOND:
            return ServiceBehaviour.FORBIDDEN
        self._last_passed[service, peer] = now
        return ServiceBehaviour.NORMAL
