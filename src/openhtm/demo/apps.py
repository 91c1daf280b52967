from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "openhtm.demo"
    label = "demo"
