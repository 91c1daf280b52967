"""Refusals of the documents room, shared by its services and whoever serves files."""

from openhtm.core.errors import DomainError


class FileTooLarge(DomainError):
    """The upload passed the limit; nothing of it was kept (413)."""

    code = "file-too-large"
    status = 413
    message = "{name} is larger than {limit_mb} MB. Make it smaller, or split it."


class FileRefused(DomainError):
    """The content is of a kind that is not kept, is damaged, or does not agree with its name (422)."""

    code = "file-refused"
    message = "{name}: {sentence}"


class FileMissing(DomainError):
    """The record is here and its content is not on disk: a restore is incomplete (404)."""

    code = "file-missing"
    status = 404
    message = "The content of {name} is not on this server. Restore it from a backup; the system check lists every such file."
