"""An agent drives a world: the server of the Model Context Protocol that `mss-sim mcp` runs.

    server     which tools and resources there are; arguments that no tool has are refused
    letters    tools about letters: send, wait, list, read, receipts
    rights     tools about people: who there is, grants, conversations, who may write to whom
    bench      tools for testers: time, faults, verdicts on clients, events, a fresh start
    shapes     what tools answer, as the agent's schemas show it
    refusing   what an agent is told when a tool is refused

A program that talks to a language model starts the command, lists the tools over its standard input and output, and calls them
as its model wishes. Each tool is a method: its docstring and the descriptions of its arguments are what the model reads,
so they are written for a reader who knows nothing of the simulator.

There is one implementation of what a client does: `mss_sim.testing`, on which this package stands. A tool finds the person
(`AttachedWorld.person`), has them act over REST with their own rights, or asks the control plane; it decides nothing. The
world is known by its ready document alone, so that it may be one of this process, in memory, or any that runs.

A refusal is a tool error in three parts: `detail`, which tells what to do, `rule`, and `reference`, both as text and as
structured content. Arguments that cannot be, people who are not there and a simulator that does not answer are told in
the same form. Nothing that a client sends ends the server; a defect of ours is logged on standard error.

The SDK (`mcp`, an extra) is imported here and nowhere else, and this package by the command alone, when it is called.
Texts are English strings, as all that programs read (ADR 0015); what a rule says is in the language of the world.

A new tool is a method with its shape, and its name in `server.made`, among those that look or those that act.
"""
