"""The terminal that tests read: what stands on it is what a person would see."""

from tests.pty import Pty

SLOWLY = r"""printf '\033[?2026hscans 4.'; sleep 0.3; printf ' The code.\033[?2026l'; sleep 60"""


def test_a_frame_is_seen_whole_or_not_at_all() -> None:
    with Pty(["sh", "-c", SLOWLY]) as pty:
        pty.wait_for("scans 4.")
        assert "scans 4. The code." in pty.text


def test_half_a_frame_is_seen_when_the_program_has_ended_in_it() -> None:
    with Pty(["printf", "\\033[?2026hscans 4."]) as pty:
        pty.wait_for("scans 4.")
        pty.exit_code()
        assert pty.left_behind() == ["half a frame"]
