"""Configuration: from a YAML file, ``.env`` and the environment to one frozen, validated ``Settings``."""
