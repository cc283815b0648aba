"""Actuators: where a decided cap becomes a limit that something else enforces."""
