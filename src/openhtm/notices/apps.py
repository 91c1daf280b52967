from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "openhtm.notices"
    label = "notices"
