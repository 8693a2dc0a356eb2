"""Which wheels a release takes: what its own wheel needs on that handheld, by the lock's hashes, and nothing else."""

from hashlib import sha256
from pathlib import Path

import pytest

from rollout.wheels import WheelsMissing, build_ours, fetch
from tests.rollout.making import wheel

OURS = wheel(
    "watchbook",
    "1.0",
    {},
    requires=("direct>=1", "linked[more]", 'windows; sys_platform == "win32"', 'served; extra == "office"'),
)
SHELF = {
    "direct": wheel("direct", "1.5", {}, requires=('far; platform_machine == "aarch64"', "direct[more]")),
    "linked": wheel("linked", "2.0", {}, requires=('asked; extra == "more"', 'unasked; extra == "office"')),
    "asked": wheel("asked", "3.0", {}, requires=("direct",)),
    "far": wheel("far", "4.0", {}),
    "served": wheel("served", "5.0", {}),
    "unasked": wheel("unasked", "6.0", {}),
}
VERSIONS = {"direct": "1.5", "linked": "2.0", "asked": "3.0", "far": "4.0", "served": "5.0", "unasked": "6.0"}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of one folder, and a lock that has all of it."""
    (tmp_path / "shelf").mkdir()
    for name, data in SHELF.items():
        (tmp_path / "shelf" / f"{name}-{VERSIONS[name]}-py3-none-any.whl").write_bytes(data)
    lock(tmp_path, SHELF)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "watchbook-1.0-py3-none-any.whl").write_bytes(OURS)
    return tmp_path


def lock(folder: Path, wheels: dict[str, bytes]) -> None:
    rows = [
        f"{name}=={VERSIONS[name]} \\\n    --hash=sha256:{sha256(data).hexdigest()}\n" for name, data in wheels.items()
    ]
    (folder / "lock").write_text("".join(rows))


def brought(folder: Path, arch: str) -> set[str]:
    fetch(folder / "out" / "watchbook-1.0-py3-none-any.whl", arch, "3.11", folder / "lock")
    return {path.name.split("-")[0] for path in (folder / "out").iterdir()}


@pytest.mark.proof
def test_a_handheld_gets_what_it_needs_and_nothing_of_the_office(shelf: Path) -> None:
    assert brought(shelf, "aarch64") == {"watchbook", "direct", "linked", "asked", "far"}


@pytest.mark.torture
def test_a_handheld_of_the_other_kind_gets_what_that_needs(shelf: Path) -> None:
    assert brought(shelf, "x86_64") == {"watchbook", "direct", "linked", "asked"}


@pytest.mark.proof
def test_a_wheel_of_another_hash_is_not_taken(shelf: Path) -> None:
    lock(shelf, {**SHELF, "linked": b"what somebody else saw"})
    with pytest.raises(WheelsMissing, match="linked"):
        brought(shelf, "x86_64")


def test_what_the_lock_does_not_have_is_named(shelf: Path) -> None:
    lock(shelf, {"direct": SHELF["direct"]})
    with pytest.raises(WheelsMissing, match="not in lock: linked"):
        brought(shelf, "x86_64")


@pytest.mark.proof
def test_our_own_wheel_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    one, two = build_ours(tmp_path / "one"), build_ours(tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()
