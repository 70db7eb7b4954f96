"""SMTP that fails on purpose, as a mail program meets it: submission and MX over real sockets."""

import asyncio
import smtplib
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import HOSPITAL, PRACTICE, Peer, Person, control, letter
from tests.conftest import StartSimulator
from tests.faulty import fail, fired, lift, preset, transcribed

_BYTES = letter(HOSPITAL, PRACTICE, "Essai").as_bytes()


async def played(simulator: Simulator, play: Callable[[smtplib.SMTP], Any], *, login: bool = True, port: str = "submission") -> Any:
    """What a client got, in a thread of its own: logged in, unless it says not."""
    ready = simulator.ready()

    def run() -> Any:
        with smtplib.SMTP("localhost", ready[port]["port"], timeout=10) as client:
            if login:
                client.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
                client.login("paul.durand", "hopital-2026")
            return play(client)

    return await asyncio.to_thread(run)


def _sent(client: smtplib.SMTP) -> tuple[int, bytes]:
    client.mail(HOSPITAL)
    client.rcpt(PRACTICE)
    return client.data(_BYTES)


async def _arrived(simulator: Simulator) -> int:
    await simulator.core.queue.work()
    return len([one for one in await Person(simulator, "doctor").inbox(PRACTICE) if one["subject"] == "Essai"])


# Replies


@pytest.mark.parametrize(
    ("verb", "play"),
    [
        ("EHLO", lambda client: client.ehlo()),
        ("MAIL", lambda client: client.mail(HOSPITAL)),
        ("NOOP", lambda client: client.noop()),
        ("RSET", lambda client: client.rset()),
        ("VRFY", lambda client: client.verify(PRACTICE)),
        ("HELP", lambda client: client.docmd("HELP")),
        ("QUIT", lambda client: client.docmd("QUIT")),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_a_verb_answers_what_the_rule_says(simulator: Simulator, verb: str, play: Callable[[smtplib.SMTP], Any]) -> None:
    rule = await fail(simulator, "submission", "reply", match={"verb": verb}, code=451, status="4.3.0", text="asked for")
    assert await fired(simulator, rule) == 0

    def twice(client: smtplib.SMTP) -> tuple[Any, Any]:
        return play(client), play(client)

    if verb == "EHLO":
        code, text = await played(simulator, play, login=False)
        assert (code, text) == (451, f"4.3.0 asked for (fault {rule})".encode())
    else:
        first, second = await played(simulator, twice)
        assert first == (451, f"4.3.0 asked for (fault {rule})".encode())
        assert second[0] in (250, 252, 214, 221)
    assert await fired(simulator, rule) == 1
    assert await transcribed(simulator, rule)


async def test_starttls_and_auth_fail_and_are_tried_again(simulator: Simulator) -> None:
    await fail(simulator, "submission", "reply", match={"verb": "STARTTLS"}, code=454, status="4.7.0")
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        await played(simulator, lambda client: client.noop())
    assert refused.value.smtp_code == 454
    rules = [
        await fail(simulator, "submission", "reply", match={"verb": "AUTH", "identity": who}, code=454, status="4.7.0", count=None)
        for who in ("other*", "paul.*")
    ]  # for good: a library that is refused one mechanism tries the next
    with pytest.raises(smtplib.SMTPAuthenticationError) as failed:
        await played(simulator, lambda client: client.noop())
    assert failed.value.smtp_code == 454
    assert await fired(simulator, rules[0]) == 0
    await lift(simulator)
    assert (await played(simulator, lambda client: client.noop()))[0] == 250


async def test_a_connection_is_refused_at_once(simulator: Simulator) -> None:
    rule = await fail(simulator, "submission", "reply", match={"verb": "CONNECT", "client": "127.0.0.*"}, code=421)
    with pytest.raises(smtplib.SMTPConnectError) as refused:
        await played(simulator, lambda client: client.noop())
    assert refused.value.smtp_error == f"4.3.2 This failure was asked for (fault {rule})".encode()


async def test_one_recipient_is_refused_and_the_others_get_the_letter(simulator: Simulator) -> None:
    rule = await fail(
        simulator, "submission", "reply", match={"verb": "RCPT", "recipient": "*@medecin.sim.mssante.fr"}, code=550, status="5.1.1"
    )

    def play(client: smtplib.SMTP) -> dict[str, tuple[int, bytes]]:
        return client.sendmail(HOSPITAL, [PRACTICE, "camille.martin@medecin.sim.mssante.fr"], _BYTES)

    refused = await played(simulator, play)
    assert refused == {"camille.martin@medecin.sim.mssante.fr": (550, f"5.1.1 This failure was asked for (fault {rule})".encode())}
    assert await _arrived(simulator) == 1


async def test_a_letter_is_refused_by_its_size_at_the_end_of_data_and_nothing_is_kept(simulator: Simulator) -> None:
    await fail(simulator, "submission", "reply", match={"verb": "END-OF-DATA", "size_min": len(_BYTES)}, code=452, status="4.3.1")
    await fail(simulator, "submission", "reply", match={"verb": "END-OF-DATA", "size_min": 10**6}, code=554, count=None)
    assert (await played(simulator, _sent))[0] == 452
    assert await _arrived(simulator) == 0
    assert (await played(simulator, _sent))[0] == 250
    assert await _arrived(simulator) == 1


async def test_the_mx_port_answers_a_peer_what_the_rule_says(simulator: Simulator) -> None:
    await fail(simulator, "mx", "reply", match={"verb": "RCPT", "recipient": PRACTICE}, code=450, status="4.2.1", text="later")
    peer = Peer(simulator)
    sender = "contact@clinique-lac.sim.mssante.fr"
    first = await peer.send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))
    assert (first.code, first.enhanced) == (450, "4.2.1"), sender
    assert (await peer.send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE))).code == 250


# Time, and bytes


async def test_an_answer_is_late_and_another_trickles(simulator: Simulator) -> None:
    await fail(simulator, "submission", "delay", match={"verb": "NOOP"}, seconds=0.4)
    await fail(simulator, "submission", "throttle", match={"verb": "HELP"}, bytes_per_second=200)

    def play(client: smtplib.SMTP) -> list[tuple[int, float]]:
        told = []
        for verb in ("NOOP", "NOOP", "HELP"):
            begun = time.monotonic()
            told.append((client.docmd(verb)[0], time.monotonic() - begun))
        return told

    (late, lateness), (prompt, _), (slow, slowness) = await played(simulator, play)
    assert (late, prompt, slow) == (250, 250, 214)
    assert lateness >= 0.4
    assert slowness >= 0.3  # 76 bytes at 200 a second


@pytest.mark.parametrize(("moment", "taken"), [("before", 0), ("unanswered", 1), ("middle", 1), ("answered", 1)])
async def test_the_connection_breaks_around_the_end_of_data(simulator: Simulator, moment: str, taken: int) -> None:
    """The client hears nothing, a part, or the whole answer; whether the letter was taken is another matter."""
    after = {"after_bytes": 2} if moment == "middle" else {}
    rule = await fail(simulator, "submission", "drop", match={"verb": "END-OF-DATA"}, moment=moment, **after)

    heard = []

    def play(client: smtplib.SMTP) -> None:
        heard.append(_sent(client)[0])
        client.noop()

    with pytest.raises(smtplib.SMTPServerDisconnected):
        await played(simulator, play)
    assert heard == {"answered": [250], "middle": [25]}.get(moment, [])
    assert await fired(simulator, rule) == 1
    assert await transcribed(simulator, rule)
    assert await _arrived(simulator) == taken


async def test_a_reply_that_nobody_can_read(simulator: Simulator) -> None:
    rule = await fail(simulator, "submission", "malformed", match={"verb": "NOOP"})

    def play(client: smtplib.SMTP) -> tuple[int, bytes]:
        return client.noop()

    code, text = await played(simulator, play)
    assert code == -1
    assert text == b"fault %b)" % rule.encode() or rule.encode() in text


async def test_answers_to_commands_before_the_broken_one_still_arrive(simulator: Simulator) -> None:
    await fail(simulator, "submission", "drop", match={"verb": "RSET"})

    def play(client: smtplib.SMTP) -> list[tuple[int, bytes]]:
        assert client.sock is not None
        client.send("NOOP\r\nNOOP\r\nRSET\r\nNOOP\r\n")
        return [client.getreply(), client.getreply()]

    assert [code for code, _ in await played(simulator, play)] == [250, 250]


# Presets


async def test_drop_after_data_leaves_a_client_that_does_not_know(simulator: Simulator) -> None:
    await preset(simulator, "drop-after-data")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await played(simulator, _sent)
    assert (await played(simulator, _sent))[0] == 250
    assert await _arrived(simulator) == 2


async def test_rate_limit_421_after_so_many_letters(simulator: Simulator) -> None:
    (rule,) = await preset(simulator, "rate-limit-421", letters=2)

    def play(client: smtplib.SMTP) -> Any:
        return client.sendmail(HOSPITAL, [PRACTICE], _BYTES)

    assert [await played(simulator, play) for _ in range(2)] == [{}, {}]
    for _ in range(2):
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            await played(simulator, play)
        assert refused.value.args[:2] == (421, f"4.7.0 too many letters (fault {rule})".encode())
    await lift(simulator)
    assert await played(simulator, play) == {}


async def test_a_poor_operator_offers_less_and_refuses_what_it_does_not_offer(simulator: Simulator) -> None:
    await preset(simulator, "poor-operator")

    def play(client: smtplib.SMTP) -> tuple[set[str], int, int]:
        return set(client.esmtp_features), client.mail(HOSPITAL, ["RET=HDRS"])[0], client.mail(HOSPITAL)[0]

    assert await played(simulator, play) == ({"size", "auth", "enhancedstatuscodes"}, 555, 250)
    await lift(simulator)
    assert {"dsn", "pipelining"} <= (await played(simulator, play))[0]


async def test_a_hidden_starttls_is_refused(simulator: Simulator) -> None:
    await fail(simulator, "submission", "mask", words=["STARTTLS"], count=None)

    def play(client: smtplib.SMTP) -> tuple[bool, int]:
        client.ehlo()
        return client.has_extn("starttls"), client.docmd("STARTTLS")[0]

    assert await played(simulator, play, login=False) == (False, 502)


async def test_another_lifetime_and_another_number_of_rules_are_settings(start: StartSimulator) -> None:
    settings = {"faults_rules_max": 1, "faults_lifetime_seconds": 5, "faults_lifetime_seconds_max": 10, "faults_delay_seconds_max": 2}
    async with start(**settings) as simulator:
        rule = await fail(simulator, "submission", "delay", seconds=2)
        told = (await control(simulator, "GET", f"/faults/{rule}")).json()
        assert told["ends_at"] > told["made_at"]
        body = {"point": "mx", "action": {"kind": "delay", "seconds": 1}}
        assert (await control(simulator, "POST", "/faults", body)).json()["code"] == "limit-reached"
        await lift(simulator)
        for more in ({"seconds": 11}, {"action": {"kind": "delay", "seconds": 3}}):
            assert (await control(simulator, "POST", "/faults", {**body, **more})).json()["code"] == "invalid-request"


async def test_a_failure_is_told_in_the_language_of_its_world(start: StartSimulator) -> None:
    async with start(language="fr") as simulator:
        rule = await fail(simulator, "submission", "reply", match={"verb": "NOOP"}, code=451)
        answer = await played(simulator, lambda client: client.noop(), login=False)
        assert answer == (451, f"4.3.0 Cette defaillance a ete demandee (fault {rule})".encode())


@pytest.mark.parametrize("port", ["submission", "mx"])
async def test_a_letter_is_taken_twice_though_it_was_sent_once(simulator: Simulator, port: str) -> None:
    """As when a server on the way did not hear the 250 and sent again; the client was answered once."""
    rule = await fail(simulator, port, "duplicate", match={"recipient": PRACTICE})
    if port == "submission":
        code, text = await played(simulator, _sent)
        assert (code, f"(fault {rule})" in text.decode()) == (250, True)
    else:
        answer = await Peer(simulator).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE, "Essai"))
        assert (answer.code, f"(fault {rule})" in answer.text) == (250, True)
    assert await _arrived(simulator) == 2
    assert await fired(simulator, rule) == 1
    assert await transcribed(simulator, rule)
    await played(simulator, _sent)
    assert await _arrived(simulator) == 3


async def test_a_letter_that_is_refused_is_not_taken_twice(simulator: Simulator) -> None:
    await fail(simulator, "submission", "duplicate")
    code, text = await played(simulator, lambda client: (client.mail(HOSPITAL), client.rcpt(PRACTICE), client.data(b"no header"))[2])
    assert (code, b"fault" in text) == (554, True)
    assert await _arrived(simulator) == 0


async def test_traps_do_not_fail(start: StartSimulator) -> None:
    """What a trap sees of a client is a verdict about the client; it must not be one about a rule."""
    async with start(traps_open=True) as simulator:
        rules = [await fail(simulator, point, "drop", count=None) for point in ("submission", "imap")]
        trap = simulator.ready()["traps"]["expired"]
        for door, greeting in (("submission", b"220 "), ("imap", b"* OK ")):
            reader, writer = await asyncio.open_connection("127.0.0.1", trap[door]["port"])
            assert (await reader.readline()).startswith(greeting)
            writer.close()
        assert await fired(simulator, *rules) == 0
