"""The README's commands on bare Debian machines, from nothing: see ``scripts/test-fresh``.

A machine has what its installer leaves and the way out of the machine that it runs on; what else it needs, the README
must name or the commands must bring.
"""
