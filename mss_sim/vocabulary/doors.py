"""Front ends and how strict they are."""

from enum import StrEnum


class Door(StrEnum):
    """Through which front end a request came; stands in every journal line, but for those where nobody acts on a mailbox."""

    SMTP = "smtp"
    MX = "mx"
    REST = "rest"
    IMAP = "imap"
    PSC = "psc"
    MAILPIT = "mailpit"
    DIRECTORY = "directory"  # l'Annuaire Santé
    PUBLIC = "public"  # what anybody may fetch over HTTP
    LDAP = "ldap"  # certificats et CRL des autorités
    CONTROL = "control"
    SEED = "seed"
    SYSTEM = "system"
    WEB = "web"  # the pages
    MES = "mes"  # le portail Mon espace santé, où un usager agit par son comportement


class Profile(StrEnum):
    """How strict the world is about logging in."""

    DEVELOPMENT = "development"
    STRICT = "strict"


class Relay(StrEnum):
    """How a letter reaches another operator of the same world."""

    SMTP = "smtp"  # over a real connection, as between strangers
    DIRECT = "direct"  # in the transaction that accepts it


class PeerProof(StrEnum):
    """What a peer operator must show at the MX port."""

    CERTIFICATE = "certificate"  # TLS, and a certificate that the white list binds to the sender's domain
    DOMAIN = "domain"  # nothing: its word is taken


class UntrustedPeer(StrEnum):
    """What becomes of a peer whose certificate is of another authority."""

    REPLY = "reply"  # the handshake succeeds, MAIL is refused
    ALERT = "alert"  # the handshake fails


class TokenRefusal(StrEnum):
    """How a refused token is told (refus d'un jeton)."""

    PLAIN = "plain"  # the reply of the door, at once
    POLITE = "polite"  # a challenge that says why, the client's empty response, then the reply (ref: rfc7628#3.2.3)
    NATIONAL = "national"  # over SMTP the challenge, then a cut connection, as was seen at an operator


class TokenExpiry(StrEnum):
    """What becomes of a connection when the token that opened it expires."""

    KEEP = "keep"
    CUT = "cut"


class LogInBy(StrEnum):
    """Ways to log in that an operator accepts (moyens d'authentification)."""

    PASSWORD = "password"  # noqa: S105 - a way, not a secret
    PSC = "psc"
    CERTIFICATE = "certificate"
