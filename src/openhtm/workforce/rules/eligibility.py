"""May this person apply for that certification? Answers by path, or what is missing, with the evidence it used. Pure.

Three answers: yes, no, and unknown where a rule or a fact is only weakly known and the answer hangs on it. Only what had
happened by ``as_of`` counts: work of later days, degrees not yet completed and lapsed certifications do not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from openhtm.core.months import add_months
from openhtm.ui.rules import formats
from openhtm.workforce.rules.periods import Period, clip, days_in, months_for_days, months_in, months_short, overlapping, whole_months
from openhtm.workforce.rules.programmes import DEGREES, FIELDS, Experience, Need, Programme, Share, Way, reference

FIELD_WORDS = {"biomedical": "biomedical technology", "electronics": "electronics", "engineering": "engineering", "other": "another field"}
ROLE_WORDS = {
    "bmet": "BMET",
    "imaging": "imaging engineer",
    "laboratory": "laboratory equipment technician",
    "engineer": "clinical engineer",
    "supervisor": "supervisor",
    "manager": "manager",
    "other": "another role",
}
_RELATED = frozenset(FIELDS) - {"other"}


@dataclass(frozen=True, slots=True)
class Education:
    """A degree. ``completed_on`` None: nobody has said when."""

    degree: str
    field: str
    completed_on: date | None

    def words(self) -> str:
        name = self.degree.capitalize() + ("" if self.degree == "certificate" else " degree")
        ended = f", completed {formats.day(self.completed_on)}" if self.completed_on else ""
        return f"{name} in {FIELD_WORDS[self.field]}{ended}"


@dataclass(frozen=True, slots=True)
class Certification:
    """A certification held. ``valid_until`` is its last day; None: nobody has said."""

    code: str
    valid_until: date | None

    def words(self) -> str:
        if self.valid_until is None or self.valid_until.year == date.max.year:
            return self.code
        return f"{self.code}, valid until {formats.day(self.valid_until)}"


@dataclass(frozen=True, slots=True)
class Employment:
    """A job from ``start`` up to, not including, ``end``; None: still held."""

    role: str
    full_time: bool
    start: date
    end: date | None
    employer: str = ""

    def until(self, as_of: date) -> Period | None:
        """Return the days of the job before ``as_of``, or None if there is none."""
        end = min(self.end or as_of, as_of)
        return Period(self.start, end) if self.start < end else None

    def words(self) -> str:
        end = f"to {formats.day(self.end)}" if self.end else "on"
        hours = "" if self.full_time else ", part-time"
        place = f" at {self.employer}" if self.employer else ""
        return f"{ROLE_WORDS[self.role].capitalize() if self.role != 'bmet' else 'BMET'}{place} from {formats.day(self.start)} {end}{hours}"


@dataclass(frozen=True, slots=True)
class Career:
    """What is recorded of a person, judged on the day ``as_of``."""

    as_of: date
    education: tuple[Education, ...] = ()
    certifications: tuple[Certification, ...] = ()
    employment: tuple[Employment, ...] = ()
    military_bmet: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One need: met, not met, or None where nobody knows. ``missing`` is one sentence.

    ``months`` of work would fill it, or an effort that takes about ``effort`` months, such as a degree.
    """

    met: bool | None
    missing: str = ""
    months: int = 0
    effort: int = 0
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WayVerdict:
    """One path with what was found for each of its needs."""

    way: Way
    outcomes: tuple[Outcome, ...]

    @property
    def met(self) -> bool | None:
        found = {one.met for one in self.outcomes}
        if False in found:
            return False
        return None if None in found or self.way.weak else True

    @property
    def distance(self) -> tuple[int, int]:
        """Months to go, then things that work does not bring: the nearest path is the smallest.

        The same work may fill several needs, so the longest counts.
        """
        short = [one for one in self.outcomes if one.met is False]
        efforts = [one.effort for one in short if one.effort]
        return max((one.months for one in short), default=0) + sum(efforts), len(efforts)

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not met; else what is not known."""
        if self.met is False:
            return tuple(one.missing for one in self.outcomes if one.met is False)
        unknown = tuple(one.missing for one in self.outcomes if one.met is None)
        weak = (f"confirmation by the certifying body of this rule: {self.way.words}",) if self.way.weak else ()
        return unknown + weak

    @property
    def evidence(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line for one in self.outcomes for line in one.evidence))


@dataclass(frozen=True, slots=True)
class Answer:
    """``eligible`` None means unknown. ``path`` is set only with yes; ``missing`` only without it."""

    programme: Programme
    tier: str
    as_of: date
    eligible: bool | None
    path: str | None
    missing: tuple[str, ...]
    verdicts: tuple[WayVerdict, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def used(self) -> WayVerdict | None:
        """The path that answered: the one that is met, else the nearest."""
        if self.path is not None:
            return next(one for one in self.verdicts if one.way.code == self.path)
        return _nearest(self.verdicts)

    def sentence(self) -> str:
        """``"eligible by path (b)"`` or ``"missing: 8 months of supervisory experience"``."""
        if self.eligible:
            return f"eligible by path ({self.path})"
        return f"{'missing' if self.eligible is False else 'unknown'}: {'; '.join(self.missing)}"

    def as_json(self) -> dict[str, object]:
        return {"programme": self.programme.code, "eligible": self.eligible, "path": self.path, "missing": list(self.missing)}


def judge(programme: Programme, career: Career, *, tier: str = "full") -> Answer:
    """Answer for one programme. Paths are tried in their order; the first that is met answers."""
    ways = programme.paths_for(tier)
    verdicts = tuple(WayVerdict(way, tuple(_outcome(need, career) for need in way.needs)) for way in ways)
    if programme.closed_on and career.as_of >= programme.closed_on:
        closed = f"an open programme: {programme.code} has taken nobody new since {formats.day(programme.closed_on)}"
        return Answer(programme, tier, career.as_of, False, None, (closed,), verdicts)
    if met := next((one for one in verdicts if one.met), None):
        return Answer(programme, tier, career.as_of, True, met.way.code, (), verdicts, _notes(programme, career, met))
    nearest = _nearest(verdicts)
    if nearest is None:
        return Answer(programme, tier, career.as_of, None, None, (f"a rule for the {tier} tier",), verdicts)
    known = nearest.met is False and not all(one.way.weak for one in verdicts)
    return Answer(
        programme, tier, career.as_of, False if known else None, None, nearest.missing, verdicts, _notes(programme, career, nearest)
    )


def _nearest(verdicts: Sequence[WayVerdict]) -> WayVerdict | None:
    """A path that only lacks knowledge comes before one that lacks something; then the shortest way."""
    return min(verdicts, key=lambda one: (one.met is False, *one.distance), default=None)


def overlaps_of(career: Career) -> tuple[str, ...]:
    """Return one sentence for each two full-time jobs on the same days, which count once."""
    jobs = [one for one in career.employment if one.full_time and one.until(career.as_of)]
    periods = [one.until(career.as_of) or Period(one.start, career.as_of) for one in jobs]
    return tuple(
        f"Counted once: {jobs[first].words()}, and {jobs[second].words()}, are both full-time on the same days."
        for first, second in overlapping(periods)
    )


def _notes(programme: Programme, career: Career, used: WayVerdict) -> tuple[str, ...]:
    return overlaps_of(career) + ((programme.note,) if programme.note and used.met is not False else ())


def _outcome(need: Need, career: Career) -> Outcome:
    """What is found for a need; a weak one is left open, whatever the career holds."""
    found = _found(need, career)
    if not need.weak or found.met is None:
        return found
    asked = need.words or found.missing or "; ".join(found.evidence)
    return Outcome(None, f"confirmation by the certifying body of this rule: {asked}", evidence=found.evidence)


def _found(need: Need, career: Career) -> Outcome:
    match need.kind:
        case "degree":
            return _degree(need, career)
        case "diploma":
            return _diploma(need, career)
        case "military":
            return _military(career)
        case "certification":
            return _certification(need, career)
        case "experience" if need.experience:
            return _experience(need, need.experience, career)
        case "share" if need.experience:
            return _share(need, need.experience, career)
        case "any":
            return _any(tuple(_outcome(one, career) for one in need.of))
    return Outcome(None, need.words)


def _degree(need: Need, career: Career) -> Outcome:
    fitting = [one for one in career.education if _rank(one.degree) >= _rank(need.least) and one.field in need.fields]
    done = [one for one in fitting if one.completed_on and one.completed_on <= career.as_of]
    if done:
        first = min(done, key=lambda one: one.completed_on or career.as_of)
        return Outcome(True, evidence=(first.words(),))
    undated = [one for one in fitting if one.completed_on is None]
    if undated:
        return Outcome(None, f"the day on which this was completed: {undated[0].words()}")
    effort = reference().effort_months[need.least]
    if coming := [one.completed_on for one in fitting if one.completed_on]:
        effort = min(effort, whole_months(career.as_of, min(coming)) + 1)
    return Outcome(False, f"{_degree_words(need.least)} in {_fields_words(need.fields)}", effort=effort)


def _diploma(need: Need, career: Career) -> Outcome:
    """A higher degree stands for the diploma; without one the career does not say."""
    if career.military_bmet:
        return Outcome(True, evidence=("US military BMET programme",))
    higher = _degree(Need("degree", least=need.least, fields=frozenset(FIELDS)), career)
    return higher if higher.met else Outcome(None, need.words)


def _military(career: Career) -> Outcome:
    if career.military_bmet:
        return Outcome(True, evidence=("US military BMET programme",))
    return Outcome(False, "completion of a US military BMET programme", effort=reference().effort_months["military"])


def _certification(need: Need, career: Career) -> Outcome:
    held = [one for one in career.certifications if one.code in need.codes]
    current = [one for one in held if one.valid_until and one.valid_until >= career.as_of]
    if current:
        return Outcome(True, evidence=(current[0].words(),))
    undated = [one for one in held if one.valid_until is None]
    if undated:
        return Outcome(None, f"the day until which {undated[0].code} is valid")
    effort = reference().effort_months["lapsed" if held else "certification"]
    return Outcome(False, need.words or f"a current {_or(need.codes)}", effort=effort)


def _experience(need: Need, kind: Experience, career: Career) -> Outcome:
    sure = _worked(career, kind.counts, part_time=False, within_months=need.within_months)
    evidence = _work_evidence(career, kind.counts, need.within_months, sure, kind)
    short = months_short(sure, need.months)
    if not short:
        return Outcome(True, evidence=evidence)
    silent = kind.part_time == "unclear"
    perhaps = _worked(career, kind.counts | kind.unclear, part_time=silent, within_months=need.within_months)
    if not months_short(perhaps, need.months):
        return Outcome(None, _unclear_words(need, kind, career, silent), evidence=evidence)
    return Outcome(False, f"{_months(short)} of {kind.words}{_window(need.within_months)}", short, evidence=evidence)


def _share(need: Need, kind: Experience, career: Career) -> Outcome:
    found = [_share_short(share, kind, career) for share in need.any_of]
    evidence = _work_evidence(career, kind.counts, max(one.months for one in need.any_of), (), kind)
    if any(short == 0 for short, _share_ in found):
        return Outcome(True, evidence=evidence)
    short, share = min(found, key=lambda pair: pair[0])
    months = months_for_days(short, career.as_of)
    return Outcome(False, f"{_months(months)} of {kind.words}{_window(share.months)} ({share.percent} % of it)", months, evidence=evidence)


def _share_short(share: Share, kind: Experience, career: Career) -> tuple[int, Share]:
    """Days of such work that the window lacks."""
    start = add_months(career.as_of, -share.months)
    wanted = -((career.as_of - start).days * -share.percent // 100)
    worked = days_in(_worked(career, kind.counts, part_time=False, within_months=share.months))
    return max(wanted - worked, 0), share


def _any(outcomes: Sequence[Outcome]) -> Outcome:
    for wanted in (True, None):
        if found := next((one for one in outcomes if one.met is wanted), None):
            return found
    nearest = min(outcomes, key=lambda one: one.months + one.effort)
    return Outcome(False, _or([one.missing for one in outcomes]), nearest.months, nearest.effort)


def _worked(career: Career, roles: Iterable[str], *, part_time: bool, within_months: int | None) -> list[Period]:
    counted = [one.until(career.as_of) for one in career.employment if one.role in roles and (one.full_time or part_time)]
    start = add_months(career.as_of, -within_months) if within_months else None
    return clip([one for one in counted if one], start=start, end=career.as_of)


def _work_evidence(
    career: Career, roles: Iterable[str], within_months: int | None, sure: Sequence[Period], kind: Experience
) -> tuple[str, ...]:
    start = add_months(career.as_of, -within_months) if within_months else date.min
    jobs = [one for one in career.employment if one.role in roles and one.full_time]
    lines = tuple(one.words() for one in jobs if (time := one.until(career.as_of)) and time.end > start)
    total = (f"{_months(months_in(sure))} of {kind.words}{_window(within_months)}",) if sure else ()
    return lines + total


def _unclear_words(need: Need, kind: Experience, career: Career, silent: bool) -> str:
    roles = sorted({ROLE_WORDS[one.role] for one in career.employment if one.role in kind.unclear and one.full_time})
    things = [f"work as {_or(roles)}"] if roles else []
    if silent and any(not one.full_time and one.role in kind.counts | kind.unclear for one in career.employment):
        things.append("part-time work")
    return f"confirmation that {' and '.join(things)} counts as {kind.words}, of which {_months(need.months)} are needed"


def _degree_words(least: str) -> str:
    article = "an" if least[0] in "aeiou" else "a"
    name = f"{least}'s degree" if least in ("bachelor", "master") else f"{least} degree"
    return f"{article} {name}" if least == DEGREES[-1] else f"{article} {name} or higher"


def _fields_words(fields: frozenset[str]) -> str:
    if fields == frozenset(FIELDS):
        return "any field"
    return "a related field" if fields == _RELATED else _or([FIELD_WORDS[one] for one in FIELDS if one in fields])


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _window(months: int | None) -> str:
    if months is None:
        return ""
    return f" within the last {months // 12} years" if months % 12 == 0 else f" within the last {months} months"


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _rank(degree: str) -> int:
    return DEGREES.index(degree)
