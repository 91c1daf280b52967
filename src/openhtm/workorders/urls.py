"""Addresses of work orders."""

from django.urls import URLPattern, URLResolver

from openhtm.workorders.views import (
    actions,
    checklist,
    labels,
    opening,
    order,
    orders,
    paper,
    qualification,
    reports,
    requesting,
    review,
    today,
)

app_name = "workorders"
urlpatterns: list[URLPattern | URLResolver] = [
    *today.urlpatterns,
    *orders.urlpatterns,
    *qualification.urlpatterns,
    *opening.urlpatterns,
    *labels.urlpatterns,
    *review.urlpatterns,
    *checklist.urlpatterns,
    *order.urlpatterns,
    *actions.urlpatterns,
    *paper.urlpatterns,
    *reports.urlpatterns,
    *requesting.urlpatterns,
]
