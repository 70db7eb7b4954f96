"""What may be set of the pytest plugin: read, or refused with the option and what it takes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mss_sim.testing.options import HELP, LISTS, Options, read

_FREE = {"submission_port": 0, "mx_port": 0, "imap_port": 0, "http_port": 0}


@dataclass
class Ini:
    """An ini file in a folder, and how many processes the command line asks for."""

    rootpath: Path
    said: dict[str, str | list[str]] = field(default_factory=dict)
    numprocesses: int | str | None = None
    inipath: Path | None = None

    def getini(self, name: str) -> str | list[str]:
        """As pytest answers for what is not set, too."""
        assert name in HELP
        return self.said.get(name, [] if name in LISTS else "")

    def getoption(self, name: str, default: Any) -> Any:
        """Of pytest-xdist, which may be missing."""
        return self.numprocesses if name == "numprocesses" else default


def test_what_is_left_out_is_as_ever(tmp_path: Path) -> None:
    assert read(Ini(tmp_path)) == Options("cabinet", None, _FREE, None, 60)


def test_all_that_may_be_set(tmp_path: Path) -> None:
    (tmp_path / "begun.mss-sim").touch()
    said: dict[str, str | list[str]] = {
        "mss_seed": "clinique",
        "mss_snapshot": "begun.mss-sim",
        "mss_settings": ["language = fr", "imap_recent=false", "token_lifetime_seconds = 60", 'certificate_hosts = ["mss", "mss.local"]'],
        "mss_ports": ["http = 8080", "dns = 0"],
        "mss_lifetime_seconds": "90.5",
        "mss_transcript_lines": "10",
    }
    found = read(Ini(tmp_path / "elsewhere", said, numprocesses=1, inipath=tmp_path / "pytest.ini"))
    settings = {"language": "fr", "imap_recent": False, "token_lifetime_seconds": 60, "certificate_hosts": ["mss", "mss.local"]}
    assert found == Options("clinique", tmp_path / "begun.mss-sim", settings | _FREE | {"http_port": 8080, "dns_port": 0}, 90.5, 10)
    assert read(Ini(tmp_path, {"mss_seed": "none", "mss_transcripts": "false"})) == Options("none", None, _FREE, None, 0)


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("mss_seed", "cabinett", r"there is no seed cabinett; there are none, annuaire, cabinet, "),
        ("mss_snapshot", "gone.mss-sim", r"/gone\.mss-sim is no file; GET /control/snapshots/\{name\}/file gives one"),
        ("mss_settings", ["imap_resent = false"], r"there is no setting imap_resent; is it imap_recent\? \(mss-sim settings lists them\)"),
        ("mss_settings", ["language = klingon"], r"language: Input should be 'en' or 'fr'"),
        ("mss_settings", ["language"], r"'language' is not of the form: name = value"),
        ("mss_settings", ["language = fr", "language = en"], r"language is given twice"),
        ("mss_settings", ["http_port = 8080"], r"http_port belongs in mss_ports"),
        ("mss_settings", ["data_dir = data"], r"data_dir is not for tests"),
        ("mss_ports", ["pop3 = 110"], r"there is no port pop3; there are submission, mx, imap, http, https, dns"),
        ("mss_ports", ["http = 65536"], r"http is a number from 0, for a free one, to 65535, not '65536'"),
        ("mss_ports", ["http = any"], r"http is a number from 0"),
        ("mss_lifetime_seconds", "an hour", r"a number of seconds above 0 is expected, not 'an hour'"),
        ("mss_lifetime_seconds", "nan", r"a number of seconds above 0"),
        ("mss_lifetime_seconds", "0", r"a number of seconds above 0"),
        ("mss_transcripts", "maybe", r"true or false is expected, not 'maybe'"),
        ("mss_transcript_lines", "0", r"a number from 1 to 10000 is expected, not '0'; mss_transcripts = false shows none"),
        ("mss_transcript_lines", "many", r"a number from 1 to 10000"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, option: str, value: str | list[str], told: str) -> None:
    with pytest.raises(pytest.UsageError, match=f"^{option}: .*{told}"):
        read(Ini(tmp_path, {option: value}))


@pytest.mark.parametrize("numprocesses", [2, "auto", "logical"])
def test_several_processes_cannot_have_one_port(tmp_path: Path, numprocesses: int | str) -> None:
    with pytest.raises(pytest.UsageError, match=r"^mss_ports: several processes of pytest-xdist cannot have one port"):
        read(Ini(tmp_path, {"mss_ports": ["http = 8080"]}, numprocesses))
    assert read(Ini(tmp_path, {"mss_ports": ["https = 0"]}, numprocesses)).settings == {**_FREE, "https_port": 0}
