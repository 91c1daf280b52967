"""People who work on devices, their teams, skills and hours."""

from openhtm.workforce.models.people import CareerRole, StaffKind, StaffMember
from openhtm.workforce.models.teams import Skill, Specialty, StaffHours, Team, TeamMember

__all__ = ["CareerRole", "Skill", "Specialty", "StaffHours", "StaffKind", "StaffMember", "Team", "TeamMember"]
