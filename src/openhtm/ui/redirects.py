"""Answers that send the browser elsewhere."""

from django.http import HttpResponseRedirect


class SeeOther(HttpResponseRedirect):
    """Look there, with GET, whatever was sent here (303)."""

    status_code = 303
