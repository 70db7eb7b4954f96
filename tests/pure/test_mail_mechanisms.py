"""Which ways of logging in to mail are offered to whom, and what is said of the others; which names a server's certificate holds."""

import pytest

from mss_sim.config.settings import Settings
from mss_sim.net import logins, tls
from mss_sim.net.sasl import CertificateCredentials, Credentials, PasswordCredentials, TokenCredentials
from mss_sim.vocabulary.language import Language


@pytest.mark.parametrize(
    ("profile", "oauthbearer", "certificate", "offered"),
    [
        ("development", False, None, "PLAIN LOGIN XOAUTH2"),
        ("development", True, None, "PLAIN LOGIN XOAUTH2 OAUTHBEARER"),
        ("development", False, b"der", "PLAIN LOGIN XOAUTH2 EXTERNAL"),
        ("development", True, b"der", "PLAIN LOGIN XOAUTH2 OAUTHBEARER EXTERNAL"),
        ("strict", False, None, "XOAUTH2"),
        ("strict", True, b"der", "XOAUTH2 OAUTHBEARER EXTERNAL"),
    ],
)
def test_a_mechanism_is_offered_where_its_profile_its_setting_and_the_client_allow_it(
    profile: str, oauthbearer: bool, certificate: bytes | None, offered: str
) -> None:
    settings = Settings(profile=profile, login_oauthbearer=oauthbearer)
    assert logins.mechanisms(settings, certificate) == offered.split()


@pytest.mark.parametrize(
    ("mechanism", "said"),
    [
        ("PLAIN", "The strict profile takes no password"),
        ("LOGIN", "The strict profile takes no password"),
        ("EXTERNAL", "EXTERNAL needs a client certificate"),
        ("OAUTHBEARER", "OAUTHBEARER is not offered; use XOAUTH2"),
        ("SCRAM-SHA-256", "SCRAM-SHA-256 is not offered; use XOAUTH2"),
    ],
)
def test_what_is_not_offered_is_told_with_what_to_do_instead(mechanism: str, said: str) -> None:
    assert logins.instead(Settings(profile="strict"), None, mechanism).in_language(Language.EN).startswith(said)


@pytest.mark.parametrize(
    ("credentials", "plus", "login"),
    [
        (PasswordCredentials("camille.martin", "x"), False, "camille.martin"),
        (PasswordCredentials("box@a.fr*camille.martin", "x", "other@a.fr"), False, "camille.martin"),
        (PasswordCredentials("camille.martin+box@a.fr", "x"), True, "camille.martin"),
        (TokenCredentials("box@a.fr", "token"), False, "box@a.fr"),
        (CertificateCredentials("box@a.fr"), False, "box@a.fr"),
        (CertificateCredentials(), False, ""),
    ],
)
def test_whose_credentials_are_is_read_from_them(credentials: Credentials, plus: bool, login: str) -> None:
    assert logins.login_of(credentials, plus=plus) == login


_LOOPBACK = ["localhost", "127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("more", "host", "names"),
    [
        ((), "127.0.0.1", ["mail.sim.mssante.fr", *_LOOPBACK]),
        ((), "0.0.0.0", ["mail.sim.mssante.fr", *_LOOPBACK]),  # noqa: S104 - compared with
        ((), "::", ["mail.sim.mssante.fr", *_LOOPBACK]),
        ((), "192.0.2.1", ["mail.sim.mssante.fr", *_LOOPBACK, "192.0.2.1"]),
        (("bench", "localhost"), "bench", ["mail.sim.mssante.fr", *_LOOPBACK, "bench"]),
    ],
)
def test_a_certificate_holds_each_name_of_the_server_once(more: tuple[str, ...], host: str, names: list[str]) -> None:
    assert tls.hosts(Settings(certificate_hosts=more, host=host)) == names
