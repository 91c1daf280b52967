"""Addresses of testers."""

from django.urls import URLPattern, URLResolver

app_name = "testers"
urlpatterns: list[URLPattern | URLResolver] = []
