"""Refusals in words: for people as a page, in one place. The API has its own in ``config.api``."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from openhtm.audit.context import request_id
from openhtm.core.errors import DomainError

GetResponse = Callable[[HttpRequest], HttpResponse]


class refusals:
    """Turn an anticipated refusal that a view let through into a readable page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: BaseException) -> HttpResponse | None:
        if isinstance(exception, DomainError):
            return page(request, status=exception.status, sentence=exception.sentence)
        if isinstance(exception, ObjectDoesNotExist):
            return page(request, status=404)
        return None


TITLES = {
    400: ("This request could not be read", "Go back, load the page again and repeat what you did."),
    403: ("Not included in your role", "Ask an administrator of your facility if you need it."),
    404: (
        "Nothing here that you can see",
        "Check the number, or search for it. It may also belong to another facility.",
    ),
    405: ("This address does not do that", "Go back and use the buttons on the page."),
    409: ("Changed by somebody else", "Load the page again and repeat your change."),
    413: ("Too large", "Send a smaller file."),
    422: ("This cannot be done", "Correct what is named below and try again."),
    429: ("Too many tries", "Wait a few minutes and try again."),
    500: (
        "Something broke on our side",
        "Nothing of your last step was saved. It has been logged under the number below.",
    ),
}


def page(request: HttpRequest, *, status: int, sentence: str = "") -> HttpResponse:
    title, remedy = TITLES.get(status, TITLES[422])
    facts = {"status": status, "title": title, "sentence": sentence or remedy, "request_id": request_id.get()}
    return render(request, "error.html", facts, status=status)


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
