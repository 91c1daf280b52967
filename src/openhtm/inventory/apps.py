from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "openhtm.inventory"
    label = "inventory"

    def ready(self) -> None:
        from openhtm.audit import invariants
        from openhtm.exchange.services.targets import register
        from openhtm.inventory import panels
        from openhtm.inventory.imports import DeviceTarget
        from openhtm.inventory.services import checks, closing, reactions

        for invariant in checks.INVARIANTS:
            invariants.register(invariant)
        reactions.listen()
        closing.listen()
        panels.offer()
        register(DeviceTarget())
