"""The keys that sign tokens: the one in use, and retired ones until what they signed has expired.

They are files under the data folder, so that they survive a restart and are shared by the processes of one world. A retired
key is kept without its private half, under a name that gives its end: `retired/<second>-<kid>.pem`. A snapshot takes the files along, and
a world that goes back has them as they were.
"""

import os
import secrets
import threading
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from mss_sim.clock import SECOND, Clock

_BITS = 2048


class KeyRing:
    """The signing key of one world and its predecessors. The first key is created when first needed."""

    def __init__(self, key_file: Path, clock: Clock) -> None:
        self._file = key_file
        self._retired_folder = key_file.parent / "retired"
        self._clock = clock
        self._key: RSAKey | None = None
        self._retired: dict[str, tuple[RSAKey, int]] = {}
        self._secrets: dict[str, str] = {}
        self._looked_at = 0
        self.looks = 0
        self._rotating = threading.Lock()

    def signing(self) -> RSAKey:
        """The key in use."""
        if self._key is None:
            if not self._file.exists():
                self._place(self._file, RSAKey.generate_key(_BITS, private=True).as_pem(private=True))
            self._load()
        if self._key is None:
            raise RuntimeError("the signing key was not loaded")
        return self._key

    def verifying(self, kid: str) -> RSAKey | None:
        """The key with that id, in use or retired; None when there is none, or all that it signed has expired."""
        found = self._known(kid)
        if found is None and self._clock.now() - self._looked_at > SECOND:  # another process may have changed the key
            self._load()
            found = self._known(kid)
        return found

    def _known(self, kid: str) -> RSAKey | None:
        current = self.signing()
        if kid == current.kid:
            return current
        key, until = self._retired.get(kid, (None, 0))
        return key if until > self._clock.now() // SECOND else None

    def jwks(self) -> dict[str, Any]:
        """The public halves, as a JWK set (ref: rfc7517#5): the key in use first."""
        now = self._clock.now() // SECOND
        keys = [self.signing(), *(key for key, until in self._retired.values() if until > now)]
        return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "RS256"} for key in keys]}

    def secret(self, name: str) -> str:
        """A secret of this world under that name, created at the first call and kept in a file next to the key."""
        known = self._secrets.get(name)
        if known is None:
            path = self._file.with_name(f"{name}.secret")
            if not path.exists():
                self._place(path, secrets.token_urlsafe(32).encode())
            known = self._secrets[name] = path.read_text(encoding="ascii")
        return known

    def rotate(self, keep_seconds: int) -> str:
        """Take a new key into use and return its id; the old one still verifies for that long. Blocking: creating a key takes a while."""
        with self._rotating:
            old = self.signing()
            until = self._clock.now() // SECOND + keep_seconds
            self._retired_folder.mkdir(parents=True, exist_ok=True)
            (self._retired_folder / f"{until}-{old.kid}.pem").write_bytes(old.as_pem(private=False))
            self._written(RSAKey.generate_key(_BITS, private=True).as_pem(private=True)).replace(self._file)
            self._load()
            return str(self.signing().kid)

    def forget(self) -> None:
        """Forget the keys that are used no longer; the one in use stays."""
        self._retired = {}
        for path in self._retired_folder.glob("*-*.pem"):
            path.unlink(missing_ok=True)

    def put_back(self, folder: Path) -> None:
        """Have the keys and the secrets that were kept in another folder, and no other keys; a secret that is not there stays. Blocking.

        Where that folder has no signing key, a new one is made when it is next needed.
        """
        with self._rotating:
            self.forget()
            self._key, self._secrets = None, {}
            for path in sorted(folder.glob("*.secret")):
                self._written(path.read_bytes()).replace(self._file.with_name(path.name))
            for path in sorted((folder / "retired").glob("*-*.pem")):
                self._retired_folder.mkdir(parents=True, exist_ok=True)
                self._written(path.read_bytes()).replace(self._retired_folder / path.name)
            kept = folder / self._file.name
            if kept.exists():
                self._written(kept.read_bytes()).replace(self._file)
                self._load()
            else:
                self._file.unlink(missing_ok=True)

    def _place(self, path: Path, content: bytes) -> None:
        """Write a file that does not exist yet; when another process was faster, its file is kept."""
        beside = self._written(content)
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()

    def _written(self, content: bytes) -> Path:
        """A new file next to the key that only its owner may read."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_name(f".{secrets.token_hex(8)}")
        beside.touch(mode=0o600)
        beside.write_bytes(content)
        return beside

    def _load(self) -> None:
        """Read the keys on disk; a retired key past its end is removed."""
        self._looked_at = self._clock.now()
        self.looks += 1
        now, retired = self._looked_at // SECOND, {}
        for path in sorted(self._retired_folder.glob("*-*.pem")):
            until, _, kid = path.stem.partition("-")
            if int(until) <= now:
                path.unlink(missing_ok=True)
                continue
            retired[kid] = (RSAKey.import_key(path.read_bytes()), int(until))
            retired[kid][0].ensure_kid()
        self._retired = retired
        key = RSAKey.import_key(self._file.read_bytes())
        key.ensure_kid()
        self._key = key


def check(folder: Path) -> None:
    """ValueError when keys or secrets of a folder could not be read by a `KeyRing`. Blocking."""
    try:
        for path in (*folder.glob("tokens.pem"), *(folder / "retired").glob("*-*.pem")):
            RSAKey.import_key(path.read_bytes()).ensure_kid()
            int(path.stem.partition("-")[0]) if path.parent != folder else None
        for path in folder.glob("*.secret"):
            path.read_text(encoding="ascii")
    except (JoseError, ValueError, TypeError) as error:
        raise ValueError("its keys cannot be read") from error
