"""Models with a name: each folder in here is the bundle of one that ships; users add others."""

from pneumoscope.shipped.models import (
    ListedModel,
    added_names,
    all_names,
    default_name,
    find,
    is_added,
    is_default,
    is_model,
    is_shipped,
    list_models,
    names,
    read_model,
)

__all__ = [
    "ListedModel",
    "added_names",
    "all_names",
    "default_name",
    "find",
    "is_added",
    "is_default",
    "is_model",
    "is_shipped",
    "list_models",
    "names",
    "read_model",
]
