"""The data folder of one world: made, locked, begun with a snapshot, its database brought up to date."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mss_sim import log
from mss_sim.app import ready_file
from mss_sim.app.ready_file import NAME
from mss_sim.core.control import snapshot_extras, snapshot_file
from mss_sim.core.control.snapshot_extras import Memory
from mss_sim.core.control.snapshot_file import Manifest
from mss_sim.core.world import signing_keys
from mss_sim.store import engine as engines
from mss_sim.store import schema
from mss_sim.store.alone import FolderLock

DATABASE = snapshot_file.DATABASE
_LOCK_SECONDS = 10.0  # another one that stops takes five
_AT_ONCE_SECONDS = 0.5


def make(path: Path) -> None:
    """The folder, for its owner alone: it holds keys, and letters. OSError with what to do."""
    try:
        ours = not path.exists() or (path / "certificates").is_dir()  # a folder that was there for something else is left as it is
        path.mkdir(parents=True, exist_ok=True)
        if ours:
            with suppress(PermissionError):  # a volume may belong to somebody else
                path.chmod(0o700)
    except OSError as error:
        raise OSError(f"the data folder {path} cannot be made: {error.strerror}; name another with --data") from error


def lock(folder: Path) -> FolderLock:
    """Take the folder; OSError when another simulator does not leave it. Blocking."""
    file = folder / "mss-sim.lock"
    try:
        return FolderLock(file, min(_LOCK_SECONDS, _AT_ONCE_SECONDS))
    except TimeoutError:
        told = log.get("app")
        told.info("another simulator uses the data folder; waiting for its end", folder=str(folder), seconds=_LOCK_SECONDS)
        try:
            return FolderLock(file, _LOCK_SECONDS)
        except TimeoutError as error:
            detail = f"the data folder {folder} is used by another simulator; stop it, or name another folder with --data"
            raise OSError(f"{detail}{ready_file.where(folder / NAME)}") from error


def begin_with(snapshot: Path, folder: Path) -> tuple[Manifest, Memory]:
    """Fill an empty folder with the world of a snapshot; what it is, and what it kept in memory. ValueError when it is none. Blocking."""
    try:
        manifest, told = snapshot_file.unpack(snapshot, folder)
        signing_keys.check(folder / snapshot_file.KEYS)
        return manifest, snapshot_extras.read(told)
    except (ValueError, OSError) as error:
        raise ValueError(f"{snapshot.name} is no snapshot of a world: {error}") from error


@contextmanager
def certificates_of(snapshot: Path | None) -> Iterator[None]:
    """Have certificates that cannot be read told as what is wrong with the snapshot that they came with, if they came with one."""
    try:
        yield
    except ValueError as error:
        if snapshot is None:
            raise
        raise ValueError(f"{snapshot.name} is no snapshot of a world: its certificates cannot be read") from error


def database_file(folder: Path) -> Path:
    """The database that is there or will be, for its owner alone; SQLite gives the files beside it the same mode."""
    file = folder / DATABASE
    file.touch(mode=0o600)
    file.chmod(0o600)
    return file


def upgrade_database(folder: Path, url: str | None) -> str:
    """Bring a database to the newest schema: the one at `url`, else SQLite's in the folder; the revision."""
    if url is None:
        make(folder)
    engine = engines.create(url or engines.sqlite_url(folder / DATABASE))
    try:
        return schema.upgrade(engine)
    finally:
        engine.dispose()
