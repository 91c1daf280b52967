"""Prepared orders by kind of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from openhtm.core.errors import Invalid
from openhtm.core.integrity import refuse_readably
from openhtm.core.validation import refuse_unclean
from openhtm.identity.actor import Actor, require_everywhere
from openhtm.identity.rules.permissions import Permission
from openhtm.procedures.models import Procedure
from openhtm.workforce.models import Team
from openhtm.workorders.models import WorkTemplate
from openhtm.workorders.services.codes import LOCAL

EDITABLE = frozenset({"name", "kind", "title", "description", "priority", "est_min", "skill", "team_id", "requires_return_test", "active"})


@transaction.atomic
def save_template(
    *, actor: Actor, values: Mapping[str, Any], template_id: int | None = None, procedure_codes: Sequence[str] | None = None
) -> WorkTemplate:
    """Add a template, or change it; from then on it is the site's own. ``procedure_codes`` None leaves them as they are.

    Raises WorkTemplate.DoesNotExist, NotAllowed, Invalid.
    """
    require_everywhere(actor, Permission.MANAGE_WORK_LISTS)
    template = WorkTemplate.objects.select_for_update().get(pk=template_id) if template_id else WorkTemplate()
    for name in EDITABLE & set(values):
        value = values[name]
        setattr(template, name, value.strip() if isinstance(value, str) else value)
    template.source = LOCAL
    if template.team_id and not Team.objects.filter(pk=template.team_id, active=True).exists():
        raise Invalid({"team": ["Choose a team from the list."]})
    refuse_unclean(template)
    with refuse_readably():
        template.save()
    if procedure_codes is not None:
        wanted = set(procedure_codes)
        found = list(Procedure.objects.filter(code__in=wanted, active=True))
        if len(found) < len(wanted):
            raise Invalid({"procedures": ["Choose procedures by their codes."]})
        template.procedures.set(found)
    return template
