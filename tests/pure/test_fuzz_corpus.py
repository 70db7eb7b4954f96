"""What readers choked on once, and what the fuzzer begins with, is read again (tests/fuzz)."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import CORPUS, READERS, feed

FOUND = sorted(path for path in (CORPUS / "fuzz").glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name[:20]}")
def test_what_a_reader_choked_on_is_read(path: Path) -> None:
    feed(READERS[path.parent.name], path.read_bytes())


@pytest.mark.parametrize("name", READERS)
def test_what_the_fuzzer_begins_with_is_read(name: str) -> None:
    assert READERS[name].seeds
    for seed in READERS[name].seeds:
        feed(READERS[name], seed)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_pieces_of_what_can_be_read_and_rubbish_between_them_are_read(name: str, data: st.DataObject) -> None:
    reader = READERS[name]
    seed = st.sampled_from(list(reader.seeds))
    place = st.integers(0, 400)
    piece = st.builds(lambda octets, start, end: octets[start:end], seed, place, place)
    feed(reader, b"".join(data.draw(st.lists(piece | seed | st.binary(max_size=20), max_size=6))))
