"""`watchbook`: the bare command goes straight to the screen; everything else to the command line."""

import sys


def main() -> None:
    """Entry point of the console script. Bare `watchbook` imports no command-line library."""
    if sys.argv[1:] in ([], ["run"]):
        from screens.platform import launch

        launch.prepare_environment()  # before anything large is imported
        from screens.run import main as run

        sys.exit(run({}))
    from screens.cli import main as command

    command()


if __name__ == "__main__":
    main()
