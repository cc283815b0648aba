"""The policies by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from detnet.model.errors import ConfigError
from detnet_lab.simulator.policies.ablations import ABLATIONS
from detnet_lab.simulator.policies.base import Policy
from detnet_lab.simulator.policies.baselines import (
    Aimd,
    CakeAutorate,
    Heracles,
    ProportionalIntegral,
    Static,
    Swift,
    Volcano,
)
from detnet_lab.simulator.policies.legacy import V1, V2, V5
from detnet_lab.simulator.policies.oracle import Oracle
from detnet_lab.simulator.policies.production import Ours
from detnet_lab.simulator.policies.sensors import Blind, Fresh, Hubble, MeansOfTen, Scraped
from detnet_lab.simulator.policies.standalone import Bare

_POLICIES: tuple[Policy, ...] = (
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

POLICIES: Mapping[str, Policy] = {policy.name: policy for policy in _POLICIES}
ORACLE = "oracle"


def find(name: str) -> Policy:
    """Return a policy.

    Raises:
        ConfigError: there is none of that name.
    """
    if name == ORACLE:
        return Oracle()
    every: Mapping[str, Policy] = {**POLICIES, **ABLATIONS}
    if name not in every:
        raise ConfigError(f"no policy is named {name!r}; there are {', '.join(every)}")
    return every[name]
