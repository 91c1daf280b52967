"""Documents of a model: a file or an address, always with the revision that is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.db import transaction

from openhtm.catalog.models import DeviceModel, ModelDocument
from openhtm.catalog.rules.texts import clean
from openhtm.catalog.services.checks import assign
from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.documents.services import store_file
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission

FIELDS = ("kind", "title", "revision", "issued_on", "language", "url")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in: its content and the name it had there."""

    content: BinaryIO | bytes
    file_name: str


@transaction.atomic
def add_document(
    *, model_id: int, actor: Actor, upload: Upload | None = None, supersedes_id: int | None = None, **fields: Any
) -> ModelDocument:
    """Add a document by file, address or both. ``supersedes_id`` names the revision it replaces, which stays readable.

    Raises DeviceModel.DoesNotExist, NotAllowed, Invalid, and the refusals of ``documents.services.store_file``.
    """
    require(actor, Permission.EDIT_CATALOG)
    model = DeviceModel.objects.select_for_update(of=("self",)).get(pk=model_id)
    document = ModelDocument(device_model=model)
    _set(document, fields)
    if not document.title:
        raise Invalid({"title": ["Give the title as it stands on the document."]})
    if upload is None and not document.url:
        raise Invalid({"file": ["Give a file or an address."]})
    if upload is not None:
        document.file = store_file(content=upload.content, file_name=upload.file_name, actor=actor)
        document.file_name = clean(upload.file_name)[:200]
    with refuse_readably():
        document.save()
    if supersedes_id is not None:
        _supersede(model, supersedes_id, document)
    return document


def _supersede(model: DeviceModel, old_id: int, new: ModelDocument) -> None:
    old = ModelDocument.objects.select_for_update(of=("self",)).filter(pk=old_id, device_model=model).exclude(pk=new.pk).first()
    if old is None:
        raise Invalid({"supersedes": ["The replaced document must be one of the same model."]})
    if old.superseded_by_id is not None:
        raise Invalid({"supersedes": [f"{old} was replaced before. Choose its successor."]})
    old.superseded_by = new
    old.save(update_fields=["superseded_by"])


@transaction.atomic
def edit_document(*, document_id: int, changes: Mapping[str, Any], actor: Actor) -> ModelDocument:
    """Correct what is said about a document; its file stays. Raises DoesNotExist, NotAllowed, Invalid."""
    require(actor, Permission.EDIT_CATALOG)
    document = ModelDocument.objects.select_for_update(of=("self",)).get(pk=document_id)
    changed = _set(document, changes)
    if changed:
        with refuse_readably():
            document.save(update_fields=changed)
    return document


def _set(document: ModelDocument, fields: Mapping[str, Any]) -> list[str]:
    changed = assign(document, fields, allowed=FIELDS)
    if document.url and not document.url.lower().startswith(("https://", "http://")):
        raise Invalid({"url": ["Give an address that begins with https:// or http://."]})
    return changed
