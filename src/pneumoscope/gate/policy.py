"""The policy of the gate: the action of each rule, by the default TOML file or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pneumoscope.errors import SettingsError, unknown_choice
from pneumoscope.files import read_toml
from pneumoscope.gate.rules import RULES, Action

_DEFAULT = Path(__file__).with_name("policy.toml")

Policy = Mapping[str, Action]
"""The action of every rule, by its name."""


def read_policy(path: Path | str | None = None) -> Policy:
    """Reads the action of each rule.

    Args:
        path: TOML file of lines such as `age = "refuse"`; rules that it does not name keep their
            default. None for the default of all rules.

    Raises:
        SettingsError: if the file is missing or not valid TOML, or names an unknown rule or action.
        StorageError: if the file may not be read.
    """
    policy = _read(_DEFAULT)
    return policy if path is None else {**policy, **_read(Path(path))}


def _read(path: Path) -> dict[str, Action]:
    leave_out = ", or leave it out for the default policy"
    content = read_toml(path, "policy", 'age = "refuse"', leave_out)
    return {_rule(path, name): _action(path, name, value) for name, value in content.items()}


def _rule(path: Path, name: str) -> str:
    known = [rule.name for rule in RULES]
    if name in known:
        return name
    raise unknown_choice(
        f"The policy {path} names an unknown rule",
        name,
        known,
        setting="rule",
        remedy="Rename it, or delete the line",
    )


def _action(path: Path, name: str, value: Any) -> Action:
    if value in list(Action):
        return Action(value)
    raise SettingsError(
        f"The policy {path} gives {name} an unknown action",
        expected=" or ".join(f'"{action}"' for action in Action),
        received=repr(value),
        remedy="Write one of these, in quotation marks",
    )
