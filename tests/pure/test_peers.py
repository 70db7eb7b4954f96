"""Which peer may bring mail: the table of policy/peers.py, the refusals first."""

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.pki.names import compared_dn
from mss_sim.policy.peers import PeerCertificate, WhiteListing, decide_peer
from mss_sim.words.sentence import quoted

OURS, TWIN, THEIRS = "CN=smtp.a.fr,OU=318,O=A,C=FR", "CN=smtp.a.fr,OU=318,O=B,C=FR", "CN=smtp.b.fr,O=B,C=FR"
_BOUND = {"a.fr": [OURS], "aussi-a.fr": [OURS, "CN=old,O=A,C=FR"], "b.fr": [THEIRS]}
ROWS = {domain: frozenset(map(compared_dn, names)) for domain, names in _BOUND.items()}
FRESH = WhiteListing(ROWS, 10, 3600)


@pytest.mark.parametrize(
    ("certificate", "domain", "listing", "rule"),
    [
        pytest.param(PeerCertificate(OURS), "a.fr", WhiteListing(ROWS, 3601, 3600), Rule.WHITE_LIST_STALE, id="the list is too old"),
        pytest.param(None, "a.fr", WhiteListing(ROWS, 3601, 3600), Rule.WHITE_LIST_STALE, id="too old, whatever else"),
        pytest.param(None, "a.fr", FRESH, Rule.PEER_NOT_TRUSTED, id="no certificate"),
        pytest.param(None, None, FRESH, Rule.PEER_NOT_TRUSTED, id="no certificate, null return path"),
        pytest.param(PeerCertificate(OURS, quoted("it is revoked")), "a.fr", FRESH, Rule.PEER_NOT_TRUSTED, id="revoked"),
        pytest.param(PeerCertificate(TWIN), "a.fr", FRESH, Rule.PEER_NOT_TRUSTED, id="the same CN, another organisation"),
        pytest.param(PeerCertificate(TWIN), None, FRESH, Rule.PEER_NOT_TRUSTED, id="on no row, null return path"),
        pytest.param(PeerCertificate(THEIRS), "a.fr", FRESH, Rule.PEER_NOT_TRUSTED, id="another operator's domain"),
        pytest.param(PeerCertificate(OURS), "c.fr", FRESH, Rule.DOMAIN_OUTSIDE, id="a domain on no row"),
        pytest.param(PeerCertificate(OURS), "sous.a.fr", FRESH, Rule.DOMAIN_OUTSIDE, id="below a listed domain"),
        pytest.param(PeerCertificate(OURS), "a.fr", WhiteListing({}, 0, 3600), Rule.PEER_NOT_TRUSTED, id="an empty list"),
    ],
)
def test_a_peer_is_refused(certificate: PeerCertificate | None, domain: str | None, listing: WhiteListing, rule: Rule) -> None:
    with pytest.raises(Refusal) as refused:
        decide_peer(certificate, domain, listing)
    assert refused.value.rule is rule
    assert refused.value.reference == "ans-trust-space"


@pytest.mark.parametrize(
    ("certificate", "domain", "said", "subject"),
    [
        (None, "a.fr", "Show a client certificate of the IGC-Santé in TLS; none came.", None),
        (PeerCertificate(OURS, quoted("it is revoked")), "a.fr", f"The certificate {OURS} is not trusted: it is revoked.", None),
        (PeerCertificate(TWIN), None, f"The certificate {TWIN} is on no row of the white list.", None),
        (PeerCertificate(THEIRS), "a.fr", f"The white list binds a.fr to another certificate than {THEIRS}.", None),
        (PeerCertificate(OURS), "c.fr", "The domain c.fr is not on the white list; its mail is not accepted here.", "c.fr"),
    ],
)
def test_a_refused_peer_is_told_why(certificate: PeerCertificate | None, domain: str | None, said: str, subject: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        decide_peer(certificate, domain, FRESH)
    assert (refused.value.detail, refused.value.subject) == (said, subject)


@pytest.mark.parametrize("domain", ["a.fr", "aussi-a.fr", None])
def test_a_peer_brings_mail_of_its_own_domains_and_reports(domain: str | None) -> None:
    decide_peer(PeerCertificate(OURS), domain, FRESH)


def test_a_list_that_is_too_old_is_told() -> None:
    with pytest.raises(Refusal, match="The white list here is older than it may be; try again once it is fresh"):
        decide_peer(PeerCertificate(OURS), "a.fr", WhiteListing(ROWS, 3601, 3600))


def test_a_list_is_in_date_until_its_maximum_age() -> None:
    decide_peer(PeerCertificate(OURS), "a.fr", WhiteListing(ROWS, 3600, 3600))


def test_what_is_kept_of_certificates_is_bounded_and_forgets_no_domain() -> None:
    listing, kept_max = WhiteListing(ROWS, 10, 3600), 1_000
    for number in range(2 * kept_max):
        assert not listing.domains_of(PeerCertificate(f"CN=smtp-{number}.c.fr,O=C,C=FR"))
        assert len(listing.found) <= kept_max
    assert listing.domains_of(PeerCertificate(OURS)) == {"a.fr", "aussi-a.fr"}
