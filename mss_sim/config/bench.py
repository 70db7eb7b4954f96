"""Settings of what a test suite asks for beside the world itself: other worlds, snapshots, waits, events, scenarios."""

from pydantic import Field

from mss_sim.config.subjects import Subject


class Snapshots(Subject):
    """Whole worlds kept under names."""

    max: int = Field(default=100, ge=0, le=10_000, description="Snapshots that are kept.")
    size_bytes_max: int = Field(default=4 * 1024**3, ge=1, description="Largest snapshot that is taken in from outside.")


class Seeds(Subject):
    """Seeds that are brought in."""

    max: int = Field(default=100, ge=0, le=10_000, description="Seeds of one's own that are kept.")
    size_bytes_max: int = Field(
        default=256 * 1024**2, ge=1, description="Largest seed with all its letters, unpacked, that is read or written."
    )


class Worlds(Subject):
    """Further worlds of one process."""

    max: int = Field(default=250, ge=0, le=10_000, description="Worlds beside the first one; 0: none.")
    lifetime_seconds: float = Field(default=3_600, gt=0, description="Life of an untouched world, on the machine's clock.")
    lifetime_seconds_max: float = Field(default=7 * 86_400, gt=0, description="Longest life that one may be given.")


class Waits(Subject):
    """Requests that are answered when something has happened."""

    max: int = Field(default=2_000, ge=1, description="Requests that wait at once.")
    seconds_max: float = Field(default=300, gt=0, description="Longest wait, on the machine's clock.")


class Feed(Subject):
    """Events that are handed on as they happen."""

    listeners_max: int = Field(default=1_000, ge=0, description="Requests for events that are open at once.")
    heartbeat_seconds: float = Field(default=15, gt=0, description="Silence after which a listener is sent a heartbeat.")


class Webhooks(Subject):
    """Events that are posted to subscribed URLs."""

    max: int = Field(default=50, ge=0, le=1_000, description="Webhooks of a world.")
    hosts: tuple[str, ...] = Field(
        default=("127.0.0.0/8", "::1/128"), description="Names and networks that events may be posted to; by default this machine."
    )
    timeout_seconds: float = Field(default=5, gt=0, description="Time for one answer, on the machine's clock.")
    retry_seconds: float = Field(default=5, gt=0, description="Time until the second try; each further one waits four times as long.")
    tries_max: int = Field(default=8, ge=1, description="Tries until an event is given up; the eighth is some eight hours later.")


class Scenarios(Subject):
    """Scenarios that are played."""

    plays_max: int = Field(default=100, ge=1, le=10_000, description="Plays that are kept; the oldest that is over goes first.")
    steps_max: int = Field(default=200, ge=1, le=10_000, description="Steps of one scenario.")
    file_size_bytes_max: int = Field(default=262_144, ge=1_000, le=16_777_216, description="Largest file of a scenario.")
