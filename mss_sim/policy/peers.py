"""Which peer operator may bring mail, and for which domain.

The white list binds domains to certificates by their full subject name, never by CN alone (ref: ans-trust-space).

| list      | certificate                        | sender's domain             | verdict                     |
|-----------|------------------------------------|-----------------------------|-----------------------------|
| too old   | any                                | any                         | white-list-stale            |
| in date   | none, revoked, of another authority | any                        | peer-not-trusted            |
| in date   | trusted, on no row                 | any                         | peer-not-trusted            |
| in date   | trusted, on some row               | none: a null return path    | may                         |
| in date   | trusted                            | on no row                   | domain-outside-trust-space  |
| in date   | trusted                            | on rows of others only      | peer-not-trusted            |
| in date   | trusted                            | on a row with this certificate | may                      |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mss_sim.errors import Refusal, Rule
from mss_sim.pki.names import compared_dn
from mss_sim.words.sentence import Sentence, joined, say

_SOURCE = "ans-trust-space"
_FOUND_MAX = 1_000


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """A peer's TLS certificate: its subject as the white list writes it, and what is wrong with it, if anything."""

    dn: str
    fault: Sentence | None = None


@dataclass(frozen=True, slots=True)
class WhiteListing:
    """The white list: for each domain the subjects of its operator's certificates (`names.compared_dn`), and the age of the list.

    `found`: the domains of the certificates that were asked for, of this list or an older look at the same rows.
    """

    rows: Mapping[str, frozenset[str]]
    age_seconds: float
    age_seconds_max: float
    found: dict[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    def domains_of(self, certificate: PeerCertificate) -> frozenset[str]:
        """The domains that the list binds to a certificate; a peer shows the same one at each letter."""
        known = self.found.get(certificate.dn)
        if known is None:
            subject = compared_dn(certificate.dn)
            if len(self.found) >= _FOUND_MAX:
                self.found.clear()
            known = self.found[certificate.dn] = frozenset(domain for domain, bound in self.rows.items() if subject in bound)
        return known


def decide_peer(certificate: PeerCertificate | None, domain: str | None, listing: WhiteListing) -> None:
    """Return when the peer may bring mail from `domain` (None: a null return path); Refusal otherwise."""
    if listing.age_seconds > listing.age_seconds_max:
        raise Refusal(
            Rule.WHITE_LIST_STALE, say("The white list here is older than it may be; try again once it is fresh."), reference=_SOURCE
        )
    if certificate is None:
        raise _untrusted(say("Show a client certificate of the IGC-Santé in TLS; none came"))
    if certificate.fault:
        raise _untrusted(say("The certificate {dn} is not trusted: {fault}", dn=certificate.dn, fault=certificate.fault))
    domains = listing.domains_of(certificate)
    if not domains:
        raise _untrusted(say("The certificate {dn} is on no row of the white list", dn=certificate.dn))
    if domain is None:
        return
    if domain not in listing.rows:
        detail = say("The domain {domain} is not on the white list; its mail is not accepted here.", domain=domain)
        raise Refusal(Rule.DOMAIN_OUTSIDE, detail, subject=domain, reference=_SOURCE)
    if domain not in domains:
        raise _untrusted(say("The white list binds {domain} to another certificate than {dn}", domain=domain, dn=certificate.dn))


def _untrusted(why: Sentence) -> Refusal:
    return Refusal(Rule.PEER_NOT_TRUSTED, joined((why, ".")), reference=_SOURCE)
