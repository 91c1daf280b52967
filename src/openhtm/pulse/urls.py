"""Addresses of the staff survey."""

from django.urls import URLPattern, URLResolver

from openhtm.pulse.views import surveys

app_name = "pulse"
urlpatterns: list[URLPattern | URLResolver] = [*surveys.urlpatterns]
