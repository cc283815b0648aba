"""``detnet run`` with the stand-in's API: ``python -m detnet_lab.testbed.edt.controller CONFIG ANNOTATIONS``."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from detnet.runtime import build, service
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.edt.annotations import AnnotationActuator, Annotations
from detnet_lab.testbed.edt.pod_cap import PodCap


def main() -> None:
    """Run until SIGTERM."""
    annotations = Annotations(Path(sys.argv[2]))

    def build_actuator(_settings: object) -> AnnotationActuator:
        return AnnotationActuator(annotations, {name: PodCap(pod) for name, pod in at.EDT_PODS.items()})

    # No setting names this actuator: outside of the lab it would cap nothing.
    with patch.object(build, "build_actuator", build_actuator):
        service.serve(Path(sys.argv[1]), None, observe=False)


if __name__ == "__main__":
    main()
