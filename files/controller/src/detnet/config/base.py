"""What every settings model shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from detnet.model.rate import Rate
from detnet.model.units import parse_duration_s, parse_rate, parse_share

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?$")]


class Model(BaseModel):
    """Frozen, and a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=False)


def _tell_duration(seconds: float) -> str:
    return f"{seconds * 1e3:g}ms" if seconds < 1.0 else f"{seconds:g}s"


Duration = Annotated[float, BeforeValidator(parse_duration_s), PlainSerializer(_tell_duration, when_used="json")]
Share = Annotated[float, BeforeValidator(parse_share), PlainSerializer(lambda share: f"{share:.6g}", when_used="json")]
Cap = Annotated[Rate, BeforeValidator(parse_rate), PlainSerializer(lambda rate: rate.quantity, when_used="json")]


@dataclass(frozen=True, slots=True)
class Patience:
    """Up to which age, in seconds, evidence is fresh, and from which age a blind budget decays."""

    fresh_for_s: float
    decay_after_s: float
