"""The terminal in a real pty: asleep while nobody presses a key, and one sentence when it breaks."""

import sys
import time
from pathlib import Path

from tests.pty import Pty

ROOT = Path(__file__).parents[2]


def start(folder: Path, *options: str) -> Pty:
    return Pty([sys.executable, "-m", "tests.screens.program", str(folder / "book"), *options], cwd=ROOT)


def switches(pty: Pty) -> int:
    """How often the program went to sleep and woke, all threads."""
    tasks = Path(f"/proc/{pty.process.pid}/task").glob("*/status")
    rows = (row for task in tasks for row in task.read_text().splitlines())
    return sum(int(row.split()[1]) for row in rows if row.startswith("voluntary_ctxt_switches"))


def woken(pty: Pty, seconds: float) -> int:
    """How often meanwhile."""
    time.sleep(1)
    before = switches(pty)
    time.sleep(seconds)
    return switches(pty) - before


def test_at_home_nothing_wakes_it(tmp_path: Path) -> None:
    with start(tmp_path) as pty:
        pty.wait_for("工号")
        pty.send("1001\r")
        pty.wait_for("密码")
        pty.send("1234\r")
        pty.wait_for("当班: 张伟")
        pty.send("\r")
        pty.wait_for("现在走")
        pty.settle(0.5)
        assert any(woken(pty, 3) <= 1 for _ in range(5)), "what still ends from before is over by the second look"
        pty.send("f")  # and it is still awake for a key
        pty.send("*")
        pty.wait_for("报问题")


def test_a_fault_nobody_expected_is_one_sentence_exit_code_1_and_a_log_without_names(tmp_path: Path) -> None:
    with start(tmp_path, "--broken", "--lang", "en") as pty:
        pty.wait_for("fails again, tell the administrator.")
        assert pty.exit_code() == 1
        assert "Traceback" not in pty.text
        assert "textual" not in pty.text
        assert "1234" not in pty.text
        assert pty.left_behind() == []
    log = (tmp_path / "book" / "terminal.log").read_text()
    assert "RuntimeError" in log
    assert "program.py" in log
    assert "张伟" not in log
    assert "1234" not in log
