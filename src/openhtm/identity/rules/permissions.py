"""Who may do what: the nine roles, the permissions, and which role grants which."""

from enum import StrEnum


class Role(StrEnum):
    REQUESTER = "requester"
    TECHNICIAN = "technician"
    CLINICAL_ENGINEER = "clinical_engineer"
    MANAGER = "manager"
    SECURITY_ANALYST = "security_analyst"
    VENDOR_TECHNICIAN = "vendor_technician"
    SURVEYOR = "surveyor"
    CLINICAL_EDUCATOR = "clinical_educator"
    ADMINISTRATOR = "administrator"


ROLE_LABELS: dict[Role, str] = {
    Role.REQUESTER: "Requester (clinical staff)",
    Role.TECHNICIAN: "Technician (BMET)",
    Role.CLINICAL_ENGINEER: "Clinical engineer",
    Role.MANAGER: "Manager",
    Role.SECURITY_ANALYST: "Security analyst",
    Role.VENDOR_TECHNICIAN: "Vendor technician",
    Role.SURVEYOR: "Surveyor (read only)",
    Role.CLINICAL_EDUCATOR: "Clinical educator",
    Role.ADMINISTRATOR: "Administrator",
}


class Permission(StrEnum):
    """A right, named for the sentence in which it is refused."""

    VIEW_DEVICES = "see devices"
    ADD_DEVICES = "add devices"
    EDIT_DEVICES = "change devices"
    CHANGE_STATUS = "change a device's status"
    MOVE_DEVICES = "move devices"
    SCAN_DEVICES = "record that a device was seen"
    ADD_NOTES = "add notes"
    ADD_ATTACHMENTS = "attach files"
    MERGE_DEVICES = "merge duplicate devices"
    RESOLVE_QUALITY = "settle data quality findings"
    SET_RISK = "set risk inputs"
    IMPORT_DEVICES = "import devices"
    EXPORT_DEVICES = "export devices"
    EXPORT_EVERYTHING = "export the whole instance"
    PRINT_LABELS = "print labels"
    MANAGE_CUSTOM_FIELDS = "define custom fields"
    VIEW_COSTS = "see costs"
    VIEW_NETWORK = "see network addresses"
    VIEW_HISTORY = "read the history"
    VIEW_CATALOG = "see the catalogue"
    EDIT_CATALOG = "change the catalogue"
    VIEW_SITES = "see places and departments"
    EDIT_SITES = "change places and departments"
    EDIT_ORGANISATION = "change facilities and the organisation"
    VIEW_PEOPLE = "see people"
    MANAGE_PEOPLE = "manage people and roles"
    USE_TOKENS = "use API tokens of their own"
    MANAGE_TOKENS = "manage API tokens"
    VIEW_SYSTEM = "see the state of the system"
    VIEW_WORK = "see work orders"
    REPORT_FAULTS = "report faults"
    ADD_WORK = "open work orders"
    DO_WORK = "work on orders and record results"
    ASSIGN_WORK = "assign and plan work"
    REVIEW_WORK = "review and settle work"
    CANCEL_WORK = "cancel, merge and reopen work orders"
    MANAGE_WORK_LISTS = "change coded lists, targets and templates"
    VIEW_PROCEDURES = "see procedures"
    EDIT_PROCEDURES = "write procedures"
    RELEASE_PROCEDURES = "release and retire procedures"
    VIEW_SCHEDULES = "see schedules and visits"
    RECORD_ATTEMPTS = "record attempts at visits"
    EDIT_SCHEDULES = "change schedules and the programme"
    EXCLUDE_VISITS = "exclude visits from the count"
    SIGN_MISSING = "sign that a device is missing"
    PLAN_MAINTENANCE = "plan and level maintenance"
    VIEW_TESTERS = "see testers"
    MANAGE_TESTERS = "manage testers and calibrations"
    DO_ROUNDS = "make rounds"
    DO_READINESS = "do readiness checks"
    MANAGE_READINESS = "set up readiness checks"
    MANAGE_TEAMS = "manage teams and staff hours"
    VIEW_STAFF = "see staff and what they may work on"
    MANAGE_STAFF = "manage staff, credentials and qualification policies"
    VIEW_STAFF_RECORDS = "read personal staff records"
    VIEW_PAY = "see what people's hours cost"
    SIGN_COMPETENCIES = "sign competencies"
    OVERRIDE_QUALIFICATION = "let somebody work without the qualification asked for"
    VIEW_TRAINING = "see the training of clinical staff"
    MANAGE_TRAINING = "run the training of clinical staff"
    MANAGE_SURVEYS = "hold staff surveys"
    VIEW_STAFFING = "see the staffing forecast"


P = Permission
_WATCHER = frozenset({P.VIEW_DEVICES, P.SCAN_DEVICES, P.VIEW_SITES, P.VIEW_CATALOG, P.VIEW_WORK})
_REQUESTER = _WATCHER | {P.REPORT_FAULTS, P.DO_READINESS, P.SIGN_MISSING, P.VIEW_TRAINING}
_READER = _WATCHER | {
    P.VIEW_HISTORY, P.EXPORT_DEVICES, P.VIEW_PEOPLE, P.USE_TOKENS, P.VIEW_PROCEDURES, P.VIEW_SCHEDULES, P.VIEW_TESTERS,
    P.VIEW_STAFF, P.VIEW_TRAINING,
}  # fmt: skip
_TECHNICIAN = _READER | {
    P.ADD_DEVICES, P.EDIT_DEVICES, P.CHANGE_STATUS, P.MOVE_DEVICES, P.ADD_NOTES, P.ADD_ATTACHMENTS, P.PRINT_LABELS, P.VIEW_NETWORK,
    P.RESOLVE_QUALITY, P.VIEW_COSTS, P.REPORT_FAULTS, P.ADD_WORK, P.DO_WORK, P.RECORD_ATTEMPTS, P.MANAGE_TESTERS, P.DO_ROUNDS,
    P.DO_READINESS,
}  # fmt: skip
_ENGINEER = _TECHNICIAN | {
    P.MERGE_DEVICES, P.SET_RISK, P.IMPORT_DEVICES, P.EDIT_CATALOG, P.ASSIGN_WORK, P.REVIEW_WORK, P.CANCEL_WORK, P.EDIT_PROCEDURES,
    P.RELEASE_PROCEDURES, P.EDIT_SCHEDULES, P.EXCLUDE_VISITS, P.PLAN_MAINTENANCE, P.MANAGE_READINESS, P.SIGN_COMPETENCIES, P.OVERRIDE_QUALIFICATION,
    P.MANAGE_TRAINING,
}  # fmt: skip
_MANAGER = _ENGINEER | {
    P.EDIT_SITES, P.MANAGE_CUSTOM_FIELDS, P.VIEW_SYSTEM, P.MANAGE_WORK_LISTS, P.MANAGE_TEAMS, P.SIGN_MISSING, P.MANAGE_STAFF,
    P.VIEW_STAFF_RECORDS, P.VIEW_PAY, P.MANAGE_SURVEYS, P.VIEW_STAFFING,
}  # fmt: skip

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.REQUESTER: _REQUESTER,
    Role.TECHNICIAN: _TECHNICIAN,
    Role.CLINICAL_ENGINEER: _ENGINEER,
    Role.MANAGER: _MANAGER,
    Role.SECURITY_ANALYST: _READER | {P.VIEW_NETWORK, P.ADD_NOTES, P.ADD_ATTACHMENTS, P.REPORT_FAULTS, P.ADD_WORK},
    Role.VENDOR_TECHNICIAN: _WATCHER | {P.ADD_NOTES, P.ADD_ATTACHMENTS, P.DO_WORK, P.VIEW_PROCEDURES},
    Role.SURVEYOR: _READER - {P.USE_TOKENS, P.SCAN_DEVICES},
    Role.CLINICAL_EDUCATOR: _REQUESTER | {P.MANAGE_TRAINING, P.VIEW_PEOPLE, P.USE_TOKENS},
    Role.ADMINISTRATOR: frozenset(Permission),
}
"""The rights of each role at the facilities it is given for."""
