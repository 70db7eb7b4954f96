"""The traps: listeners of the same world behind the wrong TLS, and what each client did there.

Their certificates are issued only when the traps are opened. The facts about a connection are read from its transcript, and from the
verbs that were recorded.
"""

import ssl
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mss_sim.config.settings import Settings
from mss_sim.core.world.authorities import Authorities, ListenerCertificate
from mss_sim.core.world.revocation_faults import RevocationFetch
from mss_sim.evidence.transcripts import Transcript, Transcripts
from mss_sim.net import tls
from mss_sim.pki.authority import ORGANISATIONS, PERSONS, PUBLIC, PUBLIC_ROOT, RANGES
from mss_sim.pki.issuing import Order, new_key, self_signed
from mss_sim.pki.revocation import Revoked
from mss_sim.policy.traps import Lookup, Observation, TrapOutcome
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.trust import IgcService, KeyKind, RevocationReason, TrapName

_DAY = timedelta(days=1)
_LISTS = frozenset({IgcService.CRL, IgcService.LDAP})
_OTHER_HOST = "mail.autre-operateur.sim.mssante.fr"
_VERB_BYTES_MAX = 20
_WEAK_SUITES = "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:AES128-SHA:AES256-SHA:@SECLEVEL=0"


@dataclass(frozen=True, slots=True)
class Trap:
    """One trap: what it presents, and the extra root that makes it meaningful. `context` None offers no TLS at all."""

    name: TrapName
    context: ssl.SSLContext | None
    shown: ListenerCertificate | None = None
    root_file: Path | None = None


@dataclass(slots=True, eq=False)
class TrapVisit:
    """One connection to a trap, and the verbs that its client sent: the transcript may drop them, the verdict needs them."""

    trap: Trap
    transcript: Transcript
    commands: set[str] = field(default_factory=set)

    def hear(self, octets: bytes) -> None:
        """Record the verb in what the client sent: the first word, or the one after the tag over IMAP."""
        words = octets.split(b" ", 2)
        place = 1 if self.transcript.door is Door.IMAP else 0
        if len(words) > place:
            self.commands.add(words[place][:_VERB_BYTES_MAX].decode("ascii", "replace").upper())


class Traps:
    """The traps of one world and the last connections to them."""

    def __init__(self, igc: Authorities, transcripts: Transcripts, settings: Settings) -> None:
        self._igc = igc
        self._transcripts = transcripts
        self._settings = settings
        self._kept: deque[TrapVisit] = deque(maxlen=settings.traps.kept_max)

    def build(self, folder: Path, hosts: Sequence[str]) -> list[Trap]:
        """Every trap with its certificate, in the order of `TrapName`; that of old versions only where OpenSSL still supports one."""
        builders: dict[TrapName, Callable[[], ListenerCertificate]] = {
            TrapName.EXPIRED: lambda: self._signed(hosts, begin=-400 * _DAY, end=-_DAY),
            TrapName.NOT_YET_VALID: lambda: self._signed(hosts, begin=30 * _DAY, end=400 * _DAY),
            TrapName.REVOKED: lambda: self._signed(hosts, revoked=True),
            TrapName.WRONG_HOST: lambda: self._signed([_OTHER_HOST]),
            TrapName.WRONG_RANGE: lambda: self._signed(hosts, label=PERSONS),
            TrapName.SELF_SIGNED: lambda: self._self_signed(hosts),
            TrapName.PUBLIC_CA: lambda: self._signed(hosts, label=PUBLIC),
            TrapName.OLD_TLS: lambda: self._signed(hosts, kind=KeyKind.RSA_2048),
            TrapName.WEAK_SUITES: lambda: self._signed(hosts, kind=KeyKind.RSA_2048),
        }
        if not _old_versions():
            del builders[TrapName.OLD_TLS]
        made = [self._trap(name, build(), folder) for name, build in builders.items()]
        return [*made, Trap(TrapName.STRIPPED, None)]

    def _signed(
        self,
        hosts: Sequence[str],
        *,
        label: str = ORGANISATIONS,
        begin: timedelta = -_DAY,
        end: timedelta = 365 * _DAY,
        revoked: bool = False,
        kind: KeyKind = KeyKind.P_256,
    ) -> ListenerCertificate:
        now = self._igc.now()
        order = self._igc.order_for_hosts(hosts, not_before=now + begin, not_after=now + end)
        certificate, key = self._igc.sign(label, order, kind)
        taken_back = Revoked(certificate.serial_number, now, RevocationReason.KEY_COMPROMISE) if revoked else None
        return self._igc.show(ListenerCertificate(label, hosts[0], certificate, key, taken_back))

    def _self_signed(self, hosts: Sequence[str]) -> ListenerCertificate:
        """A certificate with the name of the right authority as subject and issuer, but signed by its own key."""
        usual, key = self._igc.order_for_hosts(hosts), new_key(KeyKind.P_256)
        order = Order(usual.profile, RANGES[ORGANISATIONS].name, usual.not_before, usual.not_after, usual.hosts)
        return ListenerCertificate("", hosts[0], self_signed(order, key), key)

    def _trap(self, name: TrapName, shown: ListenerCertificate, folder: Path) -> Trap:
        cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
        tls.write_chain(cert_file, key_file, self._igc, shown)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _weaken(context, name)
        context.load_cert_chain(cert_file, key_file)
        root = self._igc.file_of(PUBLIC_ROOT) if name is TrapName.PUBLIC_CA else None
        return Trap(name, tls.observed(context), shown, root)

    def opener(self, trap: Trap) -> "TrapOpener":
        """Opens the transcripts of connections to a trap."""
        return TrapOpener(trap, self._transcripts, self._kept)

    def forget(self) -> None:
        """No trap had a connection yet."""
        self._kept.clear()

    def newest_first(self) -> Iterator[TrapVisit]:
        """The connections that are kept."""
        return reversed(self._kept)

    def seen(self, visit: TrapVisit) -> Observation:
        """The facts about one connection."""
        facts, closed_at = visit.transcript.facts, visit.transcript.closed_at
        error = facts.get("tls_error")
        return Observation(
            TrapOutcome.COMPLETED if "tls" in facts else TrapOutcome.ABORTED if error is not None else TrapOutcome.NONE,
            frozenset(visit.commands),
            closed_at is not None,
            bool(visit.commands),
            tls.alert_of(error or ""),
            error or "",
            self._lookup(visit.trap, visit.transcript),
        )

    def _lookup(self, trap: Trap, transcript: Transcript) -> Lookup:
        """Whether the client's host looked up the certificate while the connection was open, or earlier."""
        fetches = [fetch for fetch in self._igc.services.fetches if trap.shown is not None and _speaks_of(fetch, trap.shown)]
        asked = [fetch.at for fetch in fetches if _same_host(fetch.peer, transcript.peer)]
        closed_at = transcript.closed_at
        if any(at >= transcript.opened_at and (closed_at is None or at <= closed_at) for at in asked):
            return Lookup.DURING
        return Lookup.BEFORE if any(at < transcript.opened_at for at in asked) else Lookup.NEVER


class TrapOpener:
    """Opens transcripts that say which trap they belong to."""

    def __init__(self, trap: Trap, transcripts: Transcripts, kept: deque[TrapVisit]) -> None:
        self._trap = trap
        self._transcripts = transcripts
        self._kept = kept

    def open(self, door: Door, peer: str) -> Transcript:
        """The transcript of a new connection."""
        made = self._transcripts.open(door, peer)
        made.facts["trap"] = self._trap.name
        visit = TrapVisit(self._trap, made)
        made.hear = visit.hear
        self._kept.append(visit)
        return made


def _speaks_of(fetch: RevocationFetch, shown: ListenerCertificate) -> bool:
    return fetch.serial == shown.serial or (fetch.service in _LISTS and fetch.label == shown.label)


def _same_host(one: str, other: str) -> bool:
    """Whether two addresses belong to one host: this machine has two, and a client uses either."""
    return one == other or {one, other} == {"127.0.0.1", "::1"}


def _old_versions() -> list[ssl.TLSVersion]:
    return [version for there, version in ((ssl.HAS_TLSv1, ssl.TLSVersion.TLSv1), (ssl.HAS_TLSv1_1, ssl.TLSVersion.TLSv1_1)) if there]


def _weaken(context: ssl.SSLContext, name: TrapName) -> None:
    """Let a protocol trap accept versions that are no longer acceptable; the other traps speak TLS 1.2 and 1.3."""
    if name is TrapName.OLD_TLS:
        context.set_ciphers("ALL:@SECLEVEL=0")  # their signatures are SHA-1
        with warnings.catch_warnings():  # Python warns when these versions are enabled; here it is intended
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = _old_versions()[0], _old_versions()[-1]
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    if name is TrapName.WEAK_SUITES:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_WEAK_SUITES)
