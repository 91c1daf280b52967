"""Addresses of teams and hours."""

from openhtm.workforce.views import teams

app_name = "workforce"
urlpatterns = [*teams.urlpatterns]
