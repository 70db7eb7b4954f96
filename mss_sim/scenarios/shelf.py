"""The stories that ship: the guides' own, in the seed's people."""

from pathlib import Path

_STORIES = Path(__file__).parent / "stories"


def names() -> list[str]:
    """What they are called."""
    return sorted(path.stem for path in _STORIES.glob("*.yaml"))


def octets(name: str) -> bytes:
    """The file of a story; KeyError when there is none of that name."""
    if name not in names():
        raise KeyError(name)
    return (_STORIES / f"{name}.yaml").read_bytes()
