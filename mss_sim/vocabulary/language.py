"""The languages in which people are told something (ref: rfc5646)."""

from enum import StrEnum


class Language(StrEnum):
    """A language by its tag."""

    EN = "en"
    FR = "fr"
