"""Addresses of testers."""

from openhtm.testers.views import testers

app_name = "testers"
urlpatterns = [*testers.urlpatterns]
