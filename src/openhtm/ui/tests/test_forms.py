"""Forms in our markup: label, help, error and their ties for screen readers."""

import pytest
from django import forms
from django.forms.renderers import get_default_renderer
from django.template import Context, Template

from openhtm.ui.forms import Renderer


class DeviceForm(forms.Form):
    default_renderer = Renderer

    serial = forms.CharField(label="Serial <number>", max_length=5, help_text="As on the plate.")
    price = forms.DecimalField(required=False)
    risk = forms.ChoiceField(choices=[("h", "High"), ("o", "Other")], widget=forms.RadioSelect, help_text="Ask first.")
    critical = forms.BooleanField(required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_field_carries_its_label_help_and_error():
    html = DeviceForm({"serial": "<b>too long"})["serial"].as_field_group()
    assert '<label for="id_serial">Serial &lt;number&gt;</label>' in html
    assert 'id="id_serial_helptext"' in html
    assert 'id="id_serial_error"' in html
    assert 'aria-describedby="id_serial_helptext id_serial_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'value="&lt;b&gt;too long"' in html


def test_optional_is_said_and_required_is_the_rule():
    form = DeviceForm()
    assert "optional" in form["price"].as_field_group()
    assert "optional" not in form["serial"].as_field_group()


def test_a_group_of_choices_is_a_fieldset_with_a_legend():
    html = DeviceForm({"risk": ""})["risk"].as_field_group()
    assert "<legend>Risk</legend>" in html
    assert 'aria-describedby="id_risk_helptext id_risk_error"' in html


def test_a_single_box_stands_before_its_label():
    html = DeviceForm()["critical"].as_field_group()
    assert html.index("<input") < html.index("Critical")


def test_the_summary_leads_to_each_field_and_repeats_no_markup():
    form = DeviceForm({"serial": "abcdefgh"})
    form.add_error(None, "<i>Twice</i>")
    html = form.render()
    assert "3 things need correcting" in html
    assert '<a href="#id_serial">Serial &lt;number&gt;</a>' in html
    assert "&lt;i&gt;Twice&lt;/i&gt;" in html
    assert 'type="hidden" name="token"' in html


@pytest.mark.parametrize(("given", "place"), [('prefix="$"', "<span>$</span><input"), ('suffix="months"', "<span>months</span></span>")])
def test_a_unit_stands_beside_the_number(given, place):
    markup = "{% load ui %}{% field form.price " + given + " %}"
    assert place in Template(markup).render(Context({"form": DeviceForm()}))


def test_the_project_renders_forms_with_the_kit():
    assert get_default_renderer().field_template_name == "ui/form/field.html"
