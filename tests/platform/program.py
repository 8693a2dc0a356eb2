"""A small program for the tests of the terminal: shows the keys it got, and writes down how it ended.

`python -m tests.platform.program [--stock] [--ended FILE]`: with --stock on Textual's own driver and
environment, otherwise on ours.
"""

import argparse
import signal
from pathlib import Path

from screens.platform.launch import prepare_environment


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--ended", type=Path)
    arguments = parser.parse_args()
    if not arguments.stock:
        prepare_environment()
    for number in (signal.SIGQUIT, signal.SIGHUP):  # ignored where the tests were started in the background
        signal.signal(number, signal.SIG_DFL)
    run(arguments.stock, arguments.ended)


def run(stock: bool, ended: Path | None) -> None:
    """Textual is imported here: it reads the environment while it is imported."""
    from textual import events
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    from screens.platform.driver import HandheldDriver
    from screens.platform.launch import ready

    class Program(App[None], inherit_bindings=False):  # a control byte on the line must not mean "quit"
        ENABLE_COMMAND_PALETTE = False
        CSS = "Screen { overflow: hidden; }"  # scroll bars never agree with a window of one cell

        def compose(self) -> ComposeResult:
            yield Static("东门 ready", markup=False)
            yield Static("", id="keys", markup=False)

        def on_ready(self) -> None:
            ready()

        def on_key(self, event: events.Key) -> None:
            self.show(f"key {event.key}.")

        def on_paste(self, event: events.Paste) -> None:
            self.show(f"paste {event.text}.")

        def on_resize(self, event: events.Resize) -> None:
            self.show(f"size {event.size.width}x{event.size.height}.")

        def on_click(self) -> None:
            self.show("click.")

        def show(self, text: str) -> None:
            self.query_one("#keys", Static).update(text)

        def on_unmount(self) -> None:
            if ended:
                ended.write_text("as asked")

    Program(driver_class=None if stock else HandheldDriver).run()


if __name__ == "__main__":
    main()
