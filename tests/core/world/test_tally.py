"""What was refused is counted by door and by rule, each recipient of a letter by its own; whoever listens hears it, and log-ins."""

from mss_sim.core.world.tally import LoggedIn, Refused, Tally
from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import quoted


def test_each_refusal_counts_once_for_its_door_and_rule() -> None:
    tally = Tally()
    for door in (Door.SMTP, Door.SMTP, Door.IMAP):
        tally.refused(door, Refusal(Rule.RIGHT_MISSING, quoted("x")))
    assert dict(tally.refusals) == {(Door.SMTP, Rule.RIGHT_MISSING): 2, (Door.IMAP, Rule.RIGHT_MISSING): 1}


def test_of_a_letter_each_refused_recipient_counts_by_its_own_rule() -> None:
    tally = Tally()
    each = [Refusal(rule, quoted("x"), subject="a@b") for rule in (Rule.UNKNOWN_MAILBOX, Rule.MAILBOX_FULL, Rule.UNKNOWN_MAILBOX)]
    tally.refused(Door.REST, RecipientsRefused(each))
    assert dict(tally.refusals) == {(Door.REST, Rule.UNKNOWN_MAILBOX): 2, (Door.REST, Rule.MAILBOX_FULL): 1}


def test_an_error_of_pro_sante_connect_counts_once_for_its_code() -> None:
    tally = Tally()
    for code in ("invalid_grant", "invalid_client", "invalid_grant"):
        tally.oauth_error(code)
    assert dict(tally.oauth_errors) == {"invalid_grant": 2, "invalid_client": 1}


def test_whoever_listens_hears_of_each_recipient_and_of_log_ins() -> None:
    tally = Tally()
    heard: list[Refused | LoggedIn] = []
    each = [Refusal(Rule.UNKNOWN_MAILBOX, quoted("x")), Refusal(Rule.MAILBOX_FULL, quoted("y"))]
    tally.refused(Door.SMTP, each[0])
    tally.logged_in(Door.SMTP, 1, "password")
    tally.tell(heard.append)
    tally.refused(Door.REST, RecipientsRefused(each))
    tally.logged_in(Door.IMAP, 7, "psc", "a@b")
    assert heard == [Refused(Door.REST, each[0]), Refused(Door.REST, each[1]), LoggedIn(Door.IMAP, 7, "psc", "a@b")]
