"""The command line. Imports are made where they are used, so that `--help` and `version` answer at once."""

import asyncio
import signal
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mss_sim import log

if TYPE_CHECKING:
    from mss_sim.app import Simulator
    from mss_sim.config import Settings

app = typer.Typer(name="mss-sim", help="A simulator of the MSSanté trust space.", no_args_is_help=True, pretty_exceptions_enable=False)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")

_DataDir = Annotated[Path, typer.Option("--data", help="Folder of the database, keys and certificates.")]
_Http = Annotated[str, typer.Option("--http", help="URL of a running simulator.")]
_ControlKey = Annotated[str | None, typer.Option("--control-key", envvar="MSS_SIM_CONTROL_KEY", help="Key of its control plane.")]
_DEFAULT_DATA = Path("data")
_DEFAULT_HTTP = "http://127.0.0.1:8080"


def main() -> None:
    """Entry point: errors that a user can mend are one line, and exit status 2."""
    try:
        code = app(standalone_mode=False)
    except (OSError, ValueError) as error:
        typer.echo(f"mss-sim: {error}", err=True)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer's usage errors have no public common class
            raise
        typer.echo(f"mss-sim: {error.format_message()} Try --help.", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(text: str) -> typer.Exit:
    typer.echo(f"mss-sim: {text}", err=True)
    return typer.Exit(2)


@app.command()
def run(
    seed: Annotated[str, typer.Option(help="Seed world to plant at first start; 'none' for an empty one.")] = "cabinet",
    data: Annotated[Path | None, typer.Option(help="Folder of the database, keys and certificates; default ./data.")] = None,
    memory: Annotated[bool, typer.Option("--memory", help="Keep nothing: everything vanishes at exit.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    submission_port: Annotated[int, typer.Option(help="SMTP submission; 0 = any.")] = 1587,
    mx_port: Annotated[int, typer.Option(help="SMTP between operators; 0 = any.")] = 1025,
    imap_port: Annotated[int, typer.Option(help="IMAP; 0 = any.")] = 1143,
    http_port: Annotated[int, typer.Option(help="REST, control plane, docs; 0 = any.")] = 8080,
    ready_file: Annotated[Path | None, typer.Option(help="JSON file written when every port accepts.")] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the simulator until Ctrl-C."""
    from mss_sim.config import Settings  # noqa: PLC0415

    if memory and data:
        raise _fail("--data and --memory exclude each other")
    log.configure(log_level)
    folder = None if memory else data or _DEFAULT_DATA
    settings = Settings(
        data_dir=folder, host=host, submission_port=submission_port, mx_port=mx_port, imap_port=imap_port, http_port=http_port
    )
    _check_seed(seed)
    _run_loop(_run(settings, None if seed == "none" else seed, ready_file))


def _check_seed(seed: str) -> None:
    from mss_sim.core import seed as seeds  # noqa: PLC0415

    if seed != "none" and seed not in seeds.names():
        raise _fail(f"there is no seed {seed}; the seeds are {', '.join(seeds.names())}")


def _run_loop(work: Any) -> None:
    """Run a coroutine on the fast event loop where there is one."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        asyncio.run(work)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)


async def _run(settings: "Settings", seed: str | None, ready_file: Path | None) -> None:
    from mss_sim.app import Simulator  # noqa: PLC0415

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    try:
        async with Simulator(settings, seed=seed) as simulator:
            if ready_file:
                simulator.write_ready_file(ready_file)
            _greet(simulator)
            _spare_the_collector()
            await over.wait()
    except OSError as error:
        raise _fail(f"{error}") from error
    finally:
        if ready_file:
            ready_file.unlink(missing_ok=True)  # noqa: ASYNC240 - the loop ends here


def _spare_the_collector() -> None:
    """What was imported lives as long as the process: the garbage collector need not look at it with every thousand messages."""
    import gc  # noqa: PLC0415

    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _greet(simulator: "Simulator") -> None:
    ready = simulator.ready()
    log.get("app").info(
        "ready",
        http=ready["http"],
        docs=f"{ready['http']}/docs",
        psc=ready["psc"]["issuer"],
        submission=ready["submission"]["port"],
        mx=ready["mx"]["port"],
        imap=ready["imap"]["port"],
        ca=ready["ca_file"],
    )


@app.command()
def seed(name: Annotated[str, typer.Argument()] = "cabinet", http: _Http = _DEFAULT_HTTP, control_key: _ControlKey = None) -> None:
    """Plant a seed into a running simulator, and show its personas."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    personas = _control(http, control_key, "/control/seed", {"name": name})
    table = Table("role", "login", "password", "mailbox", "kind", "rights", title=f"Seed {name}")
    for row in personas:
        boxes = row["mailboxes"] or [{"address": "-", "kind": "", "rights": []}]
        for number, box in enumerate(boxes):
            who = (row["role"], row["login"], row["password"]) if number == 0 else ("", "", "")
            rights = "all" if len(box["rights"]) == 9 else " ".join(box["rights"])
            table.add_row(*who, box["address"], box["kind"], rights)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _control(http: str, key: str | None, path: str, body: dict[str, Any]) -> Any:
    """POST to the control plane of a running simulator."""
    import json  # noqa: PLC0415
    import urllib.error  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    if not http.startswith(("http://", "https://")):
        raise _fail(f"{http} is not an http URL")
    headers = {"Content-Type": "application/json", **({"X-Control-Key": key} if key else {})}
    request = urllib.request.Request(http.rstrip("/") + path, json.dumps(body).encode(), headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.loads(error.read() or b"{}")
        raise _fail(problem.get("detail", str(error))) from error
    except urllib.error.URLError as error:
        raise _fail(f"no simulator answers at {http}: {error.reason}") from error


@app.command()
def token(
    who: Annotated[str, typer.Argument(help="Login or idNat of the persona.")],
    lifetime: Annotated[int | None, typer.Option(help="Seconds.")] = None,
    http: _Http = _DEFAULT_HTTP,
    control_key: _ControlKey = None,
) -> None:
    """Mint an access token for a persona of a running simulator, and print it."""
    body = {"who": who, **({"lifetime_seconds": lifetime} if lifetime else {})}
    typer.echo(_control(http, control_key, "/control/tokens", body)["access_token"])


@app.command()
def send(
    sender: Annotated[str, typer.Option("--from", help="Mailbox to send from.")],
    to: Annotated[list[str], typer.Option(help="Recipient; repeat for more.")],
    login: Annotated[str, typer.Option(help="Login of the persona.")],
    password: Annotated[str, typer.Option(help="Password of the persona.")],
    ca: Annotated[Path, typer.Option(help="Certificate of the simulator's authority.")] = _DEFAULT_DATA / "certificates" / "ca.pem",
    subject: str = "Essai",
    text: str = "Bonjour,\n\nceci est un essai.\n",
    attach: Annotated[list[Path] | None, typer.Option(help="File to attach; repeat for more.")] = None,
    read_receipt: Annotated[bool, typer.Option("--read-receipt", help="Ask for a read receipt.")] = False,
    host: str = "127.0.0.1",
    port: int = 1587,
) -> None:
    """Send a letter by SMTP, as a mail client would."""
    from mss_sim.smtp.client import SendError, send_letter  # noqa: PLC0415

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
        raise _fail(str(error)) from error
    typer.echo(f"sent {message_id}")


@db.command()
def upgrade(
    data: _DataDir = _DEFAULT_DATA, url: Annotated[str | None, typer.Option(help="PostgreSQL URL, instead of --data.")] = None
) -> None:
    """Bring the database to the newest schema; the simulator does it too when it starts."""
    from mss_sim.app import upgrade_database  # noqa: PLC0415

    typer.echo(f"schema {upgrade_database(data, url)}")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"mss-sim {installed_version('mss-sim')}")
