"""The peer of the IMAP server: Debian's Dovecot on a folder of its own, its mail in Maildir, as it comes but for raised limits.

It is measured where it is installed (apt-get install dovecot-imapd) and only when run as root, which its own processes need.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from figures import BenchmarkError
from imap_client import Server
from servers import KIB

_HOST = "127.0.0.1"
_USER = "mail"  # Dovecot opens no mailbox as root
_LOGIN = "bench"
_PASSWORD = "dovecot-2026"  # noqa: S105 - of a server that lives as long as one benchmark
_IMAP = Path("/usr/lib/dovecot/imap")
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_READY_SECONDS = 20.0
_STOP_SECONDS = 30.0
_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = {host}
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
first_valid_uid = 1
maildir_very_dirty_syncs = {alone}
mail_max_userip_connections = 1000
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={user} home={folder}/home
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  process_limit = 300
  inet_listener imap {{
    address = {host}
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_limit = 300
}}
"""


def missing() -> str | None:
    """Why there is no Dovecot to measure against; None when there is."""
    if _program() is None or not _IMAP.exists():
        return "Dovecot not installed"
    return None if os.geteuid() == 0 else "Dovecot needs root"


def _program() -> str | None:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def idlers_max() -> int:
    """How many connections Dovecot can wake at once: each watches its folder, and the system grants one user few watchers."""
    return max(1, int(_INOTIFY.read_text(encoding="ascii")) - 16)


@dataclass(slots=True)
class Dovecot:
    """A running Dovecot and its mail."""

    process: "subprocess.Popen[bytes]"
    server: Server
    maildir: Path
    delivered: int = 0

    def fill(self, letters: Iterable[tuple[bytes, bool]], folder: str = "INBOX") -> None:
        """Put letters into a new folder, as Dovecot itself would have stored them: (octets, whether seen)."""
        place = self._make(folder)
        for number, (octets, seen) in enumerate(letters, 1):
            (place / "cur" / f"{_name(number, octets)}:2,{'S' if seen else ''}").write_bytes(_as_stored(octets))
        os.sync()  # what is still on its way to the disk would slow down whoever is measured next

    def deliver(self, octets: bytes) -> float:
        """Put a letter into INBOX as a delivery does; the moment at which it was there."""
        self.delivered += 1
        name = _name(1_000_000 + self.delivered, octets)
        written = self.maildir / "tmp" / name
        written.write_bytes(_as_stored(octets))
        written.rename(self.maildir / "new" / name)
        return time.perf_counter()

    def _make(self, folder: str) -> Path:
        place = self.maildir if folder == "INBOX" else self.maildir / f".{folder}"
        for made in (place, *(place / name for name in ("cur", "new", "tmp"))):
            made.mkdir(exist_ok=True)
            shutil.chown(made, _USER, _USER)
        return place

    def proportional_bytes(self) -> int:
        """The memory of all its processes now; what several share is counted once."""
        total = 0
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(status.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                if self.process.pid in (parent, int(status.parent.name)):
                    rollup = (status.parent / "smaps_rollup").read_text(encoding="ascii").splitlines()
                    total += sum(int(line.split()[1]) * KIB for line in rollup if line.startswith("Pss:"))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
        return total


def _name(number: int, octets: bytes) -> str:
    """A file name with both sizes in it, so that Dovecot need not count; names sort as the letters came."""
    return f"{1_700_000_000 + number}.M{number}P1.bench,S={len(_as_stored(octets))},W={len(octets)}"


def _as_stored(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n")


@contextmanager
def dovecot(folder: Path, *, alone: bool = False) -> Iterator[Dovecot | None]:
    """Dovecot for the length of a block, without any mail; None where it is missing.

    `alone` tells it that nobody else touches the files: then it does not list a large folder anew after every STORE, half a second
    for 100,000 messages. It stays off elsewhere, as it comes, because it makes Dovecot's FETCH of files three times slower.
    """
    program = _program()
    if missing() or program is None:
        yield None
        return
    place = folder / "dovecot"
    for made in (place, place / "home", place / "home" / "Maildir"):
        made.mkdir()
    shutil.chown(place / "home", _USER, _USER)
    folder.chmod(0o711)  # it was made for root alone, and Dovecot's processes run as others
    port = _free_port()
    _certify(place)
    given = {"folder": place, "host": _HOST, "port": port, "user": _USER, "password": _PASSWORD, "alone": "yes" if alone else "no"}
    (place / "dovecot.conf").write_text(_CONFIGURATION.format(**given), encoding="utf-8")
    process = subprocess.Popen([program, "-F", "-c", str(place / "dovecot.conf")])
    try:
        _wait_until_ready(process, port, place / "dovecot.log")
        server = Server((_HOST, port), str(place / "certificate.pem"), _LOGIN, _PASSWORD)
        running = Dovecot(process, server, place / "home" / "Maildir")
        running.fill([])
        yield running
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.perf_counter() + _READY_SECONDS
    while True:
        try:
            with socket.create_connection((_HOST, port), 1) as probe:
                if probe.recv(4) == b"* OK":
                    return
        except OSError:
            time.sleep(0.01)
        if process.poll() is not None or time.perf_counter() > until:
            told = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
            raise BenchmarkError(f"Dovecot did not start: {' / '.join(told[-3:]) or 'it wrote nothing'}")


def _free_port() -> int:
    """A port that nobody listens on now; Dovecot cannot be asked which one it took."""
    with socket.create_server((_HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def _certify(place: Path) -> None:
    """A certificate that signs itself, of the kind that the simulator's authority writes."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dovecot under measurement")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(_HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (place / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (place / "key.pem").touch(mode=0o600)
    (place / "key.pem").write_bytes(secret)
