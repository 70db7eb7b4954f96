"""`make demo`: the story holds, and shows what its steps promise."""

import subprocess
import sys


def test_the_demonstration_holds() -> None:
    command = [sys.executable, "-m", "mss_sim.testing.demo"]
    played = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert played.returncode == 0, played.stdout[-2_000:] + played.stderr
    assert "The whole story holds" in played.stdout
    assert "WRONG" not in played.stdout
    for shown in ("a token for Sophie PETIT, 590000010000017/SEC0001", "AUTHENTICATE XOAUTH2 user=tilleuls@", "GET (Bearer) /api/v1/"):
        assert shown in played.stdout
    assert "LOGIN tilleuls@" not in played.stdout, "the secretary needs no password"
