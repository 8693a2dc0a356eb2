"""`python -m sync.office`, the same as `watchbook-office`."""

from sync.office.cli import main

if __name__ == "__main__":
    main()
