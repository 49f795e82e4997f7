"""Plans of scored folders: made by whoever is first, and checked by all others."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumoscope.bundle import Bundle
from pneumoscope.claims import LEFTOVERS, claimed
from pneumoscope.dataset.scan import require_use
from pneumoscope.defaults import SEED
from pneumoscope.errors import SettingsError, storage_errors
from pneumoscope.files import printable, sha256_of
from pneumoscope.gate import read_policy
from pneumoscope.inference.recorder import Recorder
from pneumoscope.names import names_are_hashed, public_name
from pneumoscope.pseudonym import key_fingerprint
from pneumoscope.scale.listing import LIST, FrozenList, draw, read_images, write_list
from pneumoscope.scale.query import Query, open_query
from pneumoscope.scale.source import Source, missing_source, open_folder
from pneumoscope.scale.table import SUFFIXES, open_table
from pneumoscope.scored.plan import Plan, is_scored, read_plan, write_plan
from pneumoscope.types import OperatingPoint
from pneumoscope.version import __version__

_PLANNING = ".planning"


@dataclass(frozen=True)
class Choices:
    """What the user has chosen; `scale.score` says what each means."""

    data: Path | Query
    root: Path | None = None
    operating_point: str | None = None
    prevalence: float | None = None
    gate: bool = True
    policy: Path | None = None
    sample: int | None = None
    seed: int = SEED
    keep_uids: bool = False


@dataclass(frozen=True)
class Planned:
    """A plan, and what was noticed on the way.

    Attributes:
        plan: the plan.
        strays: number of files or instances that are no pictures.
        new: number of images that are there by now and not in the plan.
    """

    plan: Plan
    strays: int = 0
    new: int = 0


def make_plan(
    folder: Path,
    bundle: Bundle,
    choices: Choices,
    wait: Callable[[str], None],
    *,
    look_again: bool,
) -> Planned:
    """Makes the plan of a folder, or checks the one that is there.

    Args:
        folder: the folder to score into.
        bundle: the model.
        choices: what the user has chosen.
        wait: function that is called once, with a message, while another process makes the plan.
        look_again: True to count images that have come since the plan was made.

    Raises:
        BundleError: if probabilities are to be restated and the bundle is not calibrated.
        DataError: if there is no image, or a list is not valid or contradicts itself.
        PeerError: if the archive cannot be searched.
        SettingsError: if a setting makes no sense, the plan that is there has others, or the folder
            holds something else.
        StorageError: if the folder cannot be written, or the images cannot be listed.
    """
    settings = _settings(bundle, choices)
    strays = Counter[str]()  # and no list: there may be one beside each image
    source = _open(choices, bundle.info.classes, lambda _: strays.update(["file"]))
    if not is_scored(folder):
        if folder.exists() and not folder.is_dir():
            raise _occupied(folder, "a file")
        with claimed(folder / _PLANNING, wait):
            if not is_scored(folder):
                _require_free(folder)
                plan = _write(folder, source, choices, settings)
                return Planned(plan, strays.total())
    plan = read_plan(folder)
    plan.require_same(folder, settings)
    if not look_again or choices.sample is not None or isinstance(choices.data, Query):
        return Planned(plan)
    new = FrozenList(folder).count_new(source)
    return Planned(plan, strays.total(), new)


def _settings(bundle: Bundle, choices: Choices) -> dict[str, Any]:
    """Returns the settings that a plan keeps, by its fields."""
    if choices.policy is not None and not choices.gate:
        raise SettingsError(
            "A policy has no effect where the gate is off", remedy="Leave out `policy`, or `gate`"
        )
    recorder = Recorder(bundle.info, choices.operating_point, choices.prevalence, choices.gate)
    point: OperatingPoint = recorder.operating_point
    policy: Mapping[str, Any] = read_policy(choices.policy)
    return {
        "model": bundle.info.name,
        "model_version": bundle.info.version,
        "model_sha256": bundle.sha256,
        "classes": bundle.info.classes,
        "source": choices.data.address
        if isinstance(choices.data, Query)
        else public_name(os.path.abspath(choices.data)),
        "root": "" if choices.root is None else public_name(os.path.abspath(choices.root)),
        "operating_point": point.name,
        "threshold": point.threshold,
        "prevalence": choices.prevalence,
        "gate": choices.gate,
        "policy": {name: str(action) for name, action in policy.items()},
        "hashed": names_are_hashed(),
        "keep_uids": choices.keep_uids,
        "key_fingerprint": key_fingerprint(),
        "sample": choices.sample,
        "seed": choices.seed,
    }


def _open(choices: Choices, classes: tuple[str, ...], stray: Callable[[Path], None]) -> Source:
    data, root = choices.data, choices.root
    if isinstance(data, Query):
        if root is not None:
            raise SettingsError(
                "Images of an archive lie in no folder", remedy="Leave out `root`, or give a list"
            )
        return open_query(data, stray)
    if root is not None:
        require_use(root, data)
    if data.is_dir():
        return open_folder(data, classes, stray)
    if data.suffix.casefold() in SUFFIXES and data.is_file():
        return open_table(data, root)
    raise missing_source(data)


def _write(folder: Path, source: Source, choices: Choices, settings: Mapping[str, Any]) -> Plan:
    images, repeated = read_images(source)
    table = draw(images, choices.sample, choices.seed)
    copies, shards = write_list(folder, table, source)
    plan = Plan(
        **settings,
        images=len(table),
        copies=copies,
        repeated=repeated,
        shards=shards,
        list_sha256=sha256_of(folder / LIST),
        version=__version__,
    )
    write_plan(folder, plan)
    return plan


def _require_free(folder: Path) -> None:
    """Refuses a folder that holds something else; a list without a plan is of one that was killed.

    Raises:
        SettingsError: if it does.
    """
    with storage_errors("read", folder):
        others = sorted(
            path.name
            for path in folder.iterdir()
            if path.name not in (_PLANNING, LIST) and not path.match(LEFTOVERS)
        )
    if others:
        raise _occupied(folder, printable(", ".join(others[:3])))


def _occupied(folder: Path, received: str) -> SettingsError:
    return SettingsError(
        f"{folder} holds something else",
        expected="an empty folder, or one that is being scored into",
        received=received,
        remedy="Choose another folder",
        code="output-occupied",
        values={"path": str(folder)},
    )
