"""Refusals in words: for people as a page, for programs below /api/ as problem+json. What operations refuse: ``config.api``."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse

from openhtm.audit.context import request_id
from openhtm.core.errors import DomainError
from openhtm.core.problems import problem
from openhtm.ui import errors as refusal

GetResponse = Callable[[HttpRequest], HttpResponse]
API_PREFIX = "/api/"
PROBLEM_JSON = "application/problem+json"
API_WORDS = {
    400: ("unreadable", "The request could not be read", "Check the address and the headers against the API documentation."),
    403: ("not-allowed", "Not included in your role", "Ask an administrator."),
    404: ("not-found", "There is no such address", "Check the path against /api/v1/docs or /api/v1/openapi.json."),
    405: ("method-not-allowed", "This address does not take this method", "The header Allow names the methods it takes."),
    413: ("too-large", "What was sent is too large", "Send less at once."),
    500: ("server-error", "Something failed on our side", "What you sent was not saved. Tell your administrator the request id."),
}
"""Refusals that happen before an operation is found: (code, title, detail)."""


class refusals:
    """Turn an anticipated refusal that a view let through into a readable page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405:
            return response
        worded = page(request, status=405)
        worded["Allow"] = response["Allow"]
        return worded

    def process_exception(self, request: HttpRequest, exception: BaseException) -> HttpResponse | None:
        if isinstance(exception, DomainError):
            return page(request, status=exception.status, sentence=exception.sentence)
        if isinstance(exception, ObjectDoesNotExist):
            return page(request, status=404)
        return None


def page(request: HttpRequest, *, status: int, sentence: str = "") -> HttpResponse:
    """Answer in the shape of whoever asks: a page, or below /api/ a problem."""
    if not request.path.startswith(API_PREFIX):
        return refusal.page(request, status=status, sentence=sentence, request_id=request_id.get())
    code, title, detail = API_WORDS.get(status) or API_WORDS[500 if status >= 500 else 400]
    return problem_answer(status=status, code=code, title=title, detail=sentence or detail)


def problem_answer(*, status: int, code: str, title: str, detail: str, errors: dict[str, list[str]] | None = None) -> HttpResponse:
    """A refusal for programs: problem+json (RFC 9457) with the id under which the request is logged."""
    body = problem(status=status, code=code, title=title, detail=detail, request_id=request_id.get(), errors=errors)
    response = HttpResponse(orjson.dumps(body), status=status, content_type=PROBLEM_JSON)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, status=403)


def not_found(request: HttpRequest, exception: Http404 | None = None) -> HttpResponse:
    return page(request, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return page(request, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(
        request,
        status=403,
        sentence="This form was open too long or came from elsewhere. Load the page again and repeat.",
    )
