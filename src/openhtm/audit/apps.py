from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "openhtm.audit"
    label = "audit"

    def ready(self) -> None:
        from openhtm.audit.invariants import Invariant, register
        from openhtm.sites.queries import broken_paths

        # sites lies below this room and cannot register by itself
        register(Invariant("places-agree-with-parents", "Every place's path and full name follow from the place around it.", broken_paths))
