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


def one_line(text: object, most: int = 600) -> str:
    """Return text from elsewhere as one printable line of at most ``most`` characters.

    A server or a tenant chooses it: a line break would forge a line of a log, a control character rewrite a terminal,
    and megabytes push the evidence out of the audit log.
    """
    words = " ".join(str(text)[: 4 * most].split())
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in words)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
