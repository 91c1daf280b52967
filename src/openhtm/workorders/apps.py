from django.apps import AppConfig


class WorkordersConfig(AppConfig):
    name = "openhtm.workorders"
    label = "workorders"
