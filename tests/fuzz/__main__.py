"""Feeds every reader for a time, each in a process of its own: python -m tests.fuzz SECONDS [READER ...].

The time is shared by the readers. The status is 1 when one choked; what on was written to tests/corpus/fuzz/READER/.
"""

import re
import subprocess
import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "tests" / "corpus" / "fuzz"
GATHERED = ROOT / "build" / "fuzz-corpus"
_BYTES_MAX = 8_192


def fuzz(name: str, arguments: list[str]) -> None:
    """Feed one reader; never returns."""
    with atheris.instrument_imports(include=["mss_sim", "email", "idna", "dnslib", "pyasn1"]):
        from tests.fuzz.readers import READERS, feed

    reader = READERS[name]
    atheris.Setup([sys.argv[0], *arguments], lambda octets: feed(reader, octets))
    atheris.Fuzz()


def run(name: str, seeds: list[bytes], seconds: int) -> bool:
    """One reader in a process of its own; whether it choked on nothing."""
    gathered, found = GATHERED / name, FOUND / name
    gathered.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (gathered / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-max_len={_BYTES_MAX}", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    command = [sys.executable, "-m", "tests.fuzz", "--one", name, str(gathered), str(found), f"-artifact_prefix={found}/", *limits]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    sys.stdout.write(f"{name:20} {executed[1] if executed else '?':>10} inputs, {covered[-1] if covered else '?':>6} branches: ")
    sys.stdout.write("ok\n" if done.returncode == 0 else f"CHOKED\n{done.stdout[-2_000:]}\n{done.stderr[-2_000:]}\n")
    sys.stdout.flush()
    if not any(found.iterdir()):
        found.rmdir()
    return done.returncode == 0


def main() -> int:
    """All readers, or those that are named."""
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3:])
    from tests.fuzz.readers import READERS

    seconds, chosen = int(sys.argv[1]), sys.argv[2:] or list(READERS)
    each = max(1, seconds // len(chosen))
    results = [run(name, list(READERS[name].seeds), each) for name in chosen]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
