"""The core's values with units as types of the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from detnet.model.rate import Rate
from detnet.model.units import parse_duration_s, parse_rate, parse_share


def _tell_duration(seconds: float) -> str:
    return f"{seconds * 1e3:g}ms" if seconds < 1.0 else f"{seconds:g}s"


Duration = Annotated[float, BeforeValidator(parse_duration_s), PlainSerializer(_tell_duration, when_used="json")]
Share = Annotated[float, BeforeValidator(parse_share), PlainSerializer(lambda share: f"{share:.6g}", when_used="json")]
Cap = Annotated[Rate, BeforeValidator(parse_rate), PlainSerializer(lambda rate: rate.quantity, when_used="json")]
