"""Which of a keyboard's events are presses that count, when each press may bring up another question.

A key that is held answers one question and not the next ones; one that bounces answers as one that does not. A terminal
says only when a key came, never when it was let go: what remains open for a moment is the first time that a held key
repeats, which comes like a second press. Nothing here looks at a clock or a screen.
"""

from typing import Final

from textual.events import Key

HELD_S: Final = 0.1
"""The same key again within this time was not let go: a keyboard repeats 11 to 40 times a second, a thumb presses 8."""
DELAY_S: Final = 0.75
"""A keyboard begins to repeat a key that is held after at most so long: the kernel's own after 0.25 s, Weston's after
0.4 s, X after 0.66 s."""
BOUNCE_S: Final = 0.022
"""A contact that bounces comes again within 20 ms; a keyboard repeats 40 times a second at most, as Weston does: after
25 ms. A repetition that was read too early is known all the same by the next one."""


class Presses:
    """The keys of one person, in the order and with the times (`Key.time`) of the keyboard."""

    def __init__(self) -> None:
        self.turned = False
        """Another question stands there since the last press: to be said by whoever carries it out."""
        self._last = Key("", None)
        self._bounced = False
        """It has come again at once. Once: more is a held key, of which many repetitions were read together."""
        self._doubtful: Key | None = None
        """The same key again, to another question: pressed twice, or the first time that a held key repeats. Nothing
        tells them from each other but what comes within HELD_S."""

    def believed(self, t: float, then: str = "") -> Key | None:
        """The doubtful key, if it was pressed: the key `then` came and is another one, or until `t` came none."""
        if self.doubts is None or (t < self.doubts and then in ("", self._last.key)):
            return None
        doubtful, self._doubtful = self._doubtful, None
        return doubtful

    def counts(self, key: Key, *, hurries: bool = False) -> bool:
        """Whether `key` is a press; a doubtful one is none yet, see `believed`, which is asked before this.

        `hurries`: it counts however fast it comes. Of the same keys that were read late, and so all at once, one
        counts at most: then somebody presses again, and nothing was answered that nobody has looked at.
        """
        since = key.time - self._last.time if key.key == self._last.key else DELAY_S
        self._bounced = 0 <= since < BOUNCE_S and not self._bounced
        if not self._bounced:
            self._last = key
        if hurries or not self.turned:
            self._doubtful = None
            return True
        if self._bounced:
            return False
        doubtful, self._doubtful = self._doubtful, None
        if doubtful is None and HELD_S <= since < DELAY_S:
            self._doubtful = key
        return doubtful is None and not 0 <= since < DELAY_S

    @property
    def doubts(self) -> float | None:
        """When `believed` is to be asked, on the clock of the keys."""
        return None if self._doubtful is None else self._doubtful.time + HELD_S
