"""Archives that no program for documents writes: made by hand, entry by entry."""

import io
import stat
import struct
import zipfile

EMPTY = b"PK\x05\x06" + bytes(18)
"""An archive without entries."""
_DAY = (2026, 1, 1, 0, 0, 0)
_BOMB_BYTES = 80 * 1024**2
_MANY = 60
_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def _copied(octets: bytes) -> list[tuple[zipfile.ZipInfo, bytes]]:
    with zipfile.ZipFile(io.BytesIO(octets)) as packed:
        return [(zipfile.ZipInfo(one.filename, _DAY), packed.read(one)) for one in packed.infolist()]


def _packed(entries: list[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, octets in entries:
            archive.writestr(entry, octets, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def with_entry(name: str, octets: bytes) -> bytes:
    """One more entry of that name."""
    return _packed([*_copied(octets), (zipfile.ZipInfo(name, _DAY), b"x")])


def with_link(octets: bytes) -> bytes:
    """One more entry that is a symbolic link out of the archive."""
    link = zipfile.ZipInfo("LINK.TXT", _DAY)
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return _packed([*_copied(octets), (link, b"/etc/passwd")])


def bomb(octets: bytes) -> bytes:
    """One more entry, of eighty mebibytes of nothing in eighty kilobytes."""
    return _packed([*_copied(octets), (zipfile.ZipInfo("MORE.BIN", _DAY), bytes(_BOMB_BYTES))])


def many_entries(octets: bytes) -> bytes:
    """Sixty more entries."""
    more = [(zipfile.ZipInfo(f"MORE{number:04}.TXT", _DAY), b"x") for number in range(_MANY)]
    return _packed([*_copied(octets), *more])


def encrypted(octets: bytes) -> bytes:
    """One more entry that says that it is encrypted."""
    made = bytearray(_packed([*_copied(octets), (zipfile.ZipInfo("SECRET.TXT", _DAY), b"secret")]))
    for signature, flags in ((_LOCAL, 6), (_CENTRAL, 8)):
        at = made.rindex(signature) + flags
        (value,) = struct.unpack_from("<H", made, at)
        struct.pack_into("<H", made, at, value | 1)
    return bytes(made)


def damaged(octets: bytes) -> bytes:
    """One more entry, an octet of which is another than when its check was computed."""
    spare = zipfile.ZipInfo("SPARE.TXT", _DAY)
    made = bytearray(_packed([*_copied(octets), (spare, bytes(range(256)))]))
    at = made.rindex(_LOCAL) + 30 + len("SPARE.TXT") + 20
    made[at] ^= 0xFF
    return bytes(made)
