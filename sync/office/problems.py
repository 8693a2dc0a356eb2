"""How the office says no: RFC 9457 problem details, each with a name from docs/errors.md.

The title is in the language asked for; a handheld has its own sentence for the name.
"""

from typing import Any, Final

import msgspec
from litestar import Request, Response

from app.words import LANGS, say
from sync.wire import PROBLEM_JSON, PROBLEMS, PROTOCOL, URN, Problem

RETRY_AFTER_S: Final = {"busy": 5, "slow": 5, "too-many-tries": 600}
UPGRADE: Final = {"Upgrade": f"Watchbook/{PROTOCOL}", "Connection": "Upgrade"}
"""What RFC 9110 section 15.5.22 asks of a 426."""
NOT_PACKED: Final = "not_packed"
"""Of a route whose answer must not wait for more of it to be compressed, or would not get smaller."""
_BY_STATUS: Final = {404: "not-found", 405: "method", 413: "too-large", 503: "busy"}


class Refusal(Exception):
    """Ends a request with this problem. `members` go into the body."""

    def __init__(self, name: str, **members: Any) -> None:
        super().__init__(name)
        self.name = name
        self.members = members


def title(lang: str, name: str) -> str:
    """The sentence for a problem or a quarantine, by its name."""
    return say(lang, f"sync.{name.replace('-', '_')}")


def language(request: Request[Any, Any, Any]) -> str:
    """The first of our languages in Accept-Language; Chinese otherwise."""
    asked = request.headers.get("accept-language", "")
    wanted = (part.strip()[:2].lower() for part in asked.split(","))
    return next((lang for lang in wanted if lang in LANGS), LANGS[0])


def answer(request: Request[Any, Any, Any], name: str, **members: Any) -> Response[bytes]:
    """The problem as a response."""
    status = PROBLEMS[name]
    problem = Problem(type=URN + name, title=title(language(request), name), status=status, **members)
    headers = dict(UPGRADE) if status == 426 else {}
    if name in RETRY_AFTER_S:
        headers["Retry-After"] = str(RETRY_AFTER_S[name])
    return Response(
        msgspec.json.encode(problem),
        status_code=status,
        media_type=PROBLEM_JSON,
        headers=headers,
    )


def name_of(status: int) -> str:
    """The problem that fits a status the framework gave by itself."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return "malformed" if status < 500 else "internal"
