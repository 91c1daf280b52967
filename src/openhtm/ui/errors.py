"""Pages for requests that end early: what happened, what to do, and the id under which it is recorded.

``config.errors`` decides when. The page runs no context processor and no query, since either may be what is broken.
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
    422: Words("This cannot be done", "Correct what is named and try again."),
    413: Words("The file is too large", "Send a smaller file, or split it."),
    429: Words("Too many tries in a short time", "Wait a few minutes, then try again. Nothing was changed."),
    500: Words(
        "Something failed on our side",
        "What you sent was not saved. Try again; if it fails again, tell your administrator the number below.",
    ),
    503: Words("OpenHTM is not ready yet", "It is starting or being updated. Reload this page in a minute."),
}


def page(request: HttpRequest, *, status: int, sentence: str = "", title: str = "", request_id: str = "") -> HttpResponse:
    """A refusal as a page; ``sentence`` and ``title`` replace the general words. Unlisted statuses read as 400 or 500."""
    words = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    context = {
        "status": status,
        "title": title or words.title,
        "detail": sentence or words.detail,
        "theme": chosen_theme(request),
        "request_id": request_id,
    }
    return HttpResponse(render_to_string("ui/error.html", context), status=status)
