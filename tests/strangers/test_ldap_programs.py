"""ldapsearch, curl and openssl fetch a revocation list over LDAP, from the address that stands in a certificate, and use it."""

import asyncio
import base64
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, control
from tests.conftest import StartSimulator
from tests.ldap_client import LIST, ORGANISATIONS, ROOT


async def run(*command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """What a program said."""
    assert shutil.which(command[0]), f"install {command[0]}: make strangers does"
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False, env=env)


async def ldapsearch(simulator: Simulator, *arguments: str) -> str:
    """LDIF without comments and folds."""
    url = f"ldap://127.0.0.1:{simulator.ready()['ldap']['port']}"
    done = await run("ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


async def _point(certificate: Path) -> str:
    """The LDAP address of its list, as openssl shows it."""
    done = await run("openssl", "x509", "-in", str(certificate), "-noout", "-ext", "crlDistributionPoints")
    found = re.search(r"URI:(ldap:\S+)", done.stdout.decode())
    assert found, done.stdout
    return found[1]


async def _revoked(simulator: Simulator, folder: Path) -> Path:
    """A host's certificate that is taken back."""
    row = (await control(simulator, "POST", "/certificates", {"host": "revoked.example"})).json()
    await control(simulator, "POST", f"/certificates/{row['serial']}/revoke", {"reason": "keyCompromise"})
    file = folder / "revoked.pem"
    file.write_text(row["pem"], encoding="ascii")
    return file


async def _verify(simulator: Simulator, certificate: Path, *lists: Path) -> str:
    """What openssl says of a certificate with these lists."""
    chain = str(Path(simulator.ready()["ca_file"]).with_name("server.pem"))
    crls = [word for one in lists for word in ("-CRLfile", str(one))]
    command = ("openssl", "verify", "-CAfile", simulator.ready()["ca_file"], "-untrusted", chain, "-crl_check", *crls, str(certificate))
    done = await run(*command)
    return (done.stdout + done.stderr).decode()


def _der_to_pem(octets: bytes, file: Path) -> Path:
    text = base64.encodebytes(octets).decode("ascii")
    file.write_text(f"-----BEGIN X509 CRL-----\n{text}-----END X509 CRL-----\n", encoding="ascii")
    return file


async def test_ldapsearch_finds_the_list_and_openssl_refuses_what_is_on_it(start: StartSimulator, tmp_path: Path) -> None:
    async with start(ldap_port=0) as simulator:
        revoked = await _revoked(simulator, tmp_path)
        good = Path(simulator.ready()["ca_file"]).with_name("server.pem")
        said = await ldapsearch(simulator, "-b", ORGANISATIONS, "-s", "base", "(objectClass=pkiCA)", LIST)
        assert said.startswith(f"dn: {ORGANISATIONS}\n{LIST}:: ")
        octets = base64.b64decode(said.partition(f"{LIST}:: ")[2].split("\n")[0])
        file = _der_to_pem(octets, tmp_path / "list.pem")
        assert "OK" in await _verify(simulator, good, file)
        assert "certificate revoked" in await _verify(simulator, revoked, file)


async def test_curl_fetches_the_list_from_the_address_in_a_certificate(start: StartSimulator, tmp_path: Path) -> None:
    async with start(ldap_port=0) as simulator:
        revoked = await _revoked(simulator, tmp_path)
        url = await _point(revoked)
        done = await run("curl", "-sS", url)
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode()
        assert text.startswith(f"DN: {ORGANISATIONS}\n")
        file = _der_to_pem(base64.b64decode(text.partition(f"{LIST}:: ")[2].split("\n")[0]), tmp_path / "list.pem")
        assert "certificate revoked" in await _verify(simulator, revoked, file)
        await control(simulator, "PATCH", "/certificates/behaviour", {"ldap": {"behaviour": "expired"}})
        text = (await run("curl", "-sS", url)).stdout.decode()
        file = _der_to_pem(base64.b64decode(text.partition(f"{LIST}:: ")[2].split("\n")[0]), tmp_path / "expired.pem")
        assert "CRL has expired" in await _verify(simulator, revoked, file)
        await control(simulator, "PATCH", "/certificates/behaviour", {"ldap": {"behaviour": "forbidden"}})
        assert (await run("curl", "-sS", url)).returncode == 39  # CURLE_LDAP_SEARCH_FAILED
        await control(simulator, "PATCH", "/certificates/behaviour", {"ldap": {"behaviour": "unreachable"}})
        assert (await run("curl", "-sS", url)).returncode == 56  # CURLE_RECV_ERROR


async def test_a_browser_of_directories_finds_its_way_from_the_root(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_mailboxes=True) as simulator:
        root = await ldapsearch(simulator, "-b", "", "-s", "base", "+")
        assert "namingContexts: o=ASIP-SANTE,c=FR\nnamingContexts: o=mss-sim\n" in root
        assert "subschemaSubentry: cn=Subschema" in root
        assert "NAME 'pkiCA'" in await ldapsearch(simulator, "-b", "cn=Subschema", "-s", "base", "objectClasses")
        names = await ldapsearch(simulator, "-b", "o=ASIP-SANTE,c=FR", "(cn=*)", "1.1")
        assert names.split("\n\n")[:2] == [f"dn: {ROOT}", f"dn: {ORGANISATIONS}"]
        found = await ldapsearch(simulator, "-b", "o=mss-sim", f"(&(mail={DOCTOR})(|(sn=martin)(sn=durand))(!(o=*)))", "cn")
        assert found == f"dn: mail={DOCTOR},o=mss-sim\ncn: Camille MARTIN\n\n"


@pytest.mark.parametrize(
    ("program", "arguments", "code", "said"),
    [
        ("ldapsearch", ["-b", "ou=no,o=ASIP-SANTE,c=FR"], 32, "matchedDN: o=ASIP-SANTE,c=FR"),
        ("ldapsearch", ["-b", "nonsense"], 34, "is no distinguished name"),
        ("ldapsearch", ["-D", "cn=admin", "-w", "secret"], 49, "Invalid credentials (49)"),
        ("ldapsearch", ["-ZZ"], 1, "Protocol error (2)"),
        ("ldapsearch", ["-b", "", "-E", "!pr=5/noprompt"], 12, "Critical extension is unavailable"),
        ("ldapsearch", ["-b", "o=ASIP-SANTE,c=FR", "-z", "1"], 4, "Size limit exceeded"),
        ("ldapwhoami", [], 1, "Protocol error (2)"),
        ("ldapdelete", ["cn=a"], 53, "Server is unwilling to perform (53)"),
        ("ldapcompare", ["o=ASIP-SANTE,c=FR", "o:asip-sante"], 6, "TRUE"),
    ],
)
async def test_what_is_refused_is_understood(start: StartSimulator, program: str, arguments: list[str], code: int, said: str) -> None:
    async with start(ldap_port=0) as simulator:
        done = await run(program, "-x", "-H", f"ldap://127.0.0.1:{simulator.ready()['ldap']['port']}", *arguments)
        assert (done.returncode, said in (done.stdout + done.stderr).decode()) == (code, True), done
