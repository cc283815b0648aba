"""Debian hosts with systemd as their PID 1 on one Linux machine, for tests of roles: see ``scripts/systemd-hosts``.

A host is a tree made by debootstrap, under an overlay of its own, booted by systemd-nspawn. It has every capability
that the machine can give, so that containerd, kubelets and hardened units run in it as on a machine of their own.
"""
