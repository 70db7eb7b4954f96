"""An agent drives a world: `mss-sim mcp` as a process of its own, and the client of the SDK, which does not know us, in front of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent, TextResourceContents

from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.conftest import StartSimulator

_PROGRAM = ("-m", "mss_sim", "mcp")
_CLIENT = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
_HELLO = {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": _CLIENT}
_CANNOT_BE: list[tuple[str, dict[str, Any], str, str]] = [
    ("inbox", {}, "invalid-request", "who: field required"),
    ("inbox", {"who": 3}, "invalid-request", "who: input should be a valid string"),
    ("inbox", {"who": "bishop"}, "not-found", "nobody is called bishop; there are application"),
    ("inbox", {"who": "doctor", "folder": "Sent"}, "invalid-request", "inbox has no argument 'folder'; it takes who, mailbox"),
    ("inbox", {"who": "doctor", "mailbox": "\x00é /../?#@"}, "not-found", ""),
    ("read_letter", {"who": "doctor", "letter": "../../../control/reset?x#"}, "not-found", ""),
    ("send_letter", {"who": "doctor", "to": []}, "no-recipient", ""),
    ("send_letter", {"who": "doctor", "to": ["x"]}, "bad-address", "'x' is not an address"),
    ("send_letter", {"who": "doctor", "to": [HOSPITAL], "attachments": [{"filename": "a"}]}, "invalid-request", "give the file 'a'"),
    (
        "send_letter",
        {"who": "doctor", "to": [HOSPITAL], "attachments": [{"filename": "a", "content_base64": "é"}]},
        "invalid-request",
        "",
    ),
    ("grant", {"who": "doctor", "to": "newcomer", "rights": ["fly"]}, "invalid-request", "rights.0: input should be"),
    ("grant", {"who": "doctor", "to": "newcomer", "rights": []}, "invalid-request", "rights: list should have at least 1"),
    ("grant", {"who": "doctor", "to": "nobody", "rights": ["see"]}, "grantee-not-allowed", ""),
    ("wait", {"seconds": 1e9}, "invalid-request", "seconds: input should be less than or equal to 300"),
    ("wait", {"after": "yesterday"}, "invalid-request", "after is a position"),
    ("advance", {"by": "a week"}, "invalid-request", "The clock cannot be moved so far"),
    ("add_fault", {"point": "rest", "kind": "reply", "match": {"colour": "red"}}, "invalid-request", ""),
    ("add_trouble", {"name": "psc-down", "parameters": {"colour": "red"}}, "invalid-request", ""),
    ("clear_faults", {"fault": "none"}, "not-found", ""),
    ("what_was_said", {"session": "none"}, "not-found", ""),
    ("events", {"kinds": ["rain"]}, "invalid-request", "There is no kind of events 'rain'"),
    ("fly", {}, "not-found", "there is no tool 'fly'; there are people"),
]
"""A tool, arguments that it cannot do, the rule that refuses, and a piece of what is told."""


class Agent:
    """A client that calls tools by name, as a program that talks to a model does."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """What a tool answers, whatever it is."""
        return await self.client.call_tool(tool, arguments)

    async def do(self, tool: str, **arguments: Any) -> Any:
        """The structured answer of a tool that does what it is asked: checked by the SDK against the schema of the tool."""
        found = await self.call(tool, **arguments)
        assert not found.is_error, found.content
        told: Any = found.structured_content
        return told["result"] if told.keys() == {"result"} else told

    async def refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The parts of a tool error; its text tells them too."""
        found = await self.call(tool, **arguments)
        told: Any = found.structured_content
        [text] = found.content
        assert found.is_error
        assert isinstance(text, TextContent)
        assert text.text.startswith(told["detail"])
        assert f"rule: {told['rule']}" in text.text
        assert told["reference"] is None or f"reference: {told['reference']}" in text.text
        return dict(told)


@asynccontextmanager
async def agent(*options: str) -> AsyncIterator[Agent]:
    """The command, driven over its standard input and output."""
    async with Client(StdioServerParameters(command=sys.executable, args=[*_PROGRAM, *options])) as client:
        yield Agent(client)


async def test_a_story_of_a_delegation_is_played() -> None:
    async with agent() as one:
        roles = {person["role"]: person for person in await one.do("people")}
        assert roles["doctor"]["mailboxes"][1]["address"] == PRACTICE
        assert (await one.refused("inbox", who="newcomer", mailbox=PRACTICE))["rule"] == "not-found"

        rights = ["see", "read", "send_on_behalf"]
        grant = await one.do("grant", who="doctor", to="newcomer", mailbox=PRACTICE, rights=rights, reason="Remplacement")
        assert (sorted(rights), True) == (grant["rights"], grant["in_force"])
        [held] = await one.do("mailboxes", who="newcomer")
        assert (held["address"], held["rights"]) == (PRACTICE, sorted(rights))

        sent = await one.do(
            "send_letter",
            who="newcomer",
            mailbox=PRACTICE,
            to=[HOSPITAL],
            subject="Votre compte rendu",
            text="Le code est 123456.",
            attachments=[{"filename": "notes.txt", "text": "à relire"}],
            attach_xdm=True,
            request_read_receipt=True,
        )
        assert (sent["mailbox"], sent["mode"]) == (PRACTICE, "send_on_behalf")
        came = await one.do("wait", subject="COMPTE RENDU", mailbox=HOSPITAL, seconds=20)
        assert (came["met"], came["found"][0]["values"]["codes"]) == (True, ["123456"])

        [listed] = await one.do("inbox", who="hospital", subject="compte rendu")
        assert listed["sender"][0]["address"] == PRACTICE
        letter = await one.do("read_letter", who="hospital", letter=listed["id"])
        assert letter["text"].strip() == "Le code est 123456."
        assert [file["filename"] for file in letter["attachments"]] == ["notes.txt", "IHE_XDM.ZIP"]
        assert await one.do("send_read_receipt", who="hospital", letter=listed["id"]) == PRACTICE
        await one.do("wait", kind="timeline", events=["displayed"], recipient=HOSPITAL, seconds=20)
        became = await one.do("what_became_of", who="doctor", mailbox=PRACTICE, submission=sent["submission_id"])
        assert [row["state"] for row in became["recipients"]] == ["displayed"]

        [given] = [row for row in await one.do("grants", who="doctor", mailbox=PRACTICE) if row["id"] == grant["id"]]
        assert given["reason"] == "Remplacement"
        revoked = await one.do("revoke", who="doctor", mailbox=PRACTICE, grant=grant["id"])
        assert revoked["in_force"] is False
        refusal = await one.refused("send_letter", who="newcomer", mailbox=PRACTICE, to=[HOSPITAL])
        assert refusal["rule"] == "send-not-allowed"
        assert refusal["reference"] == "quirks#from-not-allowed"
        assert "you neither hold this mailbox nor have a grant" in refusal["detail"]

        [session] = [row for row in await one.do("verdicts", rule="send-not-allowed") if row["verdict"] == "refused"]
        assert [(row["rule"], row["answer"]) for row in session["refused"]][-1] == ("send-not-allowed", "403")
        said = await one.do("what_was_said", session=session["id"])
        assert any("POST /api/v1/mailboxes" in line["text"] for line in said["transcript"])


async def test_a_conversation_with_a_patient_is_closed_and_opened_again() -> None:
    async with agent() as one:
        asked = await one.do("may_write", sender=PATIENT, to=DOCTOR)
        assert (asked["may_write"], asked["rule"]) == (False, "not-invited")
        assert (await one.refused("send_letter", who="patient", to=[DOCTOR]))["recipients"][0]["rule"] == "not-invited"
        await one.do("send_letter", who="doctor", to=[PATIENT], subject="Votre bilan")
        await one.do("wait", subject="bilan", mailbox=PATIENT, seconds=20)
        assert (await one.do("may_write", sender=PATIENT, to=DOCTOR))["rule"] == "conversation-open"
        [written] = await one.do("inbox", who="patient", subject="bilan")
        await one.do("send_letter", who="patient", to=[DOCTOR], subject="Merci", in_reply_to=written["id"])
        await one.do("wait", subject="merci", mailbox=DOCTOR, seconds=20)
        [answer] = await one.do("inbox", who="doctor", subject="merci")
        conversation = {"who": "doctor", "conversation": answer["conversation_id"]}
        assert (await one.do("close_conversation", **conversation))["closed"] is True
        closed = await one.do("may_write", sender=PATIENT, to=DOCTOR)
        assert (closed["may_write"], closed["rule"]) == (False, "conversation-closed")
        assert (await one.refused("send_letter", who="patient", to=[DOCTOR]))["recipients"][0]["rule"] == "conversation-closed"
        assert (await one.do("reopen_conversation", **conversation))["closed"] is False
        assert (await one.do("may_write", sender=PATIENT, to=DOCTOR))["may_write"] is True
        assert (await one.refused("reopen_conversation", **{**conversation, "who": "hospital"}))["rule"] == "not-found"


async def test_time_faults_and_a_fresh_start() -> None:
    async with agent() as one:
        before = (await one.do("set_clock", mode="frozen"))["now"]
        await one.do("grant", who="doctor", to="newcomer", rights=["see"], valid_until="2199-01-01T00:00:00+00:00")
        moved = await one.do("advance", by="P1D")
        assert moved["now"][:10] > before[:10]
        assert (await one.do("clock"))["now"] == moved["now"]
        assert (await one.refused("advance", by="P1D", to="2199-01-01T00:00:00+00:00"))["rule"] == "invalid-request"
        assert (await one.refused("advance", to="2001-01-01T00:00:00+00:00"))["rule"] == "conflict"

        rule = await one.do("add_fault", point="rest", kind="reply", match={"verb": "GET"}, action={"code": "503"})
        failed = await one.refused("inbox", who="doctor")
        assert (failed["rule"], failed["reference"], failed["status"]) == ("fault", "quirks#faults", 503)
        assert [(row["id"], row["fired"]) for row in await one.do("faults")] == [(rule["id"], 1)]
        assert await one.do("clear_faults", fault=rule["id"]) == []
        assert [row["point"] for row in await one.do("add_trouble", name="psc-slow", parameters={"seconds": 2})] == ["psc"]
        assert await one.do("clear_faults") == []

        [made] = await one.do("add_people", like="doctor")
        assert await one.do("mailboxes", who=made["login"]) != []
        told = await one.do("events", kinds=["grant.*"], mailbox=DOCTOR)
        assert [row["who"]["idnat"] for row in told["events"] if row["who"]] != []
        assert (await one.do("events", after=told["cursor"]))["events"] == []
        await one.do("reset")
        assert (await one.refused("mailboxes", who=made["login"]))["rule"] == "not-found"
        assert await one.do("mailboxes", who="newcomer") == []


async def test_a_wait_lets_other_tools_go_on_and_tells_what_came_instead() -> None:
    async with agent() as one:
        coming = asyncio.create_task(one.do("wait", subject="Ordonnance", mailbox=PRACTICE, seconds=60))
        await one.do("send_letter", who="hospital", to=[PRACTICE], subject="Bilan")
        await one.do("wait", subject="Bilan", mailbox=PRACTICE, seconds=20)
        assert not coming.done()
        missed = await one.do("wait", subject="Bilam", mailbox=PRACTICE, seconds=0)
        assert (missed["met"], missed["found"]) == (False, [])
        assert ("Bilan", ["subject"]) in [(row["subject"], row["lacks"]) for row in missed["near"]]
        assert "lacks subject" in missed["told"]
        await one.do("send_letter", who="hospital", to=[PRACTICE], subject="Ordonnance")
        assert (await coming)["met"] is True
        assert (await one.do("wait", kind="settled", seconds=20))["met"] is True
        assert (await one.do("wait", kind="act", acts=["message.submitted"], by="hospital", seconds=20))["met"] is True
        assert (await one.refused("wait", kind="settled", mailbox=PRACTICE))["reference"] == "quirks#waits"


async def test_what_cannot_be_is_a_tool_error_and_ends_nothing() -> None:
    async with agent("--seed", "cabinet") as one:
        for tool, arguments, rule, told in _CANNOT_BE:
            error = await one.refused(tool, **arguments)
            assert (tool, arguments, error["rule"]) == (tool, arguments, rule)
            assert told in error["detail"]
            assert error["detail"]
        assert (await one.do("people"))[0]["role"] == "doctor"


async def test_the_world_of_a_ready_file_is_driven_though_it_ends_and_starts(start: StartSimulator, tmp_path: Path) -> None:
    """The ready file is read each time: ports change at each start."""
    file = tmp_path / "data" / "ready.json"
    async with agent("--ready", str(file)) as one:
        assert "start one with mss-sim run" in (await one.refused("people"))["detail"]
        for _ in range(2):
            async with start() as simulator:
                await one.do("send_letter", who="hospital", to=[PRACTICE], subject="Bonjour")
                assert (await one.do("wait", subject="bonjour", mailbox=PRACTICE, seconds=20))["met"] is True
                assert await _resource(one) == simulator.ready()
                kept = file.read_text(encoding="utf-8")
                refusal = await one.refused("inbox", who="hospital", mailbox=PRACTICE)
                assert (refusal["rule"], refusal["status"]) == ("not-found", 404)
            assert (await one.refused("inbox", who="doctor"))["rule"] == "no-simulator"
        for text, told in (
            (kept, "does not answer"),
            ("{", "is not JSON"),
            ("[]", "is no ready file"),
            ('{"http": 1}', "is no ready file"),
        ):
            file.write_text(text, encoding="utf-8")
            error = await one.refused("inbox", who="doctor")
            assert error["rule"] == "no-simulator"
            assert told in error["detail"]


async def _resource(one: Agent) -> Any:
    [listed] = (await one.client.list_resources()).resources
    [content] = (await one.client.read_resource(listed.uri)).contents
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)


async def test_each_tool_says_what_it_does_and_what_it_takes() -> None:
    async with agent("--seed", "none", "--language", "fr") as one:
        tools = {tool.name: tool for tool in (await one.client.list_tools()).tools}
        assert set(tools) >= {"people", "send_letter", "wait", "inbox", "read_letter", "grant", "revoke", "advance", "verdicts", "reset"}
        for tool in tools.values():
            assert tool.description
            assert tool.description.rstrip().endswith((".", "here.")), tool.name
            assert tool.output_schema, tool.name
            assert tool.input_schema["additionalProperties"] is False
        looks = {name for name, tool in tools.items() if tool.annotations and tool.annotations.read_only_hint}
        assert looks & {"send_letter", "grant", "advance", "reset", "read_letter"} == set()
        assert looks >= {"people", "inbox", "verdicts"}
        assert [name for name, tool in tools.items() if tool.annotations and tool.annotations.destructive_hint] == ["reset"]
        assert await one.do("people") == []
        assert (await one.refused("may_write", sender="x", to=PRACTICE))["detail"].startswith("'x' n’est pas une adresse")


def test_octets_that_are_no_messages_end_nothing() -> None:
    """What a client writes that is no JSON-RPC is passed over or answered by an error; what comes after it is answered."""
    lone = {"point": "rest", "kind": "reply", "action": r'{"\ud800": null}'}
    calls = [
        {"name": "send_letter", "arguments": {"who": "doctor", "to": r'["\ud800"]'}},
        {"name": "add_fault", "arguments": lone},
        {"name": "people"},
    ]
    lines = [
        b"\xff\xfe\x00 nothing\n",
        b"{\n",
        b"[" * 10_000 + b"\n",
        b'{"jsonrpc": "2.0", "id": 1, "method": "nothing/known"}\n',
        json.dumps(_HELLO).encode() + b"\n",
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n',
        b'{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "people", "arguments": [1]}}\n',
        b'{"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "inbox", "arguments": {"who": "\\ud800"}}}\n',
        *(
            json.dumps({"jsonrpc": "2.0", "id": 5 + at, "method": "tools/call", "params": call}).encode() + b"\n"
            for at, call in enumerate(calls)
        ),
    ]
    process = subprocess.Popen([sys.executable, *_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"".join(lines))
    process.stdin.flush()
    answers: dict[Any, dict[str, Any]] = {}
    while not {5, 6, 7} <= answers.keys():
        answer = json.loads(process.stdout.readline())
        answers[answer.get("id")] = answer
    assert "error" in answers[3]
    assert [answers[number]["result"]["isError"] for number in (5, 6)] == [True, True]
    assert answers[7]["result"]["structuredContent"]["result"][0]["role"] == "doctor"
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_told_to_end_takes_its_world_along(tmp_path: Path, number: signal.Signals) -> None:
    """Though the client has not closed standard input: keys and passwords of the world lie in no folder afterwards."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, *_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(_HELLO).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "mss-sim"
        assert list(tmp_path.iterdir()) != []
        process.send_signal(number)
        assert process.wait(30) == 0
    assert list(tmp_path.iterdir()) == []


def test_without_the_sdk_the_command_says_how_to_install_it() -> None:
    """A program in which the package cannot be imported, as where it is not installed."""
    program = "import sys; sys.modules['mcp'] = None; from mss_sim import cli; sys.argv[1:] = ['mcp']; cli.main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "mss-sim: the Python package mcp is not installed, which agents need: pip install 'mss-sim[mcp]'\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--ready", "ready.json", "--seed", "cabinet"), "--seed and --language are for a world of its own"),
        (("--seed", "nowhere"), "there is no seed nowhere"),
        (("--language", "de"), "'de' is not one of"),
    ],
)
def test_options_that_cannot_be_are_one_line(options: tuple[str, ...], told: str) -> None:
    done = subprocess.run([sys.executable, *_PROGRAM, *options], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert told in done.stderr
