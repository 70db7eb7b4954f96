"""A command in an image, as an engine runs it: `--read-only --user … --volume …:/data --tmpfs /tmp --network host`.

Mounts of its own (unshare), a root file system that is mounted read-only, and chroot, which takes the user of the image and with root's
identity its capabilities. What a container has besides (a PID namespace, limits) changes nothing that is tested.
"""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.image.building import Image


def start(image: Image, data: Path, command: list[str], output: Path, **variables: str) -> subprocess.Popen[bytes]:
    """Start a command with the folder `data` as the volume; it becomes the process that is returned, and writes to the file `output`."""
    line = _line(image, data, command, variables)
    with output.open("ab") as said:
        return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=said, stderr=said)


def run(image: Image, data: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside the first one, as `docker exec` does."""
    return subprocess.run(_line(image, data, list(command), variables), capture_output=True, text=True, timeout=60, check=False)


def _line(image: Image, data: Path, command: list[str], variables: Mapping[str, str]) -> list[str]:
    root, volumes = shlex.quote(str(image.root)), list(image.config["Volumes"])
    assert volumes == ["/data"]
    mounts = (
        f"mount --bind {root} {root}",
        *(f"mount --rbind /{name} {root}/{name}" for name in ("dev", "proc")),
        f"mount --bind {shlex.quote(str(data))} {root}/data",
        f"mount -t tmpfs tmpfs {root}/tmp",  # noqa: S108 - the image's own
        f"mount -o remount,bind,ro {root}",
    )
    environment = {**image.environment, **variables}
    within = [
        "env",
        "--ignore-environment",
        f"--chdir={image.config['WorkingDir']}",
        *(f"{name}={value}" for name, value in environment.items()),
    ]
    entered = ["exec", "chroot", f"--userspec={image.config['User']}", "--groups=", str(image.root), *within, *command]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", "\n".join([*mounts, shlex.join(entered)])]
