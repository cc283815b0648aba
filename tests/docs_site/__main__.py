"""``python -m docs_site FOLDER``: stage docs/ and the generated pages there, for MkDocs to build."""

from __future__ import annotations

import sys
from pathlib import Path

from .stage import stage

stage(Path(__file__).parents[2], Path(sys.argv[1]))
