"""The machine room: bare hosts for a real cluster on one machine; docs/contributing/machine-room.md explains it.

``systemd_hosts`` makes and runs each host. Here is what a cluster's hosts need beside that: a network with an operator
in it, ssh, state on a plain disk, and what a container lacks of a machine as far as containerd and the kubelet notice.
"""
