from django.apps import AppConfig


class StaffingConfig(AppConfig):
    name = "openhtm.staffing"
    label = "staffing"
