"""The models that ship with the package: each folder in here is the bundle of one."""

from pneumoscope.shipped.models import default_name, find, is_model, is_shipped, names, read

__all__ = ["default_name", "find", "is_model", "is_shipped", "names", "read"]
