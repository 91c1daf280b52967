from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "openhtm.core"
    label = "core"
