"""The testbed: a robot factory of network namespaces on this machine, real packets, nothing left behind.

``isolation`` starts the process that owns it, ``network`` builds the network, ``lab_processes`` and ``lab_workloads``
fill it, ``testbed_scenario`` says what happens when, ``runner`` makes it happen, ``run_recorder`` keeps what was seen
and ``live_view`` shows it.
"""
