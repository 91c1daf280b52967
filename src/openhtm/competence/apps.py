from django.apps import AppConfig


class CompetenceConfig(AppConfig):
    name = "openhtm.competence"
    label = "competence"

    def ready(self) -> None:
        from openhtm.competence import panels

        panels.offer()
