"""Rounds by place, folded from the records of rounds (app.duties.places); app.resume does it, where there are any."""

from typing import Final

from app.duties.places import Tended
from app.kinds.share import Share

TENDED: Final[Share[Tended]] = Share("tended", Tended, Tended(), {})
