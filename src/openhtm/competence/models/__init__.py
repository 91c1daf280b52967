"""Records of competence: who may do which work, what policies ask for, and the training that is planned."""

from openhtm.competence.models.policies import CoverageTarget, QualificationPolicy
from openhtm.competence.models.records import Competency
from openhtm.competence.models.training import PlannedTraining, TrainingOffer

__all__ = ["Competency", "CoverageTarget", "PlannedTraining", "QualificationPolicy", "TrainingOffer"]
