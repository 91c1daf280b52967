from django.apps import AppConfig


class PulseConfig(AppConfig):
    name = "openhtm.pulse"
    label = "pulse"

    def ready(self) -> None:
        from openhtm.audit import invariants
        from openhtm.pulse import panels
        from openhtm.pulse.services import checks

        for invariant in checks.INVARIANTS:
            invariants.register(invariant)
        panels.offer()
