"""YAML text as nodes that know their line: scalars, lists and tables, and nothing else of YAML.

Reads events, never objects: no tags, no anchors, no aliases, one document, twelve levels. A scalar
is kept as it was written, so that `22:00`, `0.30`, `0042` and `No` mean what a person sees. Knows
nothing of plans.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import yaml
from msgspec import Struct

from sync.office.plan_faults import Faults, Spot

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_DEPTH: Final = 12
_MAX_KEY: Final = 64
_NO_VALUE: Final = frozenset(("", "~", "null", "Null", "NULL"))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""What YAML 1.1 §5.1 does not let stand in a file."""


class Leaf(Struct, frozen=True):
    """A scalar, as written."""

    spot: Spot
    text: str
    quoted: bool = False

    @property
    def empty(self) -> bool:
        return not self.quoted and self.text in _NO_VALUE


class Row(Struct, frozen=True):
    spot: Spot
    items: "tuple[Node, ...]"


class Entry(Struct, frozen=True):
    key: str
    line: int
    node: "Node"

    def spot(self, where: str) -> Spot:
        """Where its key stands."""
        return Spot(self.line, where, self.node.spot.sheet, self.node.spot.column)


class Table(Struct, frozen=True, dict=True):
    spot: Spot
    entries: tuple[Entry, ...]

    def get(self, key: str) -> "Node | None":
        return self._nodes.get(key)

    @cached_property
    def _nodes(self) -> "dict[str, Node]":
        return {entry.key: entry.node for entry in self.entries}


class Refused(Struct, frozen=True):
    """Something whose fault is already told: nobody needs to complain about it again."""

    spot: Spot


Node = Leaf | Row | Table | Refused


def find(node: Node, *path: str | int) -> Spot:
    """Where the deepest part of `path` that exists stands; an int counts a list's items from 0."""
    for step in path:
        below: Node | None = None
        if isinstance(node, Table) and isinstance(step, str):
            below = node.get(step)
        elif isinstance(node, Row) and isinstance(step, int) and step < len(node.items):
            below = node.items[step]
        if below is None:
            break
        node = below
    return node.spot


def read_nodes(raw: bytes, faults: Faults) -> Node | None:
    """The file's top node; None when the file as a whole cannot be read, which is then the only fault."""
    text = _decode(raw, faults)
    if text is None:
        return None
    # libyaml's parser where PyYAML was built with it: 2 MB in 0.6 s instead of 20 s. Both are state
    # machines, so depth costs nothing before it is refused.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Composer(yaml.parse(text, Loader=loader), faults).document()
    except _Hopeless as e:
        faults.add(e.spot, e.key, limit=MAX_DEPTH)
    except yaml.MarkedYAMLError as e:
        faults.add(Spot(_line(e)), *_explain(e, text))
    except yaml.YAMLError:
        faults.add(Spot(0), "not_yaml")
    return None


def _decode(raw: bytes, faults: Faults) -> str | None:
    if len(raw) > MAX_BYTES:
        faults.add(Spot(0), "too_large", size=len(raw), limit=MAX_BYTES)
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        faults.add(Spot(raw.count(b"\n", 0, e.start) + 1), "not_utf8")
        return None
    if bad := _CONTROL.search(text):
        faults.add(Spot(text.count("\n", 0, bad.start()) + 1), "control", code=f"U+{ord(bad[0]):04X}")
        return None
    return text


def _line(e: yaml.MarkedYAMLError) -> int:
    mark = e.problem_mark or e.context_mark
    return mark.line + 1 if mark else 0


def _explain(e: yaml.MarkedYAMLError, text: str) -> tuple[str]:
    lines = text.splitlines()
    here = lines[_line(e) - 1] if 0 < _line(e) <= len(lines) else ""
    indent = here[: len(here) - len(here.lstrip())]
    return ("tab",) if "\t" in indent else ("not_yaml",)


class _Hopeless(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, key: str, spot: Spot) -> None:
        super().__init__(key)
        self.key = key
        self.spot = spot


class _Composer:
    """Events to nodes. Recursion is bounded by MAX_DEPTH."""

    def __init__(self, events: Iterator[Any], faults: Faults) -> None:
        self._events = events
        self._faults = faults

    def document(self) -> Node | None:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise _Hopeless("empty", Spot(0))
        top = self._node(next(self._events), "", 0)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _Hopeless("many_documents", Spot(after.start_mark.line + 1))
        return top

    def _node(self, event: Any, where: str, depth: int, line: int = 0) -> Node:
        """`line`, where it is given, is that of the key: a table or list begins there for a reader."""
        below = isinstance(event, yaml.CollectionStartEvent)
        spot = Spot(line if line and below else event.start_mark.line + 1, where)
        if depth > MAX_DEPTH:
            raise _Hopeless("too_deep", spot)
        if isinstance(event, yaml.AliasEvent):
            self._faults.add(spot, "alias", name=str(event.anchor))
            return Refused(spot)
        node = self._content(event, spot, depth)
        if event.anchor is not None:
            self._faults.add(spot, "anchor", name=event.anchor)
            return Refused(spot)
        if event.tag is not None:
            self._faults.add(spot, "tag", name=event.tag)
            return Refused(spot)
        return node

    def _content(self, event: Any, spot: Spot, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Leaf(spot, event.value, quoted=bool(event.style))
        if isinstance(event, yaml.SequenceStartEvent):
            return Row(spot, tuple(self._items(spot.where, depth)))
        return Table(spot, tuple(self._entries(spot.where, depth)))

    def _items(self, where: str, depth: int) -> Iterator[Node]:
        number = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            number += 1
            yield self._node(event, f"{where}[{number}]", depth + 1)

    def _entries(self, where: str, depth: int) -> Iterator[Entry]:
        """The table's entries; of a key written twice only the first counts."""
        seen: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            key = self._node(event, where, depth + 1)
            name = key.text if isinstance(key, Leaf) else ""
            path = f"{where}.{name[:_MAX_KEY]}" if where else name[:_MAX_KEY]
            node = self._node(next(self._events), path, depth + 1, line)
            if not name:
                self._faults.add(Spot(line, where), "bad_key")
            elif name in seen:
                self._faults.add(Spot(line, path), "duplicate_key", name=name, first=seen[name])
            else:
                seen[name] = line
                yield Entry(name, line, node)
