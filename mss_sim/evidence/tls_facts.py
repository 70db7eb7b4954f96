"""What is known of an established TLS connection: version, suite, requested host, the client's certificate."""

import ssl
from collections.abc import Callable
from typing import Any

from cryptography import x509

from mss_sim.pki import names, paths
from mss_sim.pki.authority import ORGANISATIONS, RANGES


def of_organisations(certificate: x509.Certificate) -> bool:
    """Whether a verified certificate names the authority of organisations as issuer: another range leads to the root too."""
    return certificate.issuer == RANGES[ORGANISATIONS].name


def facts_of(tls: Any, vouched: Callable[[x509.Certificate], bool] = of_organisations) -> dict[str, str]:
    """The facts, by name, of an `ssl.SSLObject` or what behaves like one; `vouched`: whether the client's certificate is verified."""
    suite = tls.cipher()
    facts = {"tls": tls.version() or "", "suite": suite[0] if suite else ""}
    if isinstance(tls, ssl.SSLObject):  # others do not report it
        facts["tls_resumed"] = "yes" if tls.session_reused else "no"
    asked_host = getattr(tls, "asked_host", None)
    if asked_host is not None:
        facts["sni"] = asked_host
    octets = tls.getpeercert(binary_form=True)
    return facts | (_told(octets, vouched) if octets else {})


def _told(octets: bytes, vouched: Callable[[x509.Certificate], bool]) -> dict[str, str]:
    """The content of a client's certificate; at the MX port neither its validity nor its readability has been checked yet."""
    try:
        certificate = x509.load_der_x509_certificate(octets)
        verified = vouched(certificate)
        subject, serial = names.dn_text(certificate.subject), names.serial_text(certificate.serial_number)
    except paths.UNREADABLE:
        return {"client_dn": "(unreadable)", "client_verified": "no"}
    return {"client_dn": subject, "client_serial": serial, "client_verified": "yes" if verified else "no"}
