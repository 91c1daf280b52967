"""The values components take. Views build these from records, so that no template touches a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field

TONES = ("ok", "due", "late", "info", "hold", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One line of the navigation."""

    label: str
    url: str
    icon: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab or saved view; ``count`` may be a string such as ``"10,000+"`` where the total is an estimate."""

    label: str
    url: str
    current: bool = False
    count: int | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One filter of a list's sentence: ``at North Campus``. Without ``remove_url`` it cannot be taken away."""

    label: str
    value: str
    remove_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A term and its value. A value of None or "" is shown hatched as unknown; ``absent`` words another reason."""

    label: str
    value: object = None
    mono: bool = False
    url: str = ""
    absent: str = "unknown"
    copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What needs attention: the reason in one sentence, and its one action. ``method="post"`` makes a form of it."""

    title: str
    detail: str = ""
    tone: str = "info"
    icon: str = ""
    action_label: str = ""
    action_url: str = ""
    method: str = "get"
    why_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One recorded fact on a timeline. ``when`` is a date or an aware datetime."""

    when: object
    title: str
    detail: str = ""
    icon: str = "dot"
    tone: str = ""
    url: str = ""
    reason: str = ""
    changes: Sequence[tuple[str, object, object]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """The foot of a keyset-paged list. ``shown`` says what is on the page, ``note`` how it is sorted or estimated."""

    shown: str
    note: str = ""
    label: str = "Pages"
    first_url: str = ""
    previous_url: str = ""
    next_url: str = ""
    last_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """A place in a tree. ``open`` unfolds it; a node with ``lazy_url`` fetches its children when first unfolded."""

    label: str
    url: str = ""
    icon: str = ""
    detail: str = ""
    count: int | None = None
    current: bool = False
    open: bool = False
    children: Sequence["TreeNode"] = ()
    lazy_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column a person may show or hide; ``fixed`` ones are always shown."""

    key: str
    label: str
    shown: bool = True
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAction:
    """Something done to all selected rows. ``name`` is posted as ``action``; ``kind`` as in buttons."""

    name: str
    label: str
    icon: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """A background job as its page shows it. ``total`` None means the end is not known yet; ``state`` is one of
    waiting, running, done, failed, cancelled."""

    title: str
    state: str
    done: int = 0
    total: int | None = None
    step: str = ""
    poll_url: str = ""
    cancel_url: str = ""
    result_url: str = ""
    result_label: str = "See the result"
    problem: str = ""

    @property
    def moving(self) -> bool:
        return self.state in {"waiting", "running"}

    @property
    def tone(self) -> str:
        return {"done": "ok", "failed": "late", "cancelled": "hold", "waiting": "hold"}.get(self.state, "info")

    @property
    def word(self) -> str:
        return {
            "waiting": "Waiting",
            "running": "Running",
            "done": "Done",
            "failed": "Failed",
            "cancelled": "Cancelled",
        }[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is logged in, as the top bar shows it."""

    name: str
    detail: str = ""
    links: Sequence[tuple[str, str, str]] = field(default=())
