"""The equipment ledger: which asset stands where, and one asset's page with its readings, open matters and records."""

from collections.abc import Sequence

from msgspec import Struct

from app.cards import Noted, Reading
from app.duties import readings
from app.duties.equipment import AHEAD_DAYS, days_left
from app.duties.site import Asset, Check, Point
from app.equipment import Equipment, Readings
from app.words import table
from screens.choices import Choices, ListPage
from screens.layout import Line, flow, heading, paragraph
from screens.limits import limits, unit_of
from screens.page import Page
from screens.times import clock

Place = tuple[Point | None, tuple[Asset, ...]]
"""A point and what stands there; without a point, what falls due wherever it stands."""


class EquipmentPage(ListPage[Place]):
    """Where equipment stands; what falls due first."""

    def __init__(self, places: Sequence[Place], due: tuple[Asset, ...]) -> None:
        super().__init__(((None, due), *places) if due else places)

    def head(self) -> tuple[str, str]:
        return self.say("equipment.title"), clock(self.gear.watch.now())

    def item(self, place: Place) -> str:
        point, assets = place
        if point is None:
            return self.say("equipment.due_list", n=len(assets))
        return self.say("equipment.place", name=point.name.say(self.lang), n=len(assets))

    def item_role(self, place: Place) -> str:
        return "mark" if place[0] is None else "text"

    async def chosen(self, place: Place) -> None:
        point, assets = place
        if len(assets) == 1:
            self.terminal.open(AssetPage(assets[0]))
        else:
            headline = point.name.say(self.lang) if point else self.say("equipment.due_title")
            self.terminal.open(AssetsPage(headline, assets))


class AssetsPage(ListPage[Asset]):
    def __init__(self, title: str, assets: Sequence[Asset]) -> None:
        super().__init__(assets)
        self._headline = title

    def head(self) -> tuple[str, str]:
        return self._headline, clock(self.gear.watch.now())

    def item(self, asset: Asset) -> str:
        name, (due, role) = asset.name.say(self.lang), due_words(self, asset)
        return self.say("equipment.due_row", name=name, due=due) if role != "text" else name

    def item_role(self, asset: Asset) -> str:
        return due_words(self, asset)[1]

    async def chosen(self, asset: Asset) -> None:
        self.terminal.open(AssetPage(asset))


def due_words(page: Page, asset: Asset) -> tuple[str, str]:
    """When it must be inspected, and the role of that: `mark` when it falls due, `bad` when the date has passed."""
    left = days_left(asset, page.gear.watch.now().date())
    if left is None:
        return "", "text"
    if left < 0:
        return page.say("equipment.due_over", date=asset.inspect_by, n=-left), "bad"
    words = "equipment.due" if left else "equipment.due_today"
    return page.say(words, date=asset.inspect_by, n=left), "mark" if left <= AHEAD_DAYS else "text"


class Section(Struct, frozen=True):
    """Behind one digit of an asset's page."""

    words: str
    page: Page
    role: str = "text"


class AssetPage(Page):
    """Its nameplate and dates; what is known of it stands behind digits."""

    def __init__(self, asset: Asset) -> None:
        super().__init__()
        self._asset = asset
        self._sections: Choices[Section] | None = None
        self._worded: list[str] = []

    def look_up(self) -> None:
        found = self._found()
        worded = [section.words for section in found]
        if self._sections is None or worded != self._worded:  # the same ones keep the page they are turned to
            self._sections = Choices(found, lambda section: section.words, lambda section: section.role)
            self._worded = worded

    def _found(self) -> list[Section]:
        watch, id, name = self.gear.watch, self._asset.id, self._asset.name.say(self.lang)
        found = []
        if read := Equipment.of(watch).asset_readings(id):
            last = _reading_words(self, read[0])
            page = ReadingsPage(name, read)
            found.append(Section(self.say("equipment.key_readings", n=len(read), last=last), page))
        if matters := Equipment.of(watch).asset_matters(id):
            words = self.say("equipment.key_matters", n=len(matters), words=matters[0].finding.words)
            told = [f"{self.day_of(each.finding.at)} {each.finding.words}" for each in matters]
            found.append(Section(words, TextPage(name, "equipment.matters", told), "mark"))
        if noted := Equipment.of(watch).asset_noted(id):
            told = [self._noted_words(each) for each in noted]
            found.append(
                Section(self.say("equipment.key_noted", words=told[0]), TextPage(name, "equipment.noted", told))
            )
        if how := self._asset.instructions.say(self.lang):
            found.append(Section(self.say("equipment.key_how", words=how), TextPage(name, "equipment.how", [how])))
        return found

    def _noted_words(self, noted: Noted) -> str:
        key = f"equipment.noted_{noted.kind.replace('.', '_')}"
        known = key.partition(".")[2] in table("equipment")
        told = self.say(key, words=noted.words) if known else noted.words
        words = "equipment.noted_row" if noted.ok else "equipment.noted_bad"
        return self.say(words, time=self.day_of(noted.at), words=told)

    def draw(self, width: int, height: int) -> Sequence[Line]:
        asset, watch = self._asset, self.gear.watch
        rows = heading(asset.name.say(self.lang), clock(watch.now()), width)
        point = watch.plan.find_point(asset.point)
        rows += paragraph(point.name.say(self.lang) if point else asset.point, "text", width)
        plate = [asset.model, self.say("equipment.register", register=asset.register) if asset.register else ""]
        rows += flow(filter(None, plate), "text", width)
        rows += paragraph(*due_words(self, asset), width)
        rows += [*paragraph(self._seen(), "dim", width), ()]
        return [*rows, *(self._sections.draw(width, height - len(rows), self.more) if self._sections else ())]

    def _seen(self) -> str:
        watch = self.gear.watch
        card = Equipment.of(watch).asset_card(self._asset.id)
        if not card.seen:
            return self.say("equipment.never")
        people = (watch.person(id) for id in card.by)
        names = " ".join(person.name.say(self.lang) for person in people if person)
        return self.say("equipment.seen", time=self.day_of(card.seen), names=names)

    def foot(self) -> Sequence[tuple[str, str]]:
        return (self.back_key, self.menu_key)

    async def digit(self, key: str) -> None:
        section = self._sections.pick(key) if self._sections else None
        if section is not None:
            self.terminal.open(section.page)


class TextPage(Page):
    """Sentences, newest first."""

    def __init__(self, name: str, about: str, told: Sequence[str]) -> None:
        super().__init__()
        self._headline = name
        self._about = about
        self._told = told

    def draw(self, width: int, height: int) -> Sequence[Line]:
        rows = [*heading(self._headline, self.say(self._about), width), ()]
        return [*rows, *(row for words in self._told for row in paragraph(words, "text", width, "  "))]

    def foot(self) -> Sequence[tuple[str, str]]:
        return (self.back_key, self.menu_key)


class ReadingsPage(ListPage[Readings]):
    """The checks of an asset, each with its last reading and trend."""

    def __init__(self, name: str, read: Sequence[Readings]) -> None:
        super().__init__(read)
        self._headline = name

    def head(self) -> tuple[str, str]:
        return self._headline, self.say("equipment.readings")

    def item(self, read: Readings) -> str:
        return _reading_words(self, read)

    def item_role(self, read: Readings) -> str:
        return "text" if read.last.ok else "mark"

    async def chosen(self, read: Readings) -> None:
        self.terminal.open(ReadingPage(self._headline, read))


def _reading_words(page: Page, read: Readings) -> str:
    value = f"{read.last.value}{unit_of(read.check)}"
    trend = readings.trend(read.values) if len(read.values) > 1 else ""
    return page.say("equipment.reading", check=read.check.text.say(page.lang), value=value, trend=trend)


class ReadingPage(Page):
    """The last ten readings of one check, newest first, with their trend, and the limits beside."""

    def __init__(self, name: str, read: Readings) -> None:
        super().__init__()
        self._headline = name
        self._read = read

    def draw(self, width: int, height: int) -> Sequence[Line]:
        check, values = self._read.check, self._read.values
        rows = heading(self._headline, self.say("equipment.readings"), width)
        rows += paragraph(check.text.say(self.lang), "key", width)
        turn = self.say(f"equipment.leaves_{readings.leaves(values)}")
        rows += paragraph(self.say("equipment.direction", trend=readings.trend(values), words=turn), "text", width)
        rows += [*paragraph(limits(self.lang, check), "text", width), *paragraph(self._used(check), "text", width)]
        return [*rows, *(row for each in reversed(self._read.readings) for row in self._row(check, each, width))]

    def _row(self, check: Check, reading: Reading, width: int) -> list[Line]:
        at = self.day_of(reading.at)
        words = "equipment.row" if reading.ok else "equipment.row_out"
        if reading.exchange:
            words = "equipment.row_new"
        value = f"{reading.value}{unit_of(check)}"
        return paragraph(self.say(words, time=at, value=value), "text" if reading.ok else "mark", width)

    def _used(self, check: Check) -> str:
        """What went through a meter between the last two readings."""
        if not check.meter or len(self._read.readings) < 2:
            return ""
        before, last = self._read.readings[-2:]
        used = readings.used(before.value, last.value, check.ratio, last.exchange)
        return self.say("equipment.used", used=used, unit=unit_of(check), ratio=check.ratio)

    def foot(self) -> Sequence[tuple[str, str]]:
        return (self.back_key, self.menu_key)
