"""Creation that may be sent twice: the same key with the same content answers the same and creates nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from openhtm.core.errors import Conflict, Invalid
from openhtm.core.repeatable import Make
from openhtm.exchange.models import RepeatableRequest
from openhtm.identity.actor import Actor

MAX_KEY_LENGTH = 100


class ClientKeyReused(Conflict):
    """The client's key was already used for something else (409)."""

    code = "client-key-reused"
    message = "The client key {key} was already used for another request. Send a new key for new content."


def answer_once(
    *, actor: Actor, key: str | None, route: str, body: bytes | Mapping[str, Any], make: Make, requester: str = ""
) -> tuple[int, dict[str, Any], bool]:
    """Return (status, answer, replayed) of ``make``, which runs at most once for each requester and ``key``.

    The key is claimed before ``make`` runs and in its transaction: a second sender waits on the unique index, then gets
    the first one's answer; if the first fails, the key is free again. Without a key ``make`` simply runs.
    ``requester`` stands for callers without log-in, who share no account. Raises ClientKeyReused (other content under the same key) and Invalid (malformed key). Two statements besides ``make``.
    """
    if key is None:
        with transaction.atomic():
            return (*make(), False)
    _refuse_malformed(key)
    requester, fingerprint = requester or _requester(actor), _fingerprint(route, body)
    with transaction.atomic():
        claimed = _claim(requester, key, fingerprint)
        if claimed is None:
            return _replay(requester, key, fingerprint)
        status, answer = make()
        claimed.status, claimed.answer = status, json.loads(json.dumps(answer, cls=DjangoJSONEncoder))
        claimed.save(update_fields=["status", "answer"])
        return status, claimed.answer, False


def _claim(requester: str, key: str, fingerprint: str) -> RepeatableRequest | None:
    """Insert the row, waiting for whoever inserts the same one at this moment; None if it is there already."""
    try:
        with transaction.atomic():
            return RepeatableRequest.objects.create(requester=requester, key=key, fingerprint=fingerprint, status=0, answer={})
    except IntegrityError:
        return None


def _replay(requester: str, key: str, fingerprint: str) -> tuple[int, dict[str, Any], bool]:
    stored = RepeatableRequest.objects.get(requester=requester, key=key)
    if stored.fingerprint != fingerprint:
        raise ClientKeyReused(key=key)
    return stored.status, stored.answer, True


def _requester(actor: Actor) -> str:
    if actor.token_id is not None:
        return f"token:{actor.token_id}"
    return f"user:{actor.user_id}" if actor.user_id is not None else "system"


def _fingerprint(route: str, body: bytes | Mapping[str, Any]) -> str:
    content = body if isinstance(body, bytes) else json.dumps(body, sort_keys=True, cls=DjangoJSONEncoder).encode()
    return hashlib.sha256(route.encode() + b"\0" + content).hexdigest()


def _refuse_malformed(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise Invalid({"client_key": [f"Use 1 to {MAX_KEY_LENGTH} printable characters."]})
