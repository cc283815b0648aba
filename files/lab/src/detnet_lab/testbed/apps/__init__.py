"""Small programs that the lab runs as workloads, each with ``python -m``."""
