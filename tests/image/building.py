"""The image as buildah makes it of /Dockerfile, on a base that mmdebstrap makes of this machine's distribution.

No hub is asked: the base gets the name that the Dockerfile gives it, and has `python` where Python's own images have it. Packages come from
where this machine has them: apt's sources and options, pip's configuration with the files that it names, and the authorities that this
machine trusts. None of them stays in the image.
"""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAMS = ("buildah", "mmdebstrap", "unshare", "chroot")
_INTERPRETER = 'ln -s /usr/bin/python3 "$1/usr/local/bin/python"'
_OF_THE_MACHINE_ONLY = ("Acquire::IndexTargets", "Acquire::Changelogs", "Acquire::CompressionTypes", "Acquire::cdrom")
_NOT_READ = ("doc", "info", "locale", "man")
_OF_PIP = (
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert", "client-cert", "constraint"),
    *("timeout", "default-timeout", "retries"),
)
"""What pip is told of places and ways; the rest is about where it installs."""
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_SECONDS = 240


@dataclass(frozen=True)
class Image:
    """A built image: its file system, which belongs to nobody else, and its configuration as Docker has it."""

    root: Path
    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that every command in it has."""
        return dict(one.split("=", 1) for one in self.config["Env"])


def build(folder: Path) -> Image:
    """Make base and image in the folder, which needs a gigabyte for that while."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    assert not missing, f"{', '.join(missing)} missing: make strangers installs it, as root on Debian or Ubuntu"
    assert os.geteuid() == 0, "the image is built by root, on Debian or Ubuntu: sudo make test"
    [base] = set(re.findall(r"^FROM (\S+)", (_ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    _make_base(folder, f"localhost/{base}")
    form = ("--isolation", "chroot", "--network", "host", "--format", "docker", "--tag", "localhost/mss-sim")
    _buildah(folder, "build", *form, "--pull=never", *_mounts(folder), str(_ROOT))
    config = json.loads(_buildah(folder, "inspect", "--type", "image", "localhost/mss-sim"))["Docker"]["config"]
    container = _buildah(folder, "from", "--pull=never", "localhost/mss-sim").strip()
    return Image(Path(_buildah(folder, "mount", container).strip()), config)


def _make_base(folder: Path, tag: str) -> None:
    """An image of this machine's distribution, no more of it than Python with venv needs."""
    name = dict(line.split("=", 1) for line in _run("cat", "/etc/os-release").splitlines() if "=" in line)["ID"].strip('"')
    form = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    asked = ("apt-get", "indextargets", "--format", form, "Created-By: Packages", f"Origin: {name.capitalize()}")
    sources = _run(*asked)
    if not sources:  # whoever made this machine removed the lists
        _run("apt-get", "update", "-qq")
        sources = _run(*asked)
    assert sources, f"apt has no package lists of {name}: the image is built on Debian or Ubuntu"
    (folder / "sources.list").write_text(sources, encoding="utf-8")
    acquire = [line for line in _run("apt-config", "dump", "Acquire").splitlines() if not line.startswith(_OF_THE_MACHINE_ONLY)]
    (folder / "apt.conf").write_text("\n".join(line for line in acquire if not line.endswith(' "";')), encoding="utf-8")
    container = _buildah(folder, "from", "scratch").strip()
    root = _buildah(folder, "mount", container).strip()
    packages = ("--variant=essential", "--include=passwd,python3,python3-venv", f"--customize-hook={_INTERPRETER}")
    options = (f"--aptopt={folder / 'apt.conf'}", *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _NOT_READ))
    _run("mmdebstrap", "--quiet", "--format=directory", *packages, *options, "", root, str(folder / "sources.list"))
    _buildah(folder, "commit", "--quiet", "--rm", container, tag)


def _mounts(folder: Path) -> list[str]:
    """What pip needs of this machine, as options of buildah: its configuration, and every file or folder of it that is named there."""
    found: dict[str, str] = {}
    for line in _run(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if (
            section in (":env:", "global", "install") and option in _OF_PIP
        ):  # a variable goes before a file, and stands before it in the list
            found.setdefault(option, ast.literal_eval(value))
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        if variable in os.environ:
            found.setdefault("cert", os.environ[variable])
    lines = [f"{name} = {' '.join(value.split())}" for name, value in found.items()]
    (folder / "pip.conf").write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")
    named = {_AUTHORITIES}
    for word in (word for value in found.values() for word in value.split()):
        path = Path(word.removeprefix("file://"))
        if path.is_absolute():
            named.add(path.parent if word.startswith("file://") and path.is_dir() else path)  # an index names files that lie beside it
    volumes = [f"{path}:{path}:ro" for path in sorted(named) if path.exists()] + [f"{folder / 'pip.conf'}:/etc/pip.conf:ro"]
    return [word for volume in volumes for word in ("--volume", volume)]


def _buildah(folder: Path, *words: str) -> str:
    """buildah with a store of its own in the folder."""
    places = ("--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "vfs")
    return _run("buildah", *places, *words)


def _run(*command: str) -> str:
    """What a program says on standard output; all that it said where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-3_000:]}{done.stderr[-3_000:]}"
    return done.stdout
