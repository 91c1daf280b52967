"""Addresses of rounds and readiness."""

from django.urls import URLPattern, URLResolver

from openhtm.rounds.views import readiness, ready, rounds, setup, tags

app_name = "rounds"
urlpatterns: list[URLPattern | URLResolver] = [
    *rounds.urlpatterns,
    *tags.urlpatterns,
    *readiness.urlpatterns,
    *setup.urlpatterns,
    *ready.urlpatterns,
]
