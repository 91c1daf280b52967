from django.apps import AppConfig


class ProceduresConfig(AppConfig):
    name = "openhtm.procedures"
    label = "procedures"
