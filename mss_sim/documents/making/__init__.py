"""Documents made: CDA, PDF and archives of a fictional patient, and letters that carry them; right ones, and broken ones.

    paper   what a document is about: who, by whom, of what type, when
    cda_writing, pdf_writing, metadata_writing   its three forms
    font    the letters of the PDF (sans.ttf)
    parcel  all that a letter is made of: archive, PDF, subject, fields, names of files
    flaws, zip_flaws   the negative set: one thing broken at one step

A right parcel gives no error and no warning when it is diagnosed; a broken one gives the one that says what is broken. Both are
one table of the tests (tests/pure/test_documents_made.py), so that maker and judge hold each other to account: neither may
change alone.

A flaw belongs to one step (papers, PDF, CDA, metadata, files, archive, parcel); what follows it is computed from what it left,
as a program would that does not know.

What is made has the same octets each time, but for what is encrypted: identifiers are digests of what the document says, instants are
given by the caller. The patient of the national samples is the default; others come from the world.

| level | body                      | PDF beside it                                            |
|-------|---------------------------|----------------------------------------------------------|
| N1    | the PDF, in base64        | the same octets                                          |
| N3    | a section with paragraphs | the same title, patient and paragraphs                   |

Liberties taken: a document says little, follows no model of its type, and has one section; class codes are the two that public traces
show; the text of README.TXT and INDEX.HTM has the shape that software of the field gives it. The PDF claims PDF/A-1b and was
written to keep what it claims, but no validator has seen it.
"""
