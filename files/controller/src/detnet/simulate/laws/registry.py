"""The laws by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from detnet.model.errors import ConfigError
from detnet.simulate.laws.ablations import ABLATIONS
from detnet.simulate.laws.bare import Bare
from detnet.simulate.laws.base import Law
from detnet.simulate.laws.documents import V1, V2, V5
from detnet.simulate.laws.oracle import Oracle
from detnet.simulate.laws.ours import Ours
from detnet.simulate.laws.peers import Aimd, CakeAutorate, Heracles, ProportionalIntegral, Static, Swift, Volcano
from detnet.simulate.laws.sensors import Blind, Fresh, Hubble, MeansOfTen, Scraped

_LAWS: tuple[Law, ...] = (
    Ours("learned"),
    Ours("aimd"),
    Ours("graded"),
    Ours("steps"),
    Bare("v1", V1, Blind, 5.0, restarts=True),
    Bare("v1-sensor", V1, Scraped, 5.0, restarts=True),
    Bare("v1-fresh", V1, Fresh, 5.0),
    Bare("v2", partial(V2, 5.0), Hubble, 5.0, restarts=True),
    Bare("v2-fresh", partial(V2, 2.0), Fresh, 5.0),
    Bare("v5", partial(V5, 0.3), MeansOfTen, 2.0, restarts=True),
    Bare("v5-hot", partial(V5, 0.3), MeansOfTen, 2.0),
    Bare("v5-fresh", partial(V5, 2.0), Fresh, 2.0),
    Bare("bare-aimd", Aimd, Fresh, 0.5),
    Bare("pi", ProportionalIntegral, Fresh, 0.5),
    Bare("swift", Swift, Fresh, 0.5),
    Bare("cake-autorate", CakeAutorate, partial(Fresh, 0.3), 0.1),
    Bare("volcano", Volcano, Fresh, 0.1),
    Bare("heracles", Heracles, Fresh, 1.0),
    Bare("heracles-10", partial(Heracles, 0.1), Fresh, 1.0),
    Bare("static-half", partial(Static, 0.5), Fresh, 5.0),
    Bare("none", partial(Static, 1.0), Fresh, 5.0),
)

LAWS: Mapping[str, Law] = {law.name: law for law in _LAWS}
ORACLE = "oracle"


def find(name: str) -> Law:
    """Return a law.

    Raises:
        ConfigError: there is none of that name.
    """
    if name == ORACLE:
        return Oracle()
    every: Mapping[str, Law] = {**LAWS, **ABLATIONS}
    if name not in every:
        raise ConfigError(f"no law is named {name!r}; there are {', '.join(every)}")
    return every[name]
