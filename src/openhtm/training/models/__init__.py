"""Tables of clinical training."""

from openhtm.training.models.people import Clinician, ClinicianQuerySet, UnitPlace, of_units
from openhtm.training.models.policy import PolicyQuerySet, TrainingPolicy
from openhtm.training.models.sessions import (
    Attendance,
    Course,
    Decision,
    SessionKind,
    SessionQuerySet,
    Settlement,
    SignedBy,
    SignInTry,
    TrainingSession,
)

__all__ = [
    "Attendance",
    "Clinician",
    "ClinicianQuerySet",
    "Course",
    "Decision",
    "PolicyQuerySet",
    "SessionKind",
    "SessionQuerySet",
    "Settlement",
    "SignInTry",
    "SignedBy",
    "TrainingPolicy",
    "TrainingSession",
    "UnitPlace",
    "of_units",
]
