"""Reads of the sites room, shared by pages and API so that their filters are equal."""

from __future__ import annotations

from django.db import connection
from django.db.models import Count, Q, QuerySet

from openhtm.sites.models import Department, Facility, Location, Organisation, ServiceProvider
from openhtm.sites.scope import Scoped


def organisation() -> Organisation | None:
    """The hospital group this instance belongs to; None before it was named. One statement."""
    return Organisation.objects.order_by("pk").first()


def facilities(actor: Scoped, *, q: str = "", active: bool | None = None) -> QuerySet[Facility]:
    """Facilities the actor may see, by part of name or code."""
    found: QuerySet[Facility] = Facility.objects.visible_to(actor)
    if q:
        found = found.filter(Q(name__icontains=q) | Q(code__icontains=q))
    return found if active is None else found.filter(active=active)


def facilities_with_counts(actor: Scoped) -> QuerySet[Facility]:
    """Facilities with ``place_count`` and ``department_count`` of what is active there. One statement."""
    return (
        Facility.objects.visible_to(actor)
        .annotate(
            place_count=Count("locations", filter=Q(locations__active=True), distinct=True),
            department_count=Count("departments", filter=Q(departments__active=True), distinct=True),
        )
        .order_by("name", "pk")
    )


def locations(
    actor: Scoped,
    *,
    q: str = "",
    facility: str = "",
    parent: str | None = None,
    within: str = "",
    kind: str = "",
    active: bool | None = None,
) -> QuerySet[Location]:
    """Places the actor may see. ``parent`` and ``within`` are public codes; ``parent=""`` means the top of the facilities."""
    found: QuerySet[Location] = Location.objects.visible_to(actor).select_related("facility", "parent")
    if q:
        found = found.filter(Q(full_name__icontains=q) | Q(code__icontains=q))
    if facility:
        found = found.filter(facility__code__iexact=facility)
    if parent is not None:
        found = found.filter(parent__public_code=parent) if parent else found.filter(parent=None)
    if within:
        outer = Location.objects.visible_to(actor).filter(public_code=within).values_list("path", flat=True).first()
        found = found.filter(path__within=outer) if outer else found.none()
    if kind:
        found = found.filter(kind=kind)
    return found if active is None else found.filter(active=active)


def branch(location: Location) -> list[Location]:
    """The places below ``location``, outer ones first. One statement."""
    return list(Location.objects.within(location).exclude(pk=location.pk).order_by("full_name", "pk"))


def ancestors(location: Location) -> list[Location]:
    """The places around ``location``, from the outside in. One statement."""
    return list(Location.objects.filter(path__holds=location.path).exclude(pk=location.pk).order_by("path"))


def departments(actor: Scoped, *, q: str = "", facility: str = "", active: bool | None = None) -> QuerySet[Department]:
    """Departments the actor may see, by part of name, code, cost centre or contact."""
    found: QuerySet[Department] = Department.objects.visible_to(actor).select_related("facility")
    if q:
        found = found.filter(Q(name__icontains=q) | Q(code__icontains=q) | Q(cost_centre__icontains=q) | Q(contact_name__icontains=q))
    if facility:
        found = found.filter(facility__code__iexact=facility)
    return found if active is None else found.filter(active=active)


def providers(*, q: str = "", kind: str = "", active: bool | None = None) -> QuerySet[ServiceProvider]:
    """Service providers, which all facilities share."""
    found: QuerySet[ServiceProvider] = ServiceProvider.objects.all()
    if q:
        found = found.filter(name__icontains=q)
    if kind:
        found = found.filter(kind=kind)
    return found if active is None else found.filter(active=active)


_BROKEN_PATHS = """
SELECT l.full_name, count(*) OVER ()
FROM sites_location l LEFT JOIN sites_location p ON p.id = l.parent_id
WHERE l.path <> (CASE WHEN p.id IS NULL THEN l.id::text ELSE p.path::text || '.' || l.id END)::ltree
   OR l.full_name <> CASE WHEN p.id IS NULL THEN l.name ELSE p.full_name || ' › ' || l.name END
   OR p.facility_id <> l.facility_id
ORDER BY l.id LIMIT 5
"""


def broken_paths() -> tuple[int, list[str]]:
    """How many places contradict their parent in path, name or facility, and a few of them. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN_PATHS)
        rows = cursor.fetchall()
    return (rows[0][1] if rows else 0), [name for name, _ in rows]
