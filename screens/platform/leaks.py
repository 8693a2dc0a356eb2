"""Two leaks of Textual 8.2.8 closed: what a screen leaves behind when it goes.

A night is a thousand screen changes; unguarded each keeps 60 to 140 KB. Both are reported upstream
(Textualize/textual #6665 and #6666); tests/platform/test_leaks.py fails once they are mended there.
"""

from functools import lru_cache
from typing import Any

from textual import dom, reactive
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.dom import DOMNode
from textual.style import Style

_watch_for_ever = reactive._watch


def install() -> None:
    """Close both, once and for all; again does nothing. Call it before the first screen."""
    close_styles()
    close_watchers()


def close_styles() -> None:
    """#6665: a cache on a method keeps every widget's cache that ever asked it, up to 1024."""
    StylesCache.get_inner_outer = staticmethod(_inner_outer)  # type: ignore[method-assign,assignment]  # the guard replaces it


def close_watchers() -> None:
    """#6666: whoever watched the app is kept by it after closing."""
    for module in (reactive, dom):
        module._watch = _watch  # type: ignore[attr-defined]  # private, not exported


@lru_cache(256)
def _inner_outer(base: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base + background), Style(background=base)


def _watch(node: DOMNode, obj: DOMNode, name: str, callback: Any, *, init: bool = True) -> None:
    """Textual's, after forgetting the watchers of `name` that have closed."""
    watchers = getattr(obj, "__watchers", {}).get(name, [])
    watchers[:] = [(watcher, called) for watcher, called in watchers if not watcher._closing]
    _watch_for_ever(node, obj, name, callback, init=init)
