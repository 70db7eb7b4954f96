"""IMAP programs that do not know us: mbsync, fetchmail, neomutt, curl, and imapflow in node, against a running simulator."""

import asyncio
import functools
import imaplib
import json
import os
import pty
import re
import select
import shutil
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from email.policy import SMTP
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import certifi
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person, base64_of, control, letter
from tests.strangers.telling import HERE, REPORT, letters_with_report, must_exist, told_as_json

NODE = HERE / "node"
SHARED = f"Shared/{PRACTICE}/INBOX"
SECONDS = 60
_Found = TypeVar("_Found")


async def _run(*command: str, home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program that finds no settings but those that the test wrote."""
    program = shutil.which(command[0])
    assert program, f"{command[0]} is missing: make strangers installs it"
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "FETCHMAILHOME": str(home), "TERM": "xterm"}
    running = functools.partial(subprocess.run, capture_output=True, text=True, timeout=SECONDS, check=False)
    return await asyncio.to_thread(running, [program, *command[1:]], env=env, cwd=home, input=stdin)


async def _deliver(simulator: Simulator, to: str, *subjects: str) -> None:
    person = Person(simulator, "hospital")
    for subject in subjects:
        sent = await person.smtp(HOSPITAL, to, letter(HOSPITAL, to, subject, f"Bonjour, {subject}."))
        assert sent.code == 250, sent.text


async def _token(simulator: Simulator, who: str) -> str:
    minted = await control(simulator, "POST", "/tokens", {"who": who})
    assert minted.status_code == 201, minted.text
    return str(minted.json()["access_token"])


async def _look(simulator: Simulator, looking: Callable[[imaplib.IMAP4], _Found]) -> _Found:
    """What the doctor's mailbox holds, or what is to be put there, by a connection of its own."""
    ready = simulator.ready()

    def look() -> _Found:
        with imaplib.IMAP4("localhost", ready["imap"]["port"], timeout=SECONDS) as client:
            client.starttls(ssl.create_default_context(cafile=ready["ca_file"]))
            client.login("camille.martin", "cabinet-2026")
            client.select("INBOX")
            return looking(client)

    return await asyncio.to_thread(look)


def _count(client: imaplib.IMAP4) -> int:
    return len(client.search(None, "ALL")[1][0].split())


# mbsync, of Debian's isync


def _mbsync_settings(simulator: Simulator, home: Path, authority: str = "") -> str:
    ready = simulator.ready()
    (home / "mail").mkdir()
    settings = home / "mbsyncrc"
    settings.write_text(
        f"""
IMAPAccount doctor
Host localhost
Port {ready["imap"]["port"]}
User camille.martin
Pass cabinet-2026
SSLType STARTTLS
SystemCertificates no
CertificateFile {authority or ready["ca_file"]}

IMAPStore far
Account doctor

MaildirStore near
Path {home}/mail/
Inbox {home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns * !Shared* !"Other Users*"
Create Both
Expunge Both
Sync All
SyncState *
""",
        encoding="utf-8",
    )
    return str(settings)


async def _mbsync(settings: str, home: Path) -> Counter[str]:
    """One run; what it asked of the server that moves anything, by the commands that it says it sent."""
    done = await _run("mbsync", "-Dn", "-c", settings, "all", home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "STARTTLS" in done.stdout
    said = re.findall(r">>> \d+ ((?:UID )?[A-Z]+)(?: \S+ (\([^\r\n]*BODY\.PEEK\[\][^\r\n]*\)))?", done.stdout)
    moving = {"UID FETCH", "APPEND", "UID STORE", "UID EXPUNGE", "EXPUNGE", "CREATE", "DELETE"}
    return Counter(verb for verb, pulled in said if verb in moving and (pulled or verb != "UID FETCH"))


async def test_mbsync_keeps_five_hundred_messages_the_same_on_both_sides(simulator: Simulator, tmp_path: Path) -> None:
    def fill(client: imaplib.IMAP4) -> None:
        for number in range(500):
            client.append("INBOX", r"\Seen" if number % 2 else "", "", letter(HOSPITAL, DOCTOR, f"n {number}").as_bytes(policy=SMTP))

    await _look(simulator, fill)
    settings = _mbsync_settings(simulator, tmp_path)
    assert await _mbsync(settings, tmp_path) == {"UID FETCH": 500}
    inbox = tmp_path / "mail" / "INBOX"
    pulled = [path for folder in ("new", "cur") for path in (inbox / folder).iterdir()]
    subjects = sorted(line for path in pulled for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("Subject: "))
    assert subjects == sorted(f"Subject: n {number}" for number in range(500))
    assert len([path for path in pulled if path.name.endswith("S")]) == 250
    assert (tmp_path / "mail" / "Sent" / "cur").is_dir()

    for number in range(20):
        (inbox / "cur" / f"17.{number}.here:2,FS").write_bytes(letter(DOCTOR, HOSPITAL, f"local {number}").as_bytes())
    assert await _mbsync(settings, tmp_path) == {"APPEND": 20}
    assert await _look(simulator, lambda client: client.search(None, "FLAGGED", "SEEN", "SUBJECT", "local")[1][0].count(b" ")) == 19
    before = sorted(inbox.rglob("*"))
    assert await _mbsync(settings, tmp_path) == {}
    assert sorted(inbox.rglob("*")) == before
    assert await _look(simulator, _count) == 520


async def test_mbsync_carries_flags_deletions_and_new_folders_both_ways(simulator: Simulator, tmp_path: Path) -> None:
    await _deliver(simulator, DOCTOR, "un", "deux", "trois")
    await _look(simulator, lambda client: client.create('"&AMk-t&AOk- &- hiver"'))
    settings = _mbsync_settings(simulator, tmp_path)
    assert await _mbsync(settings, tmp_path) == {"UID FETCH": 3}
    names = {path.name for path in (tmp_path / "mail").iterdir()}
    assert names & {"Été & hiver", "&AMk-t&AOk- &- hiver"}, "isync decodes the name since 1.5"
    await _look(simulator, lambda client: client.store("1", "+FLAGS", r"(\Answered)"))
    await _look(simulator, lambda client: (client.store("3", "+FLAGS", r"(\Deleted)"), client.expunge()))
    assert await _mbsync(settings, tmp_path) == {}
    left = [path for folder in ("new", "cur") for path in (tmp_path / "mail" / "INBOX" / folder).iterdir()]
    assert len(left) == 2
    (answered,) = [path for path in left if path.name.endswith(":2,R")]
    answered.unlink()
    for name in ("new", "cur", "tmp"):
        (tmp_path / "mail" / "Ici" / name).mkdir(parents=True)
    assert await _mbsync(settings, tmp_path) == {"UID STORE": 1, "CREATE": 1}
    assert await _look(simulator, _count) == 1
    assert b'(\\HasNoChildren) "/" "Ici"' in (await _look(simulator, lambda client: client.list()))[1]
    assert await _mbsync(settings, tmp_path) == {}


# fetchmail


async def _fetchmail(simulator: Simulator, home: Path, *options: str, authority: str = "") -> subprocess.CompletedProcess[str]:
    ready = simulator.ready()
    settings = home / "fetchmailrc"
    settings.write_text(
        f"""
poll localhost protocol IMAP port {ready["imap"]["port"]} auth password
  user "camille.martin" password "cabinet-2026"
  sslproto "TLS1.2+" sslcertck sslcertfile "{authority or ready["ca_file"]}"
  mda "cat >> {home}/fetched"
""",
        encoding="utf-8",
    )
    settings.chmod(0o600)
    return await _run("fetchmail", "--nosyslog", "--verbose", "--fetchmailrc", str(settings), *options, home=home)


async def test_fetchmail_takes_the_mail_away(simulator: Simulator, tmp_path: Path) -> None:
    await _deliver(simulator, DOCTOR, "un", "deux", "trois")
    kept = await _fetchmail(simulator, tmp_path, "--keep")
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert "STARTTLS" in kept.stdout
    assert re.findall(r"^Subject: (\w+)\r?$", (tmp_path / "fetched").read_text(encoding="utf-8"), re.MULTILINE) == ["un", "deux", "trois"]
    assert await _look(simulator, _count) == 3
    await _deliver(simulator, DOCTOR, "quatre")
    taken = await _fetchmail(simulator, tmp_path)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert (tmp_path / "fetched").read_text(encoding="utf-8").count("Subject: ") == 4
    assert await _look(simulator, _count) == 3
    flushed = await _fetchmail(simulator, tmp_path, "--fetchall")
    assert flushed.returncode == 0, flushed.stdout + flushed.stderr
    assert await _look(simulator, _count) == 0
    assert (await _fetchmail(simulator, tmp_path)).returncode == 1, "1 says that there is no mail"


# neomutt


def _neomutt_settings(simulator: Simulator, home: Path) -> str:
    ready = simulator.ready()
    settings = home / "neomuttrc"
    settings.write_text(
        f"""
set imap_user = "camille.martin"
set imap_pass = "cabinet-2026"
set smtp_url = "smtp://camille.martin@localhost:{ready["submission"]["port"]}/"
set smtp_pass = "cabinet-2026"
set ssl_force_tls = yes
set ssl_starttls = yes
set ssl_verify_host = yes
set ssl_ca_certificates_file = "{ready["ca_file"]}"
set folder = "imap://localhost:{ready["imap"]["port"]}/"
set spool_file = "+INBOX"
set record = "+Sent"
set postponed = "+Drafts"
set from = "{DOCTOR}"
set real_name = "Camille Martin"
set use_from = yes
set imap_passive = yes
set confirm_append = no
set delete = yes
set quit = yes
set wait_key = no
set header_cache = ""
""",
        encoding="utf-8",
    )
    return str(settings)


async def test_neomutt_sends_and_keeps_a_copy_in_sent(simulator: Simulator, tmp_path: Path) -> None:
    settings = _neomutt_settings(simulator, tmp_path)
    report = tmp_path / "compte-rendu.pdf"
    report.write_bytes(b"%PDF-1.4 \x00\xff")
    command = ("neomutt", "-n", "-F", settings, "-s", "Été", "-a", str(report), "--", HOSPITAL)
    sent = await _run(*command, home=tmp_path, stdin="Bonjour, voici le compte rendu.\n")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    (received,) = await Person(simulator, "hospital").inbox(HOSPITAL)
    assert received["subject"] == "Été"

    def kept(client: imaplib.IMAP4) -> Any:
        client.select("Sent")
        return client.fetch("1:*", "(FLAGS BODYSTRUCTURE)")[1]

    copies = [line.decode() for line in await _look(simulator, kept)]
    assert [copy for copy in copies if "\\Seen" in copy and "compte-rendu.pdf" in copy]


async def test_neomutt_says_whether_there_is_mail(simulator: Simulator, tmp_path: Path) -> None:
    command = ["neomutt", "-n", "-F", _neomutt_settings(simulator, tmp_path), "-e", 'push "<quit>"', "-z"]
    assert await _on_a_terminal(command, tmp_path) == 1
    await _deliver(simulator, DOCTOR, "un")
    assert await _on_a_terminal(command, tmp_path) == 0


async def test_neomutt_reads_copies_and_deletes(simulator: Simulator, tmp_path: Path) -> None:
    await _deliver(simulator, DOCTOR, "un", "deux", "trois")
    settings = _neomutt_settings(simulator, tmp_path)
    keys = (
        "<tag-pattern>~s deux<enter><tag-prefix><copy-message>+Archive<enter><untag-pattern>.<enter>"
        "<search>~s trois<enter><display-message><exit><delete-pattern>~s un$<enter><sync-mailbox><quit>"
    )
    assert await _on_a_terminal(["neomutt", "-n", "-F", settings, "-e", f'push "{keys}"'], tmp_path) == 0

    def left(client: imaplib.IMAP4) -> Any:
        seen = client.search(None, "SEEN", "SUBJECT", "trois")[1][0]
        return _count(client), seen, client.status("Archive", "(MESSAGES)")[1]

    assert await _look(simulator, left) == (2, b"2", [b'"Archive" (MESSAGES 1)'])


async def _on_a_terminal(command: list[str], home: Path) -> int:
    """Run a program that wants a terminal, whose screen nobody looks at."""
    return await asyncio.to_thread(_on_a_terminal_of_its_own, command, home)


def _on_a_terminal_of_its_own(command: list[str], home: Path) -> int:
    program = shutil.which(command[0])
    assert program, f"{command[0]} is missing: make strangers installs it"
    controller, terminal = pty.openpty()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm", "LINES": "40", "COLUMNS": "120"}
    screen = b""
    with subprocess.Popen([program, *command[1:]], stdin=terminal, stdout=terminal, stderr=terminal, env=env, cwd=home) as running:
        os.close(terminal)
        end = time.monotonic() + SECONDS
        while running.poll() is None and time.monotonic() < end:
            if select.select([controller], [], [], 0.1)[0]:
                screen += _read(controller)
        running.kill()
    os.close(controller)
    assert running.returncode >= 0, screen
    return running.returncode


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 65_536)
    except OSError:  # the program is gone, and its terminal with it
        return b""


# curl


async def _curl(simulator: Simulator, home: Path, path: str, *options: str, account: str = "camille.martin:cabinet-2026") -> str:
    ready = simulator.ready()
    url = f"imap://localhost:{ready['imap']['port']}/{path}"
    done = await _run("curl", "-sS", "--ssl-reqd", "--cacert", ready["ca_file"], "--user", account, "--url", url, *options, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_curl_appends_lists_searches_fetches_and_expunges(simulator: Simulator, tmp_path: Path) -> None:
    mail = tmp_path / "letter.eml"
    mail.write_bytes(letter(HOSPITAL, DOCTOR, "curl").as_bytes(policy=SMTP))
    assert await _curl(simulator, tmp_path, "INBOX", "--upload-file", str(mail)) == ""
    assert '* LIST (\\HasNoChildren) "/" "INBOX"' in await _curl(simulator, tmp_path, "")
    assert await _curl(simulator, tmp_path, "INBOX?SUBJECT%20CURL") == "* SEARCH 1\n"
    whole = await _curl(simulator, tmp_path, "INBOX;UID=1")
    assert whole.endswith(mail.read_text(encoding="ascii"))
    assert "Subject: curl" in await _curl(simulator, tmp_path, "INBOX;UID=1;SECTION=HEADER")
    assert '"curl"' in await _curl(simulator, tmp_path, "INBOX", "-X", "FETCH 1 ENVELOPE")
    assert "\\Deleted" in await _curl(simulator, tmp_path, "INBOX", "-X", r"STORE 1 +FLAGS (\Deleted)")
    assert "* 1 EXPUNGE" in await _curl(simulator, tmp_path, "INBOX", "-X", "EXPUNGE")


async def test_curl_reads_the_shared_mailbox_with_a_password_and_with_a_token(simulator: Simulator, tmp_path: Path) -> None:
    await _deliver(simulator, PRACTICE, "au cabinet")
    read = await _curl(simulator, tmp_path, f"{quote(SHARED)};UID=1", account="sophie.petit:cabinet-2026")
    assert "Subject: au cabinet" in read
    token = await _token(simulator, "sophie.petit")
    options = ("--oauth2-bearer", token, "--login-options", "AUTH=XOAUTH2")
    assert "Subject: au cabinet" in await _curl(simulator, tmp_path, "INBOX;UID=1", *options, account=PRACTICE)


# imapflow, nodemailer's, in node


DOCTOR_ACCOUNT = {"user": "camille.martin", "pass": "cabinet-2026"}
SECRETARY_ACCOUNT = {"user": "sophie.petit", "pass": "cabinet-2026"}
OLD_WAYS = {"disableAutoEnable": True, "disableIMAP4rev2": True, "disableCompression": True, "disableBinary": True}


async def _imapflow(
    simulator: Simulator, part: str, *, meanwhile: Callable[[], Awaitable[None]] | None = None, **options: Any
) -> list[Any]:
    """What imapflow saw in one part of its day, in the order in which node/day.mjs says it; `meanwhile` happens while it idles."""
    must_exist(NODE / "node_modules" / "imapflow", "imapflow")
    ready = simulator.ready()
    tls = {"ca": await asyncio.to_thread(Path(ready["ca_file"]).read_text, encoding="ascii")}
    story = json.dumps({"part": part, "port": ready["imap"]["port"], "tls": tls, **options})
    return await told_as_json("node", str(NODE / "day.mjs"), story, meanwhile=meanwhile)


async def test_imapflow_finds_the_folders_and_what_they_are_for(simulator: Simulator) -> None:
    greeted, folders = await _imapflow(simulator, "tree", auth=DOCTOR_ACCOUNT)
    assert greeted["secure"]
    assert greeted["enabled"] == ["CONDSTORE", "IMAP4REV2", "UTF8=ACCEPT"]
    assert greeted["namespaces"]["shared"] == [{"prefix": "Shared/", "delimiter": "/"}]
    uses = {use: path for path, use in folders if use}
    assert uses.pop("\\Inbox") == "INBOX"
    assert uses == {f"\\{name}": name for name in ("Sent", "Drafts", "Archive", "Junk", "Trash")}, "the doctor's own, not the practice's"
    assert [SHARED, ""] in folders


@pytest.mark.parametrize("options", [{}, {"qresync": True}, OLD_WAYS], ids=["all extensions", "QRESYNC", "IMAP4rev1 alone"])
async def test_imapflow_keeps_a_mailbox_in_order(simulator: Simulator, options: dict[str, Any]) -> None:
    seen = await _imapflow(simulator, "order", auth=DOCTOR_ACCOUNT, letters=letters_with_report("un", "deux", "trois"), **options)
    assert seen[:4] == [1, 2, 3, [2, 3]]
    same = {"date": "2026-01-05T08:00:00.000Z", "types": ["text/plain", "application/pdf"], "text": "Voici le compte rendu.", "whole": True}
    recent = ["\\Recent"] if options is OLD_WAYS else []  # IMAP4rev2 has no such flag
    assert seen[4:7] == [
        {"uid": uid, "subject": subject, "flags": [*recent, *(["\\Seen"] if uid == 1 else [])], **same}
        for uid, subject in enumerate(("un", "deux", "trois"), start=1)
    ]
    assert seen[7] == ["application/pdf", "compte-rendu.pdf", base64_of(REPORT)]
    assert seen[8:10] == [True, [2]], "flags were added, and the search without regard to case finds them"
    assert seen[10:13] == ["Été & hiver", [[1, 1], [2, 2]], [[3, 3]]]
    assert seen[13:15] == [True, [2]]
    assert seen[15] == {"path": "Été & hiver", "messages": 3, "unseen": 2, "uidNext": 4}
    assert seen[16] == [3, 1], "the message that moved and the one that was deleted, by UID or by number"


async def test_imapflow_hears_of_a_letter_while_it_idles(simulator: Simulator) -> None:
    seen = await _imapflow(simulator, "wait", auth=DOCTOR_ACCOUNT, meanwhile=lambda: _deliver(simulator, DOCTOR, "pendant IDLE"))
    assert seen == ["idling", ["INBOX", 1, "pendant IDLE"]]


async def test_imapflow_reads_the_shared_mailbox(simulator: Simulator) -> None:
    """The secretary owns no mailbox; a NIL in the place of her personal namespace would make imapflow 1.7 hang."""
    await _deliver(simulator, PRACTICE, "au cabinet")
    opened, read, marked, deleted, quota = await _imapflow(simulator, "read", auth=SECRETARY_ACCOUNT, folder=SHARED)
    assert opened == [SHARED, 1, False]
    assert read == ["au cabinet", []]
    assert marked is True
    assert deleted is not True
    assert quota is True


async def test_imapflow_logs_in_with_a_token(simulator: Simulator) -> None:
    auth = {"user": PRACTICE, "accessToken": await _token(simulator, "sophie.petit")}
    greeted, folders = await _imapflow(simulator, "tree", auth=auth)
    assert greeted["namespaces"] == {"personal": [{"prefix": "", "delimiter": "/"}], "other": False, "shared": False}
    assert ["INBOX", "\\Inbox"] in folders


# All of them look at the certificate


async def test_programs_that_trust_other_authorities_do_not_log_in(simulator: Simulator, tmp_path: Path) -> None:
    others = certifi.where()
    settings = _mbsync_settings(simulator, tmp_path, others)
    mbsync = await _run("mbsync", "-c", settings, "all", home=tmp_path)
    assert mbsync.returncode == 1
    assert "certificate" in mbsync.stderr
    fetchmail = await _fetchmail(simulator, tmp_path, authority=others)
    assert fetchmail.returncode == 2
    assert "certificate" in fetchmail.stderr
    url = f"imap://localhost:{simulator.ready()['imap']['port']}/"
    curl = await _run("curl", "-sS", "--ssl-reqd", "--cacert", others, "--user", "camille.martin:cabinet-2026", "--url", url, home=tmp_path)
    assert curl.returncode == 60
    with pytest.raises(AssertionError, match=r"UNABLE_TO_GET_ISSUER_CERT_LOCALLY"):
        await _imapflow(simulator, "tree", auth=DOCTOR_ACCOUNT, tls={})
