"""The next revision of the office's tables, from what changed: `python -m tests.office.revision SLUG "Sentence."`

Compares a database that the revisions made with the tables of the program. Read what it wrote: it sees new tables,
columns and indexes, but not what their first values should be. HEAD in migrations/__init__.py is set too.
"""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript
from sqlalchemy import Connection

from sync.office.store import Store, migrations
from sync.office.store.engine import database
from sync.office.store.projections import PROJECTIONS
from sync.office.store.tables import metadata

FOLDER: Final = Path(migrations.__path__[0])
APART: Final = {table.name for table in PROJECTIONS}


def differences(tx: Connection) -> tuple[MigrationScript, MigrationContext]:
    """What Alembic would do to the database, and how it came to that; projections are left out."""
    context = MigrationContext.configure(
        tx,
        opts={
            "include_object": lambda _, name, kind, *__: kind != "table" or name not in APART,
            "render_as_batch": True,
            "compare_type": False,
            "user_module_prefix": "sa.",
        },
    )
    return produce_migrations(context, metadata), context


def write(slug: str, sentence: str) -> Path | None:
    """The file; None when nothing changed."""
    with TemporaryDirectory() as folder:

        async def compare() -> str:
            bare = await _migrated(Path(folder) / "office.db")
            try:
                return await bare.read(_rendered)
            finally:
                bare.close()

        body = asyncio.run(compare())
    if body.strip() == "pass":
        return None
    number = f"{int(migrations.HEAD) + 1:04}"
    file = FOLDER / "versions" / f"v{number}_{slug}.py"
    head = f'"""{sentence}"""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
    named = f'revision = "{number}"\ndown_revision = "{migrations.HEAD}"\n\n\n'
    file.write_text(f"{head}{named}def upgrade() -> None:\n    {body}\n", "utf-8")
    text = FOLDER / "__init__.py"
    text.write_text(re.sub(r'^HEAD: Final = "\d+"', f'HEAD: Final = "{number}"', text.read_text(), flags=re.M))
    for arguments in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, str(file)], check=False)
    return file


async def _migrated(path: Path) -> Store:
    """A database made by the revisions alone."""
    store = Store(database(path))
    await store.write(migrations.run)
    return store


def _rendered(tx: Connection) -> str:
    script, context = differences(tx)
    assert script.upgrade_ops is not None
    text = render_python_code(script.upgrade_ops, render_as_batch=True, migration_context=context)
    text = re.sub(r"""^\s*# ###.*\n?|,\s*comment=('[^']*'|"[^"]*")""", "", text, flags=re.M)
    return text.strip()


if __name__ == "__main__":
    print(write(sys.argv[1], sys.argv[2]) or "nothing changed")
