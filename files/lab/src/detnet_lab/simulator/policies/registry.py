"""The policies by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from detnet.model.errors import ConfigError
from detnet_lab.simulator.policies.ablations import ABLATIONS
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
from detnet_lab.simulator.policies.policy_interface import Policy
from detnet_lab.simulator.policies.production import ProductionPolicy
from detnet_lab.simulator.policies.sensors import Blind, Fresh, Hubble, MeansOfTen, Scraped
from detnet_lab.simulator.policies.standalone import StandalonePolicy

_POLICIES: tuple[Policy, ...] = (
    ProductionPolicy("learned"),
    ProductionPolicy("aimd"),
    ProductionPolicy("graded"),
    ProductionPolicy("steps"),
    StandalonePolicy("v1", V1, Blind, 5.0, restarts=True),
    StandalonePolicy("v1-sensor", V1, Scraped, 5.0, restarts=True),
    StandalonePolicy("v1-fresh", V1, Fresh, 5.0),
    StandalonePolicy("v2", partial(V2, 5.0), Hubble, 5.0, restarts=True),
    StandalonePolicy("v2-fresh", partial(V2, 2.0), Fresh, 5.0),
    StandalonePolicy("v5", partial(V5, 0.3), MeansOfTen, 2.0, restarts=True),
    StandalonePolicy("v5-hot", partial(V5, 0.3), MeansOfTen, 2.0),
    StandalonePolicy("v5-fresh", partial(V5, 2.0), Fresh, 2.0),
    StandalonePolicy("bare-aimd", Aimd, Fresh, 0.5),
    StandalonePolicy("pi", ProportionalIntegral, Fresh, 0.5),
    StandalonePolicy("swift", Swift, Fresh, 0.5),
    StandalonePolicy("cake-autorate", CakeAutorate, partial(Fresh, 0.3), 0.1),
    StandalonePolicy("volcano", Volcano, Fresh, 0.1),
    StandalonePolicy("heracles", Heracles, Fresh, 1.0),
    StandalonePolicy("heracles-10", partial(Heracles, 0.1), Fresh, 1.0),
    StandalonePolicy("static-half", partial(Static, 0.5), Fresh, 5.0),
    StandalonePolicy("none", partial(Static, 1.0), Fresh, 5.0),
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
