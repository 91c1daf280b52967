"""Manufacturers: names resolve for ever, mergers lose nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.catalog.models import DeviceModel, Manufacturer, ManufacturerAlias, ModelDocument, ModelIdentifier
from openhtm.catalog.queries.manufacturers import merger_preview, resolve_manufacturer, resolve_many
from openhtm.catalog.rules.events import ModelsChanged, ModelsMerged
from openhtm.catalog.services import manufacturers as services
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.core.errors import Invalid, NotAllowed

pytestmark = pytest.mark.django_db


def test_a_technician_may_not_add_a_manufacturer(maria):
    with pytest.raises(NotAllowed):
        services.add_manufacturer(name="Philips", actor=maria)
    assert not Manufacturer.objects.exists()


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("Philips", "exact"),
        ("PHILIPS", "key"),
        (" Philips  Inc. ", "key"),
        ("Phillips", "alias"),
        ("philipps", "similar"),
        ("N/A", "unknown"),
        ("Zyx", "none"),
    ],
)
def test_a_name_resolves_and_says_how(omar, text, method):
    philips = services.add_manufacturer(name="Philips", aliases=["Phillips"], actor=omar)
    unknown = services.unknown_manufacturer()
    match = resolve_manufacturer(text)
    assert match.method == method
    assert match.manufacturer_id == {"exact": philips.pk, "key": philips.pk, "alias": philips.pk, "unknown": unknown.pk}.get(method)


def test_a_colombian_company_resolves_with_and_without_dots(omar):
    maker = services.add_manufacturer(name="MR y Cía. SAS", actor=omar)
    assert resolve_manufacturer("MR y Cia S.A.S").manufacturer_id == maker.pk


def test_the_old_name_resolves_after_a_rename(omar):
    maker = services.add_manufacturer(name="Hill-Rom", actor=omar)
    services.edit_manufacturer(manufacturer_id=maker.pk, changes={"name": "Hillrom Baxter"}, actor=omar)
    assert resolve_manufacturer("HILL-ROM").manufacturer_id == maker.pk
    assert resolve_manufacturer("Hillrom Baxter").name == "Hillrom Baxter"
    services.edit_manufacturer(manufacturer_id=maker.pk, changes={"name": "Hill-Rom"}, actor=omar)
    assert resolve_manufacturer("hill rom").manufacturer_id == maker.pk


def test_a_name_or_alias_of_somebody_else_is_refused(omar):
    maker = services.add_manufacturer(name="Dräger", aliases=["Draegerwerk"], actor=omar)
    other = services.add_manufacturer(name="Draco", actor=omar)
    for attempt in (
        lambda: services.add_manufacturer(name="DRAGER", actor=omar),
        lambda: services.add_manufacturer(name="Draegerwerk AG", actor=omar),
        lambda: services.add_alias(manufacturer_id=other.pk, alias="dräger", actor=omar),
        lambda: services.edit_manufacturer(manufacturer_id=other.pk, changes={"name": "Dräger Inc"}, actor=omar),
        lambda: services.add_manufacturer(name=" . ", actor=omar),
        lambda: services.add_manufacturer(name="x" * 201, actor=omar),
        lambda: services.add_manufacturer(name="Fine", country="Germany", actor=omar),
    ):
        with pytest.raises(Invalid):
            attempt()
    assert set(Manufacturer.objects.values_list("pk", flat=True)) == {maker.pk, other.pk}


def test_merging_moves_models_unifies_namesakes_and_keeps_every_name(omar, heard):
    kind = DeviceTypeFactory()
    old, new = ManufacturerFactory(name="Welch Allyn"), ManufacturerFactory(name="Baxter")
    ManufacturerAlias.objects.create(manufacturer=old, alias="WelchAlyn", alias_key="welchalyn")
    older = ManufacturerFactory(name="Tycos", merged_into=old)
    typed = DeviceModelFactory(manufacturer=old, name="Spot LXi", device_type=kind, brand_name="Spot")
    untyped = DeviceModelFactory(manufacturer=new, name="SPOT LXI", device_type=None)
    alone = DeviceModelFactory(manufacturer=old, name="CP 50", device_type=kind)
    ModelIdentifier.objects.create(device_model=typed, di="00732094000012", issuer="GS1")
    ModelIdentifier.objects.create(device_model=typed, di="00732094000029", issuer="GS1")
    ModelIdentifier.objects.create(device_model=untyped, di="00732094000029", issuer="GS1")
    ModelDocument.objects.create(device_model=typed, kind="ifu", title="IFU", url="https://example.org/a")
    preview = merger_preview(source=old, target=new)
    done = services.merge_manufacturers(source_id=old.pk, target_id=new.pk, actor=omar)
    assert (preview.moving, preview.same) == (1, ["SPOT LXI"]) == (done.moved, ["SPOT LXI"])
    assert done.unified == ((typed.pk, untyped.pk),)
    for name in ("Welch Allyn", "WelchAlyn", "Tycos", "Baxter"):
        assert resolve_manufacturer(name).manufacturer_id == new.pk
    assert set(untyped.identifiers.values_list("di", flat=True)) == {"00732094000012", "00732094000029"}
    assert untyped.documents.count() == 1
    untyped.refresh_from_db()
    assert (untyped.device_type, untyped.brand_name) == (kind, "Spot")
    alone.refresh_from_db()
    assert alone.manufacturer == new
    assert not DeviceModel.objects.get(pk=typed.pk).active
    assert Manufacturer.objects.get(pk=older.pk).merged_into == new
    assert heard == [ModelsMerged(((typed.pk, untyped.pk),)), ModelsChanged(frozenset([untyped.pk]))]


def test_some_mergers_are_refused(omar):
    one, two = ManufacturerFactory(), ManufacturerFactory()
    gone = ManufacturerFactory(merged_into=one)
    unknown = services.unknown_manufacturer()
    for source, target in ((one, one), (one, unknown), (unknown, one), (gone, two), (two, gone)):
        with pytest.raises(services.CannotMerge):
            services.merge_manufacturers(source_id=source.pk, target_id=target.pk, actor=omar)
    with pytest.raises(Manufacturer.DoesNotExist):
        services.merge_manufacturers(source_id=one.pk, target_id=10**9, actor=omar)
    assert Manufacturer.objects.filter(merged_into__isnull=False).count() == 1


def _statements(act):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return len(captured)


def test_resolving_a_thousand_names_costs_what_one_costs(omar):
    for number in range(30):
        ManufacturerFactory(name=f"Maker number {number}")
    names = [f"Maker Number {number % 40}" for number in range(1000)]
    assert _statements(lambda: resolve_many(names)) == _statements(lambda: resolve_many(["maker number 39"]))


def test_ensuring_manufacturers_adds_each_once(omar):
    services.add_manufacturer(name="Philips", actor=omar)
    first = services.ensure_manufacturers(names=["PHILIPS", "Acme Inc", "ACME", "", "n/a"], actor=omar)
    again = services.ensure_manufacturers(names=["PHILIPS", "Acme Inc", "ACME", "", "n/a"], actor=omar)
    assert first == again
    assert first["Acme Inc"] == first["ACME"] != first["PHILIPS"]
    assert Manufacturer.objects.get(pk=first[""]).is_unknown
    assert Manufacturer.objects.count() == 3
