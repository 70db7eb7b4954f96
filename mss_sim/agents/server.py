"""The server of the Model Context Protocol: which tools and resources there are, and how a refusal is told."""

import json
from collections.abc import Callable
from http.client import HTTPException
from importlib.metadata import version
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.mcpserver.resources import FunctionResource
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations

from mss_sim.agents.bench import Bench
from mss_sim.agents.letters import Letters
from mss_sim.agents.refusing import refused, unknown
from mss_sim.agents.rights import Rights
from mss_sim.testing.attached import AttachedWorld

READY = "mss-sim://ready"
_NAME = "mss-sim"
_INSTRUCTIONS = """You drive mss-sim, a simulator of the French secure health mail network MSSanté. All people in it are fictional.

Begin with `people`: it tells who can act (roles such as doctor, secretary, patient) and which mailboxes they may use.
`send_letter`, `inbox`, `read_letter`, `grant`, `revoke`, `close_conversation` act as one of them (`who`), with their rights and no more.
`wait` waits for a letter instead of looking again. `may_write`, `verdicts`, `events` look from outside.
`advance`, `add_trouble`, `add_fault`, `reset` change the world.

What is refused is an error that tells what to do, the rule, and the reference of the text that it comes from.
Refusals are what is tested here: report them rather than work around them.
The resource mss-sim://ready holds ports, certificate and passwords, for a client under test."""


class Server(MCPServer[Any]):
    """An MCPServer that tells refusals by rule, detail and reference, and takes no argument that a tool does not have."""

    def __init__(self, tools: list[Tool], resource: FunctionResource) -> None:
        super().__init__(_NAME, instructions=_INSTRUCTIONS, version=version(_NAME), tools=tools, resources=[resource], log_level="ERROR")
        self._takes = {tool.name: list(tool.parameters["properties"]) for tool in tools}

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """What a tool answers. Only a defect of ours is raised: the SDK logs it, and tells that there was one."""
        found = unknown(name, arguments, self._takes)
        if found is not None:
            return found
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            told = refused(error.__cause__)
            if told is None:
                raise
            return told


def made(world: AttachedWorld) -> Server:
    """The server of a world; `run_stdio_async` serves until the client closes standard input."""
    letters, rights, bench = Letters(world), Rights(world), Bench(world)
    looks: list[Callable[..., Any]] = [
        rights.people,
        rights.mailboxes,
        rights.grants,
        rights.may_write,
        letters.inbox,
        letters.wait,
        letters.what_became_of,
    ]
    looks += [bench.clock, bench.faults, bench.verdicts, bench.what_was_said, bench.events]
    acts: list[Callable[..., Any]] = [letters.send_letter, letters.read_letter, letters.send_read_receipt, rights.grant, rights.revoke]
    acts += [rights.close_conversation, rights.reopen_conversation, rights.add_people]
    acts += [bench.advance, bench.set_clock, bench.add_fault, bench.add_trouble, bench.clear_faults]
    reading, acting = ToolAnnotations(read_only_hint=True), ToolAnnotations(read_only_hint=False, destructive_hint=False)
    tools = [_tool(one, reading) for one in looks] + [_tool(one, acting) for one in acts]
    tools.append(_tool(bench.reset, ToolAnnotations(read_only_hint=False, destructive_hint=True)))

    def ready() -> str:
        """What the ready file says: ports, certificate, control key, people with their passwords."""
        try:
            return json.dumps(world.ready, ensure_ascii=False, indent=2)
        except (OSError, HTTPException) as error:
            raise ResourceError(str(error)) from error

    return Server(tools, FunctionResource.from_function(ready, READY, name="ready", mime_type="application/json"))


def _tool(act: Callable[..., Any], annotations: ToolAnnotations) -> Tool:
    """A tool out of a method; its schema says that there are no other arguments, which the server checks."""
    tool = Tool.from_function(act, annotations=annotations.model_copy(update={"open_world_hint": False}))
    tool.parameters["additionalProperties"] = False
    return tool
