"""Sources: what the loop observes of its critical workloads, and why it knows nothing when it does not.

A source polls in a thread of its own and leaves what it read in a slot; the control loop looks into the slot and never
waits. Nothing here retries, guesses or fills in: an answer that cannot be used is a named error, the next poll is
the retry, and the age of the newest evidence decides what may be done meanwhile. Standard library only, shared as
:mod:`detnet.model` is.
"""
