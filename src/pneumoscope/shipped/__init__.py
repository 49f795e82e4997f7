"""The models that ship with the package: each folder in here is the bundle of one."""

from pneumoscope.shipped.models import (
    default_name,
    find,
    is_default,
    is_model,
    is_shipped,
    list_models,
    names,
    read_model,
)

__all__ = [
    "default_name",
    "find",
    "is_default",
    "is_model",
    "is_shipped",
    "list_models",
    "names",
    "read_model",
]
