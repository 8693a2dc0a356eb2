"""Everything that can go wrong for a person, as one tree. Each name says who must act.

    WatchbookError
    ├── BookError                    the handheld's own disk
    │   ├── BookInUse                close the other program (exit 3)
    │   ├── BookNewer                start the newer program: this one would misread the data directory
    │   ├── BookUnsafe               free space or call the administrator: nothing can be recorded now
    │   ├── BookUnknown              the disk did not answer clearly: reopen and look the record up
    │   ├── BookEnded                nobody: another book has come into its place, and the next try is for that one
    │   └── ChainBroken              call the manager (exit 5)
    ├── RecordRefused                the writer of the record: it breaks the form
    ├── NotAllowed                   the crew: wrong PIN, wrong role, not signed in
    │   └── PinLocked                wait, or a supervisor's badge
    ├── OfficeAway                   wait; records stay (exit 6)
    └── OfficeRefused                call the office: it answered and said no

The rooms hang their own leaves on it, each beside what raises it: on WatchbookError `SettingsRefused` (app.settings),
`RuleRefused` (app.duties.schedule), `FeedUnreadable` (hardware.replay), `AddressRefused` (sync.client), `Malformed`
(sync.wire), `BadSignature` (sync.signing), `ReleaseRefused` (sync.release) and what the office refuses (sync.office);
on OfficeRefused `Refused` (sync.client), the office's own no; on NotAllowed `Refused` (app.witness), what is no head
of another's book.

The sentence a person reads is found by `key` in the catalogues (app.words), filled with `fields`.
"""

from typing import Any


class WatchbookError(Exception):
    """Base of the tree.

    `key` names a sentence in app.words; `fields` fill it. `str()` gives the English one,
    for logs and for programs.
    """

    def __init__(self, key: str, **fields: Any) -> None:
        super().__init__(key)
        self.key = key
        self.fields = fields

    def say(self, lang: str) -> str:
        """The sentence for a person, in `lang` ("zh" or "en")."""
        from app.words import say

        return say(lang, self.key, **self.fields)

    def __str__(self) -> str:
        return self.say("en")


class BookError(WatchbookError):
    pass


class BookInUse(BookError):
    pass


class BookNewer(BookError):
    pass


class BookUnsafe(BookError):
    pass


class BookUnknown(BookError):
    pass


class BookEnded(BookError):
    pass


class ChainBroken(BookError):
    pass


class RecordRefused(WatchbookError):
    pass


class NotAllowed(WatchbookError):
    pass


class PinLocked(NotAllowed):
    pass


class OfficeAway(WatchbookError):
    pass


class OfficeRefused(WatchbookError):
    pass
