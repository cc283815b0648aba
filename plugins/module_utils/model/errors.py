"""The one exception family whose text is written for a person.

Anything that a user can cause (a bad file, flag, address or missing privilege) is raised as a ``UserError`` with one
sentence: what, where, what was expected. ``detnet.cli`` prints it and exits, a module fails with it; everything else is
a bug and keeps its traceback.
"""

from __future__ import annotations


class UserError(Exception):
    """A mistake that the user can mend; ``str(error)`` is the whole message, without a trailing full stop."""

    exit_code = 1


class ConfigError(UserError):
    """The configuration cannot be used; every problem found is one line of the message."""

    exit_code = 78  # EX_CONFIG of sysexits(3): systemd units can tell it from a crash.
