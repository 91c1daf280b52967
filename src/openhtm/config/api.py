"""The API root: ``/api/v1/``. Every refusal leaves here as problem+json."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import deepcopy
from functools import cache, cached_property
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from openhtm.catalog.api import router as catalog
from openhtm.competence import api as competence
from openhtm.config.errors import PROBLEM_JSON
from openhtm.config.errors import problem_answer as _answer
from openhtm.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from openhtm.identity.api import router as identity
from openhtm.identity.api_auth import BearerToken, Session
from openhtm.inventory import api as inventory
from openhtm.maintenance import api as maintenance
from openhtm.notices import api as notices
from openhtm.procedures import api as procedures
from openhtm.pulse import api as pulse
from openhtm.rounds import api as rounds
from openhtm.sites.api import router as sites
from openhtm.staffing import api as staffing
from openhtm.testers import api as testers
from openhtm.traceability import api as traceability
from openhtm.training import api as training
from openhtm.workforce import api as workforce
from openhtm.workorders import api as workorders


class Json(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        return orjson.dumps(data, default=str)


class NotJson(ValueError):
    """The body says that it is something else than JSON."""


class OrjsonParser(Parser):
    """Bodies are JSON. Ninja answers what is raised here with HttpError(400), whose cause tells the handler below more."""

    def parse_body(self, request: HttpRequest) -> Any:
        kind = (request.content_type or "").lower()
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise NotJson(kind)
        return orjson.loads(request.body)


class Contract(OpenAPISchema):
    """The description of the API. Most answers are of a few kinds, so each kind is described once: 5 seconds less of work."""

    def __init__(self, api: NinjaAPI, path_prefix: str) -> None:
        self._described: dict[tuple[str, str, bool], tuple[dict[str, Any], bool]] = {}
        super().__init__(api, path_prefix)
        self._give_refusals_their_media_type()

    def _create_schema_from_model(
        self, model: Any, by_alias: bool = True, remove_level: bool = True, mode: Any = "validation"
    ) -> tuple[dict[str, Any], bool]:
        kind = model.model_fields.get("response")
        if not remove_level or kind is None or len(model.model_fields) != 1:
            return super()._create_schema_from_model(model, by_alias, remove_level, mode)
        key = (repr(kind.annotation), mode, by_alias)  # every answer is wrapped in a model of its own with this one field
        if key not in self._described:
            self._described[key] = super()._create_schema_from_model(model, by_alias, remove_level, mode)
        schema, required = self._described[key]
        return deepcopy(schema), required

    def _give_refusals_their_media_type(self) -> None:
        """Ninja gives every answer the media type of the renderer; refusals have their own."""
        for methods in self["paths"].values():
            for operation in methods.values():
                for answer in operation["responses"].values():
                    content = answer.get("content", {})
                    if content.get(Json.media_type, {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
                        answer["content"] = {PROBLEM_JSON: content[Json.media_type]}


class Api(NinjaAPI):
    """Route names are the stable operation ids, so that no function's name is part of the contract."""

    def get_operation_url_name(self, operation: Operation, router: Any) -> str:
        return operation.operation_id or operation.view_func.__name__

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None) -> OpenAPISchema:
        """Describe the API once in each process: it changes only with the code, and anybody may ask for it."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if prefix not in self._contracts:
            self._contracts[prefix] = Contract(self, prefix)
        return self._contracts[prefix]

    @cached_property
    def _contracts(self) -> dict[str, Contract]:
        return {}


@cache
def contract() -> tuple[bytes, str]:
    """Return the OpenAPI document and its entity tag. Made once in a process: it changes with the program only."""
    document = orjson.dumps(api.get_openapi_schema(), default=str, option=orjson.OPT_NON_STR_KEYS)
    return document, f'"{hashlib.sha256(document).hexdigest()[:32]}"'


def sent_if_new(_view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer the contract; 304 to whoever names the entity tag of the one in force."""

    @condition(etag_func=lambda _request: contract()[1])
    def openapi_json(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(contract()[0], content_type=Json.media_type, headers={"Cache-Control": "no-cache"})

    return openapi_json


api = Api(
    title="OpenHTM",
    version="1",
    description="Every device, the work on it and the proof of it. Lists are paged by `cursor`; refusals are problem+json (RFC 9457).",
    auth=[BearerToken(), Session()],
    renderer=Json(),
    parser=OrjsonParser(),
    docs_url=None,
    openapi_url="/openapi.json",
    docs_decorator=sent_if_new,
    urls_namespace="api",
)
ROOMS = (
    inventory, workorders, maintenance, rounds, staffing, procedures, testers, traceability, competence, workforce, training, pulse, notices,
)  # fmt: skip
for router in (*(router for room in ROOMS for router in room.routers), catalog, sites, identity):
    api.add_router("", router)


@api.exception_handler(DomainError)
def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    errors = error.errors if isinstance(error, Invalid) else None
    return _answer(status=error.status, code=error.code, title=_title(error), detail=error.sentence, errors=errors)


TITLES: dict[type[DomainError], str] = {
    NotAllowed: "Not included in your role",
    NotFound: "Nothing by that name that you can see",
    Conflict: "Changed by somebody else meanwhile",
    Invalid: "Some fields need correcting",
}


def _title(error: DomainError) -> str:
    """The same words for every refusal of a kind: of its class, which is documented in one sentence."""
    kind = type(error)
    return TITLES.get(kind) or (kind.__doc__ or "The request was refused").splitlines()[0].replace("`", "").rstrip(".")


@api.exception_handler(ValidationError)
def unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    for item in error.errors:
        field = ".".join(str(part) for part in item["loc"][1:] if part not in ("payload", "data", "body")) or "body"
        errors.setdefault(field, []).append(str(item["msg"]))
    return _answer(
        status=422,
        code="invalid",
        title=TITLES[Invalid],
        detail="Correct the fields named in errors.",
        errors=errors,
    )


@api.exception_handler(AuthenticationError)
def unknown_caller(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    detail = "Send the header Authorization: Bearer <token>. Tokens are made on the token page or with openhtm token create."
    return _answer(status=401, code="not-logged-in", title="No valid token or session", detail=detail)


@api.exception_handler(Http404)
@api.exception_handler(ObjectDoesNotExist)
def missing(request: HttpRequest, error: Exception) -> HttpResponse:
    return _answer(
        status=404,
        code="not-found",
        title="Nothing here that you can see",
        detail="Check the identifier; it may belong to another facility.",
    )


@api.exception_handler(PermissionDenied)
def denied(request: HttpRequest, error: Exception) -> HttpResponse:
    return _answer(status=403, code="not-allowed", title="Not included in your role", detail=str(error) or "Ask an administrator.")


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, error: Exception) -> HttpResponse:
    limit = f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20} MB"
    return _answer(status=413, code="too-large", title="The body is too large", detail=f"Send at most {limit} at once.")


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    cause = error.__cause__
    if isinstance(cause, NotJson):
        detail = "Send the body as JSON, with the header Content-Type: application/json."
        return _answer(status=415, code="not-json", title="The body is not JSON", detail=detail)
    if isinstance(cause, orjson.JSONDecodeError):
        detail = f"The body is no JSON at line {cause.lineno}, column {cause.colno}: {cause.msg.partition(':')[0]}."
        return _answer(status=400, code="unreadable", title="The body is not JSON", detail=detail)
    code = {400: "unreadable", 403: "not-allowed", 404: "not-found", 413: "too-large", 429: "too-many-tries"}.get(
        error.status_code, "refused"
    )
    return _answer(status=error.status_code, code=code, title="The request was refused", detail=str(error))
