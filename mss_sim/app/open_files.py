"""How many files and connections this process may have open at once: as many as the system lets it.

Shells and services begin with a soft limit of 1,024, for programs that ask for readiness by `select`; a world has a dozen files open.
"""

from contextlib import suppress

_ENOUGH = (65_536, 10_240)  # more than all worlds and clients need; what macOS takes where it names no limit


def raise_limit() -> None:
    """Raise the soft limit as far as the hard one lets, where it is lower than enough."""
    try:
        import resource  # noqa: PLC0415 - Windows has none, and no such limit
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for enough in _ENOUGH:
        wanted = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        if resource.RLIM_INFINITY != soft < wanted:
            with suppress(ValueError, OSError):  # a system that says no leaves it as it was
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return
