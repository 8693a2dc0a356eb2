"""How this handheld stands, for the office to show: its program, its plan, its battery, its room, its radio."""

import shutil
from collections.abc import Callable

from app.logbook.book import Logbook
from app.tuning import tuning_of
from app.version import VERSION
from hardware.power import battery
from sync.courier import CourierState
from sync.wire import Condition

Radio = Callable[[], str]
"""Key of the sentence that says what is wrong with the radio; empty while nothing is, or nobody listens."""


def condition_of(
    logbook: Logbook,
    revision: Callable[[], int] = lambda: 0,
    radio: Radio = str,
    update: Callable[[], str] = str,
    parts_wait: Callable[[], bool] = bool,
) -> Callable[[CourierState], Condition]:
    """What a courier tells; `revision` of the plan in use; `update` the key of the sentence about a new program;
    `parts_wait` whether the program begins anew for its parts."""

    def condition(state: CourierState) -> Condition:
        cell = battery()
        return Condition(
            program=VERSION,
            seq=logbook.head.seq,
            plan=revision(),
            battery=cell.percent if cell else None,
            charging=cell.charging if cell else False,
            free_mb=_free_mb(logbook),
            radio=radio(),
            reason=state.last_reason.key if state.last_reason else "",
            update=update(),
            settings=tuning_of(logbook).revision,
            parts_wait=parts_wait(),
        )

    return condition


def _free_mb(logbook: Logbook) -> int | None:
    try:
        return shutil.disk_usage(logbook.folder).free // 2**20
    except OSError:
        return None
