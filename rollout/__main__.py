"""`python -m rollout`: make a publisher's key, and a release for each kind of handheld."""

import shutil
import sys
import tempfile
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.errors import WatchbookError
from app.version import VERSION
from rollout import bundle, publisher, wheels
from sync.release import ARCHES

_FILE = click.Path(path_type=Path)


@click.group()
def main() -> None:
    """Make releases of Watchbook: one file that is installed from a stick and that the office offers as an update."""


@main.command("key")
@click.argument("path", type=_FILE)
def key_command(path: Path) -> None:
    """Make a publisher's key: the private half in PATH, the public half beside it as .pem.

    Keep PATH away from the repository and from machines on a network: who has it decides what the handhelds run.
    """
    try:
        click.echo(publisher.make(path))
    except (OSError, publisher.KeyUnusable) as e:
        raise click.ClickException(str(e)) from e


@main.command("bundle")
@click.option(
    "--key", "key", type=_FILE, required=True, help="The publisher's private key: python -m rollout key FILE."
)
@click.option(
    "--arch", type=click.Choice(ARCHES), multiple=True, help="As `uname -m` says on the handheld; both unless told."
)
@click.option("--out", type=_FILE, default=Path("dist"), show_default=True, help="Folder for what is made.")
@click.option(
    "--wheels", "brought", type=_FILE, help="Take the wheels of this folder as they are, for one --arch; no network."
)
def bundle_command(key: Path, arch: tuple[str, ...], out: Path, brought: Path | None) -> None:
    """Make watchbook-VERSION-ARCH.tar, and beside it what a first install takes along: install.sh, publisher.pem.

    Needs what `make` prepared in .venv, the publisher's key, and once for each version a package index that pip can
    reach (or --wheels): wheels are taken by the hashes of requirements.lock, for Debian 12.
    """
    if brought is not None and len(arch) != 1:
        raise click.UsageError("--wheels is for one --arch")
    try:
        signer = publisher.load(key)
        for one in arch or ARCHES:
            click.echo(_bundle(signer, one, out, brought))
        bundle.keep(out, "publisher.pem", publisher.public_pem(signer))
        bundle.keep(out, "install.sh", (Path(__file__).parent / "install.sh").read_bytes())
    except (OSError, WatchbookError, publisher.KeyUnusable, wheels.WheelsMissing) as e:
        raise click.ClickException(str(e)) from e


def _bundle(key: Ed25519PrivateKey, arch: str, out: Path, brought: Path | None) -> Path:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if brought is not None:
            shutil.copytree(brought, folder, dirs_exist_ok=True)
        else:
            wheels.fetch(wheels.build_ours(folder), arch, bundle.PYTHON)
        return bundle.keep(
            out, f"watchbook-{VERSION}-{arch}.tar", bundle.pack({**bundle.frame(), **bundle.wheels(folder)}, arch, key)
        )


if __name__ == "__main__":
    sys.exit(main(prog_name="python -m rollout"))
