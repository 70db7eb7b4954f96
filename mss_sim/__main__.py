"""`python -m mss_sim` is `mss-sim`."""

from mss_sim.cli import main

main()
