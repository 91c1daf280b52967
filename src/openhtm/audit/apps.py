from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "openhtm.audit"
    label = "audit"
