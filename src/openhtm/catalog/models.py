"""The catalogue: who makes what, what kind of device it is, and the official nomenclatures."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.documents.models import StoredFile


class ReferenceLoad(models.Model):
    """One run of a loader of official reference data: which file, which edition, what it changed."""

    system = models.CharField(max_length=30, help_text="fda-classification, gudid, emdn, gmdn or starter.")
    edition = models.CharField(max_length=60, blank=True)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-loaded_at", "-pk"]


class ProductCode(models.Model):
    """An FDA product code with its classification. Retired codes stay: devices may still point to them."""

    code = models.CharField(max_length=3, primary_key=True)
    name = models.CharField(max_length=400)
    device_class = models.CharField(max_length=1, blank=True, help_text="1, 2, 3, U (unclassified), N or F.")
    panel = models.CharField(max_length=2, blank=True, help_text="Review panel, such as AN for anesthesiology.")
    medical_specialty = models.CharField(max_length=2, blank=True)
    regulation_number = models.CharField(max_length=12, blank=True, help_text="21 CFR section, such as 868.5895.")
    life_sustaining = models.BooleanField(default=False)
    implant = models.BooleanField(default=False)
    definition = models.TextField(blank=True)
    edition = models.CharField(max_length=60, blank=True)
    retired = models.BooleanField(default=False, help_text="No longer in the newest edition loaded.")

    class Meta:
        ordering = ["code"]
        indexes = [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="product_code_name_trgm")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class EmdnTerm(models.Model):
    """A node of the European Medical Device Nomenclature."""

    code = models.CharField(max_length=20, primary_key=True)
    term = models.CharField(max_length=400)
    level = models.PositiveSmallIntegerField()
    terminal = models.BooleanField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    edition = models.CharField(max_length=60, blank=True)
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ["code"]
        indexes = [GinIndex(OpClass(Upper("term"), name="gin_trgm_ops"), name="emdn_term_trgm")]

    def __str__(self) -> str:
        return f"{self.code} {self.term}"


class GmdnTerm(models.Model):
    """A GMDN term as published in GUDID. The terms are the GMDN Agency's."""

    code = models.CharField(max_length=10, primary_key=True)
    name = models.CharField(max_length=400)
    definition = models.TextField(blank=True)
    related_emdn = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    edition = models.CharField(max_length=60, blank=True)
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ["code"]
        indexes = [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="gmdn_name_trgm")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class GudidRecord(models.Model):
    """A record of FDA's Global UDI Database: reference data, not (yet) a model of ours."""

    record_key = models.CharField(max_length=60, unique=True, help_text="Public device record key; else the primary DI.")
    primary_di = models.CharField(max_length=30, db_index=True)
    status = models.CharField(max_length=20, blank=True)
    published_on = models.DateField(null=True)
    distribution_ended_on = models.DateField(null=True)
    distribution_status = models.CharField(max_length=60, blank=True)
    brand_name = models.CharField(max_length=400, blank=True)
    version_or_model = models.CharField(max_length=400, blank=True)
    catalog_number = models.CharField(max_length=400, blank=True)
    company_name = models.CharField(max_length=400, blank=True)
    description = models.TextField(blank=True)
    product_codes = ArrayField(models.CharField(max_length=10), default=list)
    gmdn_terms = models.JSONField(default=list, help_text="List of {code, name, definition}.")
    mri_safety = models.CharField(max_length=60, blank=True)
    flags = models.JSONField(
        default=dict,
        help_text="single_use, has_serial, has_lot, has_expiry, has_manufacturing_date, kit, rx, otc, sterile …",
    )
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the source record: tells unchanged from updated.")
    edition = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [
            GinIndex(
                *(
                    OpClass(Upper(name), name="gin_trgm_ops")
                    for name in ("brand_name", "version_or_model", "catalog_number", "company_name")
                ),
                name="gudid_words_trgm",
            )
        ]

    def __str__(self) -> str:
        return self.primary_di


class IdentifierKind(models.TextChoices):
    PRIMARY = "primary", "Primary"
    SECONDARY = "secondary", "Secondary"
    PACKAGE = "package", "Package"
    DIRECT_MARKING = "direct_marking", "Direct marking"
    UNIT_OF_USE = "unit_of_use", "Unit of use"
    PREVIOUS = "previous", "Previous"


class Issuer(models.TextChoices):
    GS1 = "GS1", "GS1"
    HIBCC = "HIBCC", "HIBCC"
    ICCBBA = "ICCBBA", "ICCBBA"
    NDC = "NDC/NHRIC", "NDC/NHRIC"


class GudidIdentifier(models.Model):
    """One device identifier of a GUDID record."""

    record = models.ForeignKey(GudidRecord, models.CASCADE, related_name="identifiers")
    di = models.CharField(max_length=30, db_index=True)
    kind = models.CharField(max_length=20, choices=IdentifierKind.choices)
    issuer = models.CharField(max_length=10, choices=Issuer.choices)
    contained_di = models.CharField(max_length=30, blank=True)
    quantity = models.PositiveIntegerField(null=True)
    package_status = models.CharField(max_length=60, blank=True)
    check_valid = models.BooleanField(default=True, help_text="False: the check digit is wrong, as it is in some real records.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "di", "kind"], name="gudid_identifier_once")]


@tracked()
class Manufacturer(models.Model):
    """A maker of devices. A merged one stays, points to its successor, and still resolves."""

    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200, unique=True, editable=False, help_text="core.text.company_key of the name.")
    country = models.CharField(max_length=2, blank=True)
    website = models.URLField(blank=True)
    support_phone = models.CharField(max_length=40, blank=True)
    support_email = models.EmailField(blank=True)
    is_unknown = models.BooleanField(default=False, help_text="The one record that stands for an unknown maker.")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="predecessors")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="manufacturer_not_merged_into_itself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk")),
            ),
            models.UniqueConstraint(fields=["is_unknown"], condition=Q(is_unknown=True), name="manufacturer_one_unknown"),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class ManufacturerAlias(models.Model):
    """Another spelling or an old name, with where we have it from."""

    manufacturer = models.ForeignKey(Manufacturer, models.CASCADE, related_name="aliases")
    alias = models.CharField(max_length=200)
    alias_key = models.CharField(max_length=200, unique=True, editable=False)
    source = models.CharField(max_length=60, blank=True, help_text="starter, import, merge or a person.")

    class Meta:
        ordering = ["alias", "pk"]

    def __str__(self) -> str:
        return self.alias


@tracked()
class DeviceType(models.Model):
    """A kind of device ("Infusion pump") with its codes in the nomenclatures and what follows from being one."""

    code = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    synonyms = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    category = models.CharField(max_length=60, blank=True)
    product_code = models.ForeignKey(ProductCode, models.PROTECT, null=True, blank=True, related_name="device_types")
    device_class = models.CharField(max_length=1, blank=True)
    panel = models.CharField(max_length=2, blank=True)
    regulation_number = models.CharField(max_length=12, blank=True)
    life_support = models.BooleanField(default=False)
    high_risk = models.BooleanField(default=False)
    high_risk_source = models.CharField(max_length=200, blank=True, help_text="Who says so: a flag, a rule, a committee.")
    aem_ineligible = models.CharField(
        max_length=10,
        blank=True,
        choices=[("LAW", "Other law"), ("IMAGING", "Imaging or radiologic"), ("LASER", "Medical laser")],
    )
    gmdn = models.CharField(max_length=10, blank=True)
    emdn = models.CharField(max_length=20, blank=True)
    umdns = models.CharField(max_length=10, blank=True)
    expected_life_years = models.PositiveSmallIntegerField(null=True, blank=True)
    networked = models.BooleanField(default=False, help_text="Typically on the hospital's network.")
    risk_inputs = models.JSONField(default=dict, blank=True, help_text="{profile family: {factor: value}}; see inventory risk profiles.")
    source = models.CharField(max_length=30, default="local", help_text="starter or local.")
    edition = models.CharField(max_length=60, blank=True)
    locally_changed = models.BooleanField(default=False, help_text="A newer starter edition does not overwrite it.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Upper("name"),
                name="device_type_name_once",
                violation_error_message="Another device type has this name.",
            ),
            models.CheckConstraint(
                name="device_type_high_risk_has_source",
                condition=Q(high_risk=False) | ~Q(high_risk_source=""),
                violation_error_message="Say where the high-risk flag comes from.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class DeviceModel(models.Model):
    """A manufacturer's model. ``name`` is empty where the maker is known and the model is not."""

    manufacturer = models.ForeignKey(Manufacturer, models.PROTECT, related_name="device_models")
    name = models.CharField(max_length=200, blank=True, help_text="Model as on the type plate; empty if unknown.")
    catalog_number = models.CharField(max_length=100, blank=True, help_text="Order or reference number.")
    brand_name = models.CharField(max_length=200, blank=True)
    device_type = models.ForeignKey(DeviceType, models.PROTECT, null=True, blank=True, related_name="device_models")
    description = models.TextField(blank=True)
    expected_life_years = models.PositiveSmallIntegerField(null=True, blank=True)
    list_price_cents = models.BigIntegerField(null=True, blank=True)
    support_ends_on = models.DateField(null=True, blank=True, help_text="Last day on which the manufacturer gives parts and service.")
    end_of_life_on = models.DateField(null=True, blank=True, help_text="Last day of sale or of the expected service life, as announced.")
    end_of_support_source = models.CharField(max_length=200, blank=True)
    gudid_record_key = models.CharField(max_length=60, blank=True)
    mri_safety = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=30, default="local")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["manufacturer__name", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "manufacturer",
                Upper("name"),
                Upper("catalog_number"),
                F("device_type"),
                name="device_model_once",
                nulls_distinct=False,
                violation_error_message="This manufacturer already has a model of that name, catalogue number and type.",
            ),
            models.CheckConstraint(
                name="device_model_price_not_negative",
                condition=Q(list_price_cents__isnull=True) | Q(list_price_cents__gte=0),
            ),
        ]
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="device_model_name_trgm"),  # search by part of a name
        ]

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.name or self.catalog_number or '(model unknown)'}"


@tracked()
class ModelIdentifier(models.Model):
    """A UDI-DI of a device model; a model may have any number of them."""

    device_model = models.ForeignKey(DeviceModel, models.CASCADE, related_name="identifiers")
    di = models.CharField(max_length=30, db_index=True)
    issuer = models.CharField(max_length=10, choices=Issuer.choices)
    kind = models.CharField(max_length=20, choices=IdentifierKind.choices, default=IdentifierKind.PRIMARY)
    quantity = models.PositiveIntegerField(null=True, blank=True, help_text="Devices in the package.")
    check_valid = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "di", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device_model", "di"],
                name="model_identifier_once",
                violation_error_message="This model already has that identifier.",
            ),
        ]

    def __str__(self) -> str:
        return self.di


class DocumentKind(models.TextChoices):
    IFU = "ifu", "Instructions for use"
    SERVICE_MANUAL = "service_manual", "Service manual"
    PARTS_LIST = "parts_list", "Parts list"
    QUICK_GUIDE = "quick_guide", "Quick guide"
    MDS2 = "mds2", "MDS2"
    SBOM = "sbom", "SBOM"
    CERTIFICATE = "certificate", "Certificate"
    OTHER = "other", "Other"


@tracked()
class ModelDocument(models.Model):
    """A document of the manufacturer, with the revision that is meant."""

    device_model = models.ForeignKey(DeviceModel, models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind.choices)
    title = models.CharField(max_length=200)
    revision = models.CharField(max_length=60, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True)
    url = models.URLField(blank=True, max_length=500)
    file = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    file_name = models.CharField(max_length=200, blank=True)
    superseded_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="supersedes")

    class Meta:
        ordering = ["kind", "title", "-revision", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device_model", "kind", "title", "revision"],
                name="model_document_once",
                violation_error_message="That revision is already here.",
            ),
            models.CheckConstraint(
                name="model_document_is_somewhere",
                condition=Q(file__isnull=False) | ~Q(url=""),
                violation_error_message="Give a file or an address.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.revision}".strip()
