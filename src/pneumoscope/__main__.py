"""The command `pneumoscope`, and `python -m pneumoscope`."""

from pneumoscope.cli import interrupt


def main() -> None:
    """Runs the command line; Ctrl-C is handled before anything else is imported."""
    interrupt.watch()
    try:
        from pneumoscope.cli.main import main as run

        run()
    except KeyboardInterrupt:
        interrupt.leave()
    finally:
        interrupt.ignore()


if __name__ == "__main__":
    main()
