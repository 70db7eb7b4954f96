"""Everything that needs no folder: capabilities, TLS, log-in, ENABLE, ID, IDLE, compression."""

from importlib.metadata import version

from mss_sim.core.access import authentication
from mss_sim.core.access.authentication import Actor
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.transcripts import MASK
from mss_sim.imap import faults
from mss_sim.imap.grammar.commands import Authenticate, Login
from mss_sim.imap.grammar.wire import Bad
from mss_sim.imap.session import Session
from mss_sim.net.logins import actor_behind, exchange, instead, login_of, mechanisms, refused_at_trap, show_token_refusal
from mss_sim.net.sasl import SaslError
from mss_sim.policy.logins import split_name
from mss_sim.vocabulary.doors import Door, TokenRefusal
from mss_sim.vocabulary.evidence import SessionEnd
from mss_sim.vocabulary.imap import ENABLED_BY_NAME, Capability
from mss_sim.words.sentence import say, sentence_of

_ALWAYS = (
    Capability.IMAP4REV1,
    Capability.IMAP4REV2,
    Capability.LITERAL_PLUS,
    Capability.SASL_IR,
    Capability.ID,
    Capability.ENABLE,
)
_LOGGED_IN = (
    Capability.UNSELECT,
    Capability.IDLE,
    Capability.NAMESPACE,
    Capability.UIDPLUS,
    Capability.MULTIAPPEND,
    Capability.MOVE,
    Capability.SPECIAL_USE,
    Capability.LIST_EXTENDED,
    Capability.LIST_STATUS,
    Capability.CHILDREN,
    Capability.STATUS_SIZE,
    Capability.ESEARCH,
    Capability.SEARCHRES,
    Capability.SORT,
    Capability.THREAD,
    Capability.CONDSTORE,
    Capability.QRESYNC,
    Capability.BINARY,
    Capability.QUOTA,
    Capability.QUOTA_STORAGE,
    Capability.ACL,
    Capability.RIGHTS,
    Capability.OBJECTID,
    Capability.UTF8,
)


def capabilities(session: Session) -> bytes:
    """The capabilities offered now; only implemented ones are announced."""
    words: list[str] = [*_ALWAYS, *([] if session.offers(Capability.LITERAL_PLUS) else [Capability.LITERAL_MINUS])]
    if not session.tls and not session.stripped:
        words += [Capability.STARTTLS, Capability.LOGINDISABLED]
    elif session.actor_or_none is None:
        words += [f"AUTH={name}" for name in mechanisms(session.settings, session.certificate)]
        words += [] if "PLAIN" in mechanisms(session.settings, session.certificate) else [Capability.LOGINDISABLED]
    else:
        words += [*_LOGGED_IN, f"APPENDLIMIT={session.literal_max}"]
        words += [] if session.compressed else [Capability.COMPRESS]
    return " ".join(word for word in words if not session.masks(word)).encode("ascii")


async def capability(session: Session, _: None) -> bytes:
    """CAPABILITY."""
    session.say(b"* CAPABILITY " + capabilities(session))
    return b"OK CAPABILITY completed"


async def noop(_session: Session, _: None) -> bytes:
    """NOOP and CHECK: the caller reports the changes."""
    return b"OK completed"


async def logout(session: Session, _: None) -> bytes:
    """LOGOUT; the caller closes."""
    session.transcript.ended = SessionEnd.CLIENT
    session.say(b"* BYE Goodbye")
    return b"OK LOGOUT completed"


async def identify(session: Session, pairs: dict[str, str]) -> bytes:
    """ID: the client's description of itself is recorded in the transcript."""
    session.transcript.facts["client"] = " ".join(f"{name}={value}" for name, value in pairs.items())[:300]
    session.say(b'* ID ("name" "mss-sim" "version" "%b")' % version("mss-sim").encode("ascii"))
    return b"OK ID completed"


async def start_tls(session: Session, _: None) -> bytes:
    """STARTTLS; the handshake begins after the response. Bytes sent in clear behind it are never executed (ref: rfc9051#6.2.1)."""
    if session.stripped:
        raise Bad(say("STARTTLS is not offered: CAPABILITY lists what is"))
    if session.tls:
        raise Bad(say("TLS is active already"))
    return b"OK Begin TLS negotiation now"


async def login(session: Session, wanted: Login) -> bytes:
    """LOGIN name password."""
    if not session.tls and not session.stripped:
        return b"NO [PRIVACYREQUIRED] " + session.spoken(say("Say STARTTLS first (rfc9051#6.2.3)"))
    if "PLAIN" not in mechanisms(session.settings, session.certificate):
        return b"NO [AUTHENTICATIONFAILED] " + session.spoken(instead(session.settings, session.certificate, "PLAIN"))
    _check_open(session)
    actor = await authentication.with_password(session.world, wanted.name, wanted.password, door=Door.IMAP)
    session.login = split_name(wanted.name, plus=session.settings.login.plus)[1]
    return await _enter(session, actor, "LOGIN")


async def authenticate(session: Session, wanted: Authenticate) -> bytes:
    """AUTHENTICATE mechanism."""
    if not session.tls and not session.stripped:
        return b"NO [PRIVACYREQUIRED] " + session.spoken(say("Say STARTTLS first (rfc9051#6.2.2)"))
    if wanted.mechanism not in mechanisms(session.settings, session.certificate):
        return b"NO [CANNOT] " + session.spoken(instead(session.settings, session.certificate, wanted.mechanism))

    async def ask(challenge: str) -> str:
        session.say(b"+ " + challenge.encode("ascii"))
        await session.stream.flush()
        response = await session.stream.line()
        session.transcript.client(MASK)
        return response.decode("ascii", "replace")

    try:
        credentials = await exchange(wanted.mechanism, wanted.initial, ask)
    except SaslError as error:
        raise Bad(sentence_of(error)) from error
    if credentials is None:
        raise Bad(say("the exchange was cancelled"))
    _check_open(session)
    login = login_of(credentials, plus=session.settings.login.plus)
    failed = await faults.begin_log_in(session, login)
    if failed is not None:
        return failed
    try:
        actor = await actor_behind(session.world, credentials, door=Door.IMAP, certificate=session.certificate)
    except Refusal:
        if session.settings.token.refusal is TokenRefusal.POLITE:  # observed over IMAP, the national refusal is a plain one
            await show_token_refusal(session.settings, wanted.mechanism, ask, ask)
        raise
    session.login = login
    return await _enter(session, actor, "AUTHENTICATE")


def _check_open(session: Session) -> None:
    if session.locked:
        raise refused_at_trap()


async def _enter(session: Session, actor: Actor, verb: str) -> bytes:
    if not session.stream.admit(actor.identity.id):
        limit = session.settings.connections.per_identity_max
        raise Refusal(
            Rule.TOO_MANY_CONNECTIONS,
            say("You have as many connections as one person may have, {limit}: close one.", limit=limit),
            reference="quirks#connections",
        )
    await session.begin(actor)
    return b"OK [CAPABILITY %b] %b completed" % (capabilities(session), verb.encode("ascii"))


async def enable(session: Session, words: tuple[str, ...]) -> bytes:
    """ENABLE: the newly enabled capabilities are returned."""
    new = [one for word in words if (one := ENABLED_BY_NAME.get(word)) and session.offers(one)]
    session.enabled.update(new)
    if session.view is not None and not session.tells_recent:
        session.view.forget_recent()
    session.say(b" ".join([b"* ENABLED", *(one.encode("ascii") for one in new)]))
    return b"OK ENABLE completed"


async def compress(session: Session, _: None) -> bytes:
    """COMPRESS DEFLATE; it begins after the response (ref: rfc4978#3)."""
    if session.compressed:
        return b"NO [COMPRESSIONACTIVE] " + session.spoken(say("Compression is active already"))
    if session.stream.ahead():
        raise Bad(say("wait for the answer to COMPRESS before the next command (rfc4978#3)"))
    return b"OK DEFLATE active"


async def idle(session: Session, _: None) -> bytes:
    """IDLE: report changes until the client sends DONE (ref: rfc2177)."""
    session.say(b"+ idling")
    await session.refresh()
    while True:
        await session.stream.flush()
        line = await session.stream.line_or(session.awake)
        if line is not None:
            break
        await session.refresh()
    session.transcript.client(line)
    if line.upper() != b"DONE":
        raise Bad(say("DONE ends IDLE"))
    return b"OK IDLE terminated"
