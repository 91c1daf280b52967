from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "openhtm.sites"
    label = "sites"
