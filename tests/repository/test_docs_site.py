"""The site's pages are complete, and the generated ones say what the program and the collection say."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest

from detnet.config.models import Settings
from docs_site import ansible, cli, settings, stage
from docs_site.links import Links

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """All pages of the site."""
    return stage.pages(ROOT)


def test_no_link_is_dead(pages: dict[str, str]) -> None:
    """MkDocs says so too, but only where it is installed."""
    dead = [
        f"{name}: {target}"
        for name, text in pages.items()
        for target in LINK.findall(text)
        if not re.match(r"[a-z]+:", target) and not _exists(pages, name, target)
    ]
    assert dead == []


def _exists(pages: dict[str, str], name: str, target: str) -> bool:
    file, _hash, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), file)) if file else name
    if path not in pages:
        return (ROOT / "docs" / path).is_file()
    return not anchor or anchor in _anchors(pages[path])


def _anchors(text: str) -> set[str]:
    """Return the headings of a page as MkDocs makes anchors of them (``slugify`` of Python-Markdown's ``toc``)."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower()) for title in titles}


def test_links_to_the_repository_lead_to_something(pages: dict[str, str]) -> None:
    """What the site does not hold is in the repository."""
    linked = {path for text in pages.values() for path in re.findall(r"\]\(\S+?/blob/main/([^)#\s]+)", text)}
    assert [path for path in sorted(linked) if not (ROOT / path).exists()] == []


def test_a_role_is_a_page_and_another_file_is_in_the_repository() -> None:
    """Links are written for readers of the repository."""
    links = Links(ROOT, "https://example.org/x")
    text = "[a](../../roles/probe/README.md#variables) [b](../../Makefile) [c](#here) [d](../glossary.md)"
    assert links.rewrite(text, ROOT / "docs/start/quickstart.md") == (
        "[a](../reference/roles/probe.md#variables) [b](https://example.org/x/blob/main/Makefile) [c](#here) "
        "[d](../glossary.md)"
    )


def test_every_setting_has_a_row_with_type_and_meaning(pages: dict[str, str]) -> None:
    """A setting that is only in the program is found here."""
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", pages["reference/settings.md"], flags=re.MULTILINE))
    assert list(rows) == [leaf.path for leaf in settings.leaves(Settings)]
    assert [name for name, row in rows.items() if not row.split(" | ")[0] or not row.split(" | ")[-1].strip()] == []


def test_defaults_carry_their_unit(pages: dict[str, str]) -> None:
    """They can be copied into a configuration, which refuses a bare number."""
    rows = dict(re.findall(r"^\| `([^`]+)` \| [^|]+ \| ([^|]*) \|", pages["reference/settings.md"], flags=re.MULTILINE))
    assert (rows["loop.interval"], rows["loop.raise_ratio"], rows["defaults.max"]) == ("`500ms`", "`25%`", "`1G`")


def test_every_command_is_on_the_page() -> None:
    """Groups and what is in them."""
    page = cli.page()
    assert re.search(r"^### detnet run$", page, flags=re.MULTILINE)
    assert re.search(r"^#### detnet config check$", page, flags=re.MULTILINE)


def test_every_module_and_role_has_a_page() -> None:
    """With each of its options."""
    pages = {**ansible.modules(ROOT), **ansible.roles(ROOT, Links(ROOT, ""))}
    modules = {f"reference/modules/{path.stem}.md" for path in ROOT.glob("plugins/modules/*.py")}
    roles = {f"reference/roles/{path.parents[1].name}.md" for path in ROOT.glob("roles/*/meta/argument_specs.yml")}
    assert pages.keys() - {"reference/modules/index.md", "reference/roles/index.md"} == modules | roles
    assert "| `objectives.workload` | str | **required** |" in pages["reference/modules/bandwidth.md"]
    assert pages["reference/roles/probe.md"].count("| `probe_rate` |") == 1
