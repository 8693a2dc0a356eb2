"""The smallest Textual program that answers a key, as Textual ships it: the floor the terminal is measured against."""

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class Minimal(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("ready", markup=False)

    def on_key(self, event: events.Key) -> None:
        self.query_one(Static).update(f"key {event.key}.")


if __name__ == "__main__":
    Minimal().run()
