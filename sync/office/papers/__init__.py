"""Papers 报表: what an inspector, a resident or a manager is handed, made from the records (D61-D68)."""

from typing import Final

NAMES: Final = (
    "night", "precheck", "month", "compared", "fire-patrol", "control-room", "facility", "repairs", "power-room",
    "lift", "handover", "register", "scores", "asset", "drill", "violation", "notice",
)  # fmt: skip
"""By which they are asked for, in the order in which they are offered; `catalogue.SORTS` has each."""
