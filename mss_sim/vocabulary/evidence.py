"""What is said of the sessions of clients."""

from enum import StrEnum


class SessionVerdict(StrEnum):
    """How a session went, the worst of what happened in it."""

    CLEAN = "clean"  # nothing was refused
    MISTAKEN = "mistaken"  # the client asked for what the protocol does not allow, or for what is not there
    REFUSED = "refused"  # a rule said no
    FAILED = "failed"  # TLS did not come about, something failed on purpose, or the simulator could not


class SessionEnd(StrEnum):
    """How a session ended."""

    CLIENT = "client"  # it said good-bye
    SERVER = "server"  # we ended it, and said why
    LOST = "lost"  # the connection was closed without a word
    HANDSHAKE = "handshake"  # TLS did not come about
    SILENCE = "silence"  # over HTTP: no request came any more
