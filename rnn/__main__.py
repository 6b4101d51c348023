"""The command ``rnn``, also ``python -m rnn``."""

import sys

from rnn.commands import build, complain, interrupted


def main() -> None:
    """Run the command line; end the process with status 2 and one sentence when something is missing."""
    try:
        app = build()
    except ModuleNotFoundError as missing:
        sys.exit(complain(f"{missing.name} is not installed; pip install 'rnn-unrolled[cli]' brings it"))
    except KeyboardInterrupt:
        sys.exit(interrupted())
    app()


if __name__ == "__main__":
    main()
