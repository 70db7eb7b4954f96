"""Documents that letters carry, diagnosed: archives IHE_XDM, METADATA.XML, CDA, PDF, and the letter around them. Octets in, findings out.

    diagnosing   a letter, or a file of any kind; what nobody checks
    findings, practice   what a finding is, and how they are gathered; what counts where the texts leave a choice
    letter, letter_subject, letter_fields, receipt   files and their names; the subject; X-MSS-*; receipts of integration
    archives, archive, archive_pages   an archive as a whole; opened within limits; INDEX.HTM and README.TXT
    metadata, metadata_rules, entry_rules   METADATA.XML read; judged by its tables; held against each document
    cda, cda_rules   the header of a CDA read; judged
    pdf, pdf_text   what a PDF claims, and what contradicts it; the text of its first page
    xml   XML of strangers, without entities and declarations
    schematron, schematron_engine   rules of others, run by a process of its own when somebody has them
    value_sets   the national lists of types, sectors, settings (value_sets.json)
    archive_kinds, metadata_kinds, cda_kinds, pdf_kinds, letter_kinds   everything that can be found, each with its code, text and source
    record   a diagnosis written down, and read again
    reading, drawing   the documents of a letter as people read them; a page of a PDF drawn, by a process of its own
    patients   whose documents a letter carries
    making/   right documents, and those that are broken in one way

A finding has a stable code, a level, the document and the place in it, what was seen and what was expected, the text that says so,
and the requirements that it touches. Its code is in one table, and a letter of the negative set (`making/flaws`) shows it. A
diagnosis also says what was *not* checked, and never that anything is valid: no validator of the ANS comes with it.

Sources: IHE ITI TF-2 3.32 and TF-3 4.3.1; header, identity and lists of the CI-SIS; the guide on receipts of integration; Référentiel
socle #2 through third parties. What they leave open is a setting (docs/quirks.md#document-levels), never a norm of ours.

Everything here is hostile: no document type, no entity, no network, no file written; sizes, entries, objects, findings are bounded,
and time is linear in what is read (tests/pure/test_linear_documents.py). lxml and pikepdf are loaded when a diagnosis is asked for:
a start costs nothing. There is no socket, no store and no clock.

Liberties taken: PDF/A is a claim and its plain contradictions, since what validates it is no Python; rules of CDA are ours, for the
header alone; consequences of a fault are not told beside it where they are known to be.
"""
