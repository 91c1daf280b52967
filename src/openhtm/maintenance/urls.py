"""Addresses of schedules, visits and the programme."""

from django.urls import URLPattern, URLResolver

from openhtm.maintenance.views import (
    base_months,
    missing,
    planning,
    planning_batches,
    planning_calendar,
    planning_levelling,
    planning_replans,
    policies,
    programme,
    schedules,
    visits,
    worklist,
)

app_name = "maintenance"
urlpatterns: list[URLPattern | URLResolver] = [
    *worklist.urlpatterns,
    *visits.urlpatterns,
    *schedules.urlpatterns,
    *missing.urlpatterns,
    *policies.urlpatterns,
    *programme.urlpatterns,
    *planning.urlpatterns,
    *planning_calendar.urlpatterns,
    *planning_batches.urlpatterns,
    *planning_replans.urlpatterns,
    *base_months.urlpatterns,
    *planning_levelling.urlpatterns,
]
