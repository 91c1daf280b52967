from django.apps import AppConfig


class WorkforceConfig(AppConfig):
    name = "openhtm.workforce"
    label = "workforce"

    def ready(self) -> None:
        from openhtm.workforce.services import reactions

        reactions.listen()
