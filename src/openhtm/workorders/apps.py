from django.apps import AppConfig


class WorkordersConfig(AppConfig):
    name = "openhtm.workorders"
    label = "workorders"

    def ready(self) -> None:
        from openhtm.audit import invariants
        from openhtm.workorders import device_panels, panels, qualification_panels
        from openhtm.workorders.services import checks, guards, reactions, reviewing

        for invariant in checks.INVARIANTS:
            invariants.register(invariant)
        reactions.listen()
        guards.listen()
        reviewing.listen()
        panels.offer()
        device_panels.offer()
        qualification_panels.offer()
