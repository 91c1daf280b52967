"""Refusals in words: for people as a page, in one place. The API has its own in ``config.api``."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse

from openhtm.audit.context import request_id
from openhtm.core.errors import DomainError
from openhtm.ui import errors as refusal

GetResponse = Callable[[HttpRequest], HttpResponse]


class refusals:
    """Turn an anticipated refusal that a view let through into a readable page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content and not request.path.startswith("/api/"):
            worded = page(request, status=405)
            worded["Allow"] = response["Allow"]
            return worded
        return response

    def process_exception(self, request: HttpRequest, exception: BaseException) -> HttpResponse | None:
        if isinstance(exception, DomainError):
            return page(request, status=exception.status, sentence=exception.sentence)
        if isinstance(exception, ObjectDoesNotExist):
            return page(request, status=404)
        return None


def page(request: HttpRequest, *, status: int, sentence: str = "") -> HttpResponse:
    return refusal.page(request, status=status, sentence=sentence, request_id=request_id.get())


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
