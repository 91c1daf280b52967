"""Addresses of notices."""

from openhtm.notices import views

app_name = "notices"
urlpatterns = [*views.urlpatterns]
