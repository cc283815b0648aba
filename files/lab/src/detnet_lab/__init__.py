"""The lab of detnet.qos: what proves the controller and does not run beside it.

``testbed`` runs the product on real packets in network namespaces, ``simulator`` runs its control core and baselines
in simulated time, ``report`` judges and draws what either recorded.
"""
