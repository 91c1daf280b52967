"""Addresses of the staffing forecast."""

from openhtm.staffing import views

app_name = "staffing"
urlpatterns = [*views.urlpatterns]
