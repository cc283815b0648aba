"""Caps on running pods: who is a target, what shares a node, and one careful way to write annotations."""
