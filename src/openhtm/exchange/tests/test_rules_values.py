"""What a cell means: numbers, dates, codes, yes and no, choices, addresses."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhtm.core.text import fold
from openhtm.exchange.rules.dates import DateRule, detect_order, read_date
from openhtm.exchange.rules.numbers import detect_decimal_mark, read_number
from openhtm.exchange.rules.values import MISSING, READERS, Money, Problem, ReadOptions, Value, column_reader, missing_words, split_codes

days = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
amounts = st.decimals(0, 10**9, places=2, allow_nan=False)
cells = (
    st.text(max_size=60)
    | st.floats()
    | st.integers(-(10**20), 10**20)
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
)


def read(kind: str, cell, **options) -> Value | Problem:
    return column_reader(kind, ReadOptions(**options))(cell)


def written(amount: Decimal, thousands: str, mark: str) -> str:
    return f"{amount:,.2f}".replace(",", "T").replace(".", mark).replace("T", thousands)


@given(amount=amounts, style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u00a0", ","), ("'", "."), ("", "."), ("", ",")]))
def test_a_number_is_read_as_it_was_meant(amount, style):
    thousands, mark = style
    text = written(amount, thousands, mark)
    assert read_number(text).value == amount
    assert read_number(f"-{text}", decimal_mark=mark).value == -amount


@given(number=st.integers(1000, 10**12), mark=st.sampled_from(",."))
def test_thousands_are_told_by_the_decimal_mark(number, mark):
    thousands = "." if mark == "," else ","
    assert read_number(f"{number:,}".replace(",", thousands), decimal_mark=mark).value == number


@given(st.lists(amounts, min_size=1, max_size=20), st.sampled_from([(",", "."), (".", ",")]))
def test_the_decimal_mark_of_a_column_is_found(numbers, style):
    assert detect_decimal_mark([written(number, *style) for number in numbers]) == style[1]


@pytest.mark.parametrize("text", ["", "abc", "--5", "1.2.3", "1,23,456", "nan", "inf", "1e999999", "9" * 100, "12 34", "0x10"])
def test_what_is_no_number_is_none(text):
    assert read_number(text) is None


def test_an_ambiguous_number_says_so():
    assert read_number("1.234").warning
    assert read_number("1,234").value == 1234
    assert read_number("1.234", decimal_mark=",").warning is None


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("$ 29.155.000", Money(Decimal(29155000), "COP")),
        ("US$ 1,234.50", Money(Decimal("1234.50"), "USD")),
        ("1.234,50 €", Money(Decimal("1234.50"), "EUR")),
        ("EUR 12", Money(Decimal(12), "EUR")),
        ("12", Money(Decimal(12), "COP")),
    ],
)
def test_money_keeps_its_currency(text, money):
    assert read("money", text, currency="COP").value == money


@given(
    day=days,
    form=st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%B %d, %Y", "%Y%m%d", "%Y/%m/%d", "%d de %B de %Y"]),
)
def test_a_day_first_date_is_read_as_written(day, form):
    assert read_date(day.strftime(form)) == (day, "day", None)


@given(day=days)
def test_a_month_first_date_is_read_as_written(day):
    assert read_date(day.strftime("%m/%d/%Y"), rule=DateRule(order="mdy")) == (day, "day", None)


@given(day=days)
def test_months_and_years_keep_their_precision(day):
    assert read_date(day.strftime("%m/%Y")) == (day.replace(day=1), "month", None)
    assert read_date(day.strftime("%Y")) == (day.replace(month=1, day=1), "year", None)
    assert read_date(float(day.year)) == (day.replace(month=1, day=1), "year", None)
    assert read_date(f"Antes de {day.year}") == (day.replace(month=1, day=1), "before", None)
    assert read_date(day) == (day, "day", None)


@given(day=st.dates(dt.date(1930, 1, 1), dt.date(2099, 1, 1)))
def test_a_day_number_of_a_spreadsheet_is_a_date_and_says_so(day):
    result = read_date(float((day - dt.date(1899, 12, 30)).days))
    assert result.value == day
    assert day.isoformat() in result.warning


@given(st.lists(days, min_size=1, max_size=30), st.sampled_from(["dmy", "mdy"]))
def test_the_order_of_a_column_is_found_where_it_can_be(column, order):
    form = "%d/%m/%Y" if order == "dmy" else "%m/%d/%Y"
    evidence = detect_order([day.strftime(form) for day in column], default=order)
    assert evidence.order == order
    assert evidence.against == 0


BILLED = ("factur", "compra", "entrega")


@pytest.mark.parametrize(
    ("text", "value", "precision", "warning"),
    [
        ("28/06/2021 (Facturado) 16/07/2021 (Instalado)", dt.date(2021, 6, 28), "day", "2 dates; read 2021-06-28 (facturado)"),
        ("Reporte de instalación 16/12/2024 Factura 22/07/2021", dt.date(2021, 7, 22), "day", "2 dates; read 2021-07-22 (factura)"),
        ("Entrega 13/12/2024 \nInstalación  16/12/2024", dt.date(2024, 12, 13), "day", "read 2024-12-13 (entrega)"),
        ("approx. 2016", dt.date(2016, 1, 1), "year", "Read 2016 out of a longer text."),
        ("Abril de 2015", dt.date(2015, 4, 1), "month", None),
        ("Diciembre 2020", dt.date(2020, 12, 1), "month", None),
        ("before 03/2021", dt.date(2021, 3, 1), "before", None),
        ("2009-12-10 00:00:00", dt.date(2009, 12, 10), "day", None),
        ("12/31/2020", dt.date(2020, 12, 31), "day", "the other way round"),
        ("1.2.98", dt.date(1998, 2, 1), "day", "two-digit year 98 as 1998"),
    ],
)
def test_free_text_is_read_and_says_what_was_read(text, value, precision, warning):
    result = read_date(text, rule=DateRule(prefer=BILLED))
    assert (result.value, result.precision) == (value, precision)
    assert (warning in result.warning) if warning else result.warning is None


def test_a_field_may_take_only_the_date_that_is_labelled_for_it():
    rule = DateRule(prefer=("instal",), only_labelled=True)
    assert read_date("28/06/2021 (Facturado) 16/07/2021 (Instalado)", rule=rule).value == dt.date(2021, 7, 16)
    for cell in ("2005", "2020-01-01", "28/06/2021", dt.date(2020, 1, 1), 2005.0):
        assert read_date(cell, rule=rule).value is None


@pytest.mark.parametrize("text", ["hello", "31/02/2020", "99/99/9999", "15 - 166", "10 años", "0001-01-01", "x" * 2000, "1/2/3/4"])
def test_what_is_no_date_is_a_problem_with_a_remedy(text):
    assert isinstance(problem := read("date", text), Problem)
    assert "YYYY-MM-DD" in problem.remedy


def test_the_end_of_a_warranty_known_by_month_is_the_last_day():
    assert read("enddate", "02/2024").value == dt.date(2024, 2, 29)
    assert "month" in read("enddate", "02/2024").warning


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        ("LIME 378", "LIME 378", ()),
        ("A / B", "A", ("B",)),
        ("C481 (E-20702301-2-004)", "C481", ("E-20702301-2-004",)),
        ("4 / 3 - 059471 - 00 / 011919", "4", ("3 - 059471 - 00", "011919")),
        ("LX 100/200", "LX 100/200", ()),
        ("A; A; B", "A", ("B",)),
        (" / ", "", ()),
    ],
)
def test_two_codes_in_a_cell_become_one_and_the_others(text, first, others):
    assert split_codes(text) == (first, others)


def test_missing_words_are_missing_and_profiles_change_them():
    for word in ("", "  ", "N/A", "n/a", "-", "Unknown", "S/D", "No aplica", "NO  APLICA", "#N/A"):
        assert read("text", word) is MISSING
    assert read("text", "NI").value == "NI"
    assert read("text", "NI", missing=missing_words(["ni"])) is MISSING
    assert read("text", "NA", missing=missing_words(kept=["NA"])).value == "NA"


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("code", 135306.0, "135306"),
        ("code", "00000005299", "00000005299"),
        ("umdns", "15 - 166", "15-166"),
        ("umdns", "15-166", "15-166"),
        ("years", "7 Años", Decimal(7)),
        ("years", "120 meses", Decimal(10)),
        ("years", 10.0, Decimal(10)),
        ("boolean", "SI", True),
        ("boolean", "Sí", True),
        ("boolean", "nein", False),
        ("boolean", 1.0, True),
        ("mac", "001B.4411.3AB7", "00:1b:44:11:3a:b7"),
        ("ip", "10.0.0.7/24", "10.0.0.7"),
        ("integer", "1.000", 1000),
        ("text", "  two \n words\x07 ", "two words"),
        ("longtext", "a\r\nb", "a\nb"),
        ("raw", "\x1d0101234567890128\x1d17", "\x1d0101234567890128\x1d17"),
        ("text", "'=1+1", "=1+1"),
    ],
)
def test_cells_of_each_kind(kind, cell, value):
    assert read(kind, cell, decimal_mark=",").value == value


@pytest.mark.parametrize(
    ("kind", "cell", "code"),
    [
        ("mac", "00:1b", "not-a-mac"),
        ("ip", "10.0.0.300", "not-an-ip"),
        ("integer", "1,5", "not-a-whole-number"),
        ("boolean", "maybe", "not-yes-or-no"),
        ("money", "-5", "negative-amount"),
        ("years", "1000", "not-a-period"),
        ("code", dt.date(2020, 3, 1), "became-a-date"),
        ("text", "#REF!", "formula-error"),
        ("text", "x" * 40_000, "too-long"),
        ("choice", "ownd", "unknown-choice"),
    ],
)
def test_problems_have_a_code_and_a_remedy(kind, cell, code):
    problem = read(kind, cell, choices={"owned": "owned", fold("Alquiler"): "rental"})
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert problem.remedy


def test_a_choice_is_known_by_its_words():
    choices = {"owned": "owned", fold("Alquiler"): "rental"}
    assert read("choice", "ALQUILER", choices=choices).value == "rental"
    assert "owned" in read("choice", "ownd", choices=choices).remedy


def test_a_shortened_number_is_said():
    assert "shortened" in read("code", "1.23457E+12").warning


def test_true_is_not_taken_for_one():
    reader = column_reader("text", ReadOptions())
    assert [reader(cell).value for cell in (1.0, True, 1, False, 0.0)] == ["1", "true", "1", "false", "0"]


@given(kind=st.sampled_from(sorted(READERS)), cell=cells)
def test_any_cell_of_any_kind_is_a_value_or_a_problem(kind, cell):
    result = read(kind, cell, split_codes=True, choices={"a": "a"})
    assert isinstance(result, Value | Problem)
    if isinstance(result, Value) and isinstance(result.value, str):
        assert "\x00" not in result.value
        assert result.value.encode()
