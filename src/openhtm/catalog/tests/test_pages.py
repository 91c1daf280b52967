"""Every page answers, escapes, refuses with 422, and costs the same for one row and for thirty."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openhtm.catalog.models import (
    DeviceModel,
    DeviceType,
    EmdnTerm,
    GmdnTerm,
    GudidIdentifier,
    GudidRecord,
    Manufacturer,
    ModelDocument,
    ModelIdentifier,
    ProductCode,
    ReferenceLoad,
)
from openhtm.catalog.queries import models as queries
from openhtm.catalog.services.manufacturers import add_alias
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.core.pagination import keyset_page

pytestmark = pytest.mark.django_db
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def omar_client(client, omar_user):
    client.force_login(omar_user)
    return client


def rows_of(number, start=0):
    """``number`` of everything a list shows."""
    for index in range(start, start + number):
        code = f"{index:03d}"
        ProductCode.objects.create(code=code, name=f"Code {code} {NASTY}", edition="1")
        EmdnTerm.objects.create(code=f"Z{index:04d}", term=f"TERM {NASTY}", level=1, terminal=False)
        GmdnTerm.objects.create(code=f"{index:05d}", name=f"Term {NASTY}")
        GudidRecord.objects.create(record_key=f"k{index}", primary_di=f"{index:014d}", brand_name=NASTY, fingerprint="")
        kind = DeviceTypeFactory(name=f"Type {code} {NASTY}", product_code_id=code)
        DeviceModelFactory(name=f"Model {code} {NASTY}", device_type=kind, manufacturer__name=f"Maker {code} {NASTY}")


LISTS = ("type-list", "model-list", "manufacturer-list", "product-code-list", "emdn", "gmdn-list", "gudid-list")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_thirty(omar_client, name):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            response = omar_client.get(reverse(f"catalog:{name}"))
        assert response.status_code == 200
        assert NASTY not in response.content.decode()
        return len(captured)

    rows_of(1)
    cost()
    alone = cost()
    rows_of(29, start=1)
    assert cost() == alone


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("query", ["q=x", "q=%00", "q=%27%22", "cursor=nonsense", "q=zzzzz&high_risk=true", "high_risk=maybe&category=no"])
def test_a_list_answers_whatever_stands_in_the_address(omar_client, name, query):
    rows_of(2)
    assert omar_client.get(reverse(f"catalog:{name}") + "?" + query).status_code == 200


def test_a_list_pages_through_all_rows_without_repeating_one(omar_client):
    for number in range(120):
        ManufacturerFactory(name=f"Maker {number:03d}")
    seen, address = [], "?"
    while address:
        page = omar_client.get(reverse("catalog:manufacturer-list") + address)
        seen += [row[0][1].content for row in page.context["rows"]]
        address = page.context["pager"].next_url
    assert len(seen) == len(set(seen)) == 120


def test_filters_narrow_the_list_of_types(omar_client):
    DeviceTypeFactory(name="Ventilator", high_risk=True, high_risk_source="rule", category="respiratory", synonyms=["Respirator"])
    DeviceTypeFactory(name="Scale", category="ward")
    for query, names in (
        ("high_risk=true", ["Ventilator"]),
        ("category=ward", ["Scale"]),
        ("q=respirator", ["Ventilator"]),
        ("q=toaster", []),
    ):
        page = omar_client.get(reverse("catalog:type-list") + "?" + query)
        assert [name for name in ("Ventilator", "Scale") if f"{name}</a>" in page.content.decode()] == names


def test_the_front_page_counts_and_names_what_was_loaded(omar_client):
    rows_of(2)
    ReferenceLoad.objects.create(system="emdn", edition="EMDN V2", file_name="EMDN_V2.tsv.gz", sha256="0")
    page = omar_client.get(reverse("catalog:home"))
    assert page.context["counts"]["types"].value == 2
    assert "EMDN V2" in page.content.decode()


def test_the_page_of_a_model_shows_identifiers_as_bar_codes_hold_them(omar_client):
    model = DeviceModelFactory(name=NASTY, support_ends_on="2020-01-31")
    ModelIdentifier.objects.create(device_model=model, di="00840118105406", issuer="GS1", check_valid=False)
    ModelIdentifier.objects.create(device_model=model, di="A999EXAMPLE11", issuer="HIBCC", kind="secondary")
    new = ModelDocument.objects.create(device_model=model, kind="ifu", title="IFU", revision="B", url="https://example.org/b")
    ModelDocument.objects.create(device_model=model, kind="ifu", title="IFU", revision="A", url="https://example.org/a", superseded_by=new)
    page = omar_client.get(reverse("catalog:model", args=[model.pk])).content.decode()
    for said in ("(01)00840118105406", "wrong check digit", "+A999EXAMPLE11", "Support has ended", "Replaced", "31 Jan 2020"):
        assert said in page
    assert NASTY not in page


def test_the_page_of_a_type_says_why_it_is_high_risk(omar_client):
    code = ProductCode.objects.create(code="CBK", name="Ventilator", life_sustaining=True, edition="1")
    kind = DeviceTypeFactory(
        name="Ventilator",
        high_risk=True,
        life_support=True,
        high_risk_source="Committee",
        product_code=code,
        risk_inputs={"wang": {"mission": 9}},
    )
    DeviceModelFactory(device_type=kind, name="Evita")
    page = omar_client.get(reverse("catalog:type", args=[kind.code])).content.decode()
    for said in ("Why high-risk?", "Committee", "life-sustaining or life-supporting", "Evita", "CBK Ventilator"):
        assert said in page


def test_adding_and_editing_by_form(omar_client):
    assert omar_client.post(reverse("catalog:manufacturer-add"), {"name": ""}).status_code == 422
    omar_client.post(reverse("catalog:manufacturer-add"), {"name": "Dräger", "country": "DE"})
    maker = Manufacturer.objects.get(name="Dräger")
    assert omar_client.post(reverse("catalog:manufacturer-add"), {"name": "DRAGER"}).status_code == 422
    omar_client.post(reverse("catalog:manufacturer-edit", args=[maker.pk]), {"name": "Drägerwerk", "country": "DE"})
    omar_client.post(reverse("catalog:type-add"), {"name": "Ventilator", "synonyms": "Respirator\nBeatmung", "active": "on"})
    kind = DeviceType.objects.get(name="Ventilator")
    assert kind.synonyms == ["Respirator", "Beatmung"]
    refused = omar_client.post(reverse("catalog:type-edit", args=[kind.code]), {"name": "Ventilator", "high_risk": "on", "active": "on"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["high_risk_source"])
    form = {"manufacturer": "drager", "name": "Evita", "device_type": kind.pk, "list_price": "1999.50", "active": "on"}
    omar_client.post(reverse("catalog:model-add"), form)
    model = DeviceModel.objects.get(name="Evita")
    assert (model.manufacturer, model.list_price_cents, model.device_type) == (maker, 199_950, kind)
    assert omar_client.post(reverse("catalog:model-add"), form | {"manufacturer": "nobody"}).status_code == 422
    edit = omar_client.get(reverse("catalog:model-edit", args=[model.pk]))
    assert "1999.50" in edit.content.decode()
    assert omar_client.post(reverse("catalog:identifier-add", args=[model.pk]), {"text": "junk", "kind": "primary"}).status_code == 422
    omar_client.post(reverse("catalog:identifier-add", args=[model.pk]), {"text": "(01)00844588018923", "kind": "primary"})
    identifier = model.identifiers.get()
    omar_client.post(reverse("catalog:identifier-remove", args=[model.pk, identifier.pk]))
    assert not model.identifiers.exists()


def test_a_document_comes_back_as_it_was_sent(omar_client, settings, tmp_path):
    from django.core.files.uploadedfile import SimpleUploadedFile

    settings.MEDIA_ROOT = tmp_path
    model = DeviceModelFactory()
    content = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
    form = {"kind": "ifu", "title": "IFU", "revision": "3", "file": SimpleUploadedFile("ifu.pdf", content)}
    assert omar_client.post(reverse("catalog:document-add", args=[model.pk]), form).status_code == 302
    document = model.documents.get()
    answer = omar_client.get(reverse("catalog:document-file", args=[model.pk, document.pk]))
    assert b"".join(answer.streaming_content) == content
    assert omar_client.post(reverse("catalog:document-add", args=[model.pk]), {"kind": "ifu", "title": "X"}).status_code == 422


def test_merging_shows_what_would_happen_before_it_does(omar_client, omar):
    old, new = ManufacturerFactory(name="Welch Allyn"), ManufacturerFactory(name="Baxter")
    add_alias(manufacturer_id=new.pk, alias="Baxter Intl", actor=omar)
    kind = DeviceTypeFactory()
    for maker in (old, new):
        DeviceModelFactory(manufacturer=maker, name="Spot", device_type=kind)
    address = reverse("catalog:manufacturer-merge", args=[old.pk])
    assert omar_client.get(address).status_code == 200
    assert omar_client.get(address, {"into": "nobody"}).status_code == 422
    preview = omar_client.get(address, {"into": "baxter intl"})
    assert "SPOT" in preview.content.decode()
    assert Manufacturer.objects.get(pk=old.pk).merged_into is None
    assert omar_client.post(address, {"into": "Welch Allyn"}).status_code == 422
    assert omar_client.post(address, {"into": "Baxter"}).status_code == 302
    assert Manufacturer.objects.get(pk=old.pk).merged_into == new
    assert "now Baxter" in omar_client.get(reverse("catalog:manufacturer", args=[old.pk])).content.decode()


def test_a_gudid_record_is_taken_into_the_catalogue(omar_client):
    record = GudidRecord.objects.create(
        record_key="k", primary_di="00844588018923", company_name="ACME", version_or_model="X1", fingerprint=""
    )
    GudidIdentifier.objects.create(record=record, di="00844588018923", kind="primary", issuer="GS1")
    assert "Take into the catalogue" in omar_client.get(reverse("catalog:gudid", args=[record.pk])).content.decode()
    assert "X1" in omar_client.get(reverse("catalog:gudid-list") + "?q=(01)00844588018923").content.decode()
    assert omar_client.get(reverse("catalog:gudid-to-model", args=[record.pk])).status_code == 200
    assert omar_client.post(reverse("catalog:gudid-to-model", args=[record.pk]), {}).status_code == 302
    assert DeviceModel.objects.get(name="X1").identifiers.count() == 1
    assert "Open our model" in omar_client.get(reverse("catalog:gudid", args=[record.pk])).content.decode()


def test_the_emdn_is_walked_from_the_top_down(omar_client):
    EmdnTerm.objects.create(code="Z", term="INSTRUMENTS", level=1, terminal=False)
    EmdnTerm.objects.create(code="Z12", term="PUMPS", level=2, terminal=False, parent_id="Z")
    EmdnTerm.objects.create(code="Z1203", term="INFUSION PUMPS", level=3, terminal=True, parent_id="Z12")
    top = omar_client.get(reverse("catalog:emdn")).content.decode()
    below = omar_client.get(reverse("catalog:emdn") + "?in=z12").content.decode()
    assert "Instruments" in top and "Infusion pumps" not in top
    assert "Infusion pumps" in below and "Z Instruments" in below
    assert "Infusion pumps" in omar_client.get(reverse("catalog:emdn") + "?q=infusion").content.decode()


def test_a_technician_reads_and_does_not_change(client, maria_user):
    client.force_login(maria_user)
    model = DeviceModelFactory()
    page = client.get(reverse("catalog:model", args=[model.pk]))
    assert page.status_code == 200
    assert reverse("catalog:model-edit", args=[model.pk]) not in page.content.decode()
    assert client.get(reverse("catalog:model-edit", args=[model.pk])).status_code == 403
    assert client.get(reverse("catalog:model", args=[10**9])).status_code == 404


def test_models_without_a_name_stand_last_on_every_page(omar_client):
    maker = ManufacturerFactory(name="Zz Works")
    names = ["", "Beta", "", "Alpha"]
    for name in names:
        DeviceModelFactory(manufacturer=maker, name=name, catalog_number=f"C{DeviceModel.objects.count()}" if not name else "")
    rows = queries.model_list(q="Zz Works")
    cursor, seen = None, []
    while True:
        page = keyset_page(rows, order=("unnamed", "name", "pk"), cursor=cursor, limit=1)
        seen += [model.name for model in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["Alpha", "Beta", "", ""]
    assert omar_client.get("/catalog/models/?q=Zz+Works").status_code == 200
