"""The letters of the world as Mailpit shows those that it catches, for suites that were written against Mailpit.

    letters     lists, searches, read and unread, removal
    letter      one letter: its texts and files, its header, its octets, a part
    about       what is known of the mailbox as a whole; whether it lives
    queries     the searches of Mailpit, read
    answers     what all have in common: who is admitted, what is refused
    views       letters in the names that Mailpit gives to what it tells
    schemas     the same, as OpenAPI shows them

A suite is given the base URL `http://localhost:8080/mailpit` in the place of Mailpit's own, and nothing else changes: paths, names
in JSON, statuses and plain texts are those of version 1 of Mailpit's API. What is not here is not a mail catcher's task in this
world: sending (`POST /send`), releasing, tags, checks of HTML and links, chaos, pages.

Mailpit has one mailbox, into which all mail falls; this world has many, and operators between them. What is shown is each letter as
its author sent it, once, from the moment when it was accepted, however many copies lie wherever (`core/control/mail_catcher.py`):

| in Mailpit                        | here                                                                      |
|-----------------------------------|---------------------------------------------------------------------------|
| a message is there                | it lies in some folder; a letter that was carried on is not there twice   |
| Bcc                               | who was in the envelope and not in To or Cc, of letters sent from here    |
| it is read                        | it was opened here, or marked here; no mailbox sees a difference          |
| it is deleted                     | all its copies go, from every mailbox, and it is not shown again          |
| user and password                 | the control key as the password, with any name                            |

It acts by the verbs of `core/control/mail_catcher.py` alone, and asks for no rights, like the control plane: it answers whoever may
drive that one.

Source: the API of Mailpit as its documentation and its behaviour have it (docs/quirks.md#mailpit tells what differs).

Liberties taken: what Mailpit passes over in silence (a date that cannot be read, an unknown parameter) is refused, for it would
select everything; there are no tags.
"""
