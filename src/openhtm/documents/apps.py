from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "openhtm.documents"
    label = "documents"

    def ready(self) -> None:
        from openhtm.audit.invariants import Invariant, register
        from openhtm.documents.services import files_that_differ

        register(Invariant("documents-files-present", "Every stored file is on disk with its size.", files_that_differ))
