"""Sentences for people, in the language of a world.

    sentence    `say(template, values)`: a text that reads in English and can be told in another language
    catalogue   the translations: a file of GNU gettext for each language but English

English is what is written in the code, as gettext has it, and the key of the translation. A
sentence is made where something is decided, without knowing who will read it; the door by which
it leaves, or the row of the store that keeps it, has it in the language of the world
(`Sentence.in_language`, the setting `language`). There is no language of the process: two worlds
of one process may speak two.

A sentence keeps its template and its values; a value may be a sentence again, and is told in the
same language. What stands in a sentence is therefore no English word: a state or a kind that
people read is a sentence of its own. An f-string around a sentence would forget all that; the
tests let none pass (tests/conftest.py), and look for templates that nobody translated, for
translations that nobody uses, and for refusals that are bare strings (tests/house/test_words.py).

What is not translated: words of protocols (`SELECT`, header fields, names of settings and of
rights, codes), what others said and is quoted (the reply of another server, an error of the TLS
library), positive answers of IMAP and SMTP, the log, transcripts, the command line, OpenAPI.

Numbers need no plural forms: a sentence is worded so that it holds for one and for many. Nothing
here knows a door, a character set or a length: a door that speaks ASCII alone takes the accents
off (`mail/plain.py`). To add a language: its tag in `vocabulary/language.py`, its file beside
`fr.po`; the tests ask for the rest.
"""
