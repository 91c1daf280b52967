"""Files on their way out: whatever a file holds, a browser only stores or shows it."""

from __future__ import annotations

import io

from django.http import FileResponse

from openhtm.documents.models import StoredFile
from openhtm.documents.rules.file_names import clean_file_name
from openhtm.documents.rules.media import BY_TYPE, INLINE_TYPES, PDF
from openhtm.documents.services import open_file

_SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_PDF_VIEWER = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Chromium shows no PDF inside a sandbox. Its viewer is a process of its own, so a PDF shown inline goes without it."""


def inert_response(stored: StoredFile, file_name: str, *, inline: bool = False) -> FileResponse:
    """Serve ``stored`` under ``file_name`` as a download; ``inline`` shows PDF, PNG, JPEG and WebP in the browser.

    The media type is the one found in the content when it was stored. The caller has checked who asks. Raises FileMissing.
    """
    shown = inline and stored.media_type in INLINE_TYPES
    media_type = stored.media_type if stored.media_type in BY_TYPE else "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    response = FileResponse(open_file(stored), as_attachment=not shown, filename=clean_file_name(file_name), content_type=media_type)
    response["Content-Length"] = str(stored.size_bytes)
    response["Content-Security-Policy"] = _PDF_VIEWER if shown and media_type == PDF.media_type else _SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def pdf_response(content: bytes, file_name: str) -> FileResponse:
    """Serve a document that was just made, to be shown or saved."""
    response = FileResponse(io.BytesIO(content), filename=clean_file_name(file_name), content_type=PDF.media_type)
    response["Content-Length"] = str(len(content))
    response["Content-Security-Policy"] = _PDF_VIEWER
    response["Cache-Control"] = "private, no-store"
    return response
