"""Pages and API of data quality, risk inputs, site fields and settings; the laws that are checked nightly."""

import datetime as dt
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from openhtm.audit import invariants
from openhtm.catalog.rules.events import DeviceTypesChanged, ModelsMerged
from openhtm.catalog.services.manufacturers import merge_manufacturers
from openhtm.catalog.tests.factories import DeviceModelFactory, DeviceTypeFactory, ManufacturerFactory
from openhtm.core.errors import Invalid, NotAllowed
from openhtm.core.events import publish
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.identity.tests.factories import UserFactory, actor_of
from openhtm.inventory.models import CustomField, Device, DeviceRiskInput, DuplicateDecision, InventoryFigure, Sighting, StatusChange
from openhtm.inventory.queries import filters, lists
from openhtm.inventory.queries.alike import alike_manufacturers
from openhtm.inventory.queries.detail import risk_scores
from openhtm.inventory.queries.duplicates import count_pairs, next_pair
from openhtm.inventory.queries.figures import FIGURES, count_live
from openhtm.inventory.queries.findings import KINDS, overview
from openhtm.inventory.services import custom_fields, figures, quality, risk
from openhtm.inventory.services.merging import merge_devices
from openhtm.inventory.services.reference import load_risk_profiles
from openhtm.inventory.tests.factories import DeviceFactory
from openhtm.sites.models import Organisation
from openhtm.sites.tests.factories import DepartmentFactory, LocationFactory, ServiceProviderFactory

EVIL = "<script>alert(1)</script>"
TODAY = dt.date(2026, 11, 22)
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
PUMP = {"fennigkoh": {"function": 10, "risk": 5, "maintenance": 4}}


@pytest.fixture
def omar_user(north):
    return UserFactory.with_role(Role.MANAGER, north, full_name="Omar")


@pytest.fixture
def ada(db):
    return UserFactory.with_role(Role.ADMINISTRATOR, None, full_name="Ada")


@pytest.fixture
def twins(north):
    model = DeviceModelFactory(name=EVIL)
    same = {"facility": north, "device_model": model, "serial_number": "SN9"}
    made = [DeviceFactory(**same, control_number=number, description=EVIL + number, supplier=EVIL + number) for number in ("A-1", "A-2")]
    quality.refresh_duplicates()
    return made


@pytest.fixture
def mess(north, south):
    """Devices that lack this and that."""
    networked = DeviceTypeFactory(networked=True, high_risk=True, high_risk_source="test", risk_inputs=PUMP)
    building = LocationFactory(facility=north, kind="building")
    room = LocationFactory(facility=north, kind="room", parent=building)
    shed = LocationFactory(facility=north, kind="area")
    old = DeviceModelFactory(support_ends_on=dt.date(2024, 1, 1), device_type=networked)
    DeviceFactory(facility=north, location=room, department=DepartmentFactory(facility=north), service_provider=ServiceProviderFactory())
    DeviceFactory(facility=north, location=shed, serial_number="", device_model=old, last_seen_at=NOW - dt.timedelta(days=500))
    DeviceFactory(facility=north, device_model=old, software_version="1", high_risk=True, last_seen_at=NOW, accepted_on=TODAY)
    DeviceFactory(facility=north, device_model=DeviceModelFactory(name="", device_type=None), status="retired", udi_di="1")
    DeviceFactory(facility=south, status="missing", serial_number="", acquisition_cost_cents=0)


@pytest.mark.parametrize("code", FIGURES)
def test_every_figure_is_the_length_of_the_list_it_opens_to(mess, omar, code):
    counted = count_live(Device.objects.visible_to(omar), today=TODAY)
    params = dict(pair.split("=", 1) for pair in FIGURES[code].query(TODAY).split("&"))
    read = filters.read_filters(params, actor=omar)
    assert not read.problems
    assert counted.number(code) == filters.filtered(actor=omar, filters=read).count()


def test_figures_of_the_mess(mess, omar):
    numbers = count_live(Device.objects.visible_to(omar), today=TODAY).numbers
    expected = {
        "in_inventory": 3, "missing_serial": 1, "missing_building": 1, "missing_location": 1, "unknown_version": 1, "unknown_address": 2,
        "support_ended": 2, "not_seen": 1, "missing_seen": 1, "high_risk_unlocated": 1, "missing_risk_inputs": 1, "status_retired": 1,
    }  # fmt: skip
    assert {code: numbers[code] for code in expected} == expected


def test_stored_figures_are_those_counted(mess, ada):
    assert figures.refresh_figures(now=NOW) == 2 * len(FIGURES)
    live = count_live(Device.objects.all(), today=TODAY)
    stored = dict(InventoryFigure.objects.values_list("code", "number").filter(facility__code="NORTH"))
    assert stored == live.by_facility[Device.objects.filter(facility__code="NORTH").first().facility_id]


def test_the_quality_page_names_every_kind_and_costs_the_same_for_many(client, mess, omar_user, north):
    client.force_login(omar_user)
    answer = client.get(reverse("inventory:quality"))
    assert answer.status_code == 200
    for _, label, _ in KINDS:
        assert label in answer.content.decode()
    omar = actor_of(omar_user)
    with CaptureQueriesContext(connection) as few:
        overview(actor=omar, today=TODAY)
    DeviceFactory.create_batch(29, facility=north)
    with CaptureQueriesContext(connection) as many:
        overview(actor=omar, today=TODAY)
    assert len(few) == len(many) <= 8


def test_manufacturers_that_look_alike_are_proposed(client, omar_user):
    for name in ("Philips", "Phillips", "Baxter", "Zoll", "Zoll Medical"):
        ManufacturerFactory(name=name)
    assert {(one.first, one.second) for one in alike_manufacturers()} == {("Philips", "Phillips"), ("Zoll", "Zoll Medical")}
    client.force_login(omar_user)
    assert b"Phillips" in client.get(reverse("inventory:alike-manufacturers")).content


def test_the_pair_is_shown_side_by_side_with_words_for_each_difference(client, twins, omar_user):
    client.force_login(omar_user)
    text = client.get(reverse("inventory:duplicates")).content.decode()
    assert "A-1" in text
    assert "different" in text
    assert "Same manufacturer and serial number" in text
    assert EVIL not in text
    assert "No pair to judge" in client.get(reverse("inventory:duplicates") + "?device=A-7").content.decode()
    assert client.get(reverse("inventory:duplicates") + "?after=x&device=%00").status_code == 200


def test_merging_on_the_page_takes_the_chosen_values(client, twins, omar_user):
    client.force_login(omar_user)
    data = {"first": "A-1", "second": "A-2", "survivor": "A-2", "choice_supplier": "first", "action": "merge", "reason": ""}
    refused = client.post(reverse("inventory:duplicate-decide"), data)
    assert refused.status_code == 422
    assert b"Give the reason" in refused.content
    assert client.post(reverse("inventory:duplicate-decide"), data | {"reason": "One device."}).status_code == 302
    kept = Device.objects.get(control_number="A-2")
    assert kept.supplier == EVIL + "A-1"
    assert client.get("/d/A-1").headers["Location"] == "/d/A-2"
    assert b"Take the merge back" in client.get("/d/A-2?tab=identity").content
    assert client.post(reverse("inventory:device-unmerge", args=["A-1"]), {"reason": "Two after all."}).status_code == 302
    assert Device.objects.get(control_number="A-1").merged_into_id is None


def test_different_devices_leave_the_queue(client, twins, omar_user):
    client.force_login(omar_user)
    data = {"first": "A-1", "second": "A-2", "action": "different"}
    assert client.post(reverse("inventory:duplicate-decide"), data).status_code == 302
    assert b"No pair to judge" in client.get(reverse("inventory:duplicates")).content
    assert client.post(reverse("inventory:duplicate-decide"), data).status_code == 422


def test_a_pair_with_a_record_of_another_facility_is_not_shown(twins, north, south, omar, chen):
    DeviceFactory(facility=south, control_number="S-1", serial_number="SN9", device_model=twins[0].device_model)
    quality.refresh_duplicates()
    assert count_pairs(omar).value == 1
    assert count_pairs(chen).value == 0
    assert next_pair(actor=chen) is None


def test_the_queue_costs_the_same_for_one_pair_and_for_many(twins, north, omar):
    with CaptureQueriesContext(connection) as alone:
        assert next_pair(actor=omar) is not None
    for number in range(8):
        DeviceFactory.create_batch(2, facility=north, serial_number=f"T{number}", device_model=twins[0].device_model)
    quality.refresh_duplicates()
    with CaptureQueriesContext(connection) as many:
        next_pair(actor=omar)
    assert len(alone) == len(many)


def test_own_risk_inputs_change_the_score_and_clearing_restores_it(north, omar, maria):
    load_risk_profiles()
    device = DeviceFactory(facility=north, control_number="R-1", device_model__device_type__risk_inputs=PUMP)
    before = {one.profile.code: one.score.value for one in risk_scores(device)}
    assert before["fennigkoh-smith"] == 19
    with pytest.raises(NotAllowed):
        risk.set_risk_inputs(actor=maria, control_number="R-1", family="fennigkoh", inputs={"risk": 1}, reason="x")
    risk.set_risk_inputs(actor=omar, control_number="R-1", family="fennigkoh", inputs={"risk": 1}, reason="Never near patients.", now=NOW)
    (shown, *_) = [one for one in risk_scores(device) if one.profile.code == "fennigkoh-smith"]
    assert shown.score.value == 15
    assert shown.overridden.reason == "Never near patients."
    columns = lists.chosen_columns(["score"], may_see_costs=True)
    page = lists.list_page(Device.objects.all(), columns=columns, sort="control_number", cursor=None, limit=50)
    assert '<td class="num" data-label="Score">15</td>' in page.rows[0].markup
    assert [
        c.plain(row) for c in columns if c.key == "score" for row in lists.prepared(Device.objects.all(), columns).values(*c.needs)
    ] == [15]
    risk.clear_risk_inputs(actor=omar, control_number="R-1", family="fennigkoh", reason="Moved to the ICU.")
    assert {one.profile.code: one.score.value for one in risk_scores(device)} == before


@pytest.mark.parametrize(
    ("family", "inputs", "field"),
    [
        ("voodoo", {"risk": 1}, "family"),
        ("fennigkoh", {"risk": 99}, "factor_risk"),
        ("fennigkoh", {"luck": 1}, "luck"),
        ("fennigkoh", {}, ""),
    ],
)
def test_risk_inputs_off_the_scale_are_refused(north, omar, family, inputs, field):
    load_risk_profiles()
    DeviceFactory(facility=north, control_number="R-1")
    with pytest.raises(Invalid) as refused:
        risk.set_risk_inputs(actor=omar, control_number="R-1", family=family, inputs=inputs, reason="x")
    assert field in refused.value.errors


def test_an_unknown_score_says_why(north):
    load_risk_profiles()
    typeless = DeviceFactory(facility=north, device_model=DeviceModelFactory(device_type=None))
    assert "has no type" in risk_scores(typeless)[0].why_unknown
    silent = DeviceFactory(facility=north, device_model__device_type__name="Pump")
    assert "Not known of Pump: " in risk_scores(silent)[0].why_unknown


def test_the_score_column_costs_the_same_for_many_rows(north):
    load_risk_profiles()
    columns = lists.chosen_columns(["score"], may_see_costs=True)
    DeviceFactory.create_batch(30, facility=north)
    with CaptureQueriesContext(connection) as asked:
        lists.list_page(Device.objects.all(), columns=columns, sort="control_number", cursor=None, limit=50)
    assert len(asked) == 1


def test_the_risk_page_saves_refuses_and_clears(client, north, omar_user):
    load_risk_profiles()
    DeviceFactory(facility=north, control_number="R-1", device_model__device_type__risk_inputs=PUMP, device_model__name=EVIL)
    client.force_login(omar_user)
    url = reverse("inventory:device-risk", args=["R-1"]) + "?family=fennigkoh"
    text = client.get(url).content.decode()
    assert "as the device type says: 5" in text
    assert EVIL not in text
    assert client.post(url, {"factor_risk": "1", "reason": ""}).status_code == 422
    assert client.post(url, {"factor_risk": "7", "reason": "x"}).status_code == 422
    assert client.post(url, {"factor_risk": "1", "reason": EVIL}).status_code == 302
    assert DeviceRiskInput.objects.get().inputs == {"risk": 1.0}
    assert EVIL not in client.get("/d/R-1?tab=risk").content.decode()
    assert client.post(url, {"action": "clear", "reason": "x"}).status_code == 302
    assert not DeviceRiskInput.objects.exists()


def test_the_organisation_chooses_the_score_shown_first(client, north, ada, omar):
    load_risk_profiles()
    client.force_login(ada)
    assert b"Shown first" in client.get(reverse("inventory:risk-profiles")).content
    assert client.post(reverse("inventory:risk-profile-choose"), {"code": "wang-levenson"}).status_code in (302, 422)
    code = risk.current_profiles()[-1][0].code
    assert risk.choose_risk_profile(actor=actor_of(ada), code=code).risk_profile == code
    assert Organisation.objects.get().risk_profile == code
    with pytest.raises(NotAllowed):
        risk.choose_risk_profile(actor=omar, code=code)
    with pytest.raises(Invalid):
        risk.choose_risk_profile(actor=actor_of(ada), code="voodoo")


def test_site_fields_are_added_changed_ordered_and_taken_out_of_use(client, north, ada):
    client.force_login(ada)
    add = reverse("inventory:custom-field-add")
    assert client.post(add, {"key": "Fleet!", "label": "", "kind": "text"}).status_code == 422
    assert client.post(add, {"key": "bay", "label": EVIL, "kind": "choice", "choices": ""}).status_code == 422
    assert client.post(add, {"key": "bay", "label": EVIL, "kind": "choice", "choices": "A\nB\nA", "active": "on"}).status_code == 302
    assert client.post(add, {"key": "fleet", "label": "Fleet", "kind": "text", "active": "on"}).status_code == 302
    assert CustomField.objects.get(key="bay").choices == ["A", "B"]
    page = reverse("inventory:custom-fields")
    assert client.post(page, {"key": "fleet", "move": "up"}).status_code == 302
    assert list(CustomField.objects.values_list("key", flat=True)) == ["fleet", "bay"]
    assert EVIL not in client.get(page).content.decode()
    url = reverse("inventory:custom-field", args=["bay"])
    assert client.get(url).status_code == 200
    assert client.post(url, {"label": "Bay", "choices": "A"}).status_code == 302
    field = CustomField.objects.get(key="bay")
    assert (field.active, field.kind, field.label) == (False, "choice", "Bay")


def test_site_fields_belong_to_the_whole_organisation(omar):
    with pytest.raises(NotAllowed):
        custom_fields.add_custom_field(actor=omar, key="bay", kind="text", values={"label": "Bay"})


def test_settings_show_what_a_person_may_set(client, north, ada):
    client.force_login(ada)
    text = client.get(reverse("inventory:settings")).content.decode()
    assert "Site fields" in text
    assert "Label sizes" in text
    client.force_login(UserFactory.with_role(Role.REQUESTER, north))
    assert "Site fields" not in client.get(reverse("inventory:settings")).content.decode()


def test_the_laws_hold_for_good_records_and_name_broken_ones(north, omar, twins):
    assert {"device-type-cache", "merged-number-kept", "device-status-history"} <= {law.code for law in invariants.registered()}
    merge_devices(actor=omar, survivor="A-1", loser="A-2", choices={}, reason="same")
    assert invariants.run_all() == []
    one, other = (DeviceFactory(facility=north, control_number=f"X-{n}") for n in (1, 2))
    Device.objects.filter(pk=one.pk).update(parent=other)
    Device.objects.filter(pk=other.pk).update(parent=one)
    StatusChange.objects.create(device=one, after="missing", on=TODAY)
    Sighting.objects.create(device=one, seen_at=NOW, source="scan")
    Device.objects.filter(pk=one.pk).update(location=LocationFactory(), merged_into=twins[0])
    found = {finding.code: finding for finding in invariants.run_all()}
    assert set(found) == {
        "device-parts-no-circle", "device-status-history", "device-last-seen", "device-place-own-facility", "merged-number-kept"
    }  # fmt: skip
    assert found["device-parts-no-circle"].count == 2
    assert found["device-status-history"].examples == ["X-1"]


def test_devices_follow_what_the_catalogue_decides(north):
    kind = DeviceTypeFactory()
    device = DeviceFactory(facility=north, device_model__device_type=kind)
    type(kind).objects.filter(pk=kind.pk).update(high_risk=True, high_risk_source="committee")
    publish(DeviceTypesChanged(frozenset({kind.pk})))
    device.refresh_from_db()
    assert device.high_risk
    other = DeviceModelFactory()
    publish(ModelsMerged(((device.device_model_id, other.pk),)))
    device.refresh_from_db()
    assert (device.device_model_id, device.device_type_id, device.high_risk) == (other.pk, other.device_type_id, False)


@pytest.mark.parametrize("kind", ["type", "model", "manufacturer", "facility", "location", "department"])
def test_pages_of_lower_rooms_show_how_many_devices(client, north, ada, kind):
    device = DeviceFactory(facility=north, location=LocationFactory(facility=north), department=DepartmentFactory(facility=north))
    model = device.device_model
    urls = {
        "type": reverse("catalog:type", args=[device.device_type.code]),
        "model": reverse("catalog:model", args=[model.pk]),
        "manufacturer": reverse("catalog:manufacturer", args=[model.manufacturer_id]),
        "facility": reverse("sites:facility", args=[north.code]),
        "location": reverse("sites:location", args=[device.location.public_code]),
        "department": reverse("sites:department", args=[device.department_id]),
    }
    client.force_login(ada)
    text = client.get(urls[kind]).content.decode()
    assert "of any status" in text


class TestApi:
    @pytest.fixture
    def api(self, client, omar_user):
        _, secret = insert_token(user=omar_user, wish=TokenWish(name="test"), now=timezone.now())

        def call(method, path, body=None):
            data = json.dumps(body) if body is not None else ""
            return client.generic(method, f"/api/v1{path}", data, content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {secret}")

        return call

    def test_findings_and_pairs_are_listed_and_decided(self, api, twins):
        found = api("GET", "/quality/findings").json()
        assert found["devices"] == 2
        assert {"duplicates", "missing_location"} <= {item["code"] for item in found["items"]}
        (pair,) = api("GET", "/quality/duplicates").json()["items"]
        assert (pair["first"], pair["second"], pair["method"]) == ("A-1", "A-2", "serial")
        merged = api("POST", "/quality/duplicates/merge", {"survivor": "A-1", "loser": "A-2", "reason": "same"})
        assert merged.json() == {"control_number": "A-1", "former_numbers": ["A-2"]}
        again = api("POST", "/quality/duplicates/different", {"first": "A-1", "second": "A-2"})
        assert (again.status_code, again.json()["code"]) == (409, "duplicate-already-decided")
        assert api("POST", "/devices/A-2/unmerge", {"reason": "not"}).json()["control_number"] == "A-2"
        assert DuplicateDecision.objects.get().verdict == "different"

    def test_risk_inputs_are_read_set_and_cleared(self, api, north):
        load_risk_profiles()
        DeviceFactory(facility=north, control_number="R-1", device_model__device_type__risk_inputs=PUMP)
        assert api("GET", "/devices/R-1/risk").json()[0]["own_inputs"] is None
        answer = api("PUT", "/devices/R-1/risk/fennigkoh", {"inputs": {"risk": 1}, "reason": "seen"})
        assert 15 in [score["value"] for score in answer.json()]
        assert api("PUT", "/devices/R-1/risk/fennigkoh", {"inputs": {"risk": 9.5}, "reason": "seen"}).status_code == 422
        assert api("POST", "/devices/R-1/risk/fennigkoh/clear", {"reason": "seen"}).json()[0]["own_inputs"] is None

    def test_views_are_saved_replaced_and_removed(self, api, north):
        body = {"name": "Mine", "query": "status=missing", "columns": ["serial", "soul"], "shared_with": "north"}
        made = api("POST", "/saved-views", body)
        assert (made.status_code, made.json()["columns"], made.json()["shared_with"]) == (201, ["serial"], "NORTH")
        assert api("POST", "/saved-views", body | {"name": "mine"}).status_code == 200
        assert len(api("GET", "/saved-views").json()) == 1
        assert api("DELETE", f"/saved-views/{made.json()['id']}").status_code == 204
        assert api("DELETE", f"/saved-views/{made.json()['id']}").status_code == 404
        assert api("POST", "/saved-views", body | {"shared_with": "SOUTH"}).status_code == 422

    def test_site_fields_need_the_right_everywhere(self, api, north):
        assert api("GET", "/custom-fields").json() == []
        assert api("POST", "/custom-fields", {"key": "bay", "label": "Bay", "kind": "text"}).status_code == 403


def test_equal_serial_numbers_of_two_makers_are_doubtful_once_the_makers_are_one(north):
    old, new = ManufacturerFactory(name="Welch Alyn"), ManufacturerFactory(name="Welch Allyn")
    omar = actor_of(UserFactory.with_role(Role.MANAGER, north))
    for maker in (old, new):
        DeviceFactory(facility=north, serial_number="SN 100", device_model=DeviceModelFactory(manufacturer=maker))
    quality.refresh_duplicates()
    assert count_pairs(omar).value == 0
    merge_manufacturers(source_id=old.pk, target_id=new.pk, actor=omar)
    assert count_pairs(omar).value == 1
