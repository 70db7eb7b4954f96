"""What the connection itself refuses an IMAP client, and what evidence keeps of every refusal."""

from mss_sim.errors import Rule
from mss_sim.evidence.refusals import Why
from mss_sim.imap.grammar.wire import Refused
from mss_sim.imap.session import Session
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import Sentence, quoted, say


def note(session: Session, answer: bytes) -> None:
    """Keep an answer that is not OK: its code, `NO [NOPERM]`, and the rules behind it, or its text where there is none."""
    text = answer.decode("utf-8", "replace")
    code, found, rest = text.partition("] ") if "[" in text[:4] else text.partition(" ")
    session.transcript.refuse((code + found).strip(), *(session.whys or (Why(None, quoted(rest)),)))


def unreadable(session: Session, refused: Refused) -> None:
    """Answer what is no command."""
    session.transcript.event(f"refused: {refused.why.in_language(Language.EN)}")
    kind = b"NO [TOOBIG]" if refused.too_large else b"BAD"
    session.transcript.begin(b"(what is no command)")
    session.transcript.refuse(kind.decode("ascii"), Why(Rule.TOO_LARGE.value if refused.too_large else None, refused.why))
    session.say(b"%b %b %b" % (refused.tag, kind, session.spoken(refused.why)))


async def too_many(session: Session) -> None:
    """One connection too many; ConnectionClosed."""
    await _leave(session, say("Too many connections, try again later"), Rule.TOO_MANY_CONNECTIONS, "quirks#connections")


async def tls_at_once(session: Session) -> None:
    """A client begins with TLS where TLS is asked for; ConnectionClosed."""
    session.transcript.event("a TLS handshake on a port that begins in clear")
    why = say("This port begins in clear: choose STARTTLS in your client, not SSL or TLS (rfc9051#6.2.1)")
    await _leave(session, why, None, "rfc9051#6.2.1")


async def injected(session: Session) -> None:
    """Commands came in clear behind STARTTLS; ConnectionClosed."""
    session.transcript.event("commands behind STARTTLS in clear were thrown away")
    why = say("Commands behind STARTTLS in the same packet are not executed (rfc9051#6.2.1)")
    await _leave(session, why, None, "rfc9051#6.2.1")


async def _leave(session: Session, why: Sentence, rule: Rule | None, reference: str) -> None:
    await session.leave(why, Why(rule and rule.value, why, reference))
