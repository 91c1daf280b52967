from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "openhtm.training"
    label = "training"

    def ready(self) -> None:
        from openhtm.training import panels

        panels.offer()
