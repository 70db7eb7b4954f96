"""Jakarta Mail, once JavaMail, the library of most business software that reads mail: SMTP and IMAP over STARTTLS."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator
from tests.strangers.telling import HERE, must_exist, told

JARS = ("/usr/share/java/jakarta-mail.jar", "/usr/share/java/jakarta-activation.jar")
SECRETARY = {"user": f"{PRACTICE}*sophie.petit", "password": "cabinet-2026", "mechanism": "PLAIN", "from": PRACTICE, "to": DOCTOR}
HOLDER = {"user": "camille.martin", "password": "cabinet-2026", "mechanism": "LOGIN", "from": DOCTOR, "to": PRACTICE}

FOUND = {
    "by subject": "[4]",
    "by body": "[2, 3, 4]",
    "both": "[4]",
    "either": "[2]",
    "header": "[3]",
    "sorted": "[2, 4, 3, 1]",
    "sorted found": "[4]",
}


async def _day(
    simulator: Simulator, account: Mapping[str, Any], *parts: str, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> dict[str, str]:
    """What it saw, by the word before the first bar."""
    for jar in JARS:
        must_exist(jar, f"{jar} (libjakarta-mail-java)")
    ready = simulator.ready()
    given = {
        "ca": ready["ca_file"],
        "imap": ready["imap"]["port"],
        "smtp": ready["submission"]["port"],
        "parts": ",".join(parts),
        **account,
    }
    java = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", ":".join(JARS), str(HERE / "java" / "Day.java"))
    lines = await told(*java, *(f"{name}={value}" for name, value in given.items()), meanwhile=meanwhile)
    return {name: rest for name, _, rest in (line.partition(" | ") for line in lines)}


async def test_a_mailbox_is_read_and_searched_where_accents_are_refused(simulator: Simulator) -> None:
    """It enables UTF8=ACCEPT and then writes accents otherwise; on BADCHARSET it fetches the messages and searches by itself."""
    seen = await _day(simulator, SECRETARY, "send", "order", "look", "rights")
    assert seen["sent"] == "250"
    assert seen["folders"] == "[Archive, Drafts, INBOX, Junk, Sent, Trash]"
    assert (seen["subscribed"], seen["sent has"]) == ("6", "[\\HasNoChildren, \\Sent]")
    assert seen["appended"] == "[2, 3, 4]"
    assert seen["counts"] == "4 | 3 | 4"
    assert seen["1"] == "Delivered message | Mail Delivery System <mailer-daemon@cabinet.sim.mssante.fr> | \\Recent | false"
    assert seen["2"] == f"un | {PRACTICE} | \\Recent \\Seen | true"
    assert seen["4"] == f"L'été à Orléans | {PRACTICE} | \\Recent | true"
    assert seen["parts"] == "2 | Le bilan hépatique est prêt. | résultat.txt"
    assert FOUND.items() <= seen.items()
    assert seen["unseen"] == "[]", "searching bodies by itself, it read them"
    assert seen["mine"] == "1iklprswx"
    assert (seen["quota"], seen["namespaces"], seen["id"]) == (f"{PRACTICE} | STORAGE", "1 | 0 | 0", "mss-sim")
    assert len(await Person(simulator, "doctor").inbox(DOCTOR)) == 1


async def test_accents_are_searched_by_the_server_where_utf8_accept_is_not_offered(start: StartSimulator) -> None:
    async with start(imap_capabilities_masked=["UTF8=ACCEPT"]) as simulator:
        seen = await _day(simulator, SECRETARY, "send", "order", "look")
    assert FOUND.items() <= seen.items()
    assert seen["unseen"] == "[1, 3, 4]", "searching left no trace"


async def test_a_mailbox_is_kept_in_order(simulator: Simulator) -> None:
    seen = await _day(simulator, HOLDER, "order", "move", "rights")
    assert seen["created"] == "true | true"
    assert (seen["copied"], seen["moved"]) == ("[1]", "[2]")
    assert seen["left"] == "3 | 2", "its numbers stay until it expunges"
    assert seen["flags"] == "[$Forwarded]"
    assert seen["expunged"] == "2 | 1"
    assert (seen["renamed"], seen["deleted"]) == ("true", "true | false")
    assert (seen["mine"], seen["namespaces"]) == ("01aeiklprstwx", "1 | 1 | 1")


async def test_a_token_sends_and_reads(simulator: Simulator) -> None:
    async def deliver() -> None:
        sent = await Person(simulator, "hospital").smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "pendant IDLE"))
        assert sent.code == 250, sent.text

    token = (await control(simulator, "POST", "/tokens", {"who": "sophie.petit"})).json()["access_token"]
    account = {"user": PRACTICE, "password": token, "mechanism": "XOAUTH2", "from": PRACTICE, "to": DOCTOR}
    seen = await _day(simulator, account, "send", "wait", meanwhile=deliver)
    assert (seen["sent"], seen["arrived"]) == ("250", "pendant IDLE")


async def test_a_wrong_token_is_refused_in_words(simulator: Simulator) -> None:
    account = {"user": PRACTICE, "password": "wrong", "mechanism": "XOAUTH2", "from": PRACTICE, "to": DOCTOR}
    with pytest.raises(AssertionError, match=r"AuthenticationFailedException: 535 5\.7\.8 The token is refused"):
        await _day(simulator, account, "send")
