"""Addresses of work orders."""

from django.urls import URLPattern, URLResolver

from openhtm.workorders.views import checklist, review

app_name = "workorders"
urlpatterns: list[URLPattern | URLResolver] = [*checklist.urlpatterns, *review.urlpatterns]
