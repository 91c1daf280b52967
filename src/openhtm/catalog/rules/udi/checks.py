"""Content checks of one value or part of a value, named as GS1 names them, and the check characters of all issuers.

Each check takes the text and returns None, or what is wrong: the code, and the start and length of the fault inside the
text. Source: GS1 General Specifications and the GS1 Barcode Syntax Dictionary, whose test cases run in the tests.
``gcppos1``, ``gcppos2`` (company prefixes), ``iso4217``, ``packagetype`` and the coupon checks need lists that change
outside of a release, or have no place on a medical device; their values are checked for characters and length only.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from functools import lru_cache

Finding = tuple[str, int, int]
Check = Callable[[str], Finding | None]

CSET32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CSET43 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_VALUE43 = {char: value for value, char in enumerate(CSET43)}
_VALUE82 = {char: value for value, char in enumerate(CSET82)}
_CHECK_PAIR_MAX = 99  # two characters behind at most 97 weighted ones
_DIGIT = re.compile(r"[0-9]")


def gtin_check_digit(digits: str) -> str:
    """Return the mod-10 check digit for ``digits`` (without one). Raises ValueError unless ASCII digits only.

    Weights 3, 1, 3, 1… from the rightmost digit (GS1 General Specifications 7.9): ``5102222223333`` gives ``6``.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"a check digit needs digits only, got {digits!r}")
    values = digits.encode()[::-1]
    total = 3 * sum(value - 48 for value in values[::2]) + sum(value - 48 for value in values[1::2])
    return str(-total % 10)


def has_valid_gtin_check(gtin: str) -> bool:
    """Tell whether ``gtin`` is 8, 12, 13 or 14 digits ending in the right check digit."""
    return len(gtin) in (8, 12, 13, 14) and gtin.isascii() and gtin.isdigit() and mod10_holds(gtin)


def mod10_holds(digits: str) -> bool:
    """Tell whether the last of ``digits`` (ASCII digits, not checked) is their mod-10 check digit."""
    values = digits.encode()[::-1]
    ones, threes = values[::2], values[1::2]
    return (sum(ones) + 3 * sum(threes) - 48 * (len(ones) + 3 * len(threes))) % 10 == 0


def mod43_check(text: str) -> str:
    """Return the HIBC check character for ``text``, the leading ``+`` included: ``+A123BJC5D6E71`` gives ``G``.

    Raises ValueError on a character outside the 43. Source: ANSI/HIBC 2.6, appendix on the check character.
    """
    try:
        return CSET43[sum(_VALUE43[char] for char in text) % 43]
    except KeyError as error:
        raise ValueError(f"no HIBC character: {error.args[0]!r}") from None


def mod37_2_check(text: str) -> int:
    """Return the ISO 7064 mod 37-2 check value (0-36) of capital letters and digits, as ISBT 128 uses it for donations."""
    total = 0
    for char in text:
        total = (total + int(char, 36)) * 2 % 37
    return (38 - total) % 37


def _charset(pattern: str, code: str) -> Check:
    outside = re.compile(f"[^{pattern}]")

    def check(text: str) -> Finding | None:
        found = outside.search(text)
        return (code, found.start(), 1) if found else None

    return check


csetnumeric = _charset("0-9", "non-digit-character")
cset39 = _charset("-#/0-9A-Z", "invalid-cset39-character")
cset82 = _charset(re.escape(CSET82), "invalid-cset82-character")
_cset64_body = _charset("-_0-9A-Za-z", "invalid-cset64-character")


def cset64(text: str) -> Finding | None:
    body = text.rstrip("=")
    if found := _cset64_body(body):
        return found
    padding = len(text) - len(body)
    wrong = padding > 2 or (padding and len(text) % 3)
    return ("invalid-cset64-padding", len(body), padding) if wrong else None


def csum(text: str) -> Finding | None:
    if not text:
        return ("too-short-for-check-digit", 0, 0)
    if found := csetnumeric(text):
        return found
    return None if mod10_holds(text) else ("incorrect-check-digit", len(text) - 1, 1)


def csumalpha(text: str) -> Finding | None:
    size = len(text)
    if size < 2:
        return ("too-short-for-check-pair", 0, size)
    if size > _CHECK_PAIR_MAX:
        return ("too-long-for-check-pair-implementation", 0, size)
    if found := cset82(text[:-2]):
        return found
    return None if text[-2:] == check_pair(text[:-2]) else ("incorrect-check-pair", size - 2, 2)


def check_pair(text: str) -> str:
    """Return the two check characters of a GMN or M-UDI-DI (GS1 General Specifications 7.9.5): primes, modulo 1021."""
    primes = _first_primes(len(text))
    total = sum(_VALUE82[char] * prime for char, prime in zip(reversed(text), primes, strict=True)) % 1021
    return CSET32[total >> 5] + CSET32[total & 31]


@lru_cache(maxsize=128)
def _first_primes(count: int) -> tuple[int, ...]:
    primes: list[int] = []
    candidate = 2
    while len(primes) < count:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return tuple(primes)


def _date(text: str, *, year_digits: int, day_may_be_zero: bool) -> Finding | None:
    size = year_digits + 4
    if len(text) != size:
        return ("date-too-short" if len(text) < size else "date-too-long", 0, len(text))
    if found := csetnumeric(text):
        return found
    year, month, day = int(text[:year_digits]), int(text[-4:-2]), int(text[-2:])
    if not 1 <= month <= 12:
        return ("illegal-month", year_digits, 2)
    if year_digits == 2:
        year += 2000  # every YY divisible by four is a leap year in 1951-2099
    first = 0 if day_may_be_zero else 1
    return None if first <= day <= monthrange(year or 2000, month)[1] else ("illegal-day", size - 2, 2)


@lru_cache(maxsize=4096)
def yymmd0(text: str) -> Finding | None:
    return _date(text, year_digits=2, day_may_be_zero=True)


def yymmdd(text: str) -> Finding | None:
    return _date(text, year_digits=2, day_may_be_zero=False)


def yyyymmd0(text: str) -> Finding | None:
    return _date(text, year_digits=4, day_may_be_zero=True)


def yyyymmdd(text: str) -> Finding | None:
    return _date(text, year_digits=4, day_may_be_zero=False)


def _clock(word: str, illegal: str, limit: int) -> Check:
    def check(text: str) -> Finding | None:
        if len(text) != 2:
            return (f"{word}-too-short" if len(text) < 2 else f"{word}-too-long", 0, len(text))
        return csetnumeric(text) or (None if int(text) < limit else (illegal, 0, 2))

    return check


hh = _clock("hour", "illegal-hour", 24)
mi = _clock("minute", "illegal-minute", 60)
ss = _clock("second", "illegal-second", 60)


def hhmi(text: str) -> Finding | None:
    if len(text) != 4:
        return ("hour-with-minute-too-short" if len(text) < 4 else "hour-with-minute-too-long", 0, len(text))
    if found := csetnumeric(text) or hh(text[:2]):
        return found
    return ("illegal-minute", 2, 2) if mi(text[2:]) else None


def _whole(pattern: str, code: str) -> Check:
    wanted = re.compile(pattern)

    def check(text: str) -> Finding | None:
        return None if wanted.fullmatch(text) else (code, 0, len(text))

    return check


yesno = _whole("[01]", "not-zero-or-one")
winding = _whole("[019]", "invalid-winding-direction")
iso5218 = _whole("[0129]", "invalid-biological-sex-code")
mediatype = _whole("0[1-9]|10|[89][0-9]", "invalid-media-type")
hyphen = _whole("-*", "not-hyphen")
zero = _whole("0+", "not-zero")


def hasnondigit(text: str) -> Finding | None:
    return None if _DIGIT.sub("", text) else ("requires-non-digit-character", 0, len(text))


def nonzero(text: str) -> Finding | None:
    return csetnumeric(text) or (None if text.strip("0") else ("illegal-zero-value", 0, len(text)))


def nozeroprefix(text: str) -> Finding | None:
    return csetnumeric(text) or (("illegal-zero-prefix", 0, 1) if text.startswith("0") else None)


def importeridx(text: str) -> Finding | None:
    if len(text) != 1:
        return ("importer-idx-must-be-one-character", 0, len(text))
    return ("invalid-import-idx-character", 0, 1) if _cset64_body(text) else None


_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def pcenc(text: str) -> Finding | None:
    found = _BAD_PERCENT.search(text)
    return ("invalid-percent-sequence", found.start(), min(3, len(text) - found.start())) if found else None


def pieceoftotal(text: str) -> Finding | None:
    if not text or len(text) % 2:
        return ("invalid-length-for-piece-of-total", 0, len(text))
    if found := csetnumeric(text):
        return found
    half = len(text) // 2
    if not text[:half].strip("0"):
        return ("zero-piece-number", 0, half)
    if not text[half:].strip("0"):
        return ("zero-total-pieces", half, half)
    return ("piece-number-exceeds-total", 0, len(text)) if text[:half] > text[half:] else None


def latitude(text: str) -> Finding | None:
    return csetnumeric(text) or (("invalid-latitude", 0, len(text)) if text > "1800000000" else None)


def longitude(text: str) -> Finding | None:
    return csetnumeric(text) or (("invalid-longitude", 0, len(text)) if text > "3600000000" else None)


def posinseqslash(text: str) -> Finding | None:
    place, slash, total = text.partition("/")
    good = slash and place.isdigit() and total.isdigit() and place[:1] > "0" and len(place) == len(total) and place <= total
    return None if good else ("invalid-birth-sequence", 0, len(text))


def iban(text: str) -> Finding | None:
    bad = ("invalid-iban", 0, len(text))
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}", text):
        return bad
    return None if int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1 else bad
