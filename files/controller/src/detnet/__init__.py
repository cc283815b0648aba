"""The detnet.qos controller: observe, decide, allocate, actuate, record.

``core`` is the pure decision code shared with the Ansible modules; every other package does I/O around it.
"""
