"""Addresses of people, their certifications, teams and hours."""

from openhtm.workforce.views import availability, careers, records, staff, teams

app_name = "workforce"
urlpatterns = [*teams.urlpatterns, *availability.urlpatterns, *staff.urlpatterns, *records.urlpatterns, *careers.urlpatterns]
