"""Addresses of schedules, visits and the programme."""

from django.urls import URLPattern, URLResolver

from openhtm.maintenance.views import missing, planning, planning_levelling, policies, programme, schedules, visits, worklist

app_name = "maintenance"
urlpatterns: list[URLPattern | URLResolver] = [
    *worklist.urlpatterns,
    *visits.urlpatterns,
    *schedules.urlpatterns,
    *missing.urlpatterns,
    *policies.urlpatterns,
    *programme.urlpatterns,
    *planning.urlpatterns,
    *planning_levelling.urlpatterns,
]
