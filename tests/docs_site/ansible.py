"""Modules from their DOCUMENTATION, roles from their README and argument specification."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .links import Links

_NAMED = re.compile(r"\b(?:O|V|C|E|RV|P)\((?P<text>[^)]*)\)")
_MODULE = re.compile(r"\bM\((?P<name>[^)]*)\)")
_LINK = re.compile(r"\bL\((?P<text>[^,]*), ?(?P<url>[^)]*)\)")
_URL = re.compile(r"\bU\((?P<url>[^)]*)\)")
_OWN = "detnet.qos."


def modules(root: Path) -> dict[str, str]:
    """Return a page for each module, and one that lists them."""
    documented = {path.stem: _blocks(path) for path in sorted((root / "plugins/modules").glob("*.py"))}
    listed = [f"- [{_OWN}{name}]({name}.md): {_prose(each['DOCUMENTATION'])}" for name, each in documented.items()]
    index = "# Modules\n\nRead from the modules' documentation. `ansible-doc NAME` prints the same.\n\n" + "\n".join(
        listed
    )
    pages = {f"reference/modules/{name}.md": _module(root, name, each) for name, each in documented.items()}
    return {"reference/modules/index.md": index + "\n", **pages}


def roles(root: Path, links: Links) -> dict[str, str]:
    """Return a page for each role, and one that lists them."""
    pages, listed = {}, []
    for specs in sorted(root.glob("roles/*/meta/argument_specs.yml")):
        role = specs.parent.parent
        spec = yaml.safe_load(specs.read_text(encoding="utf-8"))["argument_specs"]["main"]
        name = f"reference/roles/{role.name}.md"
        readme = links.rewrite((role / "README.md").read_text(encoding="utf-8"), role / "README.md", name)
        pages[name] = _with_options(readme, role.name, "\n".join(_options(spec["options"])))
        listed.append(f"- [{_OWN}{role.name}]({role.name}.md): {_prose(spec['short_description'])}")
    index = "# Roles\n\nRead from the roles' argument specifications.\n\n" + "\n".join(listed) + "\n"
    return {"reference/roles/index.md": index, **pages}


def _with_options(readme: str, role: str, table: str) -> str:
    """Put the specification's table in the place of the README's, which says the same of fewer columns."""
    found = re.search(rf"^\|.*\n\|[-| :]+\n(?=\| `{role}_)(?:\|.*\n?)+", readme, re.MULTILINE)
    if found is None:
        return f"{readme.rstrip()}\n\n## All variables\n\n{table}\n"
    return f"{readme[: found.start()]}{table}\n{readme[found.end() :]}"


def _blocks(path: Path) -> dict[str, Any]:
    """Return a plugin's DOCUMENTATION and RETURN as values, and its EXAMPLES as text."""
    texts = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in {"DOCUMENTATION", "EXAMPLES", "RETURN"}
    }
    return {name: text if name == "EXAMPLES" else yaml.safe_load(text) for name, text in texts.items()}


def _module(root: Path, name: str, blocks: Mapping[str, Any]) -> str:
    documentation = blocks["DOCUMENTATION"]
    options, elsewhere = dict(documentation.get("options") or {}), []
    for fragment in documentation.get("extends_documentation_fragment") or []:
        if fragment.startswith(_OWN):
            options |= _fragment(root, fragment.removeprefix(_OWN)).get("options") or {}
        else:
            elsewhere.append(fragment)
    lines = [f"# {_OWN}{name}", "", f"{_prose(documentation)}.", ""]
    lines += [f"{_prose(each)}\n" for each in documentation["description"]]
    if options:
        lines += ["## Options", "", *_options(options), ""]
    lines += [f"And the options of the documentation fragment `{each}`." for each in elsewhere] + [""]
    notes = documentation.get("notes") or []
    if notes:
        lines += ["## Notes", "", *(f"- {_prose(each)}" for each in notes), ""]
    lines += ["## Examples", "", "```yaml", blocks["EXAMPLES"].strip(), "```", ""]
    if blocks.get("RETURN"):
        lines += ["## Return values", "", "| value | type | returned | meaning |", "|---|---|---|---|"]
        lines += list(_returned(blocks["RETURN"]))
    return "\n".join(lines) + "\n"


def _fragment(root: Path, name: str) -> dict[str, Any]:
    """Return a documentation fragment of ours; ``name.section`` is a section of that file."""
    file, _dot, section = name.partition(".")
    wanted = section.upper() or "DOCUMENTATION"
    tree = ast.parse((root / f"plugins/doc_fragments/{file}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == wanted:
            return dict(yaml.safe_load(ast.literal_eval(node.value)))
    return {}


def _options(options: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| variable | type | default | meaning |", "|---|---|---|---|")
    yield from _option_rows(options, "")


def _option_rows(options: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, option in options.items():
        kind = option.get("type", "str") + (f" of {option['elements']}" if option.get("elements") else "")
        default = "**required**" if option.get("required") else _value(option.get("default"))
        choices = option.get("choices")
        meaning = _prose(option["description"])
        if choices:
            meaning += " One of " + ", ".join(f"`{each}`" if each != "" else "empty" for each in choices) + "."
        yield f"| `{prefix}{name}` | {kind} | {default} | {_cell(meaning)} |"
        inner = option.get("options") or option.get("suboptions") or {}
        yield from _option_rows(inner, f"{prefix}{name}.")


def _returned(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        kind = value.get("type", "") + (f" of {value['elements']}" if value.get("elements") else "")
        returned = _cell(_prose(value.get("returned", "")))
        yield f"| `{prefix}{name}` | {kind} | {returned} | {_cell(_prose(value['description']))} |"
        if value.get("contains"):
            yield from _returned(value["contains"], f"{prefix}{name}.")


def _value(value: object) -> str:
    if value is None:
        return ""
    shown = value if isinstance(value, str) else json.dumps(value)
    return f"`{_cell(shown)}`" if shown else "empty"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _prose(text: str | list[str] | Mapping[str, Any]) -> str:
    """Return Ansible's markup as Markdown."""
    if isinstance(text, Mapping):
        text = text["short_description"]
    joined = text if isinstance(text, str) else " ".join(text)
    joined = _MODULE.sub(r"`\g<name>`", _NAMED.sub(r"`\g<text>`", joined))
    return _URL.sub(r"<\g<url>>", _LINK.sub(r"[\g<text>](\g<url>)", joined)).strip()
