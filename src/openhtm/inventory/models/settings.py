"""What a site sets for its inventory: custom fields, risk profiles, saved views, labels."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.inventory.models.device import Device
from openhtm.sites.models import Facility


class FieldKind(models.TextChoices):
    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    DATE = "date", "Date"
    CHOICE = "choice", "Choice"
    YES_NO = "yes_no", "Yes or no"


@tracked()
class CustomField(models.Model):
    """A field the site adds to every device. Its key is permanent; its label may change."""

    key = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Use small letters, digits and _, starting with a letter.")],
    )
    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=FieldKind.choices)
    choices = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    help_text = models.CharField(max_length=200, blank=True)
    required = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=100)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "label", "pk"]
        constraints = [
            models.CheckConstraint(
                name="custom_field_choice_has_choices",
                condition=~Q(kind="choice") | ~Q(choices=[]),
                violation_error_message="A choice field needs choices.",
            ),
        ]

    def __str__(self) -> str:
        return self.label


@tracked()
class RiskProfile(models.Model):
    """A scoring model as data: factors, weights, thresholds, with source, edition and effective range."""

    code = models.SlugField(max_length=60)
    edition = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    definition = models.JSONField(help_text="As read by inventory.rules.risk.")
    source = models.CharField(max_length=300)
    confidence = models.CharField(max_length=10)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)
    shipped = models.BooleanField(default=True)

    class Meta:
        ordering = ["code", "-effective_from", "pk"]
        constraints = [models.UniqueConstraint(fields=["code", "edition"], name="risk_profile_edition_once")]

    def __str__(self) -> str:
        return self.name


@tracked()
class DeviceRiskInput(models.Model):
    """Risk inputs of one device where they differ from its type's, with who says so and why."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="risk_inputs")
    family = models.CharField(max_length=40, help_text="fennigkoh, wang or five_category.")
    inputs = models.JSONField()
    reason = models.CharField(max_length=400)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["device", "family"], name="device_risk_input_once")]


@tracked()
class SavedView(models.Model):
    """A named list: filters and columns, private or shared."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    page = models.CharField(max_length=30, default="devices")
    query = models.CharField(max_length=1000, blank=True, help_text="The filters as in the address of the list.")
    columns = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    shared_with = models.ForeignKey(Facility, models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: private.")
    position = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "owner",
                "page",
                Lower("name"),
                name="saved_view_name_once",
                violation_error_message="You already have a view of that name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class LabelTemplate(models.Model):
    """A label size and what is printed on it."""

    name = models.CharField(max_length=60, unique=True)
    width_mm = models.DecimalField(max_digits=5, decimal_places=1)
    height_mm = models.DecimalField(max_digits=5, decimal_places=1)
    columns = models.PositiveSmallIntegerField(default=1, help_text="Labels across a sheet; 1 with no page size: a label printer.")
    rows = models.PositiveSmallIntegerField(default=1)
    page = models.CharField(
        max_length=10,
        choices=[("label", "Label printer"), ("a4", "A4 sheet"), ("letter", "Letter sheet")],
        default="label",
    )
    margin_mm = models.DecimalField(max_digits=4, decimal_places=1, default=1.5, help_text="Kept free at each edge of a label.")
    gap_mm = models.DecimalField(
        max_digits=4, decimal_places=1, default=0, help_text="Between columns; a sheet's labels are centred on it."
    )
    row_gap_mm = models.DecimalField(max_digits=4, decimal_places=1, default=0, help_text="Between rows.")
    show_qr = models.BooleanField(default=True)
    show_datamatrix = models.BooleanField(default=False)
    lines = ArrayField(
        models.CharField(max_length=30),
        default=list,
        help_text="Which texts, from inventory.rules.labels.LINE_LABELS; the first stands out.",
    )

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="label_template_size",
                condition=Q(width_mm__gte=10, height_mm__gte=8, columns__gte=1, rows__gte=1),
                violation_error_message="A label is at least 10 by 8 mm.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
