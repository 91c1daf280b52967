from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "openhtm.ui"
    label = "ui"
