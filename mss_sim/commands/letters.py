"""`mss-sim send`: a letter, as a mail client sends one."""

from pathlib import Path
from typing import Annotated

import typer

from mss_sim.commands.options import DEFAULT_DATA
from mss_sim.commands.telling import fail


def send(
    sender: Annotated[str, typer.Option("--from", help="Mailbox to send from.")],
    to: Annotated[list[str], typer.Option(help="Recipient; repeat for more.")],
    login: Annotated[str, typer.Option(help="Login of the persona.")],
    password: Annotated[str, typer.Option(help="Password of the persona.")],
    ca: Annotated[Path, typer.Option(help="Certificate of the simulator's authority.")] = DEFAULT_DATA / "certificates" / "ca.pem",
    subject: str = "Essai",
    text: str = "Bonjour,\n\nceci est un essai.\n",
    attach: Annotated[list[Path] | None, typer.Option(help="File to attach; repeat for more.")] = None,
    read_receipt: Annotated[bool, typer.Option("--read-receipt", help="Ask for a read receipt.")] = False,
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 1587,
) -> None:
    """Send a letter by SMTP, as a mail client would."""
    from mss_sim.smtp.client import SendError, send_letter  # noqa: PLC0415 - --help answers at once

    try:
        message_id = send_letter(
            host,
            port,
            ca,
            login,
            password,
            sender=sender,
            to=to,
            subject=subject,
            text=text,
            files=attach or [],
            read_receipt=read_receipt,
        )
    except SendError as error:
        raise fail(str(error), 1) from error
    typer.echo(f"sent {message_id}")
