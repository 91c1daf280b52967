"""A page with one form: shown, refused with 422 and its reasons, or saved and left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from openhtm.core.errors import DomainError, Invalid, NotAllowed

Save = Callable[[dict[str, Any]], str | HttpResponse]


def edit_page(request: HttpRequest, *, form: forms.Form, save: Save, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Show ``form``; when it was posted and is valid, call ``save`` with its cleaned data and go where it says.

    Refusals of ``save`` appear at the fields they name. NotAllowed passes through: it concerns the page, not a field.
    """
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                answer = save(form.cleaned_data)
            except NotAllowed:
                raise
            except DomainError as error:
                add_refusal(form, error)
            else:
                return HttpResponseRedirect(answer) if isinstance(answer, str) else answer
        status = 422
    return render(request, template, {**context, "form": form}, status=status)


def add_refusal(form: forms.Form, error: DomainError) -> None:
    """Put a service's refusal at the fields it names, or above the form."""
    errors = error.errors if isinstance(error, Invalid) else {"": [error.sentence]}
    for name, sentences in errors.items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)
