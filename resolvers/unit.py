"""Units of measures: what brings a number into the unit of its field, which the field's name ends in."""

from __future__ import annotations

from collections.abc import Mapping

_LENGTH = {"m": 0.001, "km": 1.0, "mi": 1.609344, "mile": 1.609344, "miles": 1.609344, "ft": 0.0003048}
_MASS = {"g": 0.001, "kg": 1.0, "kgs": 1.0, "t": 1000.0, "to": 1000.0, "tonnes": 1000.0, "lb": 0.45359237}
_MASS |= {"lbs": 0.45359237, "oz": 0.028349523125}
_VOLUME = {"l": 0.001, "dm3": 0.001, "dm³": 0.001, "m3": 1.0, "m³": 1.0, "ft3": 0.028316846592}
_BY_END: Mapping[str, Mapping[str, float]] = {"Km": _LENGTH, "Kg": _MASS, "M3": _VOLUME}


def units_of(field: str) -> Mapping[str, float]:
    """Every unit, in lower case, that the field of this name can be given in, and its factor."""
    name = field.rpartition(".")[2]
    return next((units for end, units in _BY_END.items() if name.endswith(end)), {})
