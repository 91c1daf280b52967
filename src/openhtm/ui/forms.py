"""Django's forms in our markup: set ``FORM_RENDERER = "openhtm.ui.forms.Renderer"``."""

from django.forms.renderers import DjangoTemplates


class Renderer(DjangoTemplates):
    """``{{ form }}`` and ``{{ form.field.as_field_group }}`` by the kit's templates; widgets stay Django's."""

    form_template_name = "ui/form/form.html"
    formset_template_name = "ui/form/formset.html"
    field_template_name = "ui/form/field.html"
