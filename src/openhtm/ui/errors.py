"""Pages for requests that end early: what happened, what to do, and the id under which it is recorded.

Config names these as handlers. The page for 500 runs no context processor and no query, since either may be broken.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from openhtm.ui.context import chosen_theme


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    detail: str


WORDS = {
    400: Words(
        "This request cannot be read",
        "Something in the address or the form is malformed. Go back, reload the page and try again.",
    ),
    403: Words(
        "You may not do this",
        "Your role does not include it. Ask an administrator of your facility if you need it.",
    ),
    404: Words(
        "There is nothing here that you can see",
        "The address may be mistyped, or the record belongs to a facility outside your scope.",
    ),
    405: Words(
        "This address does not work that way",
        "It expects a form to be sent, or only to be read. Go back and use the button on the page.",
    ),
    409: Words("Somebody else changed this meanwhile", "Load the page again and repeat your change."),
    413: Words("The file is too large", "Send a smaller file, or split it."),
    429: Words("Too many tries in a short time", "Wait a few minutes, then try again. Nothing was changed."),
    500: Words(
        "Something failed on our side",
        "What you sent was not saved. Try again; if it fails again, tell your administrator the number below.",
    ),
    503: Words("OpenHTM is not ready yet", "It is starting or being updated. Reload this page in a minute."),
}


def page(request: HttpRequest, *, status: int, sentence: str = "", title: str = "") -> HttpResponse:
    """A refusal as a page; ``sentence`` and ``title`` replace the general words. Unlisted ones read as 400 or 500."""
    words = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    context = {
        "status": status,
        "title": title or words.title,
        "detail": sentence or words.detail,
        "theme": chosen_theme(request),
        "request_id": getattr(request, "request_id", ""),
    }
    return HttpResponse(render_to_string("ui/error.html", context), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, status=400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, status=403, sentence=str(exception or ""))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return page(request, status=500)


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    return page(request, status=405)


def too_many(request: HttpRequest) -> HttpResponse:
    return page(request, status=429)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For ``CSRF_FAILURE_VIEW``: almost always a form left open over a log-in."""
    sentence = (
        "The form was open for too long, or you logged in again in another tab. "
        "Go back, reload the page and send it again."
    )
    return page(request, status=403, title="The form has expired", sentence=sentence)
