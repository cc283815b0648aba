"""The API server: requests, informers and leader election. Nothing here knows about bandwidth."""
