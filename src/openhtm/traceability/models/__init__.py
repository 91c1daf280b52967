"""What testers' files held, how they are read, and the work that a tester in doubt makes."""

from openhtm.traceability.models.doubts import DoubtOrder
from openhtm.traceability.models.files import FileRow, FileTest
from openhtm.traceability.models.mappings import FileMapping

__all__ = ["DoubtOrder", "FileMapping", "FileRow", "FileTest"]
