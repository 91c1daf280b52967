from django.apps import AppConfig


class RoundsConfig(AppConfig):
    name = "openhtm.rounds"
    label = "rounds"

    def ready(self) -> None:
        from openhtm.rounds import panels

        panels.offer()
