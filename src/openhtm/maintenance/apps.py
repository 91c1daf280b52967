from django.apps import AppConfig


class MaintenanceConfig(AppConfig):
    name = "openhtm.maintenance"
    label = "maintenance"

    def ready(self) -> None:
        from openhtm.audit import invariants
        from openhtm.maintenance import panels
        from openhtm.maintenance.services import checks, reactions

        for invariant in checks.INVARIANTS:
            invariants.register(invariant)
        reactions.listen()
        panels.offer()
