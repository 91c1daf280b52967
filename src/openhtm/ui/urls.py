"""``path("", include("openhtm.ui.urls"))``: the theme switch and the style page."""

from django.urls import path

from openhtm.ui import views

app_name = "ui"
urlpatterns = [
    path("theme", views.theme, name="theme"),
    path("_style", views.style, name="style"),
    path("_style/job", views.style_job, name="style-job"),
]
