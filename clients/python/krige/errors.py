"""What can go wrong, and numbers as JSON has them."""
from __future__ import annotations

import math
from typing import Union


class KrigeError(Exception):
    """Everything that this package raises by itself."""


def to_json_number(number: float) -> Union[float, str]:
    """JSON has no numbers that are not finite: Krige writes them as strings."""
    number = float(number)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
