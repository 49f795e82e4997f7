"""Checks of the types and bounds of an untrusted `bundle.json`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pneumoscope.bundle.info import BundleInfo
from pneumoscope.types import Calibration, SourceCalibration

_LONGEST = 10_000  # greatest length of a text, in characters
_GREATEST = 2**63  # bound of the absolute value of a number
_CLASSES = 1000  # greatest number of classes
_CLASS_NAME = 100  # greatest length, in characters
_MODEL_NAME = 255  # greatest length, in characters: that of a folder


def check_info(info: BundleInfo) -> None:
    """Refuses a description that cannot be that of a model.

    Raises:
        TypeError: if a value is of another type than its annotation.
        ValueError: if a value is out of range.
    """
    check_type(info, type(info))
    classes = info.classes
    _require(2 <= len(classes) <= _CLASSES, "the number of classes")
    _require(len(set(classes)) == len(classes), "two classes of one name")
    _require(all(0 < len(name) <= _CLASS_NAME for name in classes), "the name of a class")
    _require(0 < len(info.name) <= _MODEL_NAME, "the name of the model")
    _require(len(info.operating_points) > 0, "no operating point")
    if info.calibration is not None and info.calibration.fitted:
        _require(0 < info.calibration.prevalence < 1, "a prevalence")
        fits: list[Calibration | SourceCalibration] = [info.calibration]
        fits += info.calibration.by_source
        _require(min(fit.temperature for fit in fits) > 0, "a temperature")
        _require({len(fit.biases) for fit in fits} == {len(classes)}, "the number of biases")
    _check_origin(info.training_data)


def check_type(value: object, kind: Any) -> None:
    """Refuses a value that is not of the annotated type, or holds one that is not.

    Args:
        value: value of a field.
        kind: type that the field is annotated with.

    Raises:
        TypeError: if the value is of another type.
        ValueError: if a text or number is out of bounds.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return
    if is_dataclass(kind) and isinstance(kind, type):
        _require_type(value, kind)
        for name, hint in get_type_hints(kind).items():
            check_type(getattr(value, name), hint)
    elif origin is UnionType:
        _check_one_of(value, inner)
    elif origin is not None:
        _check_parts(value, origin, inner)
    else:
        _check_plain(value, kind)


def _check_one_of(value: object, kinds: tuple[Any, ...]) -> None:
    *others, last = kinds
    for kind in others:
        with suppress(TypeError):
            check_type(value, kind)
            return
    check_type(value, last)


def _check_parts(value: object, origin: type, inner: tuple[Any, ...]) -> None:
    _require_type(value, origin)
    if isinstance(value, Mapping):
        for part in value.values():
            check_type(part, inner[1])
    elif isinstance(value, tuple):
        for part in value:
            check_type(part, inner[0])


def _check_plain(value: object, kind: type) -> None:
    _require_type(value, (int, float) if kind is float else kind)
    if kind in (int, float):
        _require(not isinstance(value, bool), "a number")
    if isinstance(value, int):
        _require(abs(value) < _GREATEST, "a number")
    if isinstance(value, str):
        _require(len(value) <= _LONGEST, "the length of a text")


def _check_origin(data: Mapping[str, Any]) -> None:
    """Checks those facts of the training data that are printed or computed with."""
    known = data.get("attributions", [])
    _require_type(known, list)
    for one in known:
        _require_type(one, dict)
        for text in ("name", "title", "population"):
            _check_plain(one.get(text, ""), str)
        for age in ("youngest", "oldest"):
            check_type(one.get(age), float | None)
    check_type(data.get("views", {}), Mapping[str, int])
    images = data.get("images", {})
    check_type(images, Mapping[str, Mapping[str, int]])


def _require_type(value: object, kind: type | tuple[type, ...]) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"a value is of type {type(value).__name__}")


def _require(right: bool, what: str) -> None:
    if not right:
        raise ValueError(f"{what} is out of range")
