from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "openhtm.inventory"
    label = "inventory"

    def ready(self) -> None:
        from openhtm.exchange.services.targets import register
        from openhtm.inventory.imports import DeviceTarget

        register(DeviceTarget())
