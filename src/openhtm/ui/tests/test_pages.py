"""The shell, the style page, refusals and the theme switch."""

import pytest
from django.http import Http404
from django.test import RequestFactory

from openhtm.ui import errors, panels, views


@pytest.fixture
def rf():
    return RequestFactory()


def test_the_style_page_shows_everything_without_inline_code(rf, settings):
    settings.DEBUG = True
    page = views.style(rf.get("/_style")).content.decode()
    assert page.count("<h1>") == 1
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert 'class="bar"' in page


def test_the_style_page_is_for_developers_and_demos_only(rf, settings):
    settings.DEBUG, settings.DEMO = False, False
    with pytest.raises(Http404):
        views.style(rf.get("/_style"))


@pytest.mark.parametrize("done", ["", "abc", "-5", "99999999999999999999"])
def test_the_sample_job_takes_any_query(rf, settings, done):
    settings.DEBUG = True
    assert views.style_job(rf.get("/_style/job", {"done": done})).status_code == 200


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 418, 422, 429, 500, 503])
def test_every_refusal_is_a_readable_page_with_its_request(rf, status):
    response = errors.page(rf.get("/x"), status=status, request_id="01J<b>")
    page = response.content.decode()
    assert response.status_code == status
    assert "01J&lt;b&gt;" in page
    assert "!" not in page.split("<main")[1]


def test_a_refusal_shows_its_own_sentence_as_text(rf):
    page = errors.page(rf.get("/x"), status=403, sentence="<b>No</b>").content.decode()
    assert "&lt;b&gt;No&lt;/b&gt;" in page


@pytest.mark.parametrize(("chosen", "kept"), [("dark", "dark"), ("light", "light"), ("system", ""), ("<b>", "")])
def test_the_theme_is_remembered_or_forgotten(rf, chosen, kept):
    response = views.theme(rf.post("/theme", {"theme": chosen, "next": "/devices?q=a"}))
    assert response.url == "/devices?q=a"
    assert response.cookies["theme"].value == kept


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_the_theme_switch_leads_nowhere_else(rf, target):
    assert views.theme(rf.post("/theme", {"theme": "dark", "next": target})).url == "/"


def test_panels_answer_in_order_and_may_stay_silent(rf, monkeypatch):
    monkeypatch.setattr(panels, "_providers", {})
    request = rf.get("/")

    def last(request, subject):
        return panels.Panel(template="b.html", title=subject)

    def silent(request, subject):
        return None

    def first(request, subject):
        return panels.Panel(template="a.html")

    panels.register("device.tabs", last)
    panels.register("device.tabs", silent)
    panels.register("device.tabs", first, order=1)
    panels.register("device.tabs", last)
    found = panels.collect("device.tabs", request=request, subject="pump")
    assert [panel.template for panel in found] == ["a.html", "b.html"]
    assert found[1].title == "pump"
    assert panels.collect("device.other", request=request, subject="pump") == []


@pytest.mark.django_db
def test_a_page_asks_the_questions_of_all_rooms_in_one_statement(rf, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(panels, "_questions", {})
    panels.question("device", "next", "SELECT %(pk)s + 1")
    panels.question("device", "all", "SELECT jsonb_build_array(%(pk)s, 'a%%b', NULL)")
    request = rf.get("/")
    with django_assert_num_queries(1):
        assert panels.keep(request, "device", pk=7) == {"next": 8, "all": [7, "a%b", None]}
        assert panels.answer(request, "device", "next", pk=7) == 8
    with django_assert_num_queries(1):
        assert panels.answer(rf.get("/"), "device", "next", pk=9) == 10
    with django_assert_num_queries(0):
        assert panels.ask("place", pk=1) == {}
