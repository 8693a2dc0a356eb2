"""All that a screen may use of the world, in one frozen value."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from app.ports import Buzzer, Hush, Scanner, TagReader
from app.record import Record
from app.watch import Watch
from hardware.power import Battery
from hardware.scanner import Wedge

if TYPE_CHECKING:
    from pathlib import Path

    from app.settings import Settings
    from hardware.camera import Camera
    from hardware.scanners import Plugged
    from hardware.side_keys import SideKey
    from sync.invited import Invited


AGAIN: Final = 75
"""What the terminal ends with when the program is to begin anew: an office has let this handheld in, or moved it."""


class Contact(Struct, frozen=True):
    """How the conversation with the office stands, for the status line and the outbox page."""

    online: bool = False
    busy: bool = False
    """A round of exchange is going on."""
    offline_s: int | None = None
    """Seconds since the office last answered; None when it never did or is answering."""
    reason: str | None = None
    """Catalogue key of what stopped the last round, None when nothing did."""
    fields: dict[str, object] = {}
    notices: tuple[tuple[str, dict[str, object]], ...] = ()
    """Catalogue keys, with their fields, of what stops nothing and is told all the same."""
    last_ack: int | None = None
    """UTC ms of the last receipt."""
    oldest_s: int | None = None
    """Age of the oldest record that the office does not have."""
    new_books: int = 0
    """How often the handheld had to go on in a new logbook since the program began (decision 8)."""


class Office(Protocol):
    """The courier as the screens see it."""

    @property
    def line(self) -> Contact: ...
    def sync_now(self) -> None:
        """Try at once; the result arrives by `subscribe`."""
        ...

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call `changed` (on the terminal's event loop) when `line` has changed."""
        ...


class Sheets(Protocol):
    """The stick that carries handover sheets between handhelds."""

    @property
    def there(self) -> bool:
        """A stick is in."""
        ...

    def put(self, sheet: str) -> None:
        """A sheet of this handheld's, by its id, onto it. Raises WatchbookError."""
        ...

    def found(self) -> list[tuple[str, Record]]:
        """(book, record) of what other handhelds put there. Raises WatchbookError."""
        ...


class Gear(Struct, frozen=True):
    watch: Watch
    radio: TagReader
    office: Office | None
    """None when this handheld is not enrolled."""
    buzzer: Buzzer
    up: Callable[[], int]
    """`Moment.up` of this handheld: when a code was scanned."""
    scanners: tuple[Scanner, ...] = ()
    """Those with a line of their own, besides the one that types."""
    plugged: "Callable[[], Sequence[Plugged]]" = tuple
    """The devices that may be a scanner, for the first screen."""
    scanner_at: Callable[[str], tuple[Scanner, ...]] = lambda setting: ()
    """Of a setting, those with a line of their own. Raises SettingsRefused."""
    wedge: Wedge = Wedge()
    """How the scanner types that does."""
    camera: "Camera | None" = None
    """To scan with; None where none is set up."""
    photo: "Camera | None" = None
    """To take photographs with; None where none is set up."""
    pictures: "Path | None" = None
    """A folder whose pictures may be chosen for a record; a camera that is a folder comes before it."""
    sheets: Sheets | None = None
    lang: str = "zh"
    english_only: bool = False
    """The console cannot show Chinese: said on the first page, and the language stays English."""
    blocks: bool = True
    """The terminal draws half blocks: a code for a scanner can be shown."""
    theme: str = "day"
    letters: str = "auto"
    """Of app.settings.LETTERS."""
    invited: "Callable[[], Invited] | None" = None
    """Scanning a sheet: how an office lets this handheld in. None where nobody may, as in a demonstration."""
    first: bool = False
    """No office has let it in yet, or its plan has not come: the first screen asks for the sheet."""
    practice: bool = False
    """Nothing here is real: see screens.practice."""
    hint: str = ""
    """For demonstrations: what a visitor should press to sign in, further lines where there is room; else empty."""
    desk: str = ""
    """A line for demonstrations: where the office's pages are. Empty otherwise."""
    battery: Callable[[], Battery | None] = lambda: None
    """None where there is no battery to read. Asked once a minute."""
    hush: Callable[[], Hush] = lambda: "buzz"
    """What stands in for sound in the quiet hours."""
    dim: Callable[[bool], None] = lambda low: None
    """Darkens the screen's light to save the battery, and gives it back."""
    torch: Callable[[], bool] | None = None
    """Switches the torch on or off, True when that worked; None where there is none."""
    side_keys: "tuple[SideKey, ...]" = ()
    """Buttons beside the keypad."""
    settings_now: "Callable[[], Settings] | None" = None
    """The settings as they hold now: asked when the office has set others. None where no office does."""
    parts: tuple[str | None, ...] = ()
    """How its parts were joined when the program began: the settings app.duties.tuning.PARTS."""
    support: Callable[[], str] | None = None
    """Puts the support file onto the stick, off the loop; its name. Raises WatchbookError. None in a demonstration."""
    remember: Callable[[str, str], None] = lambda name, value: None
    """Keeps a choice (`lang`, `theme`, `letters`, `scanner`) for the next start."""
    ready: Callable[[], None] = lambda: None
    """Called once, when the first screen stands."""
