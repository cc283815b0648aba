"""Links between pages, which are written for readers of the repository, as links of the site."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:|#")
_ROLE = re.compile(r"roles/(?P<role>[a-z_]+)(?:/README\.md)?$")


@dataclass(frozen=True, slots=True)
class Links:
    """Rewrites the links of a page."""

    root: Path
    repository: str

    def rewrite(self, text: str, source: Path, page: str | None = None) -> str:
        """Return ``text`` of the file ``source`` with links that hold on ``page``, its path in the site."""
        here = page or source.relative_to(self.root / "docs").as_posix()
        folder = source.relative_to(self.root).parent.as_posix()
        return _LINK.sub(lambda found: f"]({self._target(found['target'], folder, here)})", text)

    def _target(self, target: str, folder: str, here: str) -> str:
        if _ELSEWHERE.match(target):
            return target
        path, _hash, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(folder, path))
        there = self._page(path)
        if there is None:
            return f"{self.repository}/blob/main/{path}" + (f"#{anchor}" if anchor else "")
        return posixpath.relpath(there, posixpath.dirname(here) or ".") + (f"#{anchor}" if anchor else "")

    def _page(self, path: str) -> str | None:
        """Return the page that a path of the repository has in the site."""
        role = _ROLE.match(path)
        if role and (self.root / "roles" / role["role"] / "README.md").is_file():
            return f"reference/roles/{role['role']}.md"
        if path == "docs/decisions":
            return "decisions/index.md"
        return path.removeprefix("docs/") if path.startswith("docs/") else None
