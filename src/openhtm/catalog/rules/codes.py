"""How the codes of the nomenclatures look. Whether a code exists is for the loaded lists to say."""

import re

FDA_UNLOADED = "starter"
"""The ``edition`` of a product code that only our own types name, before FDA's list is loaded."""
_SHAPES = {
    "product_code": (re.compile(r"[A-Z0-9]{3}"), "An FDA product code has three letters or digits, such as FRN."),
    "gmdn": (re.compile(r"[0-9]{5}"), "A GMDN code has five digits, such as 13215."),
    "emdn": (re.compile(r"[A-Z](?:[0-9]{2}){0,6}"), "An EMDN code is a letter followed by pairs of digits, such as Z12030301."),
    "umdns": (re.compile(r"[0-9]{2}-[0-9]{3}"), "A UMDNS code looks like 13-215."),
    "regulation_number": (re.compile(r"[0-9]{3}\.[0-9]{1,5}"), "A regulation number looks like 880.5725."),
    "device_class": (re.compile(r"[123UNF]"), "The class is 1, 2, 3, U, N or F."),
    "panel": (re.compile(r"[A-Z]{2}"), "A review panel has two letters, such as HO."),
}


def normal_code(kind: str, text: str) -> str:
    """Return ``text`` as it is stored: capitals, no white space; a UMDNS code of five digits gets its hyphen."""
    code = "".join(text.split()).upper()
    return f"{code[:2]}-{code[2:]}" if kind == "umdns" and len(code) == 5 and code.isdigit() else code


def code_fault(kind: str, code: str) -> str | None:
    """Say what is wrong with the form of ``code`` (already normal), or None. Empty is allowed."""
    shape, sentence = _SHAPES[kind]
    return None if not code or shape.fullmatch(code) else sentence
