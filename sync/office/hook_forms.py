"""How a message is posted to each kind of hook, and how it says that it took it.

`wecom` is a group robot of 企业微信, `dingtalk` one of 钉钉 (signed when it has a secret), `json` a program of the
company's own after the Standard Webhooks specification, `sms` the HTTP door of a gateway for short messages.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from msgspec import Struct

from app.errors import WatchbookError

if TYPE_CHECKING:
    from sync.office.store.hooks import Hook, Notice

FORMS: Final = ("wecom", "dingtalk", "json", "sms")
CHATS: Final = ("wecom", "dingtalk")
"""These take 20 messages a minute; what is due together goes as one."""
MOST_BYTES: Final = 1800
"""Of a text; a robot of 企业微信 takes 2048."""
LONGEST_SMS: Final = 200
LONGEST_URL: Final = 1000
TEXT: Final = "{text}"


class HookRefused(WatchbookError):
    """The administrator: the hook can't be used like this."""


class Post(Struct, frozen=True):
    url: str
    headers: dict[str, str]
    content: bytes


def checked_url(text: str) -> str:
    """The address of a hook. Raises HookRefused."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        raise HookRefused("hooks.bad_url")
    return text


def checked_fields(form: str, text: str) -> str:
    """The form fields of an `sms` hook, as `mobile=139…&content={text}`; empty for the others. Raises HookRefused."""
    if form != "sms":
        if text:
            raise HookRefused("hooks.no_fields", form=form)
        return ""
    pairs = parse_qsl(text, keep_blank_values=True)
    if sum(value.count(TEXT) for _, value in pairs) != 1 or len(text) > LONGEST_URL:
        raise HookRefused("hooks.bad_fields")
    return text


def host_of(hook: "Hook") -> str:
    """As much of the address as may be shown: the rest holds its key."""
    return urlsplit(hook.url).hostname or ""


def post_of(hook: "Hook", notices: "Sequence[Notice]", now: int) -> Post:
    """The request that tells `notices`, of which only a chat takes more than one. `now` is UTC ms."""
    text = _cut("\n".join(notice.text for notice in notices))
    match hook.form:
        case "wecom":
            return _json(hook.url, {"msgtype": "text", "text": {"content": text}})
        case "dingtalk":
            return _json(_signed(hook, now), {"msgtype": "text", "text": {"content": text}})
        case "sms":
            pairs = [(name, value.replace(TEXT, text[:LONGEST_SMS])) for name, value in parse_qsl(hook.fields, True)]
            kind = "application/x-www-form-urlencoded; charset=utf-8"
            return Post(hook.url, {"content-type": kind}, urlencode(pairs).encode())
    return _standard(hook, notices[0], now)


def took(form: str, status: int, content: bytes) -> str:
    """Empty when the message was taken; else in a few letters what was answered instead."""
    if not 200 <= status < 300:
        return f"HTTP {status}"
    if form not in CHATS:
        return ""
    try:
        answer = json.loads(content)
        code = answer["errcode"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"HTTP {status}, ?"
    return "" if code == 0 else f"errcode {str(code)[:12]}"


def _json(url: str, body: dict[str, Any]) -> Post:
    return Post(url, {"content-type": "application/json"}, json.dumps(body, ensure_ascii=False).encode())


def _signed(hook: "Hook", now: int) -> str:
    """The address with time and signature, as a robot of 钉钉 with `加签` asks for it."""
    if not hook.secret:
        return hook.url
    sign = hmac.digest(hook.secret.encode(), f"{now}\n{hook.secret}".encode(), hashlib.sha256)
    return f"{hook.url}{'&' if '?' in hook.url else '?'}timestamp={now}&sign={quote_plus(base64.b64encode(sign))}"


def _standard(hook: "Hook", notice: "Notice", now: int) -> Post:
    body = {"site": notice.site, "about": notice.about, "subject": notice.subject, "text": notice.text}
    post = _json(hook.url, {**body, "made_at": notice.made_at})
    message = hashlib.sha256(f"{notice.site}\n{notice.subject}".encode()).hexdigest()[:32]
    headers = {"webhook-id": message, "webhook-timestamp": str(now // 1000)}
    if hook.secret:
        signed = f"{message}.{now // 1000}.".encode() + post.content
        sign = hmac.digest(_key(hook.secret), signed, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(sign).decode()}"
    return Post(hook.url, {**post.headers, **headers}, post.content)


def _key(secret: str) -> bytes:
    """`whsec_` and base64 as the specification writes it; any other text as it is."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            pass
    return secret.encode()


def _cut(text: str) -> str:
    raw = text.encode()
    return text if len(raw) <= MOST_BYTES else raw[:MOST_BYTES].decode(errors="ignore") + "..."
