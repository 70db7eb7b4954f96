"""The formats of messages: bytes in, values out, and back. No socket, no clock, no database.

    addresses       canonical addresses, lists in headers
    charsets        octets and the charset that is named for them, as text
    headers         the header block: read, decoded, edited without touching any other byte
    closing_marks   `[FIN]` and X-MSS-MES as they are written, blanks included
    automatic       what a header says about machines: who wrote it, to how many, what it passed
    structured      comments, quoted strings and parameters of structured fields told apart
    mime            the tree of parts, as offsets into the message
    parse           a message read once into a frozen ParsedMessage
    summary         the data of a message that lists, searches and decisions need
    structure       ENVELOPE and BODYSTRUCTURE, as IMAP writes them
    extracts        codes, links, INS and the like, for tests
    tree            the parts as people look at them, attached messages opened
    criteria        a search as a tree
    terms           a search as a row of terms, all of which hold
    fields          header fields written from text: they read back as the given text, or are refused
    compose         a letter built from its parts
    signed          the content that a CMS signature encloses (RFC 5652)
    reports         the common part of every multipart/report (RFC 6522)
    returned_plain  a letter returned in plain words, without a part for machines
    returned        the letter that a report gives back, and how like one of ours it is
    dsn_forms       returned letters that are wrong on purpose
    dsn             delivery status notifications, written and read (RFC 3464, RFC 3461)
    mdn_forms       read receipts that are wrong on purpose
    mdn             read receipts, written and read (RFC 8098, and the ANS guide on integration reports)
    pseudonyms      other names for people, in any text

`parse` is the project's own because it needs two things that the standard library's parser does not
provide: offsets of each part in the bytes as received, so that an attachment is cut out and a body is
returned exactly, and speed, because each message is read before it is acknowledged. Hard and rare
cases are left to the standard library: the octets of encoded words, dates. It writes nothing.

Only what must never be stored is refused (`MalformedMessage`): NUL, a bare CR or LF, a header block
over its limit, too many parts, too many levels. Everything else is kept as received and read as well as
possible. A simulator that repairs a client's mistakes hides them.

Hypothesis feeds everything here whole and byte by byte: a reader raises only its own error.

Liberties taken: a multipart whose boundary is missing or too long is a text; an attached message is one
leaf, its own parts are not read; text for search is the first plain text, else the first HTML
without its tags.
"""
