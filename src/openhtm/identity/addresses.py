"""From which network address a request comes."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's IP address, or None if it is not known.

    Behind a proxy (``OPENHTM_BEHIND_PROXY``) it is the last entry of X-Forwarded-For, which the proxy itself wrote;
    otherwise that header is ignored, since anybody can send it.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        text = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or text
    try:
        return str(ipaddress.ip_address(text.split("%")[0]))
    except ValueError:
        return None
