"""Pages of people as a browser meets them."""

import logging
import re
from functools import cache

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from openhtm.identity.models import ApiToken, RoleAssignment, User
from openhtm.identity.rules.permissions import Role
from openhtm.identity.services.tokens import TokenWish, insert_token
from openhtm.identity.tests.factories import PASSWORD, UserFactory
from openhtm.sites.tests.factories import FacilityFactory

pytestmark = pytest.mark.django_db
EVIL = "<script>alert(1)</script>"
NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def north():
    return FacilityFactory(code="NORTH", name="North Campus")


HASH = cache(make_password)  # argon2 is slow by intention: once for all tests


def person(role, facility, **more):
    return UserFactory.with_role(role, facility, password=HASH(PASSWORD), **more)


@pytest.fixture
def maria(north):
    return person(Role.TECHNICIAN, north, username="maria", full_name="Maria Reyes")


@pytest.fixture
def nadia(north):
    return person(Role.ADMINISTRATOR, north, username="nadia", full_name="Nadia")


def log_in(user, client=None, **data):
    client = client or Client()
    answer = client.post("/log-in", {"username": user.username, "password": PASSWORD} | data)
    return client, answer


def session_of(client):
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        ("/people/?q=x", "/people/?q=x"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
        ("", "/"),
    ],
)
def test_log_in_goes_on_to_our_own_pages_only(maria, target, goes_to):
    _, answer = log_in(maria, next=target)
    assert (answer.status_code, answer["Location"]) == (302, goes_to)


def test_log_in_gives_a_new_session_key(maria):
    client = Client()
    session = client.session
    session["planted"] = "x"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted = session.session_key
    log_in(maria, client)
    assert session_of(client) != planted
    assert client.get("/profile").status_code == 200


def test_a_wrong_password_is_refused_on_the_page_without_saying_which_part_was_wrong(maria):
    unknown = Client().post("/log-in", {"username": "nobody", "password": "x"})
    wrong = Client().post("/log-in", {"username": "maria", "password": "x"})
    assert unknown.status_code == wrong.status_code == 422
    sentence = "This user name and password do not belong together"
    assert sentence in unknown.content.decode() and sentence in wrong.content.decode()


def test_the_sixth_try_is_answered_429_and_no_secret_is_logged(maria, caplog):
    caplog.set_level(logging.DEBUG)
    for _ in range(5):
        Client().post("/log-in", {"username": "maria", "password": "guessed-secret-1"})
    answer = Client().post("/log-in", {"username": "maria", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many failed tries" in answer.content.decode()
    assert "guessed-secret-1" not in caplog.text and PASSWORD not in caplog.text


def test_the_forwarded_address_is_believed_only_behind_a_proxy(maria, settings):
    for number in range(5):
        Client().post("/log-in", {"username": "maria", "password": "x"}, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}")
    assert log_in(maria)[1].status_code == 429
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    answer = Client().post("/log-in", {"username": "maria", "password": PASSWORD}, HTTP_X_FORWARDED_FOR="1.2.3.4, 10.9.9.9")
    assert answer.status_code == 302


def test_log_out_ends_the_session(maria):
    client, _ = log_in(maria)
    assert client.get("/log-out").status_code == 405
    assert client.post("/log-out")["Location"] == "/log-in"
    assert client.get("/profile").status_code == 302


def test_an_idle_session_ends_and_so_does_one_older_than_a_shift(maria):
    for clock, age in (("seen", settings.SESSION_IDLE_SECONDS), ("began", settings.SESSION_COOKIE_AGE)):
        client, _ = log_in(maria)
        session = client.session
        session[clock] -= age - 60
        session.save()
        assert client.get("/profile").status_code == 200
        session = client.session
        session[clock] -= age + 60
        session.save()
        assert client.get("/profile")["Location"].startswith("/log-in")


def test_changing_the_password_ends_other_sessions_and_keeps_this_one(maria):
    here, there = log_in(maria)[0], log_in(maria)[0]
    key = session_of(here)
    answer = here.post("/password", {"old": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert answer["Location"] == "/profile"
    assert session_of(here) != key
    assert here.get("/profile").status_code == 200
    assert there.get("/profile").status_code == 302
    assert User.objects.get(pk=maria.pk).check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"old": "wrong"}, "not your present password"),
        ({"new": "short", "again": "short"}, "too short"),
        ({"new": "password1234", "again": "password1234"}, "too common"),
        ({"again": "something else entirely"}, "differs from the new password"),
        ({"new": PASSWORD, "again": PASSWORD}, "differs from the present one"),
    ],
)
def test_bad_new_passwords_are_refused_with_the_reason(maria, data, says):
    client, _ = log_in(maria)
    answer = client.post("/password", {"old": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD} | data)
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_reset_password_is_shown_once_and_must_be_changed(maria, nadia):
    boss, _ = log_in(nadia)
    answer = boss.post(reverse("identity:user-reset-password", args=[maria.pk]))
    assert "no-store" in answer["Cache-Control"]
    password = re.search(r"data-secret>([^<]+)<", answer.content.decode()).group(1)
    assert password not in boss.get(reverse("identity:user-detail", args=[maria.pk])).content.decode()
    client = Client()
    client.post("/log-in", {"username": "maria", "password": password})
    assert client.get("/people/")["Location"] == "/password"
    assert client.get("/api/v1/me").status_code == 401
    client.post("/password", {"old": password, "new": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert client.get("/people/").status_code == 200


def test_a_person_is_added_with_a_role_and_found_in_the_list(nadia, north):
    boss, _ = log_in(nadia)
    data = {"full_name": "Omar", "username": "omar", "role": Role.MANAGER, "facility": north.pk}
    assert "One-time password of Omar" in boss.post("/people/add", data).content.decode()
    page = boss.get("/people/", {"q": "oma", "role": "manager", "facility": "north"}).content.decode()
    assert "Omar" in page and "Manager at North Campus" in page


def test_a_facility_beyond_the_own_is_not_offered(nadia):
    south = FacilityFactory()
    boss, _ = log_in(nadia)
    answer = boss.post("/people/add", {"full_name": "X", "username": "x", "role": "manager", "facility": south.pk})
    assert answer.status_code == 422
    assert boss.post("/people/add", {"full_name": "X", "username": "x", "role": "manager", "facility": ""}).status_code == 422
    assert not User.objects.filter(username="x").exists()


def test_roles_are_given_and_taken_on_the_page(nadia, maria, north):
    boss, _ = log_in(nadia)
    boss.post(reverse("identity:role-add", args=[maria.pk]), {"role": "manager", "facility": north.pk})
    row = RoleAssignment.objects.get(user=maria, role=Role.MANAGER)
    boss.post(reverse("identity:role-revoke", args=[maria.pk, row.pk]))
    assert not RoleAssignment.objects.filter(pk=row.pk).exists()


def test_a_token_is_shown_once_and_opens_the_api_from_outside(maria):
    client, _ = log_in(maria)
    page = client.post("/tokens/add", {"name": "Export", "role": "", "days": "30"}).content.decode()
    secret = re.search(r"data-secret>(oht_[\w-]{43})<", page).group(1)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert Client().get("/api/v1/me", **bearer).json()["username"] == "maria"
    profile = client.get("/profile").content.decode()
    assert "Export" in profile and secret not in profile
    token = ApiToken.objects.get()
    assert token.last_used_at is not None and str(token.last_used_from) == "127.0.0.1"
    client.post(reverse("identity:token-revoke", args=[token.pk]))
    assert Client().get("/api/v1/me", **bearer).status_code == 401


@pytest.mark.parametrize("field", ["full_name", "email", "phone", "username"])
def test_html_in_a_field_is_refused_or_shown_as_text(nadia, maria, field):
    boss, _ = log_in(nadia)
    data = {"full_name": "M", "username": "maria", "email": "m@example.org", "phone": "1"} | {field: EVIL}
    answer = boss.post(reverse("identity:user-edit", args=[maria.pk]), data)
    pages = [answer, *(boss.get(url) for url in ("/people/", reverse("identity:user-detail", args=[maria.pk])))]
    assert all(EVIL not in page.content.decode() for page in pages)


def test_html_in_a_token_name_or_filter_is_shown_as_text(maria):
    client, _ = log_in(maria)
    client.post("/tokens/add", {"name": EVIL, "role": "", "days": "30"})
    pages = [client.get("/profile"), client.get("/tokens/"), client.get("/people/", {"q": EVIL, "role": EVIL, "facility": EVIL})]
    assert all(page.status_code == 200 and EVIL not in page.content.decode() for page in pages)
    assert ApiToken.objects.get().name == EVIL


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=WzAsICJ4IiwgInkiXQ", "limit=0", "limit=9999999", "q=%00", "role=%F0", "facility=%00x"]
)
def test_any_query_string_gets_a_plain_answer(nadia, query):
    boss, _ = log_in(nadia)
    for url in ("/people/", "/tokens/"):
        assert boss.get(f"{url}?{query}").status_code in (200, 400)


@pytest.mark.parametrize("url", ["/people/", "/tokens/", "/profile"])
def test_lists_cost_the_same_for_one_row_and_for_thirty(nadia, north, url):
    client, _ = log_in(nadia)

    def statements():
        with CaptureQueriesContext(connection) as done:
            assert client.get(url).status_code == 200
        return len(done)

    fill(nadia, north, 1)
    statements()
    alone = statements()
    fill(nadia, north, 29)
    assert statements() == alone


def fill(owner, facility, count):
    for _ in range(count):
        user = UserFactory.with_role(Role.TECHNICIAN, facility)
        insert_token(user=user, wish=TokenWish(name="x"), now=timezone.now())
        insert_token(user=owner, wish=TokenWish(name="mine"), now=timezone.now())
