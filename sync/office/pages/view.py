"""How every page is made: its language, its words, its template, and the headers that keep it harmless.

All text is data: Jinja escapes it, and `shown` replaces what a browser would obey besides markup (direction
marks, controls). No page needs a script, and the policy in the headers allows none.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response
from litestar.datastructures import Cookie, State
from markupsafe import Markup
from msgspec import Struct

from app.text import clean
from app.words import LANGS, say
from sync.office.accounts import ALARM_TAKERS, AUDITORS, LABEL_PRINTERS, REVIEWERS
from sync.office.store.accounts import Session

Asked = Request[Any, Any, State]
HERE: Final = Path(__file__).parent.parent
LANG_COOKIE: Final = "watchbook_lang"
SHOWN_NOW: Final = "shown_now"
"""Where a request carries the time that its page tells, when the clock was moved."""
YEAR_S: Final = 365 * 24 * 3600
LONGEST_TEXT: Final = 2000
ROOMS: Final = ("/rounds", "/books", "/tags", "/alarms", "/labels", "/devices", "/audit", "/afterwards")
FORM_BYTES: Final = 16 * 1024

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class Verdict(Struct, frozen=True):
    """One word with the colour it has in the terminal too: ok, amber, red, or dim for what is not judged yet."""

    colour: str
    word: str


class Fact(Struct, frozen=True):
    """One row of a list of facts; `ref` is what an auditor looks it up by."""

    word: str
    text: str
    ref: str = ""


class Visitor(Struct, frozen=True):
    """Who looks at a page; `session` is None before the door."""

    session: Session | None = None
    name: str = ""

    @property
    def home(self) -> str:
        """Where the visitor begins; empty for who may see nothing behind the door."""
        return home_of(self.session.role) if self.session else "/rounds"


class Room(Struct, frozen=True):
    """A page that the bar above leads to."""

    href: str
    word: str
    here: bool
    """Whether the visitor looks at it."""


NOBODY: Final = Visitor()
NO_ALARMS: Final[dict[str, list[object]]] = {"standing": [], "told": []}


class View:
    """Templates and style, read once."""

    def __init__(self) -> None:
        self.style = (HERE / "static" / "office.css").read_bytes()
        self.icon = (HERE / "static" / "icon.svg").read_bytes()
        self._style_version = hashlib.sha256(self.style).hexdigest()[:12]
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=shown,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def page(
        self,
        request: Asked,
        template: str,
        visitor: Visitor = NOBODY,
        *,
        status: int = 200,
        cookies: Sequence[Cookie] = (),
        headers: dict[str, str] | None = None,
        banner: object = NO_ALARMS,
        filling: str = "",
        **fields: Any,
    ) -> Response[bytes]:
        """The finished answer. `fields` are what the template shows, `banner` the alarms above it.

        `filling` is how far a demonstration's example has come.
        """
        lang = lang_of(request)
        text = self._templates.get_template(template).render(
            lang=lang,
            w=partial(words, lang),
            t=_words_of("tags", lang),
            a=_words_of("audit", lang),
            f=_words_of("fleet", lang),
            other_lang_url=_in_other_language(request, lang),
            style_version=self._style_version,
            session_name=visitor.name,
            form_token=form_token(visitor.session) if visitor.session else "",
            way_back=visitor.home,
            rooms=_rooms(visitor, lang, path_of(request)),
            here=here_of(request),
            banner=banner,
            filling=filling,
            shown_now=request.state.get(SHOWN_NOW, ""),
            **fields,
        )
        return Response(
            text.encode(),
            media_type="text/html; charset=utf-8",
            status_code=status,
            headers={**HEADERS, **_strict_transport(request), "content-language": lang, **(headers or {})},
            cookies=[*_chosen_language(request), *cookies],
        )

    def go(self, request: Asked, path: str, cookies: Sequence[Cookie] = ()) -> Response[bytes]:
        """See another page of ours."""
        headers = {**HEADERS, **_strict_transport(request), "location": path}
        return Response(b"", status_code=303, media_type="text/plain", headers=headers, cookies=list(cookies))


def home_of(role: str) -> str:
    """The first page for a role; empty when there is none."""
    return "/rounds" if role in REVIEWERS else "/alarms" if role in ALARM_TAKERS else ""


def _rooms(visitor: Visitor, lang: str, path: str) -> list[Room]:
    role = visitor.session.role if visitor.session else ""
    names = (
        *(("rounds", "afterwards", "books", "devices", "tags") if role in REVIEWERS else ()),
        *(("alarms",) if home_of(role) else ()),
        *(("labels",) if role in LABEL_PRINTERS else ()),
        *(("audit",) if role in AUDITORS else ()),
    )
    return [Room(f"/{name}", words(lang, name), path == f"/{name}") for name in names]


def shown(value: Any) -> Any:
    """What a template's `{{ }}` prints: text without characters that reorder or hide what stands beside them."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value, LONGEST_TEXT)
    return value


def words(lang: str, name: str, **fields: Any) -> str:
    """The sentence `name` of the office's catalogue."""
    return say(lang, f"office.{name}", **fields)


def _words_of(subject: str, lang: str) -> Callable[..., str]:
    """The sentences of another catalogue by name."""
    return lambda name, **fields: say(lang, f"{subject}.{name}", **fields)


def lang_of(request: Asked) -> str:
    """Chosen in the URL, chosen earlier, or what the browser prefers; Chinese when nothing says."""
    for wish in (request.query_params.get("lang"), request.cookies.get(LANG_COOKIE)):
        if wish in LANGS:
            return str(wish)
    prefers = request.headers.get("accept-language", "").lower()
    return "en" if prefers.startswith("en") else "zh"


def is_secure(request: Asked) -> bool:
    return request.url.scheme == "https"


def path_of(request: Asked) -> str:
    """The path as it was asked for, still quoted: a round's id holds a `#`."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("ascii", "replace")


def here_of(request: Asked) -> str:
    """Path and query as asked for: where a form leads back to."""
    query = request.scope["query_string"].decode("ascii", "replace")
    return path_of(request) + (f"?{query}" if query else "")


def safe_way(wanted: str, otherwise: str) -> str:
    """A page of ours, or `otherwise`: nobody is led elsewhere."""
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    ours = any(wanted == room or wanted.startswith((f"{room}?", f"{room}/")) for room in ROOMS)
    return wanted if plain and ours else otherwise


def field(form: Any, name: str) -> str:
    """One text of a form; empty when it is not there."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def form_token(session: Session) -> str:
    """What a form of this session carries: another text on every page, so that compression betrays nothing."""
    salt = secrets.token_hex(8)
    return f"{salt}.{_sealed(session, salt)}"


def form_is_ours(token: str, session: Session) -> bool:
    """Whether a form was made by us for this session."""
    salt, _, seal = token.partition(".")
    return hmac.compare_digest(seal.encode("utf-8", "replace"), _sealed(session, salt).encode())


def url(path: str, **query: str) -> str:
    """A link with its query, empty values left out."""
    kept = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


Clock = Callable[[], int]
"""Now, UTC milliseconds."""


def _sealed(session: Session, salt: str) -> str:
    return hmac.digest(session.csrf.encode(), salt.encode("utf-8", "replace"), "sha256").hex()


def _in_other_language(request: Asked, lang: str) -> str:
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    other = LANGS[1 - LANGS.index(lang)]
    return f"{path_of(request)}?{urlencode([*query, ('lang', other)])}"


def _chosen_language(request: Asked) -> list[Cookie]:
    wish = request.query_params.get("lang")
    if wish not in LANGS:
        return []
    secure = is_secure(request)
    return [Cookie(LANG_COOKIE, value=wish, max_age=YEAR_S, samesite="lax", secure=secure, httponly=True)]


def _strict_transport(request: Asked) -> dict[str, str]:
    return {"strict-transport-security": f"max-age={YEAR_S}"} if is_secure(request) else {}
