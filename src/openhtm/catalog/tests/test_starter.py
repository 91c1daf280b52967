"""The shipped catalogue: loaded once, kept up to date, never over what was changed here."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.catalog.models import DeviceType, Manufacturer, ManufacturerAlias, ReferenceLoad
from openhtm.catalog.queries.manufacturers import resolve_manufacturer, resolve_many
from openhtm.catalog.rules.events import DeviceTypesChanged
from openhtm.catalog.services import manufacturers, types
from openhtm.catalog.services.starter import load_starter
from openhtm.core.errors import NotAllowed

pytestmark = pytest.mark.django_db


def test_the_starter_catalogue_loads_once_and_twice(system, omar):
    first = load_starter(actor=system)
    assert first.created == first.read > 600
    assert DeviceType.objects.filter(active=True).count() >= 300
    assert not DeviceType.objects.filter(high_risk=True, high_risk_source="").exists()
    assert Manufacturer.objects.filter(is_unknown=True).count() == 1
    assert not Manufacturer.objects.filter(merged_into__merged_into__isnull=False).exists()
    again = load_starter(actor=system)
    assert (again.created, again.updated, again.kept, again.unchanged) == (0, 0, 0, first.read)
    with CaptureQueriesContext(connection) as captured:
        load_starter(actor=system, only_if_new=True)
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) == 1
    assert ReferenceLoad.objects.filter(system="starter").count() == 2
    with pytest.raises(NotAllowed):
        load_starter(actor=omar)


def test_names_found_in_real_inventories_resolve(system):
    load_starter(actor=system)
    found = resolve_many(["Phillips", "Medtronic ", "GE HEALTHCARE", "drager", "N/A"])
    assert [match.method for match in found.values()] == ["alias", "key", "key", "key", "unknown"]


def test_local_changes_survive_a_newer_edition(system, omar, heard):
    load_starter(actor=system)
    kind = DeviceType.objects.filter(high_risk=False).order_by("pk").first()
    types.edit_device_type(type_id=kind.pk, changes={"high_risk": True, "high_risk_source": "Our committee"}, actor=omar)
    alias = ManufacturerAlias.objects.filter(source="starter").order_by("pk").first()
    manufacturers.remove_alias(alias_id=alias.pk, actor=omar)
    older = DeviceType.objects.filter(high_risk=True, source="starter", locally_changed=False).order_by("pk").first()
    DeviceType.objects.filter(pk=older.pk).update(high_risk=False, high_risk_source="")
    heard.clear()
    again = load_starter(actor=system)
    kind.refresh_from_db()
    older.refresh_from_db()
    assert (again.created, again.updated, again.kept) == (0, 1, 1)
    assert (kind.high_risk, older.high_risk) == (True, True)
    assert not ManufacturerAlias.objects.filter(alias_key=alias.alias_key).exists()
    assert heard == [DeviceTypesChanged(frozenset([older.pk]))]


def test_a_type_of_our_own_keeps_its_name(system, omar):
    load_starter(actor=system)
    shipped = DeviceType.objects.order_by("pk").first()
    name = shipped.name
    shipped.delete()
    ours = types.add_device_type(name=name.upper(), actor=omar)
    DeviceType.objects.filter(pk=ours.pk).update(code="our-own")
    assert load_starter(actor=system).kept == 1
    assert DeviceType.objects.filter(name__iexact=name).count() == 1


def test_names_as_inventories_spell_them_resolve(system):
    load_starter(actor=system)
    spelled = {"MR y Cia": ["MR y Cia S.A.S", "MR Y CIA SAS", "M.R. y Cía. S.A.S."], "Philips": ["Phillips"], "Medtronic": ["Medtronic "]}
    for name, spellings in spelled.items():
        maker = Manufacturer.objects.get(name=name)
        assert {resolve_manufacturer(one).manufacturer_id for one in spellings} == {maker.pk}
