from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "openhtm.identity"
    label = "identity"
