"""Telemetry: what the loop saw, did and why, for people and their tools.

The loop writes here last in its pass, and nothing here may stop or delay it: a full disk, a slow scraper or a silent
service manager is counted and survived.
"""
