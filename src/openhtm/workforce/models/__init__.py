"""People who work on devices: teams, skills, hours and absences, what they learnt, where they worked, what they are certified for."""

from openhtm.workforce.models.availability import Absence, AbsenceKind, Holiday, HolidayCalendar, ShiftPattern
from openhtm.workforce.models.credentials import CeuEntry, Credential, CredentialStatus, CredentialTier
from openhtm.workforce.models.history import Degree, EducationFact, EducationKind, EmploymentFact, StudyField
from openhtm.workforce.models.people import CareerRole, StaffKind, StaffMember
from openhtm.workforce.models.teams import Skill, Specialty, StaffHours, Team, TeamMember

__all__ = [
    "Absence", "AbsenceKind", "CareerRole", "CeuEntry", "Credential", "CredentialStatus", "CredentialTier", "Degree", "EducationFact",
    "EducationKind", "EmploymentFact", "Holiday", "HolidayCalendar", "ShiftPattern", "Skill", "Specialty", "StaffHours", "StaffKind",
    "StaffMember", "StudyField", "Team", "TeamMember",
]  # fmt: skip
