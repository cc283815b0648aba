"""Builds two wheels from this checkout: one of a later version, and one whose controller ends as soon as it starts."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

project, target = map(pathlib.Path, sys.argv[1:])
shutil.rmtree(target, ignore_errors=True)
for version, broken in (("0.1.1", False), ("0.1.2", True)):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "source"
        shutil.copytree(
            project / "files/controller", source, ignore=shutil.ignore_patterns("tests", "*.egg-info", "build")
        )
        description = source / "pyproject.toml"
        description.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', description.read_text()))
        if broken:
            (source / "src/detnet/runtime/service.py").write_text("raise SystemExit('this release cannot start')\n")
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        subprocess.run([*command, f"--wheel-dir={target}", source], check=True)
