"""What goes into the audit (promises 6 and 8): who acted, and who looked at where people were.

A movement track is sensitive personal information, so looking at one is an act. Looking again within LOOKED_MS is the
same look.
"""

import getpass
from typing import Final

from app.words import say
from app.words.audit import TABLE
from sync.office.store import Store
from sync.office.store import audit as table
from sync.office.store.accounts import Session

LOOKED_MS: Final = 10 * 60 * 1000
SHELL: Final = "shell"
ACT: Final = "act_"


async def looked(store: Store, session: Session, act: str, site: str, subject: str, now: int) -> None:
    """Note that somebody sees `subject`; before it is shown."""
    last = await store.read(lambda tx: table.last_at(tx, session.account, act, site, subject))
    if now - last >= LOOKED_MS:
        await store.write(lambda tx: table.note(tx, now, session.account, act, site, subject))


async def acts(store: Store, account: str, act: str, now: int, site: str = "", subject: str = "") -> None:
    """Note an act that is about to be done."""
    await store.write(lambda tx: table.note(tx, now, account, act, site, subject))


def shell_user() -> str:
    """Who types the office's commands, by the name of the operating system."""
    try:
        return f"{SHELL}:{getpass.getuser()}"
    except (KeyError, OSError, ImportError):
        return f"{SHELL}:?"


def act_words(act: str, lang: str) -> str:
    """What was done; an act of another version as it is written."""
    name = f"{ACT}{act.replace('-', '_')}"
    return say(lang, f"audit.{name}") if name in TABLE else act
