"""The alert that a client sent, out of what OpenSSL says of a broken handshake."""

import pytest

from mss_sim.net.tls import alert_of


@pytest.mark.parametrize(
    ("error", "alert"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", "unknown_ca"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "certificate_expired"),
        ("NO_SHARED_CIPHER", None),
        ("ConnectionResetError", None),
        ("", None),
    ],
)
def test_alerts_are_named_as_the_standard_does(error: str, alert: str | None) -> None:
    assert alert_of(error) == alert
