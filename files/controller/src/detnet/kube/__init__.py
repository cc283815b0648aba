"""Talking to the API server: requests, live mirrors and the lease. Nothing here knows about bandwidth."""
