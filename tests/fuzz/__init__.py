"""Fuzzing: every reader of what strangers send, fed with bytes that were made to reach new lines of it.

    readers      the table: a reader, what it may raise, what it is fed with first
    __main__     feeds them for a time, each in a process of its own (`make fuzz SECONDS=3600`)

What a reader chokes on is written to tests/corpus/fuzz/READER/; `tests/pure/test_fuzz_corpus.py` feeds it all again, at every `make test`.
"""
