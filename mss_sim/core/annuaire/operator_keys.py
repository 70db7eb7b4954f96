"""The keys that operators show to the directory: each names its operator, and is sealed by a secret of the world.

Nothing is stored: an operator that is made has a key at once, the same in a world that begins anew, and one that is gone has none that
opens anything.
"""

import base64
import binascii
import hmac
from hashlib import sha256

from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import operators
from mss_sim.store.engine import Connection
from mss_sim.store.operators import Operator
from mss_sim.words.sentence import say

REFERENCE = "quirks#directory-writing"
_SECRET = "directory-operator-keys"  # noqa: S105 - the name of one
_WORD = "op"
_KEY_CHARS_MAX = 2_000


def key_of(world: World, name: str) -> str:
    """The key of the operator of that name, in letters that a header takes."""
    told = base64.urlsafe_b64encode(name.encode()).rstrip(b"=").decode("ascii")
    return f"{_WORD}.{told}.{_seal(world, name)}"


def operator_named_by(world: World, key: str) -> str | None:
    """The name of the operator that a key is of, by its seal; None for one that this world did not give."""
    word, _, rest = key.partition(".")
    told, _, seal = rest.partition(".")
    if word != _WORD or not told or len(key) > _KEY_CHARS_MAX:
        return None
    try:
        name = base64.b64decode(told.encode("ascii") + b"=" * (-len(told) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        return None
    return name if hmac.compare_digest(seal.encode(), _seal(world, name).encode()) else None


def require_operator(conn: Connection, operator_id: int) -> Operator:
    """The operator of a key; Refusal(AUTHENTICATION_FAILED) for one that is gone."""
    found = operators.by_id(conn, operator_id)
    if found is None:
        detail = say("The operator of this key is gone; GET /control/operators tells the others' keys.")
        raise Refusal(Rule.AUTHENTICATION_FAILED, detail, reference=REFERENCE)
    return found


def _seal(world: World, name: str) -> str:
    return hmac.digest(world.tokens.keys.secret(_SECRET).encode("ascii"), name.encode(), sha256)[:16].hex()
