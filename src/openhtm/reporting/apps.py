from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "openhtm.reporting"
    label = "reporting"
