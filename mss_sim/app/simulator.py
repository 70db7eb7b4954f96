"""One `Simulator` is one world: its store, its clock, its ports. The only file that knows every front end.

    async with Simulator(settings, seed="cabinet") as simulator:
        print(simulator.ready())

Several can live in one process. Listeners accept when `start` returns; `stop` finishes what is under way.
"""

import asyncio
import itertools
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mss_sim import log
from mss_sim.app import data_folder, listeners, ready_file
from mss_sim.app.http_on_demand import HttpOnDemand
from mss_sim.app.listeners import STOP_SECONDS
from mss_sim.app.ready_file import NAME
from mss_sim.clock import Clock, SystemClock, WorldClock
from mss_sim.config.settings import Settings
from mss_sim.core.assembly import Core, assemble
from mss_sim.core.control import named_seeds as seeds
from mss_sim.core.control import uploaded_seeds
from mss_sim.core.control.snapshot_extras import Memory, take_up
from mss_sim.core.control.snapshots import Shelf
from mss_sim.core.control.start import begin
from mss_sim.core.psc import clients
from mss_sim.core.trust import certificates, operator_certificates
from mss_sim.core.trust.discovery_records import Doors
from mss_sim.core.world.access_tokens import Tokens
from mss_sim.core.world.address_cache import Directory
from mss_sim.core.world.authorities import TRUSTSTORE_PASSWORD, Authorities
from mss_sim.core.world.passwords import Passwords
from mss_sim.core.world.revocation_faults import RevocationServices
from mss_sim.core.world.store_types import Operator
from mss_sim.core.world.white_list import WhiteList
from mss_sim.core.world.world import World, faults_of
from mss_sim.evidence.runs import Runs
from mss_sim.evidence.transcripts import Transcripts
from mss_sim.ids import IdSource
from mss_sim.imap.server import ImapConnection
from mss_sim.imap.server import ImapPort as ImapFrontEnd
from mss_sim.net import tls
from mss_sim.net.connections import Connections
from mss_sim.net.lenient_tls import AskingContext
from mss_sim.net.listening import bind, listening, port_of
from mss_sim.net.tls import Certificates
from mss_sim.net.traps import Trap, Traps
from mss_sim.net.turns import Turns
from mss_sim.net.webhook_calls import WebhookCalls
from mss_sim.psc.urls import Urls
from mss_sim.smtp.mx import MxSession
from mss_sim.smtp.outbound import Outbound
from mss_sim.smtp.server import SmtpConnection
from mss_sim.smtp.submission import LockedSubmission, SubmissionSession
from mss_sim.smtp.wire import SmtpPort
from mss_sim.store import engine as engines
from mss_sim.store import schema
from mss_sim.store.store import Store
from mss_sim.vocabulary.doors import Door, PeerProof, UntrustedPeer
from mss_sim.vocabulary.psc import PSC_REALM

if TYPE_CHECKING:
    from mss_sim.app.http_doors import HttpDoors
    from mss_sim.http.hosting import Hosting


class Simulator:
    """A running world. `core` and `world` are there for tests in the same process; clients use the ports."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        seed: str | Path | None = "cabinet",
        clock: Clock | None = None,
        ready_file: Path | None = None,
        snapshot: Path | None = None,
        snapshots_dir: Path | None = None,
        seeds_dir: Path | None = None,
        hosting: "Hosting | None" = None,
    ) -> None:
        """`seed`: by name, or a folder, archive or TOML file, which is then kept under its name. `snapshot`: a file to begin with, in the
        place of a seed, where the data folder is empty or temporary. `snapshots_dir`, `seeds_dir`: where snapshots and seeds are kept, if
        not in the data folder. `hosting`: what makes further worlds, where the process has more than this one.
        """
        self.settings = settings or Settings()
        self._snapshot, self._snapshots_dir, self._hosting = snapshot, snapshots_dir, hosting
        self._seed_place = seed if isinstance(seed, Path) else None
        self.seed = None if isinstance(seed, Path) else seed
        self._clock = WorldClock(clock or SystemClock())
        self._temporary = None if self.settings.data_dir else Path(tempfile.mkdtemp(prefix="mss-sim-"))
        self.data_dir = self._temporary or Path(self.settings.data_dir or ".")
        self._seeds_dir = seeds_dir or self.data_dir / "seeds"
        self._ready_files = [self.data_dir / NAME, *([ready_file] if ready_file else [])]
        self._stack = AsyncExitStack()
        self._ports: dict[str, int] = {}
        self._registries: dict[str, Connections] = {}
        self._personas: list[dict[str, Any]] = []
        self._log = log.get("app")
        self._core: Core | None = None
        self._certificates: Certificates | None = None
        self._peer_contexts = tls.PeerContexts(self.settings)
        self._traps: list[Trap] = []
        self._shown_files: dict[str, dict[str, str]] = {}
        self._told: dict[str, Any] = {}

    @property
    def core(self) -> Core:
        """The core of this world; it is there once the simulator has started."""
        if self._core is None:
            raise RuntimeError("the simulator has not started")
        return self._core

    @property
    def world(self) -> World:
        """The world behind the core."""
        return self.core.world

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the store, plant the seed, listen. OSError when a port is taken."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        data_folder.make(self.data_dir)
        if self._temporary:
            self._stack.callback(shutil.rmtree, self._temporary, ignore_errors=True)
        lock = await asyncio.to_thread(data_folder.lock, self.data_dir)  # before any port: whose folder it is must be told first
        self._stack.callback(lock.release)  # where the database is SQLite's, until the simulator stops
        memory = await self._unpack()
        for path in self._ready_files:
            ready_file.remove(path)
        http = {"http": self._bind("http", self.settings.http.port)}  # certificates tell where the authority publishes
        if self.settings.https.port is not None:
            http["https"] = self._bind("https", self.settings.https.port)
        ldap = None if self.settings.ldap.port is None else self._bind("ldap", self.settings.ldap.port)
        outbound = Outbound(self.settings, lambda: (self._shown_host(), self._ports["mx"]), self._peer_context)
        mtls_url = self._url("https") if "https" in http and self.settings.tls.client_certificates_asked else None
        shelf = Shelf(self._snapshots_dir or self.data_dir / "snapshots", self.settings.snapshots.max)
        world = await self._open_world()
        calls = WebhookCalls(self.settings, world.igc.ca_file)
        self._core = assemble(world, shelf, transport=outbound, calls=calls, mtls_url=mtls_url)
        await self._core.agenda.open()
        if memory:
            take_up(self.world, memory)
        if self._core.process_log:
            self._stack.push_async_callback(self._core.process_log.close)
        settings = self.settings
        await self._find_seed()
        self._certificates = self._make_certificates()
        begun = await begin(self.world, self.seed)
        self._personas, self._shown_files = [one.as_json() for one in begun.personas], begun.client_files
        if not self.world.store.exclusive:
            lock.release()  # the world is there: others of this folder may find it
        context = tls.server_context(self._certificates, settings, ask_client=settings.tls.client_certificates_asked)
        turns = Turns()
        await self._serve_smtp(context, turns)
        await self._serve_imap(context, turns)
        traps = Traps(self.world.igc, self.transcripts, settings)
        if settings.traps.open:
            await self._serve_traps(traps, traps.build(self.data_dir / "certificates/traps", tls.hosts(settings)))
        if ldap is not None:
            await self._serve_ldap(ldap, turns)
        ended = (one.begin_anew for one in self._registries.values())
        self.world.beginning_anew.extend((*ended, *(one.forget for one in (self.transcripts, self.runs, traps))))
        await self._serve_http(http, context, traps)
        for end in self.core.open_ended():  # first, for HTTP waits for answers that have begun
            self._stack.push_async_callback(end)
        await self._serve_dns()
        for client in (outbound, calls):
            self._stack.push_async_callback(client.close)
        self._stack.push_async_callback(self.core.queue.stop, STOP_SECONDS)
        await self.core.queue.take_over()
        await self.core.agenda.go_on()
        following = [self.core.agenda.follow(*one) for one in self.core.followed]
        for work in (self.core.queue.run(), self.core.wakeups.run(), self.core.kept_diagnoses.run(), *following):
            self._stack.push_async_callback(listeners.cancel, asyncio.create_task(work))
        self._announce()

    def _make_certificates(self) -> Certificates:
        with data_folder.certificates_of(self._snapshot):
            return tls.ensure(self.data_dir / "certificates", self.world.igc, tls.hosts(self.settings), self.settings.certificate.key)

    async def _unpack(self) -> Memory | None:
        """Begin with the world of a snapshot, if there is one to begin with; its memory."""
        if self._snapshot is None:
            return None
        manifest, memory = await asyncio.to_thread(data_folder.begin_with, self._snapshot, self.data_dir)
        self.seed = manifest.seed
        return memory

    async def _find_seed(self) -> None:
        """Keep the seed of a file under its name; forget the name of one that a snapshot brings and nobody has here."""
        if self._seed_place is not None:
            self.seed = await uploaded_seeds.keep_file(self.world, self._seed_place)
        elif self._snapshot is not None and self.seed not in seeds.names(self.world):
            self.seed = None

    def _mx_context(self, ordinary: ssl.SSLContext) -> ssl.SSLContext:
        """The MX port takes every certificate, to refuse a wrong one with a reply, unless the handshake itself is to fail."""
        settings, found = self.settings, self._made_certificates
        if settings.peers.untrusted is UntrustedPeer.ALERT or settings.peers.proof is PeerProof.DOMAIN:
            return ordinary
        return AskingContext.like(ordinary, found.cert_file, found.key_file)

    async def _peer_context(self, sender: Operator, receiver: Operator) -> ssl.SSLContext:
        """What one operator shows another, and whom it trusts: our authority, or the one that the other is certified by."""
        mine = await operator_certificates.certificate_of(self.world, sender)
        chain = certificates.with_chain(self.world, mine)
        return self._peer_contexts.of(self._made_certificates, chain=chain, key=mine.key, trusted=receiver.mx_ca)

    @property
    def _made_certificates(self) -> Certificates:
        if self._certificates is None:
            raise RuntimeError("certificates come first")
        return self._certificates

    async def _open_world(self) -> World:
        settings = self.settings
        url = settings.database_url or engines.sqlite_url(data_folder.database_file(self.data_dir))
        store = Store(url, durable=self._temporary is None)
        await asyncio.to_thread(store.open)
        self._stack.push_async_callback(store.close)
        store.listen()
        ids = IdSource(self._clock, after=await store.read(schema.highest_id))
        issuer = (settings.psc.base_url or self._url("http")) + PSC_REALM
        tokens = Tokens(settings, self._clock, ids, self.data_dir / "keys" / "tokens.pem", issuer)
        directory = Directory(store, settings.message.size_bytes_max)
        white_list = WhiteList(settings, self._clock, store)
        faults = faults_of(settings, self._clock, ids)
        folder, places = self.data_dir / "certificates", settings.igc.url or self._url("http")
        ldap_url = settings.igc.ldap_url or (self._url("ldap") if "ldap" in self._ports else None)
        igc = Authorities(folder, places, SystemClock(), settings, RevocationServices(self._clock, settings, faults), ldap_url)
        kept = settings.transcripts
        self.transcripts = Transcripts(self._clock, ids, sessions_max=kept.max, lines_max=kept.lines_max)
        self.runs = Runs(self.transcripts, kept.http_silence_seconds, kept.max, asyncio.get_running_loop().time)
        return World(
            *(settings, store, self._clock, ids, directory, white_list, Passwords(), tokens, igc, faults),
            seeds_dir=self._seeds_dir,
            transcripts=self.transcripts,
        )

    async def _serve_smtp(self, context: ssl.SSLContext, turns: Turns) -> None:
        settings, core, faults = self.settings, self.core, self.world.faults
        self.connections = self._registries["smtp"] = Connections(settings, turns)
        shared = self.connections, self.transcripts
        submission = SmtpPort(settings, context, *shared, Door.SMTP, lambda peer: SubmissionSession(settings, peer, core), faults)
        takes = self._mx_context(context)
        mx = SmtpPort(settings, takes, *shared, Door.MX, lambda peer: MxSession(settings, peer, core.reception), faults)
        loop = asyncio.get_running_loop()
        await self._listen("submission", lambda: SmtpConnection(submission, loop), settings.submission.port, self.connections)
        await self._listen("mx", lambda: SmtpConnection(mx, loop), settings.mx.port, self.connections)

    async def _serve_imap(self, context: ssl.SSLContext, turns: Turns) -> None:
        connections = self.imap_connections = self._registries["imap"] = Connections(self.settings, turns)
        front = ImapFrontEnd(self.settings, context, connections, self.transcripts, self.core, faults=self.world.faults)
        loop = asyncio.get_running_loop()
        await self._listen("imap", lambda: ImapConnection(front, loop), self.settings.imap.port, connections)

    async def _listen(self, name: str, connection: Callable[[], asyncio.BaseProtocol], port: int, registry: Connections) -> None:
        with listening(name, self.settings.host, port):
            server = await asyncio.get_running_loop().create_server(connection, self.settings.host, port, backlog=512)
            self._ports[name] = port_of(server)
        self._stack.push_async_callback(listeners.close, server, registry)

    async def _serve_traps(self, traps: Traps, made: list[Trap]) -> None:
        """Each trap as submission and as IMAP, of the same world."""
        settings, core, loop = self.settings, self.core, asyncio.get_running_loop()
        session = LockedSubmission if settings.traps.refuse_logins else SubmissionSession
        ports = itertools.count(settings.traps.port) if settings.traps.port else itertools.repeat(0)
        for trap in made:
            opener = traps.opener(trap)
            smtp = SmtpPort(settings, trap.context, self.connections, opener, Door.SMTP, lambda peer: session(settings, peer, core))
            imap = ImapFrontEnd(settings, trap.context, self.imap_connections, opener, core, settings.traps.refuse_logins)
            await self._listen(f"{trap.name}/submission", partial(SmtpConnection, smtp, loop), next(ports), self.connections)
            await self._listen(f"{trap.name}/imap", partial(ImapConnection, imap, loop), next(ports), self.imap_connections)
        self._traps = made

    def _bind(self, name: str, port: int) -> socket.socket:
        listener = bind(name, self.settings.host, port)
        self._stack.callback(listener.close)
        self._ports[name] = listener.getsockname()[1]
        return listener

    async def _serve_http(self, sockets: dict[str, socket.socket], context: ssl.SSLContext, traps: Traps) -> None:
        """Listen; what answers is loaded at the first connection."""

        def make(doors: "type[HttpDoors]") -> "HttpDoors":
            evidence = self._registries, self.transcripts, self.runs, traps
            return doors(self.core, self._made_certificates.ca_file, self._doors(), self.seed, evidence, self._hosting)

        served = {listener: context if name == "https" else None for name, listener in sockets.items()}
        on_demand = HttpOnDemand(served, make, STOP_SECONDS)
        self._stack.push_async_callback(on_demand.close)
        await on_demand.listen()

    async def _serve_dns(self) -> None:
        if self.settings.dns.port is None:
            return
        listening = await listeners.serve_dns(self.world, self._doors(), self.settings.dns.port)
        self.dns, self._ports["dns"] = listening.responder, listening.port
        self._stack.push_async_callback(listening.close)

    async def _serve_ldap(self, listener: socket.socket, turns: Turns) -> None:
        connections = self._registries["ldap"] = Connections(self.settings, turns)
        server = await listeners.serve_ldap(self.core, listener, connections, self.transcripts)
        self._stack.push_async_callback(listeners.close, server, connections)

    def _doors(self) -> Doors:
        urls = Urls.of(self.core)
        oauth2 = urls.issuer, urls.authorize, urls.endpoint("token")
        return Doors(self._shown_host(), self.settings.hostname, self._ports["imap"], self._ports["submission"], oauth2)

    def _shown_host(self) -> str:
        """The host to connect to: loopback when every address is listened on."""
        return self.settings.host if self.settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104

    def _url(self, scheme: str) -> str:
        host = self._shown_host()
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._ports[scheme]}"

    def _trap(self, trap: Trap, host: str) -> dict[str, Any]:
        ports = {door: {"host": host, "port": self._ports[f"{trap.name}/{door}"]} for door in ("submission", "imap")}
        return {**ports, **({"root_file": str(trap.root_file.resolve())} if trap.root_file else {})}

    def ready(self) -> dict[str, Any]:
        """What a client needs to know: the ports, the authority's certificate, the personas; the content of the ready file."""
        host = self._shown_host()
        return {
            "http": self._url("http"),
            "ui": f"{self._url('http')}/",
            "https": self._url("https") if "https" in self._ports else None,
            "submission": {"host": host, "port": self._ports["submission"]},
            "mx": {"host": host, "port": self._ports["mx"]},
            "imap": {"host": host, "port": self._ports["imap"]},
            **{door: {"host": host, "port": self._ports[door]} if door in self._ports else None for door in ("dns", "ldap")},
            "ca_file": str(self._certificates.ca_file.resolve()) if self._certificates else None,
            "truststore": {"file": str(self.world.igc.truststore_file.resolve()), "password": TRUSTSTORE_PASSWORD},
            "control_key": self.world.control_key,
            "mx_peer": self._shown_files.get("mx_peer"),
            "app_client": self._shown_files.get("app_client"),
            "traps": {trap.name.value: self._trap(trap, host) for trap in self._traps},
            "psc": {
                "issuer": self.world.tokens.issuer,
                "client_id": clients.FIRST_CLIENT,
                "client_secret": self.world.tokens.keys.secret(clients.FIRST_CLIENT),
                "redirect_uri": clients.first_redirect_uri(self.world),
            },
            "directory": ready_file.directory(self.settings.directory.base_url or self._url("http"), self.world.directory_key),
            "personas": self._personas,
        }

    def write_ready_file(self, path: Path) -> None:
        """Write `ready()` as JSON, whole or not at all."""
        ready_file.write(path, self.ready())

    def _announce(self) -> None:
        """Write the ready files that others wait for; they go first when the simulator stops."""
        self._write_ready_files()
        self.world.gone_back.append(self._write_ready_files)
        for path in self._ready_files:
            self._stack.callback(self._remove_ready_file, path)

    def _remove_ready_file(self, path: Path) -> None:
        ready_file.remove(path, self._told)

    def _write_ready_files(self) -> None:
        """Write them where they would tell something else than before: secrets of a world that goes back may be others."""
        told, before = self.ready(), self._told
        self._told = told
        for path in self._ready_files if told != before else ():
            ready_file.write(path, told)

    async def stop(self) -> None:
        """Close the ports, finish what is under way, remove what was temporary."""
        await self._stack.aclose()
        self._core = None
