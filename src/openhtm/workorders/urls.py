"""Addresses of work orders."""

from django.urls import URLPattern, URLResolver

app_name = "workorders"
urlpatterns: list[URLPattern | URLResolver] = []
