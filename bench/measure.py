"""Clocks, percentiles and a plain HTTP client over one kept connection."""

from __future__ import annotations

import http.client
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of ``values``; ``share`` from 0 to 1."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def clocked(work: Callable[[], object]) -> float:
    """Run ``work`` and return the milliseconds it took."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


class UnexpectedAnswer(RuntimeError):
    """The server answered something else than 200."""


@dataclass(slots=True)
class Client:
    """One browser or program: a kept connection, cookies and headers."""

    port: int
    headers: dict[str, str]
    connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> bytes:
        """Return the body at ``path``. Raises UnexpectedAnswer."""
        return self.send("GET", path, expect=(200,))[1]

    def send(
        self, method: str, path: str, body: str | None = None, *, expect: tuple[int, ...] = (200,)
    ) -> tuple[http.client.HTTPResponse, bytes]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.connection.request(method, path, body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status not in expect:
            raise UnexpectedAnswer(f"{method} {path} answered {answer.status}: {content[:300]!r}")
        return answer, content


def logged_in(port: int, *, username: str, password: str) -> Client:
    """Return a client with the session of a person, made through the log-in page."""
    client = Client(port, {})
    answer, page = client.send("GET", "/log-in")
    jar = _cookies(answer)
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token, "the log-in page carries no token"
    form = {"username": username, "password": password, "csrfmiddlewaretoken": token[1].decode()}
    client.headers = {
        "Cookie": _cookie_header(jar),
        "Content-Type": "application/x-www-form-urlencoded",
        "Referer": f"http://127.0.0.1:{port}/",
    }
    answer, _ = client.send("POST", "/log-in", urlencode(form), expect=(302,))
    client.headers = {"Cookie": _cookie_header(jar | _cookies(answer))}
    return client


def _cookies(answer: http.client.HTTPResponse) -> dict[str, str]:
    pairs = [value.split(";")[0].partition("=") for value in answer.headers.get_all("Set-Cookie") or []]
    return {name: value for name, _, value in pairs}


def _cookie_header(jar: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar.items())
