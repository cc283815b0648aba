"""Colours and looks: Okabe and Ito's colour-blind-safe palette (jfly.uni-koeln.de/color), for light and for dark.

The page uses CSS variables and follows the reader's preference; the PNG renderer knows no variables, so it gets the
light values written out.
"""

from __future__ import annotations

import re

_COLOURS = {  # name: (light, dark)
    "paper": ("#ffffff", "#14181d"),
    "band": ("#f4f6f8", "#1b2027"),
    "ink": ("#1c2430", "#e8ecf1"),
    "soft": ("#566170", "#9fabb9"),
    "grid": ("#dde3e9", "#2d353f"),
    "latency": ("#0072b2", "#56b4e9"),
    "bad": ("#c44601", "#ff8a4c"),
    "shade": ("#fbdccb", "#4d2713"),
    "invalidate": ("#dfe3e8", "#39424d"),
    "good": ("#00795a", "#2fc79b"),
    "blind": ("#a8528a", "#dd93bf"),
    "target0": ("#e69f00", "#e69f00"),
    "target1": ("#009e73", "#1fb78b"),
    "target2": ("#56b4e9", "#56b4e9"),
    "target3": ("#cc79a7", "#cc79a7"),
    "name0": ("#8f6300", "#f0b93a"),
    "name1": ("#00795a", "#2fc79b"),
    "name2": ("#0f6ca3", "#7cc5ef"),
    "name3": ("#a8528a", "#dd93bf"),
}
TARGETS = 4
"""Targets beyond the fourth share the colours from the first on; their labels still tell them apart."""

_LOOKS = """
.chart text {
  font-family: "DejaVu Sans", "Liberation Sans", "Noto Sans", Arial, sans-serif; font-size: 12px; fill: var(--ink)
}
.chart .small { font-size: 11px; fill: var(--soft) }
.chart .strong { font-weight: bold }
.chart .headline { font-size: 25px; font-weight: bold }
.chart .name { font-size: 18px; font-weight: bold }
.chart .number { font-size: 30px; font-weight: bold }
.chart .paper { fill: var(--paper) }
.chart .band { fill: var(--band) }
.chart .shade { fill: var(--shade) }
.chart .invalidate { fill: var(--invalidate) }
.chart .grid { stroke: var(--grid); stroke-width: 1 }
.chart .edge { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3 }
.chart .frame { stroke: var(--soft); stroke-width: 1 }
.chart .p95 { fill: var(--latency); fill-opacity: .28; stroke: var(--latency); stroke-opacity: .45; stroke-width: .6 }
.chart .p50 { fill: none; stroke: var(--latency); stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round }
.chart .objective { stroke: var(--bad); stroke-width: 1.6; stroke-dasharray: 7 4 }
.chart .lost { stroke: var(--bad); stroke-width: 2 }
.chart .capacity { fill: none; stroke: var(--ink); stroke-width: 2.2 }
.chart .available { fill: none; stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 5 3 }
.chart .cap { fill: none; stroke-width: 2 }
.chart .up { stroke: var(--good); stroke-width: 1.2 }
.chart .down { stroke: var(--bad); stroke-width: 1.2 }
.chart .still { stroke: var(--soft); stroke-width: 1.2; stroke-opacity: .6 }
.chart .unsure { stroke: var(--blind); stroke-width: 1.2 }
.chart .cause { fill: var(--ink) }
.chart .fault { fill: var(--blind) }
.chart .note { fill: var(--soft) }
.chart .bad { fill: var(--bad) }
.chart .cool { fill: var(--latency) }
.chart .plain { fill: var(--soft) }
.chart .range { stroke: var(--soft); stroke-width: 1.2; stroke-opacity: .55 }
.chart .heat1 { fill: var(--bad); fill-opacity: .1 }
.chart .heat2 { fill: var(--bad); fill-opacity: .25 }
.chart .heat3 { fill: var(--bad); fill-opacity: .45 }
.chart .heat4 { fill: var(--bad); fill-opacity: .7 }
"""
_PER_TARGET = """
.chart .got{n} {{ fill: var(--target{n}); fill-opacity: .5 }}
.chart .cap{n} {{ stroke: var(--name{n}) }}
.chart .name{n} {{ fill: var(--name{n}) }}
"""


def sheet() -> str:
    """Return the looks of a chart in terms of CSS variables."""
    return _LOOKS + "".join(_PER_TARGET.format(n=n) for n in range(TARGETS))


def variables(*, dark: bool) -> str:
    """Return the variables' declarations for one colour scheme."""
    return " ".join(f"--{name}: {pair[dark]};" for name, pair in _COLOURS.items())


def plain_sheet() -> str:
    """Return the looks with the light colours written out, for a renderer without CSS variables."""
    return re.sub(r"var\(--(\w+)\)", lambda match: _COLOURS[match[1]][0], sheet())
