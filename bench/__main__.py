"""Runs every module here that has `run()`, or those named: `python -m bench [NAME ...]`. Exit 1: a goal was missed."""

import importlib
import pkgutil
import sys

import bench
from bench.table import Figure, show


def main() -> int:
    wanted = sys.argv[1:]
    figures: list[Figure] = []
    for module in sorted(pkgutil.iter_modules(bench.__path__), key=lambda module: module.name):
        if module.name.startswith("__") or (wanted and module.name not in wanted):
            continue
        run = getattr(importlib.import_module(f"bench.{module.name}"), "run", None)
        if run is not None:
            sys.stdout.write(f"measuring {module.name} ...\n")
            sys.stdout.flush()
            figures += [(f"{module.name}: {name}", measured, goal) for name, measured, goal in run()]
    return show(figures)


if __name__ == "__main__":
    sys.exit(main())
