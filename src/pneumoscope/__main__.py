"""`python -m pneumoscope`."""

from pneumoscope.cli.main import main

if __name__ == "__main__":
    main()
