"""What docs/rollout.md has done to a whole machine: users, rights, services, on a layer over this machine's own disk.

The layer goes with the test. In it the blocks of `sh machine` are run as they stand; only what needs a network of
Debian's or a running systemd is stood in for, and writes down what it was asked.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from app.version import VERSION
from rollout import bundle, publisher
from tests.needs import needs, needs_root
from tests.rollout import making
from tests.test_rollout_page import PAGE, ROOT, SINGLE, SOURCES, blocks

STOOD_IN = (
    *(f"/usr/local/bin/{name}" for name in ("apt-get", "systemctl", "udevadm", "reboot")),
    *("/usr/bin/weston", "/usr/bin/foot"),
)
BIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SOURCE = "/srv/watchbook"


class Machine:
    def __init__(self, folder: Path) -> None:
        needs_root("a layer over this machine's disk is a mount")
        needs("systemd-analyze")
        mount = needs("mount")
        folder.mkdir()
        subprocess.run([mount, "-t", "tmpfs", "-o", "size=2g", "tmpfs", folder], check=True)
        self.root = folder / "all"
        for name in ("all", "up", "work"):
            (folder / name).mkdir()
        layers = f"lowerdir=/,upperdir={folder / 'up'},workdir={folder / 'work'}"
        subprocess.run([mount, "-t", "overlay", "-o", layers, "overlay", self.root], check=True)
        for name in ("proc", "dev"):
            subprocess.run([mount, "--rbind", f"/{name}", self.root / name], check=True)
        for name in SOURCES:
            shutil.copytree(ROOT / name, self.at(SOURCE) / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in SINGLE:
            shutil.copy2(ROOT / name, self.at(SOURCE) / name)
        self.calls = self.at("/calls")
        self.calls.touch()
        for path in STOOD_IN:
            program = self.at(path)
            program.unlink(missing_ok=True)  # a link would lead out of the layer
            program.write_text('#!/bin/sh\necho "$(basename "$0") $*" >>/calls\n')
            program.chmod(0o755)

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def run(self, commands: str) -> str:
        """What they print, as root. Raises AssertionError when one of them fails."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        done = subprocess.run(
            [needs("chroot"), self.root, "/bin/sh", "-euc", f"cd {SOURCE}\n{commands}"],
            env={**kept, "PATH": BIN, "HOME": "/root", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.mark.torture
def test_the_blocks_for_a_whole_machine_run_as_they_stand(machine: Machine) -> None:
    office, enters, packages, handheld = (text for mark, text in blocks(PAGE) if mark == "sh machine")
    machine.run(office)
    assert (
        "systemctl enable --now watchbook-office.service watchbook-office-backup.timer\n" in machine.calls.read_text()
    )
    assert machine.run("stat -c '%U %a' /var/lib/watchbook-office/data") == "watchbook-office 700\n"
    enter, *rest = enters.splitlines()
    plan = "watchbook-office plan import examples/cuihu-garden.yaml --people examples/cuihu-garden.people.yaml"
    kept = "watchbook-office backup /var/backups/watchbook-office/today"
    said = machine.run("{} -c '{}'".format(enter, "\n".join((*rest, plan, kept))))
    assert "cuihu-garden" in said
    assert machine.at("/var/backups/watchbook-office/today/backup.json").is_file()
    machine.run("systemd-analyze verify /etc/systemd/system/watchbook-office*")

    stick, name = machine.at("/media/stick"), f"watchbook-{VERSION}-{platform.machine()}.tar"
    bundle.keep(stick, "publisher.pem", publisher.public_pem(making.PUBLISHER))
    bundle.keep(stick, "install.sh", bundle.frame()["install.sh"])
    bundle.keep(stick, name, making.release(VERSION, arch=platform.machine()))
    machine.run(packages)
    assert f"{VERSION} is installed" in machine.run(handheld.replace(f"watchbook-{VERSION}-x86_64.tar", name))
    assert machine.calls.read_text().endswith("reboot \n")
    assert {"video", "audio", "watchbook"} <= {*machine.run("id -nG watchbook").split()}
    as_it = "setpriv --reuid=watchbook --regid=watchbook --init-groups --"
    assert VERSION in machine.run(f"{as_it} /opt/watchbook/launch --version")
    machine.run(f"{as_it} touch /opt/watchbook/trial /opt/watchbook/incoming/piece /var/lib/watchbook/book")
    machine.run("systemd-analyze verify /etc/systemd/system/watchbook.service")
