"""Every page of the site, by its path in the site."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from . import ansible, cli, settings
from .links import Links


def pages(root: Path) -> dict[str, str]:
    """Return the text of every page; links lead to pages of the site where there is one, else to the repository."""
    links = Links(root, str(yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["repository"]))
    written = {
        path.relative_to(root / "docs").as_posix(): links.rewrite(path.read_text(encoding="utf-8"), path)
        for path in sorted((root / "docs").rglob("*.md"))
    }
    generated = {
        "decisions/index.md": _decisions(root),
        "reference/settings.md": settings.page(root),
        "reference/cli.md": cli.page(),
        **ansible.modules(root),
        **ansible.roles(root, links),
    }
    return written | generated


def stage(root: Path, folder: Path) -> None:
    """Write all pages and images into ``folder``, which holds nothing else afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "docs" / "images", folder / "images")
    for name, text in pages(root).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _decisions(root: Path) -> str:
    rows = ["# Decision records", "", "Why things are as they are: context, decision, what else was tried.", ""]
    for path in sorted((root / "docs/decisions").glob("0*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        rows.append(f"- [{title}]({path.name})")
    return "\n".join(rows) + "\n"
