"""The TLS contexts of operators that write to one another: made once for what they show and trust."""

from pathlib import Path

from mss_sim.config.settings import Settings
from mss_sim.net.tls import Certificates, PeerContexts
from tests.authorities import Bearer


def _of(folder: Path, name: str) -> tuple[str, str]:
    """A certificate with its key, in PEM."""
    bearer = Bearer.authority(name)
    chain, key = bearer.files(folder, bearer.certified())
    return Path(chain).read_text(encoding="ascii"), Path(key).read_text(encoding="ascii")


def test_a_context_is_made_once_for_the_same_certificate_and_trust(tmp_path: Path) -> None:
    (chain, key), (other, others_key) = _of(tmp_path, "Une"), _of(tmp_path, "Autre")
    root = tmp_path / "ca.pem"
    root.write_text(chain, encoding="ascii")
    ours, contexts = Certificates(root, root, root), PeerContexts(Settings())
    first = contexts.of(ours, chain=chain, key=key, trusted=None)
    assert contexts.of(ours, chain=chain, key=key, trusted=None) is first
    assert contexts.of(ours, chain=other, key=others_key, trusted=None) is not first
    trusting = contexts.of(ours, chain=chain, key=key, trusted=other)
    assert [one.cert_store_stats()["x509"] for one in (first, trusting)] == [1, 2]


def test_those_that_nobody_used_for_long_are_forgotten(tmp_path: Path) -> None:
    chain, key = _of(tmp_path, "Une")
    root = tmp_path / "ca.pem"
    root.write_text(chain, encoding="ascii")
    ours, contexts = Certificates(root, root, root), PeerContexts(Settings())
    used, unused = (contexts.of(ours, chain=chain, key=f"{key}{mark}", trusted=None) for mark in ("", "\n"))
    for count in range(2, 257):
        contexts.of(ours, chain=chain, key=key + "\n" * count, trusted=None)
        assert contexts.of(ours, chain=chain, key=key, trusted=None) is used
    assert contexts.of(ours, chain=chain, key=f"{key}\n", trusted=None) is not unused
