"""How every page is made: its language, its words, its template, and the headers that keep it harmless.

All text is data: Jinja escapes it, and `shown` replaces what a browser would obey besides markup (direction
marks, controls). No page needs a script; the policy in the headers allows those in `static`, and none in a page.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.datastructures import Cookie, State
from markupsafe import Markup
from msgspec import Struct

from app.text import clean
from app.words import LANGS, say
from sync.office.accounts import DISPATCHERS, REVIEWERS
from sync.office.store.accounts import Session

if TYPE_CHECKING:
    from jinja2 import Environment

Asked = Request[Any, Any, State]
HERE: Final = Path(__file__).parent.parent
LANG_COOKIE: Final = "watchbook_lang"
SHOWN_NOW: Final = "shown_now"
"""Where a request carries the time that its page tells, when the clock was moved."""
YEAR_S: Final = 365 * 24 * 3600
LONGEST_TEXT: Final = 2000
_OURS: Final = re.compile(r"/([a-z-]+)([/?][!-\[\]-~]*)?")
FORM_BYTES: Final = 16 * 1024

TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
"""Of the files in `static`."""

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


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
        return home_of(self.session.role) if self.session else "/now"


class Room(Struct, frozen=True):
    """Pages of one subject, at `/name` and below it."""

    name: str
    group: str
    """Of the navigation; empty: other pages lead there."""
    roles: frozenset[str]
    """Who may open them."""


class Way(Struct, frozen=True):
    """A line of the navigation."""

    href: str
    word: str
    here: str
    """As `aria-current` says it: `page`, or `true` below it; empty elsewhere."""


class Ways(Struct, frozen=True):
    """A group of it."""

    word: str
    ways: list[Way]


class File(Struct, frozen=True):
    """What every browser may have."""

    raw: bytes
    kind: str
    version: str


NOBODY: Final = Visitor()
NO_ALARMS: Final[dict[str, list[object]]] = {"standing": [], "told": []}


class View:
    """Templates and style, read once in a process. `rooms` are what the navigation leads to."""

    def __init__(self, rooms: Sequence[Room] = ()) -> None:
        self._rooms = rooms
        self.files = _files()

    def part(self, lang: str, template: str, **fields: Any) -> str:
        """A piece of a page, for one that is open already."""
        said = {"lang": lang, "w": partial(words, lang), "say": partial(say, lang)}
        return _templates().get_template(template).render(**said, **fields)

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
        made = _templates().get_template(template)
        text = made.render(
            lang=lang,
            w=partial(words, lang),
            t=_words_of("tags", lang),
            other_lang_url=_in_other_language(request, lang),
            session_name=visitor.name,
            form_token=form_token(visitor.session) if visitor.session else "",
            way_back=visitor.home,
            say=partial(say, lang),
            ways=self._ways(visitor, lang, path_of(request)),
            here=here_of(request),
            banner=banner,
            filling=filling,
            shown_now=request.state.get(SHOWN_NOW, ""),
            **fields,
        )
        return Response(
            text.encode(),
            media_type="text/html",
            status_code=status,
            headers={**HEADERS, **_strict_transport(request), "content-language": lang, **(headers or {})},
            cookies=[*_chosen_language(request), *cookies],
        )

    def safe_way(self, wanted: str, otherwise: str) -> str:
        """A page of ours, or `otherwise`: nobody is led elsewhere."""
        found = _OURS.fullmatch(wanted)
        return wanted if found and any(found[1] == room.name for room in self._rooms) else otherwise

    def _ways(self, visitor: Visitor, lang: str, path: str) -> list[Ways]:
        role = visitor.session.role if visitor.session else ""
        open_ = [room for room in self._rooms if room.group and role in room.roles]
        groups = dict.fromkeys(room.group for room in open_)
        return [
            Ways(
                say(lang, f"rooms.group_{group}"),
                [_way(room.name, lang, path) for room in open_ if room.group == group],
            )
            for group in groups
        ]

    def go(self, request: Asked, path: str, cookies: Sequence[Cookie] = ()) -> Response[bytes]:
        """See another page of ours."""
        headers = {**HEADERS, **_strict_transport(request), "location": path}
        return Response(b"", status_code=303, media_type="text/plain", headers=headers, cookies=list(cookies))


def home_of(role: str) -> str:
    """The first page for a role; empty when there is none."""
    return "/now" if role in REVIEWERS else "/desk" if role in DISPATCHERS else ""


@cache
def _templates() -> "Environment":
    """Jinja (2 MB) is imported by the first page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["file"] = _address
    return made


def _address(name: str) -> str:
    """Where a browser finds a file of ours; another address whenever it changes, so that it is kept for good."""
    return f"/static/{name}?v={_files()[name].version}"


@cache
def _files() -> dict[str, File]:
    return {each.name: _file(each) for each in (HERE / "static").iterdir() if each.suffix in TYPES}


def _file(path: Path) -> File:
    raw = path.read_bytes()
    return File(raw, TYPES[path.suffix], hashlib.sha256(raw).hexdigest()[:12])


def _way(name: str, lang: str, path: str) -> Way:
    href = f"/{name}"
    here = "page" if path == href else "true" if path.startswith(f"{href}/") else ""
    return Way(href, say(lang, f"rooms.{name}"), here)


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
    return str(request.scope["scheme"]) == "https"


def reached_at(request: Asked) -> str:
    """The address at which this browser found the office, as it says itself."""
    return f"{request.scope['scheme']}://{request.headers.get('host', '')}"


def path_of(request: Asked) -> str:
    """The path as it was asked for, still quoted: a round's id holds a `#`."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("ascii", "replace")


def here_of(request: Asked) -> str:
    """Path and query as asked for: where a form leads back to."""
    query = request.scope["query_string"].decode("ascii", "replace")
    return path_of(request) + (f"?{query}" if query else "")


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


def download(raw: bytes, name: str, kind: str) -> Response[bytes]:
    """A file to be saved under that name; `kind` is its media type."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return Response(raw, media_type=kind, headers={**HEADERS, "content-disposition": f'attachment; filename="{safe}"'})


def whole(text: str, digits: int = 9) -> int | None:
    """The number that stands in an address or a form; None for anything else, and for one that is too long."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


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
