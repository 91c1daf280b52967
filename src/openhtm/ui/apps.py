"""The room of everything people see that knows no records: components, layout, formats."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "openhtm.ui"
    label = "ui"
    verbose_name = "User interface"
