"""Tags in a plan file: the identity of each format, and the rules for makers who publish none.

Identities are written as a handheld hears them (docs/hardware.md).
"""

import re
from collections.abc import Callable
from typing import Final

from app.duties.site import EID, GENERIC, Tag, TagRule
from hardware.tags import MEASURES
from sync.office.plan_faults import Faults
from sync.office.plan_nodes import Node
from sync.office.plan_values import Field, Reader, Wrong, leaf, line, read_table, whole

SHARED_UUID: Final = "fda50693-a4e2-4fb1-afcf-c6eb07647825"
"""What beacons of the trade ship with: every neighbour's stock beacon has it too."""
SECRETS: Final = frozenset({EID, "bthome"})
"""Formats that a copy cannot keep up with: EID changes, and BTHome may be enciphered."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_EDDYSTONE = re.compile(r"[0-9a-f]{20}/[0-9a-f]{12}", re.ASCII)
_ALTBEACON = re.compile(r"[0-9a-f]{40}", re.ASCII)
_URL = re.compile(r"https?://[!-~]{1,60}", re.ASCII)
_ADDRESS = re.compile(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_PIECE = re.compile(r"([0-9a-f]{2}){1,60}", re.ASCII)
_SERVICE = re.compile(r"[0-9a-f]{4}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def _matching(pattern: re.Pattern[str], wrong: str, as_kept: Callable[[str], str] = str.lower) -> Reader[str]:
    """Reads what fits the pattern; `wrong` names the sentence for what does not."""

    def read(node: Node, faults: Faults) -> str:
        written = as_kept(leaf(node))
        if not pattern.fullmatch(written):
            raise Wrong(wrong, value=written)
        return written

    return read


uuid: Final = _matching(_UUID, "bad_uuid")
"""A beacon UUID, lower-case."""
address: Final = _matching(_ADDRESS, "bad_address", str.upper)


def ibeacon(site_uuid: str) -> Reader[str]:
    """`uuid/major/minor`, or `major/minor` under the site's own UUID."""

    def read(node: Node, faults: Faults) -> str:
        written = leaf(node).lower()
        parts = written.split("/")
        if len(parts) == 2:
            parts.insert(0, site_uuid)
        if len(parts) != 3 or not _UUID.fullmatch(parts[0]):
            raise Wrong("bad_ibeacon", value=written)
        own, *numbers = parts
        if not all(_NUMBER.fullmatch(number) and int(number) <= 65535 for number in numbers):
            raise Wrong("bad_major_minor", value=written)
        return "/".join([own, *(str(int(number)) for number in numbers)])

    return read


def generic(node: Node, faults: Faults) -> str:
    """What a tag rule finds: some bytes in hex, or the Bluetooth address."""
    written = leaf(node)
    if not _PIECE.fullmatch(written.lower()):
        return address(node, faults)
    return written.lower()


def tag(site_uuid: str) -> Reader[Tag]:
    """`{ibeacon: 3/12, near: -60}`, `{eddystone-uid: namespace/instance}` …"""
    identity_of = {
        "ibeacon": Field(ibeacon(site_uuid)),
        "eddystone-uid": Field(_matching(_EDDYSTONE, "bad_eddystone")),
        "altbeacon": Field(_matching(_ALTBEACON, "bad_altbeacon")),
        "eddystone-url": Field(_matching(_URL, "bad_url", str)),
        EID: Field(_matching(_NAME, "bad_tag_name", str)),
        "bthome": Field(address),
        GENERIC: Field(generic),
    }
    form = {**identity_of, "address": Field(address), "near": Field(whole(-110, -20))}

    def read(node: Node, faults: Faults) -> Tag:
        before = faults.errors
        values = read_table(node, form, faults)
        identities = [(kind, values.pop(kind)) for kind in identity_of if kind in values]
        if faults.errors > before:
            raise Wrong("")
        if len(identities) != 1:
            raise Wrong("one_identity")
        [(kind, identity)] = identities
        return Tag(format=kind, id=identity, **values)

    return read


def measure(node: Node, faults: Faults) -> str:
    """The name of a figure that tags measure, e.g. `temperature`."""
    name = leaf(node)
    if name not in MEASURES:
        near = faults.near(name, MEASURES)
        raise Wrong("not_one_of_near", value=name, near=near) if near else Wrong("no_measure", value=name)
    return name


def tag_rule(node: Node, faults: Faults) -> TagRule:
    """`{name: LW, company: 1424, begin: 2, size: 4}`."""
    form = {
        "name": Field(line),
        "company": Field(whole(0, 0xFFFF)),
        "service": Field(_matching(_SERVICE, "bad_service")),
        "begin": Field(whole(0, 250)),
        "size": Field(whole(1, 60)),
    }
    before = faults.errors
    rule = TagRule(**read_table(node, form, faults))
    if faults.errors > before:
        raise Wrong("")
    if rule.company is None and not rule.service and (rule.size or not rule.name):
        raise Wrong("open_rule")
    return rule
