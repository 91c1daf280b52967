"""The sentence for every code the parser can answer. The codes are stable; docs/reference/udi.md lists them all."""

_CHECKS = {
    # What the standard checks inside one value. The codes are those of GS1's own checks, in lower case.
    "non-digit-character": "{name} takes digits only here. Compare this character with the label.",
    "invalid-cset82-character": "{name} cannot hold this character. Letters, digits and !\"%&'()*+,-./:;<=>?_ are allowed.",
    "invalid-cset39-character": "{name} cannot hold this character. Capital letters, digits, #, - and / are allowed.",
    "invalid-cset64-character": "{name} cannot hold this character. Letters, digits, - and _ are allowed.",
    "invalid-cset64-padding": "{name} ends with a wrong number of = signs. Scan the code again.",
    "incorrect-check-digit": "The check digit of {name} is {found}, but its other digits ask for {wanted}. "
    "Compare the number with the label; it is kept as read.",
    "too-short-for-check-digit": "{name} is too short to carry a check digit. Scan the code again.",
    "incorrect-check-pair": "The two check characters at the end of {name} do not fit the rest. "
    "Compare it with the label; it is kept as read.",
    "too-short-for-check-pair": "{name} is too short to carry its two check characters. Scan the code again.",
    "too-long-for-check-pair-implementation": "{name} is too long to carry two check characters. Scan the code again.",
    "date-too-short": "{name} is too short for a date. Write year, month and day with two digits each.",
    "date-too-long": "{name} is too long for a date. Write year, month and day with two digits each.",
    "illegal-month": "{name} has no such month. Months run from 01 to 12; compare with the label.",
    "illegal-day": "{name} has no such day in that month. Compare the date with the label.",
    "hour-too-short": "{name} needs two digits for the hour.",
    "hour-too-long": "{name} has more than two digits for the hour.",
    "illegal-hour": "{name} has no such hour. Hours run from 00 to 23.",
    "hour-with-minute-too-short": "{name} needs hour and minute as four digits.",
    "hour-with-minute-too-long": "{name} has more than four digits for hour and minute.",
    "minute-too-short": "{name} needs two digits for the minute.",
    "minute-too-long": "{name} has more than two digits for the minute.",
    "illegal-minute": "{name} has no such minute. Minutes run from 00 to 59.",
    "second-too-short": "{name} needs two digits for the second.",
    "second-too-long": "{name} has more than two digits for the second.",
    "illegal-second": "{name} has no such second. Seconds run from 00 to 59.",
    "not-iso3166": "{name} does not name a country by its three-digit ISO 3166 number.",
    "not-iso3166-or-999": "{name} does not name a country by its three-digit ISO 3166 number, nor is it 999 for several.",
    "not-iso3166-alpha2": "{name} does not name a country by its two-letter ISO 3166 code.",
    "importer-idx-must-be-one-character": "{name} ends with one character for the importer, not more or fewer.",
    "invalid-import-idx-character": "{name} cannot end with this character. Letters, digits, - and _ are allowed.",
    "requires-non-digit-character": "{name} must hold at least one character that is not a digit.",
    "illegal-zero-value": "{name} must not be zero.",
    "illegal-zero-prefix": "{name} must not start with zero.",
    "not-zero": "{name} must start with the digit 0.",
    "not-zero-or-one": "{name} must be 0 or 1.",
    "invalid-percent-sequence": "{name} has a % that is not followed by two hexadecimal digits.",
    "invalid-length-for-piece-of-total": "{name} needs the piece and the total with equally many digits.",
    "zero-piece-number": "{name} counts pieces from 1, not from 0.",
    "zero-total-pieces": "{name} says that there are no pieces at all.",
    "piece-number-exceeds-total": "{name} has a piece number larger than the number of pieces.",
    "not-hyphen": "{name} may end with a minus sign only.",
    "invalid-latitude": "{name} has a latitude outside 0 to 180 degrees.",
    "invalid-longitude": "{name} has a longitude outside 0 to 360 degrees.",
    "invalid-winding-direction": "{name} needs 0, 1 or 9 for the winding direction.",
    "invalid-media-type": "{name} needs a media type between 01 and 10, or between 80 and 99.",
    "invalid-biological-sex-code": "{name} needs 0, 1, 2 or 9.",
    "invalid-birth-sequence": "{name} needs the form 1/2, the first digit not larger than the second.",
    "invalid-iban": "{name} is not a valid international bank account number.",
}

_GS1 = {
    "unknown-ai": "There is no GS1 application identifier ({ai}). Compare the digits with the label.",
    "missing-value": "Nothing follows the application identifier ({ai}) {title}. Scan the whole code.",
    "value-too-short": "{name} is too short: {wanted}. Scan the whole code.",
    "value-too-long": "{name} is too long: {wanted}. A separator may be missing before this place.",
    "empty-element": "Two separators follow each other with nothing between them. Scan the code again.",
    "repeated-ai": "The application identifier ({ai}) {title} comes twice with different values. Scan each code alone.",
    "ai-in-brackets": "An application identifier is two to four digits in round brackets, such as (01). "
    "Write \\( for a bracket that belongs to a value.",
    "text-outside-brackets": "A value has no application identifier before it. Start with one in brackets, such as (01).",
    "invalid-symbology": "The three characters in front, from ] on, do not name a bar code kind. Leave them out and try again.",
    "wrong-length-for-symbology": "A bar code of this kind holds {wanted} digits. Scan the code again.",
    "ai-requires-other": "({ai}) {title} should come together with {wanted}. Scan the other bar code of the label too.",
    "ai-excludes-other": "({ai}) {title} should not come together with ({other}). Scan each code alone.",
    "signature-without-serial": "A digital signature (8030) needs ({ai}) with its serial part.",
    "spaces-ignored": "Spaces around the value of ({ai}) {title} were left out.",
    "gtin-padded": "The GTIN has {length} digits; it was filled with zeros on the left to 14.",
}

_LINK = {
    "link-illegal-character": "A web address cannot hold this character. Scan the code again, or copy the whole address.",
    "link-host": "The web address has no valid host name after //.",
    "link-without-key": "The web address holds no GS1 key such as /01/ followed by a GTIN. Scan the bar code of the label itself.",
    "link-qualifier-order": "{ai} cannot stand here in the path of a GS1 Digital Link. After /{key}/ the order is {wanted}.",
    "link-attribute": "({ai}) {title} cannot stand after the ? of a GS1 Digital Link.",
    "link-qualifier-in-query": "({ai}) {title} belongs into the path of a GS1 Digital Link, not after the ?.",
    "link-percent": "A % in a web address must be followed by two hexadecimal digits of a printable character.",
    "link-word-key": "The address uses the old word {word} for ({ai}); the number is the current form.",
}

_HIBCC = {
    "hibc-character": "An HIBC code holds capital letters, digits and -. $/+% only. Compare this character with the label.",
    "hibc-lower-case": "Small letters were read as capitals, as an HIBC code has only those.",
    "hibc-too-short": "The HIBC code ends before it is complete: {wanted}. Scan the whole code.",
    "hibc-labeler": "The labeler code after + is four letters or digits and starts with a letter.",
    "hibc-product": "The product number is 1 to 18 letters or digits.",
    "hibc-unit": "The last character of the device identifier is the unit of measure, a digit.",
    "hibc-check-character": "The check character is {found}, but the rest asks for {wanted}. "
    "Compare the code with the label; it is kept as read.",
    "hibc-check-in-identifier": "The last character, {found}, is the check character and was left out of the device identifier.",
    "hibc-date": "{name} is no date of the form {form}. Compare it with the label.",
    "hibc-quantity": "The quantity after $$8 has two digits, after $$9 five. Compare it with the label.",
    "hibc-lot": "A lot or serial number is at most 18 letters, digits or dashes.",
    "hibc-date-flag": "After $$ comes a date form from 0 to 7 or a quantity, 8 or 9. Compare this character with the label.",
    "hibc-data": "This part of the HIBC code has no known form. It should start with $, $$, /S, /14D, /16D or a five-digit date.",
    "hibc-unknown-identifier": "The data identifier {name} is not one that a device label uses; its value is kept as read.",
    "hibc-repeated": "The code gives {name} twice with different values. Scan each code alone.",
}

_ICCBBA = {
    "isbt-unknown-identifier": "There is no ISBT 128 data identifier {name}. Compare it with the label.",
    "isbt-too-short": "{name} needs {wanted} characters, but the code ends or the next part starts here. Scan the whole code.",
    "isbt-character": "{name} cannot hold this character. Compare it with the label.",
    "isbt-date": "{name} is no date: three digits for the year, three for the day of the year. Compare it with the label.",
    "isbt-check-character": "The two flag characters of the donation number are {found}, but the number asks for {wanted}. "
    "Compare it with the label; it is kept as read.",
    "isbt-count": "The code announces {wanted} parts but has {found}. Scan the whole code.",
    "isbt-repeated": "The code gives {name} twice with different values. Scan each code alone.",
}

MESSAGES: dict[str, str] = {
    "empty": "There is nothing to read. Scan or type the whole code.",
    "too-long": "The code has {length} characters; no UDI has more than {limit}. Scan one code at a time.",
    "not-utf8": "The text is not UTF-8 from this place on. Set the scanner or the file to UTF-8.",
    "not-a-udi": "This is no code of GS1, HIBCC or ICCBBA. A UDI starts with (01), digits, + or =. Scan it again or type it whole.",
    **_CHECKS,
    **_GS1,
    **_LINK,
    **_HIBCC,
    **_ICCBBA,
}
