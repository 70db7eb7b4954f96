"""The HTTP front ends of one world. To import this module loads the web framework and all that stands on it."""

import ssl
from pathlib import Path

from mss_sim.app import http_application
from mss_sim.control.sockets import Sockets
from mss_sim.core.assembly import Core
from mss_sim.core.trust.discovery_records import Doors
from mss_sim.evidence.runs import Runs
from mss_sim.evidence.sessions import Sessions
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.http.hosted import Hosted
from mss_sim.http.hosting import Hosting
from mss_sim.http.recording import Recording
from mss_sim.http.server import HttpListener
from mss_sim.net.connections import Connections
from mss_sim.net.traps import Traps
from mss_sim.psc import routes as psc


class HttpDoors:
    """One application, which any number of listeners may serve."""

    def __init__(
        self,
        core: Core,
        ca_file: Path,
        doors: Doors,
        seed: str | None,
        sockets: tuple[dict[str, Connections], Transcripts, Runs, Traps],
        hosting: Hosting | None,
    ) -> None:
        self._settings = core.world.settings
        connections, transcripts, runs, traps = sockets
        seen = Hosted(core, ca_file, doors, seed, Sessions(transcripts, runs), hosting)
        self._app = http_application.build(seen, Sockets(connections, traps))
        psc.install(self._app, core)
        self._recording = Recording(self._app, runs, core.world.clock)

    def behind(self, tls: ssl.SSLContext | None, patience_seconds: float) -> HttpListener:
        """A listener, not open yet: in clear, or in TLS."""
        return HttpListener(self._recording, tls, self._settings, patience_seconds)
