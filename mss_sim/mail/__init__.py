"""The formats of messages: bytes in, values out, and back. No socket, no clock, no database.

    addresses    canonical addresses, lists in headers
    headers      the header block: read, decoded, edited without touching one other byte
    mime         the tree of parts, as offsets into the message
    parse        a message read once into a frozen ParsedMessage
    summary      what lists, searches and decisions need of a message
    structure    ENVELOPE and BODYSTRUCTURE, as IMAP writes them
    criteria     what a search asks for, as a tree
    fields       header fields written from text: what was given is what is read, or is refused
    compose      a letter built from its parts
    reports      what every multipart/report has in common (RFC 6522)
    dsn          delivery status notifications, written and read (RFC 3464, RFC 3461)
    mdn          read receipts, written and read (RFC 8098, and the ANS guide on integration reports)

`parse` is the project's own because two things are needed that the standard library's parser does not
give: offsets of each part in the bytes as they came, so that an attachment is cut out and a body is
returned exactly, and speed, because each message is read before it is acknowledged. What is hard and
rare is left to the standard library: encoded words, RFC 2231 parameters, dates. Nothing is written by
it: it decodes the encoded words of what it is given.

What is refused (`MalformedMessage`) is what must never be stored: NUL, a bare CR or LF, a header block
over its limit, too many parts, too many levels. Everything else is kept as it came and read as well as
can be. A simulator that mends a client's mistakes hides them.

Everything here is fed whole and byte by byte by hypothesis: no reader raises but its own error.

Liberties taken: a multipart whose boundary is missing or too long is a text; an attached message is one
leaf, its own parts are not looked at; text for search is the first plain text, else the first HTML
without its tags.
"""
