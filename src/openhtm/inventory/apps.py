from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "openhtm.inventory"
    label = "inventory"
