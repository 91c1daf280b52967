"""Records of work: orders and what happened on them, results and signatures, coded lists and targets."""

from openhtm.workorders.models.codes import CodeList, DeviceCode, ServiceTarget, WorkCode, WorkTemplate
from openhtm.workorders.models.evidence import Checklist, HeldResult, Purpose, Result, ReviewReason, Signature, SignatureMeaning, TesterFile
from openhtm.workorders.models.order import Origin, WorkOrder
from openhtm.workorders.models.qualification import ClosingQualification, QualificationOverride
from openhtm.workorders.models.records import (
    Downtime,
    LabourEntry,
    OtherCost,
    PartUsed,
    ReportVerdict,
    VendorReport,
    WorkAttachment,
    WorkComment,
    WorkEvent,
    WorkWatcher,
)
from openhtm.workorders.models.requests import PublicTry

__all__ = [
    "Checklist", "ClosingQualification", "CodeList", "DeviceCode", "Downtime", "HeldResult", "LabourEntry", "Origin", "OtherCost", "PartUsed", "PublicTry", "Purpose", "QualificationOverride",
    "ReportVerdict", "Result", "ReviewReason", "ServiceTarget", "Signature", "SignatureMeaning", "TesterFile", "VendorReport", "WorkAttachment",
    "WorkCode", "WorkComment", "WorkEvent",
    "WorkOrder", "WorkTemplate", "WorkWatcher",
]  # fmt: skip
