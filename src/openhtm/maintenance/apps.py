from django.apps import AppConfig


class MaintenanceConfig(AppConfig):
    name = "openhtm.maintenance"
    label = "maintenance"

    def ready(self) -> None:
        from openhtm.audit import invariants
        from openhtm.maintenance import panels
        from openhtm.maintenance.services import checks, deciding, reactions

        for invariant in checks.INVARIANTS:
            invariants.register(invariant)
        reactions.listen()
        deciding.listen()
        panels.offer()
