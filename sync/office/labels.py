"""Which labels a site needs, what stands on each in words, and the order in which somebody walks to hang them.

Values in, values out: a plan, the codes that the office made for it, what was asked for.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from app.duties.site import Asset, Person, Plan, Point, Text
from app.errors import WatchbookError
from app.text import clean
from app.words import LANGS, say

if TYPE_CHECKING:
    from sync.office.credentials import Printed

BOTH: Final = "both"
NAMES: Final = (BOTH, *LANGS)
"""Languages of what stands on a label: both, Chinese large and English small, or one."""


class LabelsRefused(WatchbookError):
    """Whoever asks for labels: nothing carries one, or not what was named, or it cannot be set."""


class Label(Struct, frozen=True):
    """One label in words."""

    kind: str
    """`point`, `asset` or `person`."""
    id: str
    code: str
    """What its QR code holds."""
    title: str
    """The name, set large."""
    second: str = ""
    """The name in the other language."""
    lines: tuple[str, ...] = ()
    """What else somebody reads who stands before it."""
    number: str = ""
    """The short code, typed when nothing can be read."""
    caption: str = ""
    """What the number is for."""
    foot: str = ""

    @property
    def file(self) -> str:
        """What a file of it is called, without its ending."""
        return self.id if self.kind == "point" else f"{self.kind}.{self.id}"

    @property
    def called(self) -> str:
        """How a sentence about it names it."""
        return f"{self.id} {clean(self.title, 80)}"

    @property
    def words(self) -> tuple[str, ...]:
        return (self.title, self.second, *self.lines, self.number, self.caption, self.foot)


class Wish(Struct, frozen=True):
    """What somebody wants labels of. `points` empty: of all that carry one."""

    points: tuple[str, ...] = ()
    assets: bool = False
    """Those of assets too, after the points; with `points` the assets that stand there."""
    names: str = BOTH


def labels_of(plan: Plan, printed: "Iterable[Printed]", wish: Wish) -> list[Label]:
    """The labels in the order of the routes. Raises LabelsRefused for a point without one, and when there is none."""
    made = {(each.kind, each.id): each for each in printed}
    for point in wish.points:
        if plan.find_point(point) is None:
            raise LabelsRefused("labels.no_point", point=clean(point, 64))
        if ("point", point) not in made and not wish.assets:
            raise LabelsRefused("labels.no_label", point=point)
    order = [point for point in way_round(plan) if not wish.points or point.id in wish.points]
    points = [
        _point(plan, point, made["point", point.id], wish.names) for point in order if ("point", point.id) in made
    ]
    assets = _assets(plan, order, made, wish.names) if wish.assets else []
    found = [*points, *assets]
    if wish.assets and not assets:
        raise LabelsRefused("labels.no_assets", site=plan.site.id)
    if not found:
        raise LabelsRefused("labels.none", site=plan.site.id)
    return found


def way_round(plan: Plan) -> list[Point]:
    """Every point once: as the routes pass them, then those of no route as the plan lists them."""
    walked = [stop.point for route in plan.routes for stop in route.stops]
    return [plan.point(point) for point in dict.fromkeys([*walked, *(point.id for point in plan.points)])]


def badge(person: Person, code: str, company: Text) -> Label:
    """The card of a person. The number is what the person types instead of a name."""
    lang = lang_of(BOTH)
    title, second = _both(person.name, BOTH)
    return Label(
        kind="person",
        id=person.id,
        code=code,
        title=title or person.id,
        second=second,
        lines=(say(lang, "labels.badge"),),
        number=person.number,
        caption=say(lang, "labels.staff_number") if person.number else "",
        foot=company.say(lang),
    )


def _point(plan: Plan, point: Point, printed: "Printed", names: str) -> Label:
    lang = lang_of(names)
    title, second = _both(point.name, names)
    area = next((area.name.say(lang) for area in plan.areas if area.id == point.area), "")
    return Label(
        kind="point",
        id=point.id,
        code=printed.text,
        title=title or point.id,
        second=second,
        lines=(area,) if area else (),
        number=point.code,
        caption=say(lang, "labels.type_this") if point.code else "",
        foot=_foot(plan, printed, lang),
    )


def _assets(plan: Plan, points: Sequence[Point], made: "dict[tuple[str, str], Printed]", names: str) -> list[Label]:
    here = [point.id for point in points]
    assets = [asset for asset in plan.assets if asset.point in here and ("asset", asset.id) in made]
    assets.sort(key=lambda asset: here.index(asset.point))
    return [_asset(plan, asset, made["asset", asset.id], names) for asset in assets]


def _asset(plan: Plan, asset: Asset, printed: "Printed", names: str) -> Label:
    lang = lang_of(names)
    title, second = _both(asset.name, names)
    place = plan.point(asset.point).name.say(lang)
    lines = (
        say(lang, "labels.register", register=asset.register) if asset.register else "",
        say(lang, "labels.model", model=asset.model) if asset.model else "",
        say(lang, "labels.at", place=place),
    )
    return Label(
        kind="asset",
        id=asset.id,
        code=printed.text,
        title=title or asset.id,
        second=second,
        lines=tuple(line for line in lines if line),
        foot=_foot(plan, printed, lang),
    )


def _foot(plan: Plan, printed: "Printed", lang: str) -> str:
    return say(lang, "labels.foot", site=plan.site.name.say(lang) or plan.site.id, issue=printed.issue)


def _both(name: Text, names: str) -> tuple[str, str]:
    """The name set large and the one under it, which is left out where it says the same or nothing."""
    title = name.say(lang_of(names))
    return title, name.en if names == BOTH and name.en != title else ""


def lang_of(names: str) -> str:
    """The language of all but the second name."""
    return LANGS[0] if names == BOTH else names
