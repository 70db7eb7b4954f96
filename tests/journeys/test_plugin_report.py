"""What a test that fails is shown: what was said in its world, as far as it matters, and what it waited for in vain."""

import re

import pytest

from tests.suites import Played, Suite

_TESTS = """
import imaplib
import smtplib

import pytest

PRACTICE = "tilleuls@cabinet.sim.mssante.fr"


def test_passes(world):
    with world.doctor.smtp() as smtp:
        smtp.noop()


def test_is_refused(world):
    for person in (world.doctor, world.secretary, world.doctor):
        with person.smtp() as smtp:
            smtp.noop()
    with world.patient.smtp() as smtp:
        smtp.sendmail(world.patient.address, [world.doctor.address], b"Subject: secret\\r\\n\\r\\nThe text of a letter.\\r\\n")


def test_is_refused_over_imap(world):
    world.hospital.imap(PRACTICE)


def test_sees_nothing_wrong(world):
    for number in range(5):
        with world.doctor.imap() as imap:
            imap.select(f"Folder{number}") if number == 9 else imap.select("INBOX")
    assert world.doctor.inbox() == ["a letter"]


def test_waits_in_vain(world):
    world.hospital.send([PRACTICE], subject="Compte rendu", text="Bonjour.")
    world.wait("message", mailbox=PRACTICE, subject="ordonnance", timeout=0.1)


def test_does_not_heed_what_it_waited_for(world):
    world.doctor.send([PRACTICE], subject="Votre bilan")
    with pytest.raises(AssertionError):
        world.wait("timeline", events=["displayed"], timeout=0.1)
    assert world.doctor.inbox() == ["a letter"]


def test_ends_its_world_by_an_error(mss):
    with mss.world(name="beside") as beside:
        beside.newcomer.imap(PRACTICE)


@pytest.mark.parametrize("who", ["doctor", "secretary"])
def test_shares_a_world(mss, who):
    with mss.person(who).smtp() as smtp:
        smtp.noop()
    assert who == ""


@pytest.fixture
def prepared(world):
    world.newcomer.imap(PRACTICE)


def test_cannot_be_set_up(prepared):
    raise AssertionError("never reached")


async def test_awaits(async_world):
    await async_world.newcomer.imap(PRACTICE)


def test_is_refused_over_rest(world):
    world.hospital.inbox(PRACTICE)


def test_needs_no_world():
    assert 1 == 2
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The suite, played once."""
    found = Suite(tmp_path_factory.mktemp("suite"), _TESTS, "asyncio_mode = auto\n").play()
    assert found.code == pytest.ExitCode.TESTS_FAILED, found.said
    assert re.search(r"11 failed, 1 passed, 1 error", found.said), found.said
    return found


def test_a_refusal_is_shown_with_what_led_to_it(played: Played) -> None:
    """Only the session that had it, of those four; neither the letter nor a password."""
    [(title, text)] = played.sections("test_is_refused").items()
    assert title == "mss-sim: what was said in WORLD"
    assert re.search(r"^smtp from 127\.0\.0\.1 at [\d:]{8}: patient \(TLSv1\.3, \[127\.0\.0\.1\]\)$", text, re.MULTILINE)
    assert re.search(r"^    C rcpt TO:<camille\.martin@medecin\S+>\n    S 550 5\.7\.1 A patient may only answer: ", text, re.MULTILINE)
    assert "AUTH PLAIN ********" in text
    assert text.count("smtp from ") == 1
    assert "3 more sessions" in text
    assert "250-" not in text
    assert "The text of a letter" not in text


def test_no_password_is_shown(played: Played) -> None:
    assert "camille.martin" in played.said
    for secret in ("cabinet-2026", "patient-2026", "hopital-2026"):
        assert secret not in played.said


def test_a_refusal_ends_in_the_line_of_the_test(played: Played) -> None:
    """What is refused by REST or a handle is shown where it was asked, without the frames of ours, as is what the mail clients raise."""
    for test, told in (
        ("test_is_refused_over_rest", "RestRefused: 404 not-found"),
        ("test_is_refused_over_imap", "IMAP4.error: b'[AUTHOR"),
    ):
        said = played.failures()[test]
        assert told in said
        assert re.search(r"^test_theirs\.py:\d+: \w+$", said, re.MULTILINE)
        assert "mss_sim/testing" not in said


def test_a_refusal_of_imap_is_one(played: Played) -> None:
    [text] = played.sections("test_is_refused_over_imap").values()
    assert re.search(r"^imap from 127\.0\.0\.1 at [\d:]{8}: nobody logged in", text, re.MULTILINE)
    assert re.search(r"C \S+ LOGIN \*{8}\n    S \S+ NO \[AUTHORIZATIONFAILED\]", text)


def test_without_a_refusal_the_newest_sessions_are_shown(played: Played) -> None:
    [text] = played.sections("test_sees_nothing_wrong").values()
    assert len(re.findall(r"^(?:imap|rest) from ", text, re.MULTILINE)) == 3
    assert "3 more sessions" in text
    assert len(re.findall(r"C \S+ SELECT INBOX$", text, re.MULTILINE)) == text.count("imap from ") == 2


def test_what_came_near_is_shown(played: Played) -> None:
    """In the error, under the line of the test that waited and none of ours, and in a section."""
    told = played.failures()["test_waits_in_vain"]
    assert "E       mss_sim.testing.results.WaitedInVain: waited 0.1 s in vain for a letter with mailbox 'tilleuls@" in told
    assert "E         near: “Compte rendu” lacks subject" in told
    assert "mss_sim/testing" not in told
    sections = played.sections("test_waits_in_vain")
    assert "near: “Compte rendu” lacks subject" in sections["mss-sim: waited for in vain in WORLD"]
    assert "mx from 127.0.0.1" in sections["mss-sim: what was said in WORLD"], "the letter came from another operator"


def test_a_wait_in_vain_that_a_test_caught_is_shown_too(played: Played) -> None:
    text = played.sections("test_does_not_heed_what_it_waited_for")["mss-sim: waited for in vain in WORLD"]
    assert "waited 0.1 s in vain for an event of a sent letter with events ['displayed']" in text
    assert re.search(r"there instead: delivered at [\d:]{8} for tilleuls@\S+, of “Votre bilan”", text)


def test_a_world_that_an_error_ended_is_shown(played: Played) -> None:
    assert "NO [AUTHORIZATIONFAILED]" in played.sections("test_ends_its_world_by_an_error")["mss-sim: what was said in beside"]


def test_of_the_shared_world_a_test_is_shown_its_own_sessions(played: Played) -> None:
    parts = re.split(r"^_{3,} test_shares_a_world\[(\w+)\] _{3,}$", played.said, flags=re.MULTILINE)
    told = dict(zip(parts[1::2], (part.partition("\n____")[0] for part in parts[2::2]), strict=True))
    for who, other in (("doctor", "secretary"), ("secretary", "doctor")):
        assert "mss-sim: what was said in the first world" in told[who]
        assert f": {who} (TLS" in told[who]
        assert f": {other} (TLS" not in told[who]


@pytest.mark.parametrize("test", ["test_cannot_be_set_up", "test_awaits"])
def test_set_up_and_coroutines_are_tests_too(played: Played, test: str) -> None:
    assert "NO [AUTHORIZATIONFAILED]" in played.sections(test)["mss-sim: what was said in WORLD"]


def test_who_has_no_world_is_shown_none(played: Played) -> None:
    assert played.sections("test_needs_no_world") == {}
    assert "test_passes" not in played.failures()


def test_transcripts_are_bounded_or_left_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    few = Suite(tmp_path_factory.mktemp("few"), _TESTS, "mss_transcript_lines = 4\n").play("-k", "test_is_refused and not imap")
    [text] = few.sections("test_is_refused").values()
    assert [line[:9] for line in text.splitlines() if line.startswith("    ") and "…" not in line] == [
        *("    S 250", "    C rcp", "    S 550"),  # the refusal, with what led to it, before anything else
        "    S 221",
    ]
    none = Suite(tmp_path_factory.mktemp("none"), _TESTS, "mss_transcripts = false\n").play("-k", "test_waits_in_vain")
    assert list(none.sections("test_waits_in_vain")) == ["mss-sim: waited for in vain in WORLD"]


def test_processes_side_by_side_have_worlds_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Under pytest-xdist the reports are shown as well, each that of its own test."""
    tests = """
import pytest

PRACTICE = "tilleuls@cabinet.sim.mssante.fr"


@pytest.mark.parametrize("number", range(12))
def test_alone(world, number):
    assert world.doctor.inbox(PRACTICE) == []
    world.hospital.send([PRACTICE], subject=f"Lettre {number}")
    assert world.wait("message", mailbox=PRACTICE).first.subject == f"Lettre {number}"


def test_fails(world):
    world.newcomer.imap(PRACTICE)
"""
    found = Suite(tmp_path_factory.mktemp("parallel"), tests).play("-n", "2")
    assert "1 failed, 12 passed" in found.said, found.said
    assert {"[gw0]", "[gw1]"} >= set(re.findall(r"\[gw\d\]", found.said)) != set()
    [text] = found.sections("test_fails").values()
    assert "NO [AUTHORIZATIONFAILED]" in text
    assert text.count("imap from ") == 1
