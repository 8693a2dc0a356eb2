"""The sheets of a plan workbook: which there are, which columns each has, and where in a plan file a row belongs.

One table, to be laid beside plan_form.py and plan_provisions.py; what a column says to people stands in
app/words/plan_book.py. Columns are named as in XLSForm where they mean the same: `type`, `name`, `label::中文`,
`label::English`, `hint`, `required`, `constraint`.
"""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from app.duties.indicators import INDICATORS, RATES
from app.duties.provisions import COLUMNS, PROCEDURE_KINDS
from app.duties.site import (
    CATEGORY_KINDS,
    CHECK_KINDS,
    DAYS,
    FORMS,
    GRADES,
    ORDERS,
    ROLES,
    ROUTE_KINDS,
    SIGN_INS,
    TAG_FORMATS,
    Settings,
)
from app.words import say, table

Form = Literal["text", "line", "word", "list", "number", "date", "time", "yes", "not"]
"""Of a cell: words in both languages (two columns); a line as it stands; an id or another word; several words with
blanks between; a number; a date; a time of day; yes or no; yes or no where the plan says the opposite."""
LANGUAGES: Final = {"zh": "中文", "en": "English"}
CHOICES: Final = "choices"
"""The sheet of all lists of words; other sheets name a list of it."""
TAG_OWN: Final = ("address", "near")
"""What a tag has besides its identity, which stands under the name of its format."""


class Col(NamedTuple):
    heading: str
    key: str
    """Where it belongs in the row's thing, below each other with `/`; empty: it is the thing itself."""
    form: Form = "word"
    refers: str = ""
    """The sheet whose names it may be."""
    allowed: tuple[str, ...] = ()
    needed: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        return (
            tuple(f"{self.heading}::{name}" for name in LANGUAGES.values()) if self.form == "text" else (self.heading,)
        )


class Sheet(NamedTuple):
    name: str
    under: tuple[str, ...]
    """Sections of the plan file on the way to its things."""
    keys: tuple[Col, ...]
    """By which ids the way goes; the last one is the thing's own, unless it stands in a list."""
    cols: tuple[Col, ...]

    @property
    def columns(self) -> tuple[Col, ...]:
        return (*self.keys, *self.cols)

    @property
    def is_list(self) -> bool:
        """Its things have no ids of their own."""
        return len(self.keys) < len(self.under)

    @property
    def title(self) -> str:
        """As the sheet is called in a workbook, in both languages."""
        return f"{self.name} {say('zh', f'plan_book.{self.name}')}"

    def heading_of(self, key: str) -> str | None:
        """The first column that says `key` of the file."""
        found = next((col for col in self.cols if key in (col.key, col.key.rpartition("/")[2])), None)
        return found.headings[0] if found else None


NAME: Final = Col("name", "", needed=True)
LABEL: Final = Col("label", "name", "text", needed=True)
TEXT: Final = Col("label", "text", "text", needed=True)
ROLES_COL: Final = Col("roles", "roles", "list", allowed=ROLES)
LONE: Final = (
    Col("lone_every_min", "lone/every_min", "number"),
    Col("lone_answer_s", "lone/answer_s", "number"),
    Col("lone_last_s", "lone/last_s", "number"),
)


def _of(sheet: str, heading: str = "") -> Col:
    """The column that names a thing of another sheet, to which the row belongs."""
    return Col(heading or sheet.removesuffix("s"), "", refers=sheet, needed=True)


def _things(name: str, *cols: Col, under: tuple[str, ...] = (), keys: tuple[Col, ...] = ()) -> Sheet:
    return Sheet(name, under or (name,), (*keys, NAME), cols)


SHEETS: Final = (
    Sheet(
        "site",
        (),
        (),
        (
            Col("name", "site/id", needed=True),
            Col("label", "site/name", "text", needed=True),
            Col("zone", "site/zone", needed=True),
            Col("company_name", "site/company/id"),
            Col("company", "site/company", "text"),
            Col("district_name", "site/district/id"),
            Col("district", "site/district", "text"),
            Col("ibeacon", "site/ibeacon"),
            Col("effective", "effective", "date", needed=True),
        ),
    ),
    Sheet(
        "people",
        ("roles",),
        (),
        (
            Col("name", "person", needed=True),
            Col("label", "name", "text"),
            Col("number", "number"),
            Col("roles", "roles", "list", allowed=ROLES),
        ),
    ),
    _things("areas", LABEL, Col("person", "person", refers="people")),
    _things(
        "points",
        LABEL,
        Col("area", "area", refers="areas", needed=True),
        Col("way", "way", "text"),
        Col("hint", "look", "text"),
        Col("printed_label", "label", "yes"),
        Col("grade", "grade", allowed=GRADES),
        Col("code", "code"),
        Col("danger", "danger", "yes"),
    ),
    Sheet(
        "tags",
        ("points", "tags"),
        (_of("points"),),
        (
            Col("type", "format", allowed=TAG_FORMATS, needed=True),
            Col("identity", "id", needed=True),
            Col("address", "address"),
            Col("near", "near", "number"),
        ),
    ),
    _things(
        "assets",
        LABEL,
        Col("point", "point", refers="points", needed=True),
        Col("model", "model", "line"),
        Col("register", "register", "line"),
        Col("inspect_by", "inspect_by", "date"),
        Col("printed_label", "label", "yes"),
        Col("instructions", "instructions", "text"),
    ),
    _things(
        "posts",
        LABEL,
        Col("hours", "hours", "number", needed=True),
        Col("walks", "walks", "yes"),
        ROLES_COL,
        *LONE,
    ),
    _things("items", TEXT, Col("count", "count", "number"), under=("posts", "items"), keys=(_of("posts"),)),
    _things("checklists", LABEL, Col("category", "category", refers="categories")),
    _things(
        "checks",
        TEXT,
        Col("type", "kind", allowed=CHECK_KINDS),
        Col("hint", "standard", "text"),
        Col("choices", "choices", refers=CHOICES),
        Col("unit", "unit", "line"),
        Col("said", "said", "text"),
        Col("decimals", "decimals", "number"),
        Col("low", "low", "number"),
        Col("high", "high", "number"),
        Col("source", "source", "line"),
        Col("total", "total", "number"),
        Col("asset", "asset", refers="assets"),
        Col("sensor", "sensor"),
        Col("meter", "meter", "yes"),
        Col("ratio", "ratio", "number"),
        Col("group", "group"),
        Col("balance", "balance", "number"),
        Col("moves", "moves", "yes"),
        Col("rate", "rate", allowed=RATES),
        Col("category", "category", refers="categories"),
        under=("checklists", "checks"),
        keys=(_of("checklists"),),
    ),
    _things(
        "score_items",
        TEXT,
        Col("full", "full", "number", needed=True),
        under=("checklists", "checks", "items"),
        keys=(_of("checklists"), _of("checks")),
    ),
    _things(
        "deductions",
        TEXT,
        Col("points", "points", "number", needed=True),
        under=("checklists", "checks", "items", "reasons"),
        keys=(_of("checklists"), _of("checks"), _of("score_items", "item")),
    ),
    _things(
        "routes",
        LABEL,
        Col("type", "kind", allowed=ROUTE_KINDS, needed=True),
        Col("order", "order", allowed=ORDERS, needed=True),
        Col("roles", "roles", "list", allowed=ROLES, needed=True),
        Col("checklist", "checklist", refers="checklists"),
        Col("form", "form", allowed=FORMS),
        *LONE,
    ),
    Sheet(
        "stops",
        ("routes", "stops"),
        (_of("routes"),),
        (
            Col("point", "point", refers="points", needed=True),
            Col("name", "id"),
            Col("checklist", "checklist", refers="checklists"),
            Col("walk_s", "walk_s", "number"),
        ),
    ),
    _things(
        "schedules",
        LABEL,
        Col("route", "route", refers="routes", needed=True),
        Col("rule", "rule", needed=True),
        Col("start", "start", "time", needed=True),
        Col("minutes", "minutes", "number", needed=True),
        Col("begins", "begins", "date", needed=True),
        Col("until", "until", "date"),
        Col("crew", "crew", "number"),
        Col("recheck", "recheck", "yes"),
        Col("days", "days", allowed=DAYS),
        Col("post", "post", refers="posts"),
    ),
    Sheet(
        "calendar",
        ("calendar",),
        (),
        (
            Col("type", "type", allowed=("holidays", "workdays"), needed=True),
            Col("from", "from", "date", needed=True),
            Col("to", "to", "date"),
        ),
    ),
    _things(
        "teams",
        LABEL,
        Col("leader", "leader", refers="people", needed=True),
        Col("members", "members", "list", refers="people", needed=True),
        Col("areas", "areas", "list", refers="areas"),
    ),
    Sheet(
        "sign_in",
        ("sign_in",),
        (Col("role", "", allowed=ROLES, needed=True),),
        (Col("methods", "", "list", allowed=SIGN_INS, needed=True),),
    ),
    _things(
        "categories",
        TEXT,
        Col("type", "kind", allowed=CATEGORY_KINDS, needed=True),
        Col("phrases", "phrases", refers=CHOICES, needed=True),
        Col("to", "to", allowed=ROLES, needed=True),
        Col("deadline", "deadline", needed=True),
        Col("respond", "respond"),
        Col("authority", "violation/authority", "text"),
        Col("demands", "violation/demands", refers=CHOICES),
        Col("notice", "violation/notice"),
        Col("comply", "violation/comply"),
        Col("report", "violation/report"),
    ),
    Sheet(
        CHOICES,
        (CHOICES,),
        (Col("list_name", "", needed=True), NAME),
        (Col("label", "", "text"), Col("ok", "ok", "yes")),
    ),
    _things(
        "registers",
        LABEL,
        Col("roles", "roles", "list", allowed=ROLES, needed=True),
        Col("ends", "ends", "text"),
        Col("limit", "limit", "time"),
        Col("every_min", "every_min", "number"),
        Col("post", "post", refers="posts"),
        Col("retention_days", "retention_days", "number"),
    ),
    _things(
        "columns",
        TEXT,
        Col("type", "kind", allowed=COLUMNS, needed=True),
        Col("choices", "choices", refers=CHOICES),
        Col("size", "size", "number"),
        Col("required", "optional", "not"),
        Col("personal", "personal", "yes"),
        under=("registers", "columns"),
        keys=(_of("registers"),),
    ),
    _things(
        "procedures",
        LABEL,
        Col("type", "kind", allowed=PROCEDURE_KINDS, needed=True),
        Col("when", "when", "text"),
        Col("about", "about", "list", refers="assets"),
        Col("reports", "reports", refers=CHOICES),
    ),
    _things(
        "procedure_teams",
        LABEL,
        Col("roles", "roles", "list", allowed=ROLES),
        Col("assemble_min", "assemble_min", "number"),
        Col("point", "point", refers="points"),
        under=("procedures", "teams"),
        keys=(_of("procedures"),),
    ),
    _things(
        "steps",
        TEXT,
        Col("within_min", "within_min", "number"),
        under=("procedures", "teams", "steps"),
        keys=(_of("procedures"), Col("team", "", refers="procedure_teams")),
    ),
    _things(
        "materials",
        TEXT,
        Col("count", "count", "number", needed=True),
        under=("procedures", "teams", "materials"),
        keys=(_of("procedures"), Col("team", "", refers="procedure_teams", needed=True)),
    ),
    _things("contacts", LABEL, Col("number", "number", needed=True)),
    _things("supplies", TEXT, Col("unit", "unit", "text")),
    _things(
        "surveys",
        LABEL,
        Col("builder", "builder", "text", needed=True),
        Col("deadline", "deadline"),
        Col("roles", "roles", "list", allowed=ROLES),
        Col("faults", "faults", refers=CHOICES),
    ),
    _things(
        "fittings",
        TEXT,
        Col("faults", "faults", refers=CHOICES),
        under=("surveys", "fittings"),
        keys=(_of("surveys"),),
    ),
    Sheet(
        "units",
        ("surveys", "units"),
        (_of("surveys"), Col("name", "", needed=True)),
        (Col("label", "", "text"),),
    ),
    Sheet(
        "settings",
        ("settings",),
        (Col("name", "", allowed=Settings.__struct_fields__, needed=True),),
        (Col("value", "", needed=True),),
    ),
    Sheet(
        "targets",
        ("targets",),
        (Col("name", "", allowed=tuple(INDICATORS), needed=True),),
        (Col("value", "value", "number", needed=True), Col("source", "source", "line")),
    ),
    Sheet(
        "tag_rules",
        ("tag_rules",),
        (),
        (
            Col("company", "company", "number"),
            Col("service", "service"),
            Col("device_name", "name", "line"),
            Col("begin", "begin", "number"),
            Col("size", "size", "number"),
        ),
    ),
)
BY_NAME: Final = {sheet.name: sheet for sheet in SHEETS}
LISTS: Final = ("skip_reasons", "alone_reasons")
"""Sections of the file that are a list of the sheet of choices, by that name."""
README: Final = "readme"
ALLOWED: Final = "lists"
"""Sheets that say something to people and nothing to us."""


def sheet_called(title: str) -> Sheet | None:
    """The sheet that a workbook calls `title`: by its name, in Chinese, or both."""
    words = " ".join(title.split()).casefold()
    titles = ((sheet, sheet.title.casefold()) for sheet in SHEETS)
    return next((sheet for sheet, whole in titles if words in (sheet.name, whole, whole.partition(" ")[2])), None)


def columns_called(sheet: Sheet) -> Iterator[tuple[str, tuple[Col, str]]]:
    """(heading, (column, language or "")) of every way to write one."""
    for col in sheet.columns:
        if col.form != "text":
            yield col.heading, (col, "")
            continue
        for lang, names in (("zh", ("中文", "zh", "chinese (zh)")), ("en", ("english", "en", "english (en)"))):
            yield from ((f"{col.heading}::{name}", (col, lang)) for name in names)
        yield col.heading, (col, "zh")


def meaning(lang: str, sheet: Sheet, col: Col) -> str:
    """What a column is, as `title: more` or `题：…`: its own sentence on this sheet, else the one of its heading."""
    own = f"c_{sheet.name}_{col.heading}"
    return say(lang, f"plan_book.{own if own in table('plan_book') else f'c_{col.heading}'}")


def title(lang: str, sheet: Sheet, col: Col) -> str:
    """A few words: what stands before the colon."""
    return meaning(lang, sheet, col).partition("：" if lang == "zh" else ":")[0]


def word_meaning(lang: str, sheet: Sheet, col: Col, word: str) -> str:
    """What one of a column's words means; empty where the word says it."""
    known, plain = table("plan_book"), word.replace("-", "_").replace("+", "_")
    own = next((key for key in (f"w_{col.heading}_{plain}", f"w_{sheet.name}_{plain}") if key in known), None)
    if own is not None:
        return say(lang, f"plan_book.{own}")
    if word in col.allowed and col.allowed == tuple(INDICATORS):
        return say(lang, f"indicators.name_{word}")
    if col.allowed == ROLES:
        return say(lang, f"finding.role_{word}")
    return next((say(lang, f"plan_book.{key}") for key in (f"w_{plain}", f"m_{plain}") if key in known), "")


def caption(lang: str, section: str, member: str) -> str:
    """What people call a member of a thing: the title of its column, or of the sheet where its rows are."""
    sheet = BY_NAME.get(section)
    col = next((col for col in sheet.cols if member in (col.key, col.key.rpartition("/")[2])), None) if sheet else None
    if sheet is not None and col is not None:
        return title(lang, sheet, col)
    below = next((each for each in SHEETS if each.under and each.under[-1] == member), None)
    if below is not None:
        return say(lang, f"plan_book.{below.name}")
    return say(lang, f"plan_book.m_{member}") if f"m_{member}" in table("plan_book") else member
