"""The keys that operators show to the directory: each names its operator, and is sealed by a secret of the world.

Nothing is stored: an operator that is made has a key at once, one that is gone has none that opens anything.
"""

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
_ID_CHARS_MAX = 16


def key_of(world: World, operator_id: int) -> str:
    """The key of an operator, in letters that a header takes."""
    return f"op-{operator_id:x}-{_seal(world, operator_id)}"


def operator_id_of(world: World, key: str) -> int | None:
    """Which operator a key is of, by its seal; None for one that this world did not give."""
    word, _, rest = key.partition("-")
    number, _, seal = rest.partition("-")
    if word != "op" or not number.isalnum() or not number.isascii() or len(number) > _ID_CHARS_MAX:
        return None
    try:
        operator_id = int(number, 16)
    except ValueError:
        return None
    return operator_id if hmac.compare_digest(seal.encode(), _seal(world, operator_id).encode()) else None


def require_operator(conn: Connection, operator_id: int) -> Operator:
    """The operator of a key; Refusal(AUTHENTICATION_FAILED) for one that is gone."""
    found = operators.by_id(conn, operator_id)
    if found is None:
        detail = say("The operator of this key is gone; GET /control/operators tells the others' keys.")
        raise Refusal(Rule.AUTHENTICATION_FAILED, detail, reference=REFERENCE)
    return found


def _seal(world: World, operator_id: int) -> str:
    return hmac.digest(world.tokens.keys.secret(_SECRET).encode("ascii"), b"%d" % operator_id, sha256)[:16].hex()
