"""Records through HTTP onto a disk: our office beside PouchDB replicating to express-pouchdb, turn by turn in one run.

    npm install --prefix DIR pouchdb@9.0.0 express@5.3.0 express-pouchdb@4.2.0
    python -m bench.pouchdb DIR [--rounds 5] [--batches 16] [--senders 4]

Both get the same records from the same number of senders at once, 500 a batch. docs/comparison.md has the figures and
says what they do not mean.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from bench.office import BATCH, Cost, batches, begun, cost, enrolled, sent, served
from bench.table import show
from sync.wire import Batch
from tests.sync.rogue import Rogue

SCRIPT: Final = Path(__file__).with_suffix(".js")


def ours(folder: Path, crowd: Sequence[Rogue], made: Sequence[Sequence[Batch]]) -> Cost:
    """For all batches but each handheld's first, signed and packed, until the last receipt."""
    enrolled(folder, crowd)
    with served(folder) as (url, pid):
        return cost(partial(sent, begun(url, crowd, made), made), pid)


def theirs(folder: Path, modules: Path, made: Sequence[Sequence[Batch]]) -> Cost:
    """For the same records, until replication is complete."""
    env = {**os.environ, "NODE_PATH": str(modules / "node_modules")}
    lines = [b"[" + b",".join(bytes(raw) for batch in mine for raw in batch.records) + b"]" for mine in made]
    for name in ("server", "client"):
        (folder / name).mkdir(parents=True)
    run = ["node", str(SCRIPT)]
    server = subprocess.Popen([*run, "serve", str(folder / "server")], stdout=subprocess.PIPE, text=True, env=env)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        push = [*run, "push", str(folder / "client"), url, str(server.pid)]
        done = subprocess.run(push, input=b"\n".join(lines), stdout=subprocess.PIPE, env=env, check=True, timeout=600)
        said = json.loads(done.stdout)
    finally:
        server.terminate()
        server.wait(20)
    assert said["held"] == [sum(len(batch.records) for batch in mine) for mine in made], said
    return Cost(said["seconds"], said["cpu"] + said["server"] / os.sysconf("SC_CLK_TCK"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.pouchdb", description="Beside PouchDB.")
    parser.add_argument("modules", type=Path, help="where npm put pouchdb, express and express-pouchdb")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=16, help="of 500 records, beside each sender's first")
    parser.add_argument("--senders", type=int, default=4, help="handhelds that send at once")
    given = parser.parse_args()
    found: list[tuple[Cost, Cost]] = []
    crowd = [Rogue() for _ in range(given.senders)]
    each_sends = given.batches // given.senders
    made = [batches(each, 1 + each_sends, BATCH) for each in crowd]
    count = each_sends * given.senders * BATCH
    with tempfile.TemporaryDirectory(prefix="watchbook-bench-") as folder:
        for number in range(given.rounds):
            mine = ours(Path(folder, f"ours-{number}"), crowd, made)
            found.append((mine, theirs(Path(folder, f"theirs-{number}"), given.modules, made)))
            tell(f"round {number + 1}", count, *found[-1])
    middle = [
        Cost(median(each.seconds for each in side), median(each.cpu for each in side))
        for side in zip(*found, strict=True)
    ]
    tell("median", count, *middle)
    return show([("PouchDB's records a second / ours", median(a.seconds / b.seconds for a, b in found), 1 / 9)])


def tell(name: str, count: int, *both: Cost) -> None:
    said = (f"{count / each.seconds:,.0f} records/s, {each.cpu / count * 1e6:.0f} us of CPU a record" for each in both)
    sys.stdout.write(f"{name}: {'; PouchDB '.join(said)}\n")


if __name__ == "__main__":
    sys.exit(main())
