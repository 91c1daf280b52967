"""Keeping files: content first, on disk and safe, then the row that names it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from django.conf import settings

from openhtm.documents.errors import FileMissing, FileRefused, FileTooLarge
from openhtm.documents.models import StoredFile
from openhtm.documents.rules.media import BY_TYPE, Media, Refusal, recognise
from openhtm.identity.actor import Actor

_CHUNK = 1 << 20
_INCOMING = "incoming"
UNRECOGNISED = "application/octet-stream"
UNREFERENCED_AFTER_SECONDS = 24 * 3600
"""A file without a row may belong to a transaction that is still open; after a day it does not."""


class _Spooled(NamedTuple):
    path: Path
    sha256: str
    size_bytes: int


def store_file(
    *, content: BinaryIO | bytes, file_name: str, actor: Actor, allowed: set[str] | None = None, max_bytes: int | None = None
) -> StoredFile:
    """Keep ``content`` and return its row; the same content is kept once.

    ``allowed`` narrows the media types. ``max_bytes`` defaults to the setting for attachments. The file is complete and
    flushed to disk before its row is written, so a crash leaves at most a file without a row.
    One to three statements. Raises FileTooLarge, FileRefused.
    """
    limit = settings.ATTACHMENT_MAX_BYTES if max_bytes is None else max_bytes
    with _spool(content, limit=limit, file_name=file_name) as spooled:
        media = _recognised(spooled, file_name=file_name, allowed=allowed)
        _settle(spooled)
    stored, _ = StoredFile.objects.get_or_create(
        sha256=spooled.sha256,
        defaults={"size_bytes": spooled.size_bytes, "media_type": media.media_type, "uploaded_by_id": actor.user_id},
    )
    return stored


def store_original(*, content: bytes, file_name: str, actor: Actor, max_bytes: int) -> StoredFile:
    """Keep ``content`` as it came, whatever it is: evidence of an instrument, only ever handed out as a download.

    It is not recognised, so that XML, which attachments refuse because a browser may act on it, is kept too.
    One to three statements. Raises FileTooLarge.
    """
    with _spool(content, limit=max_bytes, file_name=file_name) as spooled:
        _settle(spooled)
    stored, _ = StoredFile.objects.get_or_create(
        sha256=spooled.sha256,
        defaults={"size_bytes": spooled.size_bytes, "media_type": UNRECOGNISED, "uploaded_by_id": actor.user_id},
    )
    return stored


def open_file(stored: StoredFile) -> BinaryIO:
    """Open the content for reading. Raises FileMissing."""
    try:
        return path_of(stored.sha256).open("rb")
    except FileNotFoundError:
        raise FileMissing(name=str(stored)) from None


def path_of(sha256: str) -> Path:
    """Where content with this hash lies: two levels of folders keep each of them small."""
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256[2:4] / sha256


def unreferenced_files() -> list[Path]:
    """Files on disk that no row names and that are older than a day, and uploads that never ended. One statement."""
    root, horizon = Path(settings.MEDIA_ROOT), time.time() - UNREFERENCED_AFTER_SECONDS
    known = set(StoredFile.objects.values_list("sha256", flat=True))
    found = [path for path in root.glob("??/??/*") if path.name not in known]
    found += list((root / _INCOMING).glob("*"))
    return sorted(path for path in found if path.is_file() and path.stat().st_mtime < horizon)


def remove_unreferenced_files() -> int:
    """Delete what ``unreferenced_files`` lists and return how many. Safe beside uploads: reused content counts as new."""
    removed = 0
    for path in unreferenced_files():
        path.unlink(missing_ok=True)
        removed += 1
    return removed


def files_that_differ() -> tuple[int, list[str]]:
    """Stored files that are not on disk with their size: how many, and the first ten. One statement."""
    wrong = [
        f"{sha256[:12]} ({size_bytes} bytes)"
        for sha256, size_bytes in StoredFile.objects.values_list("sha256", "size_bytes").iterator(chunk_size=5000)
        if not _is_there(path_of(sha256), size_bytes)
    ]
    return len(wrong), wrong[:10]


@contextlib.contextmanager
def _spool(content: BinaryIO | bytes, *, limit: int, file_name: str) -> Iterator[_Spooled]:
    """Copy ``content`` to a private file beside its later place, hashing it; whatever is left of it is removed."""
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    folder = Path(settings.MEDIA_ROOT) / _INCOMING
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=folder)  # made with mode 0600
    path, digest, size = Path(name), hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as target:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise FileTooLarge(name=_short(file_name), limit_mb=max(limit // 2**20, 1))
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        yield _Spooled(path, digest.hexdigest(), size)
    finally:
        path.unlink(missing_ok=True)


def _recognised(spooled: _Spooled, *, file_name: str, allowed: set[str] | None) -> Media:
    with spooled.path.open("rb") as source:
        found = recognise(source, file_name=file_name)
    if isinstance(found, Refusal):
        raise FileRefused(name=_short(file_name), sentence=found.sentence)
    if allowed is not None and found.media_type not in allowed:
        wanted = ", ".join(sorted(BY_TYPE[name].label for name in allowed if name in BY_TYPE))
        raise FileRefused(name=_short(file_name), sentence=f"This is a {found.label}. Expected here: {wanted}.")
    return found


def _settle(spooled: _Spooled) -> None:
    """Move the content to its place for good. Content that is there already is only marked as used again."""
    path = path_of(spooled.sha256)
    if _is_there(path, spooled.size_bytes):
        path.touch()
        return
    for folder in (path.parent.parent, path.parent):
        folder.mkdir(exist_ok=True, mode=0o700)
    spooled.path.replace(path)
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_there(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except FileNotFoundError:
        return False


def _short(file_name: str) -> str:
    shown = "".join(char for char in file_name if char.isprintable())
    return shown if len(shown) <= 60 else f"{shown[:40]}…{shown[-15:]}"
