"""The testbed: a robot factory of network namespaces on this machine, real packets, nothing left behind.

``isolation`` starts the process that owns it, ``world`` builds the network, ``processes`` and ``workloads`` fill it,
``scenario`` says what happens when, ``runner`` makes it happen, ``recorder`` keeps what was seen and ``view`` shows it.
"""
