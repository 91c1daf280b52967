"""The API of procedures: paging, the whole way from draft to release, refusals."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.procedures.models import Procedure
from openhtm.procedures.tests.factories import CONTENT, changed, released

pytestmark = pytest.mark.django_db


@pytest.fixture
def api_of(client):
    def made(user):
        _, secret = insert_token(user=user, wish=TokenWish(name="test"), now=timezone.now())
        header = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}

        def call(method, path, body=None, **query):
            if method == "GET":
                return client.get(f"/api/v1/{path}", query, **header)
            return client.generic(method, f"/api/v1/{path}", json.dumps(body), content_type="application/json", **header)

        return call

    return made


@pytest.fixture
def api(api_of, omar_user):
    return api_of(omar_user)


def test_two_programs_take_a_procedure_from_nothing_to_release(api, api_of, lena_user):
    other = api_of(lena_user)
    made = api("POST", "procedures", {"name": "Pump: inspection", "client_key": "k1"})
    assert (made.status_code, api("POST", "procedures", {"name": "Pump: inspection", "client_key": "k1"}).status_code) == (201, 200)
    address = f"procedures/{made.json()['code']}"
    saved = api("PUT", f"{address}/draft", {"content": CONTENT, "change_note": "First."})
    assert saved.json()["content"]["steps"][1]["key"] == "energy"
    assert api("POST", f"{address}/transitions", {"move": "submit"}).json()["open_stage"] == "in_review"
    refused = api("POST", f"{address}/transitions", {"move": "review"})
    assert (refused.status_code, refused.json()["code"]) == (422, "procedure-same-person")
    assert other("POST", f"{address}/transitions", {"move": "release"}).json()["code"] == "procedure-not-reviewed"
    assert other("POST", f"{address}/transitions", {"move": "review"}).json()["reviewed"] is True
    assert other("POST", f"{address}/transitions", {"move": "release"}).json()["released_version"] == 1
    again = other("POST", f"{address}/transitions", {"move": "release"})
    assert (again.status_code, again.json()["code"]) == (409, "procedure-wrong-stage")
    versions = api("GET", f"{address}/versions").json()["items"]
    assert [(one["status"], one["drafted_by"], one["released_by"]) for one in versions] == [("released", "Omar Haddad", "Lena Vogt")]


def test_a_refused_draft_lists_every_path(api):
    code = api("POST", "procedures", {"name": "Pump"}).json()["code"]
    answer = api("PUT", f"procedures/{code}/draft", {"content": changed(low=300) | {"est_minutes": "long"}})
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {"est_minutes", "steps[1].number.limit.low"}
    stale = api("PUT", f"procedures/{code}/draft", {"content": CONTENT, "based_on": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")


def test_versions_are_compared_in_words(api, omar, lena):
    code = released(omar, lena).code
    api("POST", f"procedures/{code}/transitions", {"move": "start_draft"})
    api("PUT", f"procedures/{code}/draft", {"content": changed(high=220)})
    answer = api("GET", f"procedures/{code}/versions/2/differences").json()
    assert answer["items"][0] == {"step": "Delivered energy at 200 J", "what": "Limit", "before": "170 to 230 J", "after": "170 to 220 J"}
    assert api("GET", f"procedures/{code}/versions/1/differences").json()["compared_with"] is None
    assert api("GET", f"procedures/{code}/versions/9").status_code == 404


def test_a_discarded_procedure_is_gone(api):
    code = api("POST", "procedures", {"name": "Pump"}).json()["code"]
    assert api("POST", f"procedures/{code}/transitions", {"move": "discard_draft"}).status_code == 204
    assert not Procedure.objects.exists()


def test_packs_go_out_and_come_in(api, omar, lena):
    released(omar, lena)
    file = api("GET", "procedure-packs/file", title="Ours", pack="ours").json()["file"]
    back = api("POST", "procedure-packs", {"file": file}).json()
    assert [one["reason"] for one in back["kept"]] == ["The procedure of this code here comes from local."]
    wrong = api("POST", "procedure-packs", {"file": file.replace("170", "171")})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "sha256")
    assert [one["code"] for one in api("GET", "procedure-packs").json()["items"]] == ["ours"]


def test_what_it_is_for_is_changed_and_unknown_codes_are_named(api, omar, lena):
    code = released(omar, lena).code
    answer = api("PATCH", f"procedures/{code}", {"device_types": ["no-such"]})
    assert (answer.status_code, answer.json()["errors"][0]) == (422, {"field": "device_types", "message": "Not known: no-such."})
    assert api("PATCH", f"procedures/{code}", {"covers": [code]}).status_code == 422
    assert api("PATCH", f"procedures/{code}", {"name": "Other", "suggested_interval_months": 6}).json()["name"] == "Other"


def test_the_list_pages_and_costs_the_same_for_one_row_and_for_thirty(api, omar, lena):
    def cost(**query):
        with CaptureQueriesContext(connection) as captured:
            assert api("GET", "procedures", **query).status_code == 200
        return len(captured)

    released(omar, lena, name="Procedure 00")
    cost()
    alone = cost()
    for index in range(1, 30):
        released(omar, lena, name=f"Procedure {index:02d}")
    assert cost() == alone
    first = api("GET", "procedures", limit=20, stage="released", count="true").json()
    second = api("GET", "procedures", limit=20, stage="released", cursor=first["next_cursor"]).json()
    assert (first["count"], second["items"][0]["name"], len(second["items"])) == (30, "Procedure 20", 10)
