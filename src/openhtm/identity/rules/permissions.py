"""Who may do what: the eight roles, the permissions, and which role grants which."""

from enum import StrEnum


class Role(StrEnum):
    REQUESTER = "requester"
    TECHNICIAN = "technician"
    CLINICAL_ENGINEER = "clinical_engineer"
    MANAGER = "manager"
    SECURITY_ANALYST = "security_analyst"
    VENDOR_TECHNICIAN = "vendor_technician"
    SURVEYOR = "surveyor"
    ADMINISTRATOR = "administrator"


ROLE_LABELS: dict[Role, str] = {
    Role.REQUESTER: "Requester (clinical staff)",
    Role.TECHNICIAN: "Technician (BMET)",
    Role.CLINICAL_ENGINEER: "Clinical engineer",
    Role.MANAGER: "Manager",
    Role.SECURITY_ANALYST: "Security analyst",
    Role.VENDOR_TECHNICIAN: "Vendor technician",
    Role.SURVEYOR: "Surveyor (read only)",
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


P = Permission
_REQUESTER = frozenset({P.VIEW_DEVICES, P.SCAN_DEVICES, P.VIEW_SITES, P.VIEW_CATALOG})
_READER = _REQUESTER | {P.VIEW_HISTORY, P.EXPORT_DEVICES, P.VIEW_PEOPLE, P.USE_TOKENS}
_TECHNICIAN = _READER | {
    P.ADD_DEVICES, P.EDIT_DEVICES, P.CHANGE_STATUS, P.MOVE_DEVICES, P.ADD_NOTES, P.ADD_ATTACHMENTS, P.PRINT_LABELS, P.VIEW_NETWORK,
    P.RESOLVE_QUALITY, P.VIEW_COSTS,
}  # fmt: skip
_ENGINEER = _TECHNICIAN | {P.MERGE_DEVICES, P.SET_RISK, P.IMPORT_DEVICES, P.EDIT_CATALOG}
_MANAGER = _ENGINEER | {P.EDIT_SITES, P.MANAGE_CUSTOM_FIELDS, P.VIEW_SYSTEM}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.REQUESTER: _REQUESTER,
    Role.TECHNICIAN: _TECHNICIAN,
    Role.CLINICAL_ENGINEER: _ENGINEER,
    Role.MANAGER: _MANAGER,
    Role.SECURITY_ANALYST: _READER | {P.VIEW_NETWORK, P.ADD_NOTES, P.ADD_ATTACHMENTS},
    Role.VENDOR_TECHNICIAN: frozenset({P.VIEW_DEVICES, P.SCAN_DEVICES, P.ADD_NOTES, P.ADD_ATTACHMENTS, P.VIEW_CATALOG, P.VIEW_SITES}),
    Role.SURVEYOR: _READER - {P.USE_TOKENS, P.SCAN_DEVICES},
    Role.ADMINISTRATOR: frozenset(Permission),
}
"""The rights of each role at the facilities it is given for."""
