"""The commands that the lab adds to ``detnet``; ``pyproject.toml`` registers them."""
