"""The catalogue's API: contract, paging, refusals as problem+json, flat cost."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhtm.catalog.models import EmdnTerm, GmdnTerm, GudidIdentifier, GudidRecord, ModelIdentifier, ProductCode
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.identity.services.tokens import TokenWish, insert_token

pytestmark = pytest.mark.django_db
LISTS = ("manufacturers", "device-types", "models", "product-codes", "emdn", "gmdn", "gudid")


@pytest.fixture
def api(client, omar_user):
    _, secret = insert_token(user=omar_user, wish=TokenWish(name="test"), now=timezone.now())
    header = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}

    def call(method, path, body=None, **query):
        if method == "GET":
            return client.get(f"/api/v1/{path}", query, **header)
        sent = b"" if body is None else json.dumps(body)
        return client.generic(method, f"/api/v1/{path}", sent, content_type="application/json", **header)

    return call


def rows_of(number, start=0):
    for index in range(start, start + number):
        code = f"{index:03d}"
        ProductCode.objects.create(code=code, name=f"Code {code}", edition="1")
        EmdnTerm.objects.create(code=f"Z{index:04d}", term="TERM", level=1, terminal=False)
        GmdnTerm.objects.create(code=f"{index:05d}", name="Term")
        GudidRecord.objects.create(record_key=f"k{index}", primary_di=f"{index:014d}", fingerprint="")
        kind = DeviceTypeFactory(name=f"Type {code}", product_code_id=code)
        DeviceModelFactory(name=f"Model {code}", device_type=kind, manufacturer__name=f"Maker {code}")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_pages_and_costs_the_same_for_one_row_and_for_thirty(api, path):
    def cost(**query):
        with CaptureQueriesContext(connection) as captured:
            assert api("GET", path, **query).status_code == 200
        return len(captured)

    rows_of(1)
    cost()
    alone = cost()
    rows_of(29, start=1)
    assert cost() == alone
    first = api("GET", path, limit=20, count=True).json()
    second = api("GET", path, limit=20, cursor=first["next_cursor"]).json()
    assert (len(first["items"]), first["count"], first["count_is_exact"]) == (20, 30, True)
    assert (len(second["items"]), second["next_cursor"]) == (10, None)
    assert first["items"][0] not in second["items"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "status"),
    [({"cursor": "junk"}, 400), ({"limit": 0}, 422), ({"limit": 1001}, 422), ({"q": "a\0b"}, 422), ({"q": "%'\""}, 200)],
)
def test_a_list_refuses_what_it_cannot_read(api, path, query, status):
    answer = api("GET", path, **query)
    assert answer.status_code == status
    if status != 200:
        assert answer["Content-Type"] == "application/problem+json"


def test_a_manufacturer_from_first_to_last(api):
    made = api("POST", "manufacturers", {"name": "Dräger", "country": "DE", "aliases": ["Draegerwerk"]})
    assert made.status_code == 201
    pk = made.json()["id"]
    taken = api("POST", "manufacturers", {"name": "DRAGER GmbH"})
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (422, "name")
    assert api("PATCH", f"manufacturers/{pk}", {"name": "Drägerwerk", "website": "https://example.org"}).json()["name"] == "Drägerwerk"
    assert api("GET", "manufacturers/resolve", name="drager").json()["method"] in ("alias", "key")
    alias = api("POST", f"manufacturers/{pk}/aliases", {"alias": "DMT"}).json()
    assert api("DELETE", f"manufacturers/aliases/{alias['id']}").status_code == 204
    other = ManufacturerFactory(name="Siemens")
    assert api("POST", f"manufacturers/{pk}/merge", {"into_id": other.pk}).json() == {"into_id": other.pk, "moved": 0, "unified": 0}
    assert api("GET", f"manufacturers/{pk}").json()["merged_into_id"] == other.pk
    assert api("POST", f"manufacturers/{pk}/merge", {"into_id": other.pk}).status_code == 422
    assert api("GET", "manufacturers/999999999").status_code == 404
    assert api("PATCH", f"manufacturers/{pk}", {"nonsense": 1}).status_code == 422


def test_a_device_type_from_first_to_last(api):
    made = api("POST", "device-types", {"name": "Ventilator", "product_code": "cbk", "risk_inputs": {"wang": {"mission": 9}}})
    assert (made.status_code, made.json()["product_code"], made.json()["risk_inputs"]) == (201, "CBK", {"wang": {"mission": 9}})
    refused = api("PATCH", "device-types/ventilator", {"high_risk": True})
    assert refused.json()["errors"][0]["field"] == "high_risk_source"
    changed = api("PATCH", "device-types/ventilator", {"high_risk": True, "high_risk_source": "Committee", "name": "Ventilator, adult"})
    assert (changed.json()["high_risk"], changed.json()["locally_changed"]) == (True, True)
    assert [one["code"] for one in api("GET", "device-types", high_risk=True, q="adult").json()["items"]] == ["ventilator"]
    assert api("GET", "device-types/absent").status_code == 404


def test_the_same_client_key_creates_once(api):
    first = api("POST", "device-types", {"name": "Scale", "client_key": "k-1"})
    again = api("POST", "device-types", {"name": "Scale", "client_key": "k-1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert api("POST", "device-types", {"name": "Other", "client_key": "k-1"}).status_code == 409


def test_a_model_with_its_identifiers(api):
    kind, maker = DeviceTypeFactory(code="pump", high_risk=True, high_risk_source="x"), ManufacturerFactory(name="ICU Medical")
    made = api("POST", "models", {"manufacturer_id": maker.pk, "name": "Plum 360", "device_type": "pump", "list_price_cents": 280_000})
    assert made.status_code == 201
    model = made.json()
    assert (model["high_risk"], model["device_type_name"]) == (True, kind.name)
    assert api("POST", "models", {"manufacturer_id": maker.pk, "name": "plum 360", "device_type": "pump"}).status_code == 422
    assert api("POST", "models", {"manufacturer_id": 999_999_999, "name": "X"}).status_code == 422
    assert api("PATCH", f"models/{model['id']}", {"device_type": "absent"}).status_code == 422
    assert api("PATCH", f"models/{model['id']}", {"support_ends_on": "2030-01-31"}).json()["support_ends_on"] == "2030-01-31"
    added = api("POST", f"models/{model['id']}/identifiers", {"text": "00840118105406", "kind": "package", "quantity": 4})
    assert (added.status_code, added.json()["check_valid"], len(added.json()["warnings"])) == (201, False, 1)
    assert api("PATCH", f"models/identifiers/{added.json()['id']}", {"quantity": 5}).json()["quantity"] == 5
    assert api("GET", f"models/{model['id']}").json()["identifiers"][0]["di"] == "00840118105406"
    assert api("DELETE", f"models/identifiers/{added.json()['id']}").status_code == 204


def test_a_udi_is_parsed_and_looked_up(api):
    parsed = api("GET", "udi/parse", text="(01)00844588018923(21)A1").json()
    assert (parsed["di"], parsed["serial"], parsed["error"]) == ("00844588018923", "A1", None)
    assert api("GET", "udi/parse", text="hello").json()["error"]["code"]
    nothing = api("GET", "udi/lookup", di="00844588018923").json()
    assert (nothing["model"], nothing["gudid"]) == (None, None)
    record = GudidRecord.objects.create(
        record_key="k", primary_di="00844588018923", company_name="Acme", version_or_model="X", fingerprint=""
    )
    GudidIdentifier.objects.create(record=record, di=record.primary_di, kind="primary", issuer="GS1")
    assert api("GET", "udi/lookup", di="(01)00844588018923").json()["gudid"]["record_key"] == "k"
    made = api("POST", "models/from-gudid", {"record_key": "k"})
    assert made.status_code == 201
    assert api("GET", "udi/lookup", di="00844588018923").json()["model"]["id"] == made.json()["id"]
    assert ModelIdentifier.objects.count() == 1
    assert api("POST", "models/from-gudid", {"record_key": "absent"}).status_code == 404


@given(text=st.text(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_to_the_parser_and_the_lookup_is_answered(api, text):
    assert api("GET", "udi/parse", text=text).status_code in (200, 422)
    assert api("GET", "udi/lookup", di=text).status_code in (200, 422)
    assert api("GET", "models", q=text).status_code in (200, 422)
    assert api("GET", "gudid", q=text).status_code in (200, 422)
    assert api("GET", "manufacturers/resolve", name=text).status_code in (200, 422)
