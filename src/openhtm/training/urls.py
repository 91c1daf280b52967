"""Addresses of clinical training."""

from django.urls import URLPattern, URLResolver

from openhtm.training.views import attend, coverage, people, policy, sessions

app_name = "training"
urlpatterns: list[URLPattern | URLResolver] = [
    *coverage.urlpatterns,
    *sessions.urlpatterns,
    *people.urlpatterns,
    *policy.urlpatterns,
    *attend.urlpatterns,
]
