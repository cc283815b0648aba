"""The pure decision core: plain values in, a decision out.

No clock, no I/O, no third-party import; time is an argument. The daemon, the lab, the simulator and the Ansible modules
all run this code. Real files live in ``plugins/module_utils/core``; ``files/controller/src/detnet/core`` links to them.
"""
