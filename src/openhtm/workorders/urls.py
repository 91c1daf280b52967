"""Addresses of work orders."""

from django.urls import URLPattern, URLResolver

from openhtm.workorders.views import actions, labels, opening, order, orders, paper, reports, requesting, today

app_name = "workorders"
urlpatterns: list[URLPattern | URLResolver] = [
    *today.urlpatterns,
    *orders.urlpatterns,
    *opening.urlpatterns,
    *labels.urlpatterns,
    *order.urlpatterns,
    *actions.urlpatterns,
    *paper.urlpatterns,
    *reports.urlpatterns,
    *requesting.urlpatterns,
]
