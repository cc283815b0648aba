"""``python -m detnet`` is ``detnet``."""

from detnet.cli import main

main()
