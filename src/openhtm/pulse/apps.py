from django.apps import AppConfig


class PulseConfig(AppConfig):
    name = "openhtm.pulse"
    label = "pulse"

    def ready(self) -> None:
        from openhtm.pulse import panels

        panels.offer()
