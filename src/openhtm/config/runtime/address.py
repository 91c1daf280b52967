"""The address that pages are served at: whether it is free, and whether pages answer."""

import errno
import http.client
import os
import socket
from dataclasses import dataclass

from openhtm.config.problem import CannotRun

DEFAULT_PORT = 8000
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not chosen


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = "localhost" if self.host in EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def address_from_environment(*, loopback_only: bool) -> Address:
    """Return ``OPENHTM_HOST`` (default 127.0.0.1) and ``OPENHTM_PORT`` (default 8000). Raises CannotRun naming the variable."""
    text = os.environ.get("OPENHTM_PORT", "").strip() or str(DEFAULT_PORT)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise CannotRun(f"OPENHTM_PORT is {text!r}. Set it to a number from 1 to 65535.")
    host = "127.0.0.1" if loopback_only else os.environ.get("OPENHTM_HOST", "").strip() or "127.0.0.1"
    return Address(host, int(text))


def require_free(address: Address) -> None:
    """Raise CannotRun if the address cannot be listened on, with what to do about it."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as refusal:
            raise CannotRun(_why(address, refusal)) from refusal


def answers(address: Address) -> bool:
    """Tell whether ``/healthz`` answers 200 within two seconds."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    connection = http.client.HTTPConnection(host, address.port, timeout=2)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _why(address: Address, refusal: OSError) -> str:
    if refusal.errno == errno.EADDRINUSE:
        return f"Port {address.port} is in use by another program. Stop that, or choose another: OPENHTM_PORT={address.port + 1}."
    if refusal.errno == errno.EACCES:
        return f"Port {address.port} needs more rights than you have. Choose one above 1023 with OPENHTM_PORT."
    return f"Cannot listen on {address.host}, port {address.port}: {refusal.strerror}. Check OPENHTM_HOST and OPENHTM_PORT."
