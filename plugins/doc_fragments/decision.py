# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a decision is made from."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of ``state: decided``."""

    DOCUMENTATION = r"""
options:
  objectives:
    description:
      - What the critical workloads were promised. Required for O(state=decided).
    type: list
    elements: dict
    suboptions:
      workload:
        description: The name of the critical workload. A chosen workload of that name is never capped.
        type: str
        required: true
      latency:
        description: The most that the p95 round-trip time may be, such as V(10ms).
        type: str
      jitter:
        description: The most that the p95 delay over the uncongested path may be, such as V(2ms).
        type: str
      loss:
        description: The largest share of lost probes, such as V(1%).
        type: str
      priority:
        description:
          - How far the objective may push best effort down, to its minimum (V(critical)) or to the safe budget
            (V(important)).
        type: str
        choices: [critical, important]
        default: critical
      path:
        description: The probe's name of the path, by default the name of the workload.
        type: str
      hubble:
        description: Labels that select Hubble's HTTP series, in place of the probe's.
        type: dict
      promql:
        description: Your own expressions, in place of the probe's series.
        type: dict
        suboptions:
          measured_by:
            description:
              - A plain selector of a series that changes with every measurement, to tell how old the figures are.
            type: str
            required: true
          latency:
            description: The p95 round-trip time.
            type: dict
            suboptions: &query
              expression:
                description: PromQL that gives one number.
                type: str
                required: true
              unit:
                description: The unit of that number.
                type: str
                choices: [s, ms, us, ratio, percent]
                required: true
          jitter:
            description: The p95 delay over the uncongested path.
            type: dict
            suboptions: *query
          loss:
            description: The share of what was lost.
            type: dict
            suboptions: *query
  measured:
    description:
      - Figures that you have, by critical workload, with C(latency), C(jitter) and C(loss) in the units of
        O(objectives).
    type: dict
  probe_url:
    description:
      - The address of the probe, such as V(http://probe:9862). What it remembers of the last seconds is enough.
    type: str
  prometheus_url:
    description:
      - The address of Prometheus, such as V(http://prometheus:9090).
    type: str
  prometheus_credentials:
    description:
      - How to log in to Prometheus. All but the user name are paths of files on the host that runs the module.
    type: dict
    suboptions:
      bearer_token_file:
        description: A file with a token.
        type: path
      username:
        description: The user name of basic authentication.
        type: str
      password_file:
        description: A file with the password.
        type: path
      ca_file:
        description: The certificate authority of Prometheus.
        type: path
  scrape_interval:
    description:
      - How often Prometheus scrapes the series. After three intervals without anything new nothing is fresh.
    type: str
    default: 1s
  policy:
    description:
      - The policy of growth; see the page policies in the collection's documentation.
    type: str
    choices: [steps, graded, aimd, learned]
    default: learned
  policy_parameters:
    description:
      - Settings of the policy that differ from its defaults. One that the policy does not have is refused.
    type: dict
    suboptions:
      increase:
        description: One step up (V(steps), V(graded), V(aimd)).
        type: str
      aggressive_decrease:
        description: One step down (V(steps), V(graded)).
        type: str
      gentle_decrease:
        description: One step down when only latency is over its limit (V(graded)).
        type: str
      decrease:
        description: The share that is given up (V(aimd)).
        type: str
      ewma_alpha:
        description: The weight of the newest figure, more than 0 and at most 1 (V(graded)).
        type: float
      dead_band:
        description: The share of a limit above which nothing grows (V(graded), V(aimd)).
        type: str
  min:
    description:
      - The least that O(state=decided) leaves to each workload, unless its annotation C(qos.detnet.io/min) says
        otherwise.
    type: str
    default: 10M
  max:
    description:
      - The most that O(state=decided) gives to each workload, unless its annotation C(qos.detnet.io/max) says
        otherwise.
    type: str
    default: 1000M
  safe:
    description:
      - What all chosen workloads may have together while nothing is known, by default a quarter of the largest maximum.
    type: str
  sending:
    description:
      - What all chosen workloads send now, where you know it, so that a cut starts from there and not from a cap that
        does not bind.
    type: str
"""
