"""Files: content-addressed, stored outside the web root, named here."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from openhtm.core.history import tracked
from openhtm.documents.rules.media import BY_TYPE


@tracked()
class StoredFile(models.Model):
    """One file's content, kept once under ``$OPENHTM_HOME/files/ab/cd/<sha256>``. Never changed, never served inline as HTML."""

    sha256 = models.CharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    media_type = models.CharField(max_length=100, help_text="As found in the content, not as claimed by the sender.")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-uploaded_at", "-pk"]

    @property
    def kind(self) -> str:
        """What it is, for people: PDF document."""
        known = BY_TYPE.get(self.media_type)
        return known.label if known else self.media_type

    def __str__(self) -> str:
        return self.sha256[:12]
