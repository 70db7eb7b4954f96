"""The arguments of MAIL and RCPT: what is refused and with which code, then what is read."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.mail.addresses import canonical
from mss_sim.smtp.commands import CommandError, MailCommand, RcptCommand, read_mail, read_rcpt
from mss_sim.smtp.replies import Reply
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Notify

Command = TypeVar("Command", MailCommand, RcptCommand)
SYNTAX, ADDRESS, PARAMETER, NEEDS_UTF8 = (501, "5.5.4"), (501, "5.1.3"), (555, "5.5.4"), (553, "5.6.7")


def mail_error(argument: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as refused:
        read_mail(argument)
    return refused.value.reply.code, refused.value.reply.enhanced


def rcpt_error(argument: str, *, utf8: bool = False) -> tuple[int, str]:
    with pytest.raises(CommandError) as refused:
        read_rcpt(argument, utf8=utf8)
    return refused.value.reply.code, refused.value.reply.enhanced


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="nothing"),
        pytest.param(" ", id="a space"),
        pytest.param("a@b.fr", id="no brackets"),
        pytest.param("<a@b.fr", id="a bracket opened"),
        pytest.param("a@b.fr>", id="a bracket closed"),
        pytest.param("<<a@b.fr>>", id="brackets twice"),
        pytest.param("<a@b.fr>>", id="a bracket too many"),
        pytest.param("< a@b.fr >", id="spaces inside"),
        pytest.param("<a b@b.fr>", id="a space in the local part"),
        pytest.param("Ana <a@b.fr>", id="a display name"),
        pytest.param("<a@b.fr>NOTIFY=NEVER", id="no space before a parameter"),
        pytest.param('<"a@b.fr>', id="a quote opened"),
        pytest.param('<"a\\"@b.fr>', id="a closing quote escaped"),
    ],
)
def test_what_is_no_path_is_a_syntax_error(path: str) -> None:
    assert mail_error(f"FROM:{path}") == SYNTAX
    assert rcpt_error(f"TO:{path}") == SYNTAX


def test_a_second_path_is_read_as_a_parameter_and_refused() -> None:
    assert mail_error("FROM:<a@b.fr> <c@d.fr>") == PARAMETER
    assert rcpt_error("TO:<a@b.fr> <c@d.fr>") == PARAMETER


@pytest.mark.parametrize("argument", ["", "<a@b.fr>", "FROM", "FROM <a@b.fr>", "FROM :<a@b.fr>", "FRM:<a@b.fr>", "TO:<a@b.fr>"])
def test_mail_without_its_keyword_is_a_syntax_error(argument: str) -> None:
    assert mail_error(argument) == SYNTAX


@pytest.mark.parametrize("argument", ["", "<a@b.fr>", "TO", "TO <a@b.fr>", "TO :<a@b.fr>", "FROM:<a@b.fr>", "TO:<>", "TO: <>"])
def test_rcpt_without_its_keyword_or_with_a_null_path_is_a_syntax_error(argument: str) -> None:
    assert rcpt_error(argument) == SYNTAX


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("<a>", id="no domain"),
        pytest.param("<@b.fr>", id="no local part"),
        pytest.param("<a@>", id="an empty domain"),
        pytest.param("<a..b@b.fr>", id="two dots"),
        pytest.param("<a@b..fr>", id="an empty label"),
        pytest.param("<a@-b.fr>", id="a hyphen first"),
        pytest.param("<a@[192.0.2.1]>", id="an address literal"),
        pytest.param("<" + "a" * 65 + "@b.fr>", id="65 octets before the @"),
        pytest.param("<a@b@c.fr>", id="two @"),
        pytest.param("<a\x00@b.fr>", id="a NUL"),
        pytest.param("<@relay.fr:a@b..fr>", id="a source route and a wrong address"),
        pytest.param('<"a\x01b"@b.fr>', id="a control character in quotes"),
    ],
)
def test_a_path_that_is_no_address_is_a_bad_address(path: str) -> None:
    assert mail_error(f"FROM:{path}") == ADDRESS
    assert rcpt_error(f"TO:{path}") == ADDRESS


def test_a_bad_address_is_told_what_is_bad_about_it() -> None:
    with pytest.raises(CommandError, match=r"^Bad address: the domain 'b\.\.fr' is not a valid name$"):
        read_mail("FROM:<a@b..fr>")


@pytest.mark.parametrize("address", ["é@b.fr", "a@exämple.fr", "\udce9@b.fr"])
def test_an_address_beyond_ascii_needs_smtputf8(address: str) -> None:
    assert mail_error(f"FROM:<{address}>") == NEEDS_UTF8
    assert rcpt_error(f"TO:<{address}>") == NEEDS_UTF8


def test_bytes_that_are_not_utf8_are_a_bad_address_even_with_smtputf8() -> None:
    assert mail_error("FROM:<\udce9@b.fr> SMTPUTF8") == ADDRESS
    assert rcpt_error("TO:<\udce9@b.fr>", utf8=True) == ADDRESS


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param("SIZE", id="SIZE without value"),
        pytest.param("SIZE=", id="SIZE empty"),
        pytest.param("SIZE=-1", id="SIZE negative"),
        pytest.param("SIZE=+1", id="SIZE signed"),
        pytest.param("SIZE=1k", id="SIZE with a unit"),
        pytest.param("SIZE=1.5", id="SIZE with a point"),
        pytest.param("SIZE=0x10", id="SIZE hexadecimal"),
        pytest.param("SIZE=" + "9" * 21, id="SIZE of 21 digits"),
        pytest.param("SIZE=٣", id="SIZE in Arabic-Indic digits"),
        pytest.param("SIZE=²", id="SIZE in superscript"),
        pytest.param("SIZE=1 SIZE=1", id="SIZE twice"),
        pytest.param("SIZE=1 size=2", id="SIZE twice in two cases"),
        pytest.param("SIZE = 1", id="spaces around the equals sign"),
        pytest.param("BODY", id="BODY without value"),
        pytest.param("BODY=BINARYMIME", id="BODY that is not announced"),
        pytest.param("BODY=8BIT", id="BODY unknown"),
        pytest.param("SMTPUTF8=1", id="SMTPUTF8 with a value"),
        pytest.param("SMTPUTF8 SMTPUTF8", id="SMTPUTF8 twice"),
        pytest.param("RET", id="RET without value"),
        pytest.param("RET=ALL", id="RET unknown"),
        pytest.param("RET=FULL RET=HDRS", id="RET twice"),
        pytest.param("ENVID", id="ENVID without value"),
        pytest.param("ENVID=", id="ENVID empty"),
        pytest.param("ENVID=a=b", id="ENVID with a bare equals sign"),
        pytest.param("ENVID=a+b", id="ENVID with a bare plus sign"),
        pytest.param("ENVID=a+3d", id="ENVID with hexadecimal in lower case"),
        pytest.param("ENVID=a+3", id="ENVID with half an octet"),
        pytest.param("ENVID=é", id="ENVID beyond ASCII"),
        pytest.param("ENVID=" + "a" * 101, id="ENVID of 101 characters"),
        pytest.param("ENVID=a+0D+0AX:+20y", id="ENVID that hides a line break"),
        pytest.param("ENVID=a+00", id="ENVID that hides a NUL"),
        pytest.param("ENVID=a+85b", id="ENVID that hides a next-line character"),
        pytest.param("AUTH", id="AUTH without value"),
        pytest.param("AUTH=", id="AUTH empty"),
        pytest.param("NOTIFY=NEVER", id="a parameter of RCPT"),
        pytest.param("MT-PRIORITY=3", id="a parameter that is not announced"),
        pytest.param("=1", id="a value without name"),
        pytest.param("-X=1", id="a name that begins with a hyphen"),
        pytest.param("X\x00=1", id="a NUL"),
        pytest.param("\udce9=1", id="a byte that is not UTF-8"),
        pytest.param("SIZE=1\x0bBODY=7BIT", id="a vertical tab for a space"),
        pytest.param("SIZE=1\xa0BODY=7BIT", id="a no-break space for a space"),
        pytest.param("SIZE=1\u2028BODY=7BIT", id="a line separator for a space"),
    ],
)
def test_a_parameter_of_mail_that_is_unknown_or_badly_written_is_refused(parameters: str) -> None:
    assert mail_error(f"FROM:<a@b.fr> {parameters}") == PARAMETER


@pytest.mark.parametrize("gap", ["\x0b", "\xa0", "\u2028", "\x85"])
def test_only_a_space_separates_a_path_from_its_parameters(gap: str) -> None:
    assert mail_error(f"FROM:<a@b.fr>{gap}SIZE=1") == SYNTAX


@pytest.mark.parametrize(
    ("argument", "command"),
    [
        pytest.param("FROM:<>", MailCommand(""), id="null path"),
        pytest.param("FROM:<> RET=HDRS", MailCommand(""), id="null path with a parameter"),
        pytest.param("FROM:<a@b.fr>", MailCommand("a@b.fr"), id="an address"),
        pytest.param("from:<A@B.FR>", MailCommand("a@b.fr"), id="lower and upper case"),
        pytest.param("FROM: <a@b.fr>", MailCommand("a@b.fr"), id="a space that many clients write"),
        pytest.param("FROM:<a@b.fr> ", MailCommand("a@b.fr"), id="a space at the end"),
        pytest.param("FROM:<@r.fr:a@b.fr>", MailCommand("a@b.fr"), id="a source route is dropped"),
        pytest.param("FROM:<@r.fr,@s.fr:a@b.fr>", MailCommand("a@b.fr"), id="a route of two hosts is dropped"),
        pytest.param('FROM:<"a b"@b.fr>', MailCommand('"a b"@b.fr'), id="a quoted space"),
        pytest.param('FROM:<"a>b"@b.fr>', MailCommand('"a>b"@b.fr'), id="a quoted bracket"),
        pytest.param('FROM:<"a@b"@c.fr>', MailCommand('"a@b"@c.fr'), id="a quoted @"),
        pytest.param('FROM:<"a\\"b"@b.fr>', MailCommand('"a\\"b"@b.fr'), id="a quoted quote"),
        pytest.param("FROM:<a@b.fr> SIZE=0", MailCommand("a@b.fr"), id="SIZE of nothing"),
        pytest.param("FROM:<a@b.fr> size=12", MailCommand("a@b.fr", size_bytes=12), id="SIZE in lower case"),
        pytest.param("FROM:<a@b.fr> SIZE=" + "9" * 20, MailCommand("a@b.fr", size_bytes=10**20 - 1), id="SIZE of 20 digits"),
        pytest.param("FROM:<a@b.fr> BODY=8BITMIME", MailCommand("a@b.fr"), id="BODY of 8 bits"),
        pytest.param("FROM:<a@b.fr> body=7bit", MailCommand("a@b.fr"), id="BODY of 7 bits in lower case"),
        pytest.param("FROM:<a@b.fr> SMTPUTF8", MailCommand("a@b.fr", smtputf8=True), id="SMTPUTF8"),
        pytest.param("FROM:<é@b.fr> smtputf8", MailCommand("é@b.fr", smtputf8=True), id="SMTPUTF8 that is needed"),
        pytest.param("FROM:<a@exämple.fr> SMTPUTF8", MailCommand("a@xn--exmple-cua.fr", smtputf8=True), id="a domain beyond ASCII"),
        pytest.param("FROM:<a@b.fr> RET=FULL", MailCommand("a@b.fr", return_full=True), id="RET=FULL"),
        pytest.param("FROM:<a@b.fr> RET=hdrs", MailCommand("a@b.fr"), id="RET=HDRS in lower case"),
        pytest.param("FROM:<a@b.fr> ENVID=QQ314159", MailCommand("a@b.fr", envelope_id="QQ314159"), id="ENVID"),
        pytest.param("FROM:<a@b.fr> ENVID=a+3Db+2B", MailCommand("a@b.fr", envelope_id="a=b+"), id="ENVID in xtext"),
        pytest.param("FROM:<a@b.fr> ENVID=" + "a" * 100, MailCommand("a@b.fr", envelope_id="a" * 100), id="ENVID of 100 characters"),
        pytest.param("FROM:<a@b.fr> AUTH=<>", MailCommand("a@b.fr"), id="AUTH is heard"),
        pytest.param("FROM:<a@b.fr> AUTH=chef@b.fr", MailCommand("a@b.fr"), id="AUTH is not believed"),
        pytest.param(
            "FROM:<a@b.fr>  SMTPUTF8   RET=FULL ENVID=x SIZE=3 BODY=8BITMIME AUTH=<> ",
            MailCommand("a@b.fr", 3, smtputf8=True, return_full=True, envelope_id="x"),
            id="all of them",
        ),
    ],
)
def test_mail_is_read(argument: str, command: MailCommand) -> None:
    assert read_mail(argument) == command


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param("NOTIFY", id="NOTIFY without value"),
        pytest.param("NOTIFY=", id="NOTIFY empty"),
        pytest.param("NOTIFY=,", id="NOTIFY with a comma only"),
        pytest.param("NOTIFY=SUCCESS,", id="NOTIFY with a comma at the end"),
        pytest.param("NOTIFY=ALWAYS", id="NOTIFY unknown"),
        pytest.param("NOTIFY=NEVER,SUCCESS", id="NEVER with another"),
        pytest.param("NOTIFY=FAILURE,NEVER", id="another with NEVER"),
        pytest.param("NOTIFY=NEVER,NEVER", id="NEVER with itself"),
        pytest.param("NOTIFY=SUCCESS,success", id="SUCCESS with itself"),
        pytest.param("NOTIFY=SUCCESS NOTIFY=DELAY", id="NOTIFY twice"),
        pytest.param("NOTIFY=SUCCESS, DELAY", id="a space in NOTIFY"),
        pytest.param("ORCPT", id="ORCPT without value"),
        pytest.param("ORCPT=a@b.fr", id="ORCPT without type"),
        pytest.param("ORCPT=;a@b.fr", id="ORCPT with an empty type"),
        pytest.param("ORCPT=rfc822;", id="ORCPT without address"),
        pytest.param("ORCPT=x400;c=fr", id="ORCPT of a type that we do not know"),
        pytest.param("ORCPT=rfc822;a+zz", id="ORCPT with bad xtext"),
        pytest.param("ORCPT=rfc822;a=b@c.fr", id="ORCPT with a bare equals sign"),
        pytest.param("ORCPT=rfc822;é@b.fr", id="ORCPT beyond ASCII under the ASCII type"),
        pytest.param("ORCPT=rfc822;a+0D+0AX:y", id="ORCPT that hides a line break"),
        pytest.param("ORCPT=utf-8;a+0D+0AX:y", id="ORCPT in UTF-8 that hides a line break"),
        pytest.param("ORCPT=utf-8;a\u2028b", id="ORCPT in UTF-8 with a line separator"),
        pytest.param("ORCPT=rfc822;" + "a" * 494, id="ORCPT of 501 characters"),
        pytest.param("ORCPT=rfc822;a@b.fr ORCPT=rfc822;a@b.fr", id="ORCPT twice"),
        pytest.param("SIZE=1", id="a parameter of MAIL"),
        pytest.param("SMTPUTF8", id="another parameter of MAIL"),
        pytest.param("BY=120;R", id="a parameter that is not announced"),
    ],
)
def test_a_parameter_of_rcpt_that_is_unknown_or_badly_written_is_refused(parameters: str) -> None:
    assert rcpt_error(f"TO:<a@b.fr> {parameters}", utf8=True) == PARAMETER


S, F, D = Notify.SUCCESS, Notify.FAILURE, Notify.DELAY


@pytest.mark.parametrize(
    ("argument", "command"),
    [
        pytest.param("TO:<a@b.fr>", RcptCommand("a@b.fr"), id="an address"),
        pytest.param("to: <A@B.FR> ", RcptCommand("a@b.fr"), id="lower and upper case"),
        pytest.param("TO:<@r.fr:a@b.fr>", RcptCommand("a@b.fr"), id="a source route is dropped"),
        pytest.param('TO:<"a b"@b.fr>', RcptCommand('"a b"@b.fr'), id="a quoted space"),
        pytest.param("TO:<a@b.fr> NOTIFY=NEVER", RcptCommand("a@b.fr", frozenset({Notify.NEVER})), id="NEVER"),
        pytest.param("TO:<a@b.fr> notify=success", RcptCommand("a@b.fr", frozenset({S})), id="SUCCESS in lower case"),
        pytest.param("TO:<a@b.fr> NOTIFY=FAILURE,DELAY", RcptCommand("a@b.fr", frozenset({F, D})), id="two words"),
        pytest.param("TO:<a@b.fr> NOTIFY=DELAY,SUCCESS,FAILURE", RcptCommand("a@b.fr", frozenset({S, F, D})), id="three words"),
        pytest.param("TO:<a@b.fr> ORCPT=rfc822;C@d.fr", RcptCommand("a@b.fr", original="rfc822;C@d.fr"), id="ORCPT keeps its case"),
        pytest.param("TO:<a@b.fr> ORCPT=rfc822;c+2Bx@d.fr", RcptCommand("a@b.fr", original="rfc822;c+x@d.fr"), id="ORCPT in xtext"),
        pytest.param("TO:<a@b.fr> ORCPT=utf-8;é@d.fr", RcptCommand("a@b.fr", original="utf-8;é@d.fr"), id="ORCPT in UTF-8"),
        pytest.param(
            "TO:<a@b.fr> ORCPT=rfc822;" + "a" * 493, RcptCommand("a@b.fr", original="rfc822;" + "a" * 493), id="ORCPT of 500 characters"
        ),
        pytest.param(
            "TO:<a@b.fr> ORCPT=rfc822;c@d.fr NOTIFY=NEVER",
            RcptCommand("a@b.fr", frozenset({Notify.NEVER}), "rfc822;c@d.fr"),
            id="both",
        ),
    ],
)
def test_rcpt_is_read(argument: str, command: RcptCommand) -> None:
    assert read_rcpt(argument, utf8=False) == command


def test_rcpt_takes_an_international_address_in_a_transaction_that_announced_it() -> None:
    assert read_rcpt("TO:<É@b.fr>", utf8=True) == RcptCommand("é@b.fr")


_PIECES = 'FROM: TO: < > <a@b.fr> " \\ @ : é \udce9 SIZE= 9 ENVID= +0A +41 ORCPT=rfc822; NOTIFY= NEVER , SMTPUTF8 RET=FULL ='
_WORDS = st.lists(st.sampled_from([*_PIECES.split(" "), " ", "\x00", "\r\n", "\u2028"]), max_size=9).map("".join)
_ARGUMENTS = _WORDS | _WORDS.map("FROM:<a@b.fr> {}".format) | _WORDS.map("TO:<a@b.fr> {}".format) | st.text(max_size=20)


def outcome(read: Callable[[], Command]) -> Command | Reply:
    try:
        return read()
    except CommandError as refused:
        return refused.reply


@settings(deadline=None, max_examples=300)
@given(_ARGUMENTS)
def test_any_argument_of_mail_is_read_or_refused_by_a_reply_of_one_line(argument: str) -> None:
    command = outcome(lambda: read_mail(argument))
    if isinstance(command, Reply):
        assert 500 <= command.code < 560
        assert command.line(Language.EN).count(b"\n") == 1
        return
    assert command.sender == (canonical(command.sender) if command.sender else "")
    assert command.size_bytes >= 0
    assert (command.envelope_id or "").isprintable()


@settings(deadline=None, max_examples=300)
@given(_ARGUMENTS, st.booleans())
def test_any_argument_of_rcpt_is_read_or_refused_by_a_reply_of_one_line(argument: str, utf8: bool) -> None:
    command = outcome(lambda: read_rcpt(argument, utf8=utf8))
    if isinstance(command, Reply):
        assert 500 <= command.code < 560
        assert command.line(Language.EN).count(b"\n") == 1
        return
    assert command.recipient == canonical(command.recipient)
    assert utf8 or command.recipient.isascii()
    assert (command.original or "").isprintable()
