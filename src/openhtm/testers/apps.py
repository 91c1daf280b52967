from django.apps import AppConfig


class TestersConfig(AppConfig):
    name = "openhtm.testers"
    label = "testers"
