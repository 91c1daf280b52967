"""Ids of results read from files: the same file gives the same ids, so that storing it twice stores it once."""

import hashlib
import uuid
from datetime import datetime


def result_uid(*, file_sha256: str, place: str, measured_at: datetime | None) -> uuid.UUID:
    """Return a UUID of version 7 that follows from the file, the place of its first row and the time of measuring alone."""
    digest = int.from_bytes(hashlib.sha256(f"{file_sha256}\0{place}".encode()).digest()[:10], "big")
    millis = int(measured_at.timestamp() * 1000) if measured_at else 0
    value = (millis & (1 << 48) - 1) << 80 | 0x7 << 76 | (digest >> 62 & 0xFFF) << 64 | 0b10 << 62 | digest & (1 << 62) - 1
    return uuid.UUID(int=value)
