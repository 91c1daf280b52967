"""Addresses of schedules and visits."""

from django.urls import URLPattern, URLResolver

from openhtm.maintenance.views import planning, schedules, visits

app_name = "maintenance"
urlpatterns: list[URLPattern | URLResolver] = [*visits.urlpatterns, *schedules.urlpatterns, *planning.urlpatterns]
