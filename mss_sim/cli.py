"""The command line. Imports are made where they are used, so that `--help` and `version` answer at once."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mss_sim import log
from mss_sim.app import moving
from mss_sim.app.asking import ask, ask_octets
from mss_sim.errors import Refusal
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.language import Language

if TYPE_CHECKING:
    from rich.table import Table

    from mss_sim.config.settings import Settings

app = typer.Typer(name="mss-sim", help="A simulator of the MSSanté trust space.", no_args_is_help=True, pretty_exceptions_enable=False)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")
cert = typer.Typer(help="Certificates of a running simulator.", no_args_is_help=True)
app.add_typer(cert, name="cert")


def _variable(name: str) -> str:
    return f"MSS_SIM_{name.upper()}"


_DataDir = Annotated[Path, typer.Option("--data", help="Folder of the database, keys and certificates.")]
_Http = Annotated[
    str,
    typer.Option("--http", show_default=False, help="URL of a running simulator; default: of data/ready.json, else http://127.0.0.1:8080."),
]
_ControlKey = Annotated[str | None, typer.Option("--control-key", envvar="MSS_SIM_CONTROL_KEY", help="Key of its control plane.")]
_DEFAULT_DATA = Path("data")
_DEFAULT_HTTP = ""  # asked by `asking` once it is needed


def main() -> None:
    """Entry point: an error that a user can mend is one line; status 2 for what was typed wrong, 1 for what was tried and failed."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        sys.exit(_fail(*told).exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _told(error: Exception) -> tuple[str, int] | None:
    """The line and the exit status of an error that a user can mend; None for a defect of the program."""
    if hasattr(error, "format_message"):  # typer's usage errors have no public common class
        message = " ".join(error.format_message().split()) or "a command is missing"
        return f"{message.rstrip('.')}. Try --help.", 2
    if isinstance(error, OSError):
        return (f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)), 1
    if isinstance(error, Refusal):
        return error.detail, 1
    return (str(error), 2) if isinstance(error, ValueError) else None


def _fail(text: str, status: int = 2) -> typer.Exit:
    typer.echo(f"mss-sim: {' '.join(text.split())}", err=True)
    return typer.Exit(status)


@app.command()
def run(
    *,
    seed: Annotated[str, typer.Option(envvar=_variable("seed"), help="Seed world to plant first; 'none' for an empty one.")] = "cabinet",
    data: Annotated[Path | None, typer.Option(help="Folder of the database, keys and certificates; default ./data.")] = None,
    memory: Annotated[bool, typer.Option("--memory", envvar=_variable("memory"), help="Keep nothing: all vanishes at exit.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default 127.0.0.1.")] = None,
    submission_port: Annotated[int | None, typer.Option(help="SMTP submission; default 1587, 0 = any.")] = None,
    mx_port: Annotated[int | None, typer.Option(help="SMTP between operators; default 1025, 0 = any.")] = None,
    imap_port: Annotated[int | None, typer.Option(help="IMAP; default 1143, 0 = any.")] = None,
    http_port: Annotated[int | None, typer.Option(help="REST, control plane, docs; default 8080, 0 = any.")] = None,
    dns_port: Annotated[int | None, typer.Option(help="DNS of the simulated domains, UDP and TCP; default off, 0 = any.")] = None,
    https_port: Annotated[int | None, typer.Option(help="The same in TLS; off by default, 0 = any.")] = None,
    traps: Annotated[bool, typer.Option("--traps", help="Open the trap listeners; their ports are in the ready file.")] = False,
    language: Annotated[Language | None, typer.Option(help="Language of refusals, notifications and the journal; default en.")] = None,
    ready_file: Annotated[Path | None, typer.Option(envvar=_variable("ready_file"), help="A ready file besides DATA/ready.json.")] = None,
    log_level: Annotated[str, typer.Option(envvar=_variable("log_level"), help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the simulator until Ctrl-C. What no option says, MSS_SIM_<NAME> of the environment may: see `mss-sim settings`."""
    if memory and data:
        raise _fail("--data and --memory exclude each other")
    gc.disable()  # what a start makes is there to stay: looking through it again and again took a fifth of the start
    log.configure(log_level)
    ports = {"submission_port": submission_port, "mx_port": mx_port, "imap_port": imap_port, "http_port": http_port}
    options = {"host": host, "language": language, **ports, "https_port": https_port, "dns_port": dns_port}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    given |= {"traps_open": True} if traps else {}  # the environment may open them too
    if memory or data or "MSS_SIM_DATA_DIR" not in os.environ:
        given["data_dir"] = None if memory else data or _DEFAULT_DATA
    settings = _settings(**given)
    _check_seed(seed)
    _run_loop(_run(settings, None if seed == "none" else seed, ready_file, greet=log_level.lower() in ("debug", "info")))


def _settings(**options: Any) -> "Settings":
    """The settings out of options and environment; what is wrong is told by the name that the user gave it, without its value."""
    from pydantic import ValidationError  # noqa: PLC0415
    from pydantic_settings import SettingsError  # noqa: PLC0415

    from mss_sim.config.settings import Settings  # noqa: PLC0415
    from mss_sim.config.variables import misspelt, outdated  # noqa: PLC0415

    unknown = misspelt(os.environ)
    wrong = [f"Unknown setting {name}. {f'Did you mean {near}?' if near else 'See mss-sim settings.'}" for name, near in unknown]
    if wrong:
        raise _fail(" ".join(wrong))
    for old, new in outdated(os.environ):
        typer.echo(f"{old} is called {new} now; it was understood.", err=True)
    try:
        return Settings(**options)
    except ValidationError as error:
        faults = [("_".join(map(str, fault["loc"][:2])), fault["msg"]) for fault in error.errors(include_url=False, include_input=False)]
        named = [(f"--{name.replace('_', '-')}" if name in options else f"MSS_SIM_{name.upper()}", what) for name, what in faults]
        raise _fail("; ".join(f"{name}: {what[:1].lower()}{what[1:]}" for name, what in named)) from error
    except SettingsError as error:
        raise _fail(str(error)) from error


def _check_seed(seed: str) -> None:
    from mss_sim.core.control import seed as seeds  # noqa: PLC0415

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


async def _run(settings: "Settings", seed: str | None, ready_file: Path | None, *, greet: bool) -> None:
    from mss_sim.app import greeting  # noqa: PLC0415
    from mss_sim.vocabulary.doors import Profile  # noqa: PLC0415
    from mss_sim.worlds import Worlds  # noqa: PLC0415

    over = asyncio.Event()
    _end_on_signals(over.set)
    async with Worlds(settings, seed=seed, ready_file=ready_file) as worlds:
        ready = worlds.first.ready()
        greeting.log_ready(ready)
        if greet:
            typer.echo("\n".join(greeting.lines(ready, passwords=settings.profile is not Profile.STRICT)))
        greeting.warn_of_library()
        _spare_the_collector()
        await over.wait()


def _end_on_signals(end: Callable[[], object]) -> None:
    """Call `end` on the loop at Ctrl-C, and when the process is told to end."""
    loop = asyncio.get_running_loop()
    for number in {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGBREAK", signal.SIGTERM)}:
        try:
            loop.add_signal_handler(number, end)
        except RuntimeError:  # the loops of Windows implement none; they wake up for a handler of the process
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(end))


def _spare_the_collector() -> None:
    """What was imported lives as long as the process: the collector, off until now, need not look at it with every thousand messages."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


@app.command()
def seed(name: Annotated[str, typer.Argument()] = "cabinet", http: _Http = _DEFAULT_HTTP, control_key: _ControlKey = None) -> None:
    """Plant a seed into a running simulator, and show its personas."""
    _show_personas(ask(http, control_key, "/control/seed", {"name": name}), name)


@app.command()
def personas(name: Annotated[str, typer.Argument()] = "cabinet", http: _Http = _DEFAULT_HTTP, control_key: _ControlKey = None) -> None:
    """Show who of a seed can log in to a running simulator, and what they may do now."""
    _show_personas(ask(http, control_key, f"/control/personas?name={_in_path(name)}"), name)


@app.command()
def patients(
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="The same number gives the same people.")] = 0,
) -> None:
    """Print fictional patients as JSON, without a simulator; POST /control/patients adds the same ones to a running one."""
    import orjson  # noqa: PLC0415

    from mss_sim.core.control import fictional  # noqa: PLC0415

    shown = [one.shown() for one in fictional.patients(count, seed)]
    typer.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode("utf-8"))


def _show_personas(personas: list[dict[str, Any]], name: str) -> None:
    table = _table("role", "login", "idNat", "password", "mailbox", "kind", "rights", title=f"Seed {name}")
    for row in personas:
        boxes = row["mailboxes"] or [{"address": "-", "kind": "", "rights": []}]
        for number, box in enumerate(boxes):
            who = (row["role"], row["login"], row["idnat"], row["password"]) if number == 0 else ("", "", "", "")
            rights = "all" if len(box["rights"]) == 9 else " ".join(box["rights"])
            table.add_row(*who, box["address"], box["kind"], rights)
    _print(table)


def _table(*columns: str, title: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    return Table(*columns, title=title)


def _print(table: "Table") -> None:
    from rich.console import Console  # noqa: PLC0415

    Console(width=None if sys.stdout.isatty() else 200).print(table)


@app.command()
def settings() -> None:
    """Show every setting: its name, its variable, its default, the value in force here, and what it is."""
    from mss_sim.config.variables import listed  # noqa: PLC0415

    in_force = _settings(**({} if "MSS_SIM_DATA_DIR" in os.environ else {"data_dir": _DEFAULT_DATA}))
    for name, default, value, text in listed(in_force, os.environ):
        typer.echo(f"{name}\n    {_variable(name)}\n    default {default}\n    in force {value}\n    {text}")


@app.command()
def token(
    who: Annotated[str, typer.Argument(help="Role, login or idNat of the persona.")],
    lifetime: Annotated[int | None, typer.Option(min=1, help="Seconds.")] = None,
    http: _Http = _DEFAULT_HTTP,
    control_key: _ControlKey = None,
) -> None:
    """Mint an access token for a persona of a running simulator, and print it."""
    body = {"who": who, **({"lifetime_seconds": lifetime} if lifetime else {})}
    typer.echo(ask(http, control_key, "/control/tokens", body)["access_token"])


@app.command()
def clock(
    *,
    advance: Annotated[str | None, typer.Option(help="Move it forward: a duration such as P7D, P1M, PT90S, or an instant.")] = None,
    mode: Annotated[ClockMode | None, typer.Option(help="How it runs from now on; paced with --rate.")] = None,
    rate: Annotated[float | None, typer.Option(help="Seconds of the world in one of the machine.")] = None,
    http: _Http = _DEFAULT_HTTP,
    control_key: _ControlKey = None,
) -> None:
    """Show the time of a running simulator's world, or move it: what was due meanwhile is done, and told one a line."""
    if (rate is not None) and mode is not ClockMode.PACED:
        raise _fail("--rate belongs to --mode paced")
    for line in moving.lines(http, control_key, advance=advance, mode=mode, rate=rate):
        typer.echo(line)


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
    port: Annotated[int, typer.Option(min=1, max=65535)] = 1587,
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
        raise _fail(str(error), 1) from error
    typer.echo(f"sent {message_id}")


@cert.command("issue")
def issue_certificate(
    mailbox: Annotated[str | None, typer.Option(help="Address of an APP mailbox.")] = None,
    operator: Annotated[str | None, typer.Option(help="Name of an operator.")] = None,
    host: Annotated[str | None, typer.Option(help="Name of a host.")] = None,
    days: Annotated[int | None, typer.Option(help="Life in days.")] = None,
    http: _Http = _DEFAULT_HTTP,
    control_key: _ControlKey = None,
) -> None:
    """Issue a certificate, and print its serial; `export` gives its files."""
    wanted = {"mailbox": mailbox, "operator": operator, "host": host, "days": days}
    body = {name: value for name, value in wanted.items() if value is not None}
    typer.echo(ask(http, control_key, "/control/certificates", body)["serial"])


@cert.command("revoke")
def revoke_certificate(
    serial: Annotated[str, typer.Argument(help="Serial in hexadecimal.")],
    reason: Annotated[str, typer.Option(help="Reason of RFC 5280, such as keyCompromise.")] = "unspecified",
    http: _Http = _DEFAULT_HTTP,
    control_key: _ControlKey = None,
) -> None:
    """Take a certificate back: CRL and OCSP say so at once."""
    row = ask(http, control_key, f"/control/certificates/{_in_path(serial)}/revoke", {"reason": reason})
    typer.echo(f"revoked {row['serial']} at {row['revoked_at']}")


def _in_path(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return quote(text, safe="")


@cert.command("list")
def list_certificates(http: _Http = _DEFAULT_HTTP, control_key: _ControlKey = None) -> None:
    """Show the certificates, one a line."""
    for row in ask(http, control_key, "/control/certificates"):
        bound = row["mailbox"] or row["operator"] or row["host"] or "-"
        state = f"revoked {row['revoked_at']}" if row["revoked_at"] else f"until {row['not_after']}"
        typer.echo(f"{row['serial']}  {row['profile']}  {bound}  {state}  {row['subject']}")


@cert.command("export")
def export_certificate(
    serial: Annotated[str, typer.Argument(help="Serial in hexadecimal.")],
    to: Annotated[Path, typer.Argument(help="File to write; its suffix says what: .pem, .key, .der, .p12 or .p7b.")],
    password: Annotated[str, typer.Option(help="Password of a .p12.")] = "mss-sim",  # noqa: S107 - told in the documentation
    http: _Http = _DEFAULT_HTTP,
    control_key: _ControlKey = None,
) -> None:
    """Write a certificate, its key or both to a file."""
    form = to.suffix.removeprefix(".")
    if form not in ("pem", "key", "der", "p12", "p7b"):
        raise _fail(f"{to.name} must end in .pem, .key, .der, .p12 or .p7b")
    query = f"?password={_in_path(password)}" if form == "p12" else ""
    octets = ask_octets(http, control_key, f"/control/certificates/{_in_path(serial)}/{form}{query}")
    to.touch(mode=0o600)
    if form in ("key", "p12"):
        to.chmod(0o600)  # it may have been there before
    to.write_bytes(octets)
    typer.echo(f"wrote {to}")


@db.command()
def upgrade(
    data: _DataDir = _DEFAULT_DATA, url: Annotated[str | None, typer.Option(help="PostgreSQL URL, instead of --data.")] = None
) -> None:
    """Bring the database to the newest schema; the simulator does it too when it starts."""
    from mss_sim.app.data_folder import upgrade_database  # noqa: PLC0415

    typer.echo(f"schema {upgrade_database(data, url)}")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"mss-sim {installed_version('mss-sim')}")


@app.callback(invoke_without_command=True)
def program(*, version: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version and exit.")] = False) -> None:
    """A simulator of the MSSanté trust space."""
    if version:
        typer.echo(f"mss-sim {installed_version('mss-sim')}")
        raise typer.Exit
