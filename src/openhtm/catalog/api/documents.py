"""Documents of device models over the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, BinaryIO, Literal, cast

from django.http import HttpRequest
from ninja import File, Form, Status
from ninja.files import UploadedFile
from pydantic import Field

from openhtm.catalog.api.common import reader
from openhtm.catalog.api.models import DocumentOut, document_out
from openhtm.catalog.models import DeviceModel, ModelDocument
from openhtm.catalog.services import documents
from openhtm.core.errors import Invalid
from openhtm.core.problems import REFUSALS
from openhtm.core.routing import Router
from openhtm.core.schema import Body, Key, Short, Text, given
from openhtm.documents.responses import inert_response
from openhtm.identity.actor import require
from openhtm.identity.rules.permissions import Permission

router = Router()
KindCode = Literal["ifu", "service_manual", "parts_list", "quick_guide", "mds2", "sbom", "certificate", "other"]


class DocumentChange(Body):
    """Only what is sent is changed; the file stays."""

    kind: KindCode = "other"
    title: Short = Field(default="", description="As it stands on the document.")
    revision: Annotated[Text, Field(max_length=60)] = Field(default="", description="As printed on the document.")
    issued_on: dt.date | None = None
    language: Annotated[Text, Field(max_length=10)] = ""
    url: Annotated[Text, Field(max_length=500)] = Field(default="", description="Begins with https:// or http://.")


class DocumentFile(DocumentChange):
    supersedes_id: Key | None = Field(default=None, description="The revision it replaces, which stays readable.")


class DocumentIn(DocumentFile):
    """A document at an address."""

    kind: KindCode
    title: Annotated[Text, Field(min_length=1, max_length=200)]
    url: Annotated[Text, Field(min_length=1, max_length=500)]


@router.get(
    "/models/{model_id}/documents", response={200: list[DocumentOut], **REFUSALS}, operation_id="list_model_documents", summary="Documents"
)
def list_model_documents(request: HttpRequest, model_id: Key) -> Any:
    """The documents of a model with every revision."""
    reader(request)
    return [document_out(one) for one in DeviceModel.objects.get(pk=model_id).documents.all()]


@router.post(
    "/models/{model_id}/documents", response={201: DocumentOut, **REFUSALS}, operation_id="add_model_document", summary="Add by address"
)
def add_model_document(request: HttpRequest, model_id: Key, payload: DocumentIn) -> Any:
    """Add a document that lies at an address. The same kind, title and revision twice is refused with 422."""
    return Status(201, document_out(documents.add_document(model_id=model_id, actor=reader(request), **given(payload))))


@router.post(
    "/models/{model_id}/documents/file", response={201: DocumentOut, **REFUSALS}, operation_id="upload_model_document", summary="Add a file"
)
def upload_model_document(
    request: HttpRequest,
    model_id: Key,
    payload: Form[DocumentFile],
    file: UploadedFile | None = File(None),  # noqa: B008 (ninja's way)
) -> Any:
    """Add a document by its file (multipart)."""
    actor = reader(request)
    require(actor, Permission.EDIT_CATALOG)
    if file is None:
        raise Invalid({"file": ["Send the file as the part named file of a multipart form."]})
    upload = documents.Upload(cast(BinaryIO, file.file), file.name or "")
    made = documents.add_document(model_id=model_id, actor=actor, upload=upload, **payload.model_dump())
    return Status(201, document_out(made))


@router.patch(
    "/models/documents/{document_id}", response={200: DocumentOut, **REFUSALS}, operation_id="change_model_document", summary="Correct one"
)
def change_model_document(request: HttpRequest, document_id: Key, payload: DocumentChange) -> Any:
    """Correct what is said about a document. A new revision is a new document that supersedes the old."""
    return document_out(documents.edit_document(document_id=document_id, changes=given(payload), actor=reader(request)))


@router.get(
    "/models/documents/{document_id}/content", response={200: None, **REFUSALS}, operation_id="model_document_content", summary="Its file"
)
def model_document_content(request: HttpRequest, document_id: Key) -> Any:
    """The file of a document as a download; 404 for one that is only at an address."""
    reader(request)
    document = ModelDocument.objects.select_related("file").get(pk=document_id, file__isnull=False)
    assert document.file is not None
    return inert_response(document.file, document.file_name or document.title)
