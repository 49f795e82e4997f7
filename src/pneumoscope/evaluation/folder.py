"""The folder that results are written to: never one with those of another model or other data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pneumoscope.errors import SettingsError


def require_own(output: Path | str | None, file: str, models: Sequence[str], data: Path) -> None:
    """Refuses a folder in which the same command wrote of something else; looked at beforehand.

    Args:
        output: the folder; None if nothing is to be written.
        file: the JSON that the command writes.
        models: names of the models, in order.
        data: that they are measured on.

    Raises:
        SettingsError: if the results of other models or other data are there.
    """
    if output is None:
        return
    try:
        former = json.loads((Path(output) / file).read_text("utf-8"))
        found = (_names(former), former["data"])
    except (OSError, ValueError, KeyError, TypeError):  # none, or not ours: it stays beside
        return
    if found != (list(models), str(data)):
        raise SettingsError(
            f"{output} holds other results",
            expected=f"{', '.join(models)} on {data}",
            received=f"{', '.join(found[0])} on {found[1]}",
            remedy="Choose another folder, or delete this one",
        )


def _names(content: dict[str, Any]) -> list[str]:
    models = content["models"] if "models" in content else [content["model"]]
    return [
        str(each.get("name", each.get("label"))) if isinstance(each, dict) else str(each)
        for each in models
    ]
