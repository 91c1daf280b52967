"""What a bar code of a bare device identifier would hold."""

from openhtm.catalog.rules.udi import gs1_brackets, hibc_string


def carrier_text(issuer: str, di: str) -> str:
    """Return the text to print under or put into a bar code for ``di``; the identifier itself where there is no such form."""
    if issuer == "GS1" and len(di) == 14 and di.isdigit():
        return gs1_brackets({"01": di})
    if issuer == "HIBCC":
        try:
            return hibc_string(di=di)
        except ValueError:  # an identifier as published, which HIBC cannot hold
            return di
    return di
