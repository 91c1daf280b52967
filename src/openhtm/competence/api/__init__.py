"""The API of competence."""

from openhtm.competence.api.competencies import router as competencies
from openhtm.competence.api.planning import router as planning

routers = (competencies, planning)
