"""Control: what was observed in, a decision and its allocation out.

No clock, no I/O, no third-party import; time is an argument. The control loop, the lab, the simulator and the Ansible
modules all run this code. Shared as :mod:`detnet.model` is.
"""
