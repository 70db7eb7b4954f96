"""The three tables that show refusals: every rule stands in each, and those that clients know have exactly these codes."""

import json
from pathlib import Path

import pytest

from mss_sim.errors import Failure, RecipientsRefused, Refusal, RetryLater, RowsRefused, Rule
from mss_sim.http import outcomes
from mss_sim.http.answers import refusing, refusing_plainly
from mss_sim.http.problems import MEDIA_TYPE, PROBLEMS, problem, response
from mss_sim.imap.grammar.responses import CODES, spoken
from mss_sim.imap.grammar.responses import refused as imap_refused
from mss_sim.policy.receipts import DIAGNOSTICS
from mss_sim.smtp import replies
from mss_sim.smtp.replies import REPLIES, Reply, refused
from mss_sim.vocabulary.directory import BASE, WRITE_BASE
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import quoted, say

FIXED = [value for value in vars(replies).values() if isinstance(value, Reply)]


def test_every_rule_has_a_reply_a_response_code_and_a_problem_and_nothing_else_has() -> None:
    assert set(REPLIES) == set(CODES) == set(PROBLEMS) == set(Rule)


def test_every_rule_is_told_to_clients_by_these_numbers_and_words() -> None:
    told = [
        f"{rule}: {PROBLEMS[rule][0]} {PROBLEMS[rule][1].in_language(Language.EN)}, {' '.join(map(str, REPLIES[rule]))}, {CODES[rule]}"
        for rule in Rule
    ]
    assert told == (Path(__file__).with_name("refusals.txt")).read_text("utf-8").splitlines()


@pytest.mark.parametrize("rule", list(Rule))
def test_a_refusal_over_imap_is_one_ascii_line_with_its_code_and_source(rule: Rule) -> None:
    line = imap_refused(Refusal(rule, quoted("Écrivez\r\nautrement."), reference="rfc9051#7.1"), Language.EN)
    assert line == f"NO [{CODES[rule]}] Ecrivez??autrement. (rfc9051#7.1)".encode()
    assert imap_refused(Refusal(rule, quoted("Why.")), Language.EN) == f"NO [{CODES[rule]}] Why.".encode()


@pytest.mark.parametrize(("utf8", "shown"), [(False, "e"), (True, "é")])
def test_a_text_over_imap_has_at_most_900_characters(utf8: bool, shown: str) -> None:
    texts = [spoken(quoted("é" * length), Language.EN, utf8=utf8) for length in (900, 901)]
    assert texts == [shown * 900] * 2


def test_a_text_over_imap_is_in_ascii_for_who_did_not_ask_for_utf8() -> None:
    assert spoken(quoted("é\n"), Language.EN) == "e?"
    assert spoken(say("a flag"), Language.FR) == "un drapeau"


@pytest.mark.parametrize("control", ["\r\n", "\n", "\x1b[2J", "\x00", "\x85", "\u2028"])
def test_a_reply_over_smtp_is_one_printable_line(control: str) -> None:
    line = Reply(550, "5.7.1", quoted(f"Nobody is called a{control}b")).line(Language.EN)
    assert line.endswith(b"b\r\n")
    assert line[:-2].decode("ascii").isprintable()


def test_no_two_rules_share_a_name() -> None:
    assert len({rule.value for rule in Rule}) == len(Rule)


@pytest.mark.parametrize("rule", list(Rule))
def test_the_class_of_an_enhanced_code_is_that_of_its_reply(rule: Rule) -> None:
    code, enhanced = REPLIES[rule]
    assert 400 <= code < 600
    assert enhanced.split(".")[0] == str(code)[0]
    assert len(enhanced.split(".")) == 3


TOGETHER = {
    "": {354},
    "2.0.0": {214, 220, 221, 250},
    "2.1.0": {250},
    "2.1.5": {250},
    "2.5.0": {252},
    "2.7.0": {235},
    "4.2.1": {450},
    "4.2.2": {452},
    "4.3.0": {451},
    "4.4.2": {421},
    "4.4.7": {450},
    "4.5.3": {452},
    "4.7.0": {421},
    "4.7.1": {451},
    "5.1.1": {550},
    "5.1.3": {501},
    "5.2.1": {550},
    "5.3.4": {552},
    "5.5.0": {550},
    "5.5.1": {502, 503, 554},
    "5.5.2": {500, 501},
    "5.5.4": {501},
    "5.5.6": {500},
    "5.6.0": {554},
    "5.7.0": {501, 530, 554},
    "5.7.1": {550, 553},
    "5.7.8": {535},
}
"""The numbers that stand before each enhanced code (RFC 3463, RFC 4954, RFC 5248), whether or not a client ever hears them."""


@pytest.mark.parametrize("rule", list(Rule))
def test_the_number_of_a_reply_goes_with_its_enhanced_code(rule: Rule) -> None:
    for reply in (refused(Refusal(rule, quoted("Why."))), refused(Refusal(rule, quoted("Why.")), at_mail=True)):
        assert reply.code in TOGETHER[reply.enhanced]


@pytest.mark.parametrize("reply", FIXED, ids=lambda reply: f"{reply.code} {reply.enhanced}")
def test_the_number_of_a_fixed_reply_goes_with_its_enhanced_code(reply: Reply) -> None:
    assert reply.code in TOGETHER[reply.enhanced]


@pytest.mark.parametrize("reply", FIXED, ids=lambda reply: f"{reply.code} {reply.enhanced}")
def test_a_fixed_reply_is_one_ascii_line_whose_classes_agree(reply: Reply) -> None:
    line = reply.line(Language.EN)
    assert line.isascii()
    assert line.endswith(b"\r\n")
    assert line.count(b"\n") == line.count(b"\r") == 1
    assert len(line) <= 512, "RFC 5321, 4.5.3.1.5"
    assert line.startswith(f"{reply.code} {reply.enhanced}".encode())
    assert reply.enhanced[:1] in ("", str(reply.code)[0])


@pytest.mark.parametrize("rule", list(Rule))
def test_a_problem_has_an_error_status_and_a_title(rule: Rule) -> None:
    status, title = PROBLEMS[rule]
    assert 400 <= status < 600
    assert title


@pytest.mark.parametrize(
    ("rule", "code", "enhanced", "status"),
    [
        (Rule.AUTHENTICATION_REQUIRED, 530, "5.7.0", 401),
        (Rule.AUTHENTICATION_FAILED, 535, "5.7.8", 401),
        (Rule.SEND_NOT_ALLOWED, 550, "5.7.1", 403),
        (Rule.UNKNOWN_MAILBOX, 550, "5.1.1", 422),
        (Rule.MAILBOX_CLOSED, 550, "5.2.1", 422),
        (Rule.MAILBOX_SUSPENDED, 450, "4.2.1", 422),
        (Rule.MAILBOX_FULL, 452, "4.2.2", 422),
        (Rule.DOMAIN_OUTSIDE, 550, "5.7.1", 422),
        (Rule.TOO_LARGE, 552, "5.3.4", 413),
        (Rule.NOT_INVITED, 550, "5.7.1", 403),
        (Rule.CONVERSATION_CLOSED, 550, "5.7.1", 403),
        (Rule.PHARMACY_NEVER_VISITED, 550, "5.7.1", 403),
        (Rule.PHARMACY_VISIT_TOO_OLD, 550, "5.7.1", 403),
        (Rule.NOT_A_PHARMACY, 550, "5.7.1", 403),
        (Rule.NO_PUBLISHED_ORG_MAILBOX, 550, "5.7.1", 403),
        (Rule.MALFORMED_MESSAGE, 554, "5.6.0", 400),
    ],
)
def test_a_rule_has_the_codes_that_clients_know(rule: Rule, code: int, enhanced: str, status: int) -> None:
    assert REPLIES[rule] == (code, enhanced)
    assert PROBLEMS[rule][0] == status


def test_tls_and_authentication_come_first_with_the_same_codes_as_their_rules() -> None:
    assert (replies.TLS_FIRST.code, replies.TLS_FIRST.enhanced) == (530, "5.7.0")
    assert (replies.AUTH_FIRST.code, replies.AUTH_FIRST.enhanced) == REPLIES[Rule.AUTHENTICATION_REQUIRED]


def test_a_sender_who_may_not_send_is_refused_as_an_address_at_mail_and_as_a_message_after_data() -> None:
    refusal = Refusal(Rule.SEND_NOT_ALLOWED, quoted("You may not."))
    at_mail, after_data = refused(refusal, at_mail=True), refused(refusal)
    assert (at_mail.code, at_mail.enhanced) == (553, "5.7.1")
    assert (after_data.code, after_data.enhanced) == (550, "5.7.1")


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule is not Rule.SEND_NOT_ALLOWED])
def test_every_other_rule_has_the_same_codes_at_mail(rule: Rule) -> None:
    refusal = Refusal(rule, quoted("Why."))
    assert refused(refusal, at_mail=True) == refused(refusal)


@pytest.mark.parametrize("rule", list(DIAGNOSTICS))
def test_a_recipient_is_refused_with_the_codes_that_notifications_show(rule: Rule) -> None:
    assert REPLIES[rule] == DIAGNOSTICS[rule]


def test_a_reply_tells_the_detail_and_the_reference() -> None:
    assert refused(Refusal(Rule.MAILBOX_FULL, quoted("Try later."), reference="rfc3463#3.3")).text == "Try later. (rfc3463#3.3)"
    assert refused(Refusal(Rule.MAILBOX_FULL, quoted("Try later."))).text == "Try later."


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param("a\r\n250 OK", id="CR LF"),
        pytest.param("a\n250 OK", id="LF"),
        pytest.param("a\r250 OK", id="CR"),
        pytest.param("é\u2028250 OK", id="a Unicode line separator"),
        pytest.param("\udce9", id="a byte that is not UTF-8"),
    ],
)
def test_no_text_of_a_client_adds_a_line_to_a_reply(detail: str) -> None:
    line = refused(Refusal(Rule.BAD_ADDRESS, quoted(detail))).line(Language.EN)
    assert line.count(b"\n") == line.count(b"\r") == 1
    assert line.isascii()


@pytest.mark.parametrize("rule", list(Rule))
def test_a_refusal_is_shown_as_a_problem_document(rule: Rule) -> None:
    shown = response(Refusal(rule, quoted("Why and what to do."), reference="rfc5321#4", subject="a@b.fr"), Language.EN)
    body = json.loads(bytes(shown.body))
    assert shown.status_code == body["status"] == PROBLEMS[rule][0]
    assert shown.headers["content-type"] == MEDIA_TYPE
    assert ("www-authenticate" in shown.headers) is (shown.status_code == 401)
    assert body == {
        "type": f"urn:mss-sim:problem:{rule.value}",
        "title": PROBLEMS[rule][1],
        "status": PROBLEMS[rule][0],
        "code": rule.value,
        "detail": "Why and what to do.",
        "reference": "rfc5321#4",
        "subject": "a@b.fr",
    }


def test_a_problem_without_reference_or_subject_leaves_them_out() -> None:
    assert not {"reference", "subject", "recipients"} & problem(Refusal(Rule.INVALID, quoted("Why.")), Language.EN).keys()


def test_a_refusal_of_several_recipients_names_each_in_order() -> None:
    full = Refusal(Rule.MAILBOX_FULL, quoted("Full."), subject="a@b.fr", reference="rfc3463#3.3")
    unknown = Refusal(Rule.UNKNOWN_MAILBOX, quoted("Unknown."), subject="c@d.fr")
    together = RecipientsRefused([full, unknown])
    body = problem(together, Language.EN)
    assert (body["code"], body["status"]) == (Rule.MAILBOX_FULL, 422)
    assert body["recipients"] == [
        {"address": "a@b.fr", "code": Rule.MAILBOX_FULL, "detail": "Full.", "reference": "rfc3463#3.3"},
        {"address": "c@d.fr", "code": Rule.UNKNOWN_MAILBOX, "detail": "Unknown.", "reference": None},
    ]
    assert "a@b.fr, c@d.fr" in together.detail
    assert together.refusals == (full, unknown)


def test_a_refusal_reads_as_its_rule_and_its_detail() -> None:
    assert str(Refusal(Rule.CONFLICT, quoted("Two at once."))) == "conflict: Two at once."


def test_who_speaks_utf8_is_told_in_utf8_and_still_in_one_line() -> None:
    refusal = Refusal(Rule.NOT_FOUND, quoted("Il n’y a pas d’été\r\nici."), reference="rfc9051#7.1")
    assert imap_refused(refusal, Language.EN, utf8=True) == "NO [NONEXISTENT] Il n’y a pas d’été??ici. (rfc9051#7.1)".encode()
    reply = Reply(550, "5.7.1", quoted("Il n’y a pas\r\nd’été"))
    assert (reply.line(Language.EN, utf8=True), reply.line(Language.EN)) == (
        "550 5.7.1 Il n’y a pas  d’été\r\n".encode(),
        b"550 5.7.1 Il n'y a pas  d'ete\r\n",
    )


def _told(reply: Reply, *, utf8: bool) -> str:
    """The text of a reply as a client puts it together; every line but the last says that one more comes."""
    lines = reply.line(Language.EN, utf8=utf8).removesuffix(b"\r\n").split(b"\r\n")
    code = f"{reply.code}".encode()
    assert [line[:4] for line in lines] == [code + b"-"] * (len(lines) - 1) + [code + b" "]
    assert max(len(line) + 2 for line in lines) <= 512
    enhanced = f"{reply.enhanced} " if reply.enhanced else ""
    texts = [line[4:].decode("utf-8") for line in lines]
    assert all(text.startswith(enhanced) for text in texts)
    return " ".join(text.removeprefix(enhanced) for text in texts)


@pytest.mark.parametrize("enhanced", ["5.7.1", ""])
@pytest.mark.parametrize("utf8", [True, False])
@pytest.mark.parametrize("length", [490, 499, 500, 505, 506, 507, 508, 509, 1_000, 5_000])
def test_a_long_reply_goes_on_in_lines_of_at_most_512_octets(length: int, enhanced: str, *, utf8: bool) -> None:
    text = ("mot " * length)[:length].strip()
    assert _told(Reply(550, enhanced, quoted(text)), utf8=utf8) == text


def test_a_word_that_fills_a_line_is_cut_between_letters() -> None:
    assert _told(Reply(550, "5.7.1", quoted("é" * 600)), utf8=True).replace(" ", "") == "é" * 600


def test_a_reply_of_512_octets_is_one_line() -> None:
    assert Reply(250, "", quoted("x" * 506)).line(Language.EN).count(b"\r\n") == 1
    assert Reply(250, "", quoted("x" * 507)).line(Language.EN).count(b"\r\n") == 2


_BASIC, _BEARER = 'Basic realm="mss-sim", charset="UTF-8"', 'Bearer realm="mss-sim"'
_FAILED = Failure(quoted("Asked for."), fault="f1", code=451, status="4.3.2")
_LATER = RetryLater(Rule.TOO_MANY_PASSWORDS, quoted("Wait."), seconds=30)
_UNKNOWN = Refusal(Rule.UNKNOWN_MAILBOX, quoted("Unknown."), reference="rfc5321#4", subject="c@d.fr")


@pytest.mark.parametrize(
    ("refusal", "path", "status", "headers"),
    [
        (Refusal(Rule.NOT_FOUND, quoted("No.")), "/api/v1/me", 404, {}),
        (Refusal(Rule.AUTHENTICATION_REQUIRED, quoted("Who?")), "/api/v1/me", 401, {"www-authenticate": f"{_BASIC}, {_BEARER}"}),
        (Refusal(Rule.AUTHENTICATION_FAILED, quoted("No.")), "/mailpit/api/v1/info", 401, {"www-authenticate": _BASIC}),
        (_LATER, "/api/v1/me", 429, {"retry-after": "30"}),
        (_FAILED, "/api/v1/me", 503, {"x-fault": "f1"}),
        (RecipientsRefused([_UNKNOWN, _FAILED]), "/api/v1/me", 422, {"x-fault": "f1"}),
        (RecipientsRefused([_UNKNOWN]), "/api/v1/me", 422, {}),
        (_UNKNOWN, "/mailpit/api/v1/send", 400, {}),
        (_UNKNOWN, "/fhir/v2/Practitioner", 422, {}),
    ],
)
def test_what_stands_beside_a_problem_and_in_which_form_it_is_told(
    refusal: Refusal, path: str, status: int, headers: dict[str, str]
) -> None:
    shown = response(refusal, Language.EN, path)
    known = ("www-authenticate", "retry-after", "x-fault")
    assert (shown.status_code, {name: shown.headers[name] for name in known if name in shown.headers}) == (status, headers)
    if path.startswith("/mailpit/"):
        assert shown.headers["content-type"] == "text/plain; charset=utf-8"
        source = f"reference: {refusal.reference}\n" if refusal.reference else ""
        assert bytes(shown.body).decode() == f"{refusal.detail.in_language(Language.EN)}\ncode: {refusal.rule}\n{source}"
    elif path.startswith("/fhir/"):
        assert shown.headers["content-type"] == "application/fhir+json"
        assert json.loads(bytes(shown.body))["issue"] == [{"severity": "error", "code": "processing", "diagnostics": "Unknown."}]
    else:
        assert json.loads(bytes(shown.body)) == problem(refusal, Language.EN)


def test_refused_rows_are_told_by_their_lines() -> None:
    told = problem(RowsRefused(_UNKNOWN, [(3, _UNKNOWN), (7, _FAILED)], 2), Language.EN)
    assert told["errors"] == [
        {"where": "line 3", "what": "Unknown.", "code": "unknown-mailbox"},
        {"where": "line 7", "what": "Asked for.", "code": "fault"},
    ]


@pytest.mark.parametrize(
    ("path", "speaks"),
    [
        *((path, True) for path in ("/fhir/v2", "/fhir/v2/", "/fhir/v2/Practitioner", BASE, WRITE_BASE, f"{WRITE_BASE}/metadata")),
        *((path, False) for path in ("/fhir/v20", "/fhir", "/fhir/", "/api/v1/me", "/control/fhir/v2", "/fhir/other")),
    ],
)
def test_whoever_asks_below_a_base_of_the_directory_speaks_fhir(path: str, *, speaks: bool) -> None:
    assert outcomes.speaks_fhir(path) is speaks


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((400, "invalid"), (404, "not-found"), (405, "not-supported"), (408, "timeout"), (413, "too-long"), (431, "too-long")),
        *((500, "exception"), (503, "transient"), (421, "processing"), (422, "processing")),
    ],
)
def test_a_problem_is_told_in_fhir_by_the_code_of_its_status(status: int, code: str) -> None:
    [issue] = outcomes.told_in_fhir({"status": status, "detail": "Why."})["issue"]
    assert issue == {"severity": "error", "code": code, "diagnostics": "Why."}


def test_rules_of_one_status_are_declared_as_one_answer_that_names_each() -> None:
    for declared in (
        refusing(Rule.INVALID, Rule.LIMIT_REACHED, Rule.CONFLICT, Rule.INVALID),
        refusing_plainly(Rule.INVALID, Rule.CONFLICT),
    ):
        for answer in declared.values():
            [content] = answer["content"].values()
            titles = [one["summary"] for one in content["examples"].values()]
            assert answer["description"] == ", or: ".join(titles)
    titles = [PROBLEMS[rule][1].in_language(Language.EN) for rule in (Rule.INVALID, Rule.LIMIT_REACHED)]
    assert refusing(Rule.INVALID, Rule.LIMIT_REACHED)[422]["description"] == ", or: ".join(titles)
