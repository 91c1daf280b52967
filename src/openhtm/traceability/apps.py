from django.apps import AppConfig


class TraceabilityConfig(AppConfig):
    name = "openhtm.traceability"
    label = "traceability"

    def ready(self) -> None:
        from openhtm.traceability import panels

        panels.offer()
