"""What every service of work orders needs: finding and locking an order, writing down what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, models

from openhtm.audit.context import prepare_copy
from openhtm.core.errors import Conflict, DomainError, Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.identity.actor import Actor, require
from openhtm.identity.rules.permissions import Permission
from openhtm.sites.models import Facility
from openhtm.workorders.models import CodeList, WorkCode, WorkEvent, WorkOrder
from openhtm.workorders.rules.kinds import STATUS_LABELS, UNDER_WAY, Status, number_text

MAX_AT_ONCE = 5000


class OrderSettled(DomainError):
    """The order is closed, cancelled or merged, so nothing more is recorded on it."""

    code = "workorder-settled"
    message = "{number} is {status}. Reopen it first, or use another order."


class TooManyOrders(DomainError):
    """More orders than one change takes."""

    code = "too-many-orders"
    message = "{count} orders are too many for one change; {limit} fit. Narrow the list."


class OrderChanged(Conflict):
    """Somebody changed the order since it was read."""

    code = "workorder-changed"
    message = "{number} was changed by somebody else meanwhile. Load it again and repeat your change."


def lock_order(*, actor: Actor, number: int, permission: Permission, seen_at: datetime | None = None) -> WorkOrder:
    """Return the order locked for change. One statement, which waits for whoever changes it at this moment.

    ``seen_at`` is the ``updated_at`` the actor last saw. Raises WorkOrder.DoesNotExist outside the actor's scope, NotAllowed,
    OrderChanged.
    """
    visible = WorkOrder.objects.visible_to(actor).select_related("facility", "device", "hold_reason")
    order = visible.select_for_update(of=("self",)).get(number=number)
    require(actor, permission, at=order.facility_id, place=order.facility.name)
    if seen_at is not None and order.updated_at > seen_at:
        raise OrderChanged(number=order)
    return order


def lock_orders(*, actor: Actor, numbers: Sequence[int], permission: Permission) -> list[WorkOrder]:
    """Return these orders locked, in the order of their numbers, so that two people never wait for each other. One statement.

    Raises WorkOrder.DoesNotExist if one is outside the actor's scope, NotAllowed, TooManyOrders, Invalid (none given).
    """
    wanted = set(numbers)
    if not wanted:
        raise Invalid({"numbers": ["Choose at least one order."]})
    if len(wanted) > MAX_AT_ONCE:
        raise TooManyOrders(count=f"{len(wanted):,}", limit=f"{MAX_AT_ONCE:,}")
    visible = WorkOrder.objects.visible_to(actor).select_related("facility", "device", "hold_reason").filter(number__in=wanted)
    orders = list(visible.select_for_update(of=("self",)).order_by("number"))
    if missing := wanted - {order.number for order in orders}:
        raise WorkOrder.DoesNotExist(f"{number_text(min(missing))} is not there")
    for facility in {order.facility for order in orders}:
        require(actor, permission, at=facility.pk, place=facility.name)
    return orders


def refuse_settled(order: WorkOrder) -> None:
    """Raise OrderSettled unless the order is under way."""
    if Status(order.status) not in UNDER_WAY:
        raise OrderSettled(number=order, status=STATUS_LABELS[Status(order.status)].lower())


def save(order: WorkOrder, *fields: str, now: datetime) -> None:
    """Write these columns of the order and the moment of the change. Raises Invalid."""
    order.updated_at = now
    with refuse_readably():
        order.save(update_fields=[*fields, "updated_at"])


def event(order_id: int, kind: str, *, actor: Actor, now: datetime, **more: Any) -> WorkEvent:
    """Return what happened, not stored yet."""
    return WorkEvent(
        work_order_id=order_id, kind=kind, actor_id=actor.user_id, actor_name=actor.name[:120], recorded_at=now, **_fitting(more)
    )


def log(order: WorkOrder, kind: str, *, actor: Actor, now: datetime, **more: Any) -> WorkEvent:
    """Append what happened to the order's timeline. One statement."""
    happened = event(order.pk, kind, actor=actor, now=now, **more)
    happened.save(force_insert=True)
    return happened


_LIMITS = {"before": 200, "after": 200, "text": 1000}


def _fitting(more: dict[str, Any]) -> dict[str, Any]:
    return {key: value[: _LIMITS[key]] if key in _LIMITS else value for key, value in more.items()}


def code_of(code: str, *, list: CodeList, field: str, required: bool = False) -> WorkCode | None:
    """Return the active entry of a coded list, or None for an empty code. One statement. Raises Invalid naming ``field``."""
    if not code:
        if required:
            raise Invalid({field: [f"Choose a code from the list: {list.label.lower()}."]})
        return None
    found = WorkCode.objects.filter(list=list, code=code, active=True).first()
    if found is None:
        raise Invalid({field: [f"{code} is not in the list: {list.label.lower()}."]})
    return found


def clean_words(text: str, *, field: str, limit: int, required: bool = False) -> str:
    """Return ``text`` trimmed. Raises Invalid if it is too long, holds NUL, or is missing though required."""
    words = text.strip()
    if required and not words:
        raise Invalid({field: ["Write at least a word."]})
    if len(words) > limit or "\0" in words:
        raise Invalid({field: [f"Write at most {limit:,} characters, without the NUL character."]})
    return words


def today_at(facility: Facility, now: datetime) -> date:
    """The calendar day at the facility."""
    return now.astimezone(ZoneInfo(facility.time_zone)).date()


def new_ids(model: type[models.Model], count: int) -> list[int]:
    """Take ``count`` primary keys from the table's sequence. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [model._meta.db_table, count])
        return [row[0] for row in cursor.fetchall()]


def copy_in(model: type[models.Model], records: Iterable[models.Model]) -> None:
    """Insert records that have their keys, by COPY: a tenth of the cost of INSERT with seventy columns. Two statements.

    History triggers fire as for any insert. Raises Invalid where a constraint refuses.
    """
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    readers = [(field.attname, field) for field in fields]
    plain = [not isinstance(field, models.JSONField) for field in fields]
    prepare_copy()
    with refuse_readably(), connection.cursor() as cursor, cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy:
        for record in records:
            values = record.__dict__
            copy.write_row(
                [
                    values[name] if is_plain else field.get_db_prep_save(values[name], connection)
                    for (name, field), is_plain in zip(readers, plain, strict=True)
                ]
            )
