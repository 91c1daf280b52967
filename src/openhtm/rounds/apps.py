from django.apps import AppConfig


class RoundsConfig(AppConfig):
    name = "openhtm.rounds"
    label = "rounds"
