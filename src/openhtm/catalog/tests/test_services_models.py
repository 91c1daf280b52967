"""Device types, models, identifiers, documents, and what follows from changing them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openhtm.catalog.models import DeviceModel, DeviceType, GudidIdentifier, GudidRecord, Manufacturer, ProductCode
from openhtm.catalog.queries.models import lookup_di
from openhtm.catalog.queries.types import resolve_types
from openhtm.catalog.rules.events import DeviceTypesChanged, ModelsChanged
from openhtm.catalog.services import documents, gudid, models, types
from openhtm.catalog.services.models import ModelWanted, ensure_models
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory
from openhtm.core.errors import Invalid, NotAllowed

pytestmark = pytest.mark.django_db


def test_a_type_takes_what_its_product_code_says(omar):
    ProductCode.objects.create(
        code="FRN", name="Pump, infusion", device_class="2", panel="HO", regulation_number="880.5725", edition="2020-10"
    )
    kind = types.add_device_type(name="Infusion pump", product_code="frn", umdns="13215", synonyms=[" IV  pump ", ""], actor=omar)
    assert (kind.code, kind.device_class, kind.panel, kind.regulation_number) == ("infusion-pump", "2", "HO", "880.5725")
    assert (kind.umdns, kind.synonyms) == ("13-215", ["IV pump"])
    assert types.add_device_type(name="Infusion pump!", actor=omar).code == "infusion-pump-2"


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("product_code", {"product_code": "ZZZ"}),
        ("product_code", {"product_code": "toolong"}),
        ("gmdn", {"gmdn": "12"}),
        ("emdn", {"emdn": "Z1"}),
        ("umdns", {"umdns": "abc"}),
        ("high_risk_source", {"high_risk": True}),
        ("high_risk", {"life_support": True}),
        ("category", {"category": "x" * 61}),
        ("nonsense", {"nonsense": 1}),
    ],
)
def test_a_type_with_a_wrong_field_is_refused_by_name(omar, field, fields):
    ProductCode.objects.create(code="FRN", name="Pump, infusion", edition="2020-10")
    with pytest.raises(Invalid) as refusal:
        types.add_device_type(name="Pump", actor=omar, **fields)
    assert field in refusal.value.errors
    assert not DeviceType.objects.exists()


def test_changing_high_risk_marks_the_type_as_changed_here_and_tells_the_rooms_above(omar, maria, heard):
    kind = DeviceTypeFactory(source="starter")
    types.edit_device_type(type_id=kind.pk, changes={"category": "infusion"}, actor=omar)
    assert heard == []
    types.edit_device_type(type_id=kind.pk, changes={"high_risk": True, "high_risk_source": "Committee of 3 May"}, actor=omar)
    types.edit_device_type(type_id=kind.pk, changes={"high_risk": True}, actor=omar)
    kind.refresh_from_db()
    assert kind.locally_changed
    assert heard == [DeviceTypesChanged(frozenset([kind.pk]))]
    with pytest.raises(NotAllowed):
        types.edit_device_type(type_id=kind.pk, changes={"high_risk": False}, actor=maria)


def test_two_types_of_one_name_are_refused_in_words(omar):
    types.add_device_type(name="Ventilator", actor=omar)
    with pytest.raises(Invalid, match="Another device type has this name"):
        types.add_device_type(name="VENTILATOR", actor=omar)


def test_a_text_resolves_to_a_type_by_name_code_or_synonym(omar):
    kind = types.add_device_type(name="Infusion pump", synonyms=["Bomba de infusión"], actor=omar)
    found = resolve_types(["INFUSION  PUMP", "infusion-pump", "bomba de infusion", "toaster"])
    assert [one.method for one in found.values()] == ["name", "code", "synonym", "none"]
    assert {one.device_type_id for one in found.values()} == {kind.pk, None}


def test_a_new_type_of_a_model_is_published(omar, heard):
    model, kind = DeviceModelFactory(), DeviceTypeFactory()
    models.edit_model(model_id=model.pk, changes={"description": "large"}, actor=omar)
    models.edit_model(model_id=model.pk, changes={"device_type_id": kind.pk, "list_price_cents": 100}, actor=omar)
    assert heard == [ModelsChanged(frozenset([model.pk]))]
    for wrong in ({"device_type_id": 10**9}, {"list_price_cents": -1}, {"name": "x" * 201}, {"manufacturer_id": 10**9}):
        with pytest.raises(Invalid):
            models.edit_model(model_id=model.pk, changes=wrong, actor=omar)


def test_identifiers_are_read_from_a_whole_udi_and_a_wrong_check_digit_is_a_warning(omar):
    model = DeviceModelFactory()
    good = models.add_identifier(model_id=model.pk, text="(01)00844588018923(21)A1", actor=omar)
    bad = models.add_identifier(model_id=model.pk, text="00840118105406", kind="package", quantity=10, actor=omar)
    assert (good.identifier.di, good.warnings, good.identifier.check_valid) == ("00844588018923", (), True)
    assert bad.warnings and not bad.identifier.check_valid
    with pytest.raises(Invalid, match="already has that identifier"):
        models.add_identifier(model_id=model.pk, text="00844588018923", actor=omar)
    with pytest.raises(Invalid):
        models.add_identifier(model_id=model.pk, text="hello", actor=omar)
    assert lookup_di("0844588018923").model == model


def test_an_import_finds_or_adds_models_and_repeating_it_changes_nothing(omar, heard):
    kind, other = DeviceTypeFactory(), DeviceTypeFactory()
    untyped = DeviceModelFactory(name="Plum A+", device_type=None, manufacturer__name="ICU Medical")
    wanted = [
        ModelWanted("ICU Medical", "PLUM A+", "", kind.pk),
        ModelWanted("icu medical inc", "Plum A+", "", other.pk),
        ModelWanted("ICU Medical", "Plum A+", "", kind.pk),
        ModelWanted("Acme", "X1", "77", None),
        ModelWanted("", "", "", kind.pk),
    ]
    first = ensure_models(wanted=wanted, actor=omar)
    assert first[0] == first[2] == untyped.pk != first[1]
    assert heard == [ModelsChanged(frozenset([untyped.pk]))]
    assert DeviceModel.objects.get(pk=first[4]).manufacturer.is_unknown
    count = DeviceModel.objects.count()
    assert ensure_models(wanted=wanted, actor=omar) == first
    assert DeviceModel.objects.count() == count
    assert len(heard) == 1


def test_a_thousand_models_cost_what_ten_cost(omar):
    def wanted(number, offset):
        return [ModelWanted(f"Maker {n % 5}", f"M{offset + n}", "", None) for n in range(number)]

    ensure_models(wanted=wanted(5, 10_000), actor=omar)
    with CaptureQueriesContext(connection) as few:
        ensure_models(wanted=wanted(10, 20_000), actor=omar)
    with CaptureQueriesContext(connection) as many:
        ensure_models(wanted=wanted(1000, 30_000), actor=omar)
    assert len(few) == len(many)


def test_a_gudid_record_becomes_a_model_once(omar):
    kind = DeviceTypeFactory(product_code=ProductCode.objects.create(code="FRN", edition="1"))
    record = GudidRecord.objects.create(
        record_key="k", primary_di="00844588018923", company_name="ICU MEDICAL, INC.", brand_name="Plum", version_or_model="360",
        catalog_number="30010", product_codes=["FRN"], mri_safety="MR Unsafe", fingerprint="",
    )  # fmt: skip
    GudidIdentifier.objects.create(record=record, di="00844588018923", kind="primary", issuer="GS1")
    GudidIdentifier.objects.create(record=record, di="10844588018920", kind="package", issuer="GS1", quantity=4)
    assert lookup_di("00844588018923").record == record
    model = gudid.model_from_gudid(record_id=record.pk, actor=omar)
    assert gudid.model_from_gudid(record_id=record.pk, actor=omar) == model
    assert (model.name, model.catalog_number, model.device_type, model.mri_safety) == ("360", "30010", kind, "MR Unsafe")
    assert model.identifiers.count() == 2
    assert lookup_di("00844588018923").model == model
    assert Manufacturer.objects.get(pk=model.manufacturer_id).name == "ICU MEDICAL, INC."


def test_a_document_keeps_its_file_and_names_what_it_replaces(omar, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    model = DeviceModelFactory()
    upload = documents.Upload(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "manual.pdf")
    first = documents.add_document(model_id=model.pk, actor=omar, upload=upload, kind="ifu", title="IFU", revision="A")
    second = documents.add_document(
        model_id=model.pk, actor=omar, url="https://example.org/b", kind="ifu", title="IFU", revision="B", supersedes_id=first.pk
    )
    first.refresh_from_db()
    assert (first.superseded_by, first.file_name) == (second, "manual.pdf")
    for wrong in (
        {"kind": "ifu", "title": "", "url": "https://example.org"},
        {"kind": "ifu", "title": "IFU"},
        {"kind": "ifu", "title": "IFU", "revision": "B", "url": "https://example.org/c"},
        {"kind": "nonsense", "title": "T", "url": "https://example.org"},
        {"kind": "ifu", "title": "T", "url": "javascript:alert(1)"},
        {"kind": "ifu", "title": "T", "url": "https://example.org", "supersedes_id": first.pk},
    ):
        with pytest.raises(Invalid):
            documents.add_document(model_id=model.pk, actor=omar, **wrong)
    assert model.documents.count() == 2
