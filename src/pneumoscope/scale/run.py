"""Scoring of an archive: a plan, its shards one after another, and what has come of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pneumoscope.defaults import SEED
from pneumoscope.dicomweb.access import is_address
from pneumoscope.errors import out_of_range
from pneumoscope.parallel import Progress, usable_cores
from pneumoscope.scale.cluster import Cluster
from pneumoscope.scale.listing import FrozenList
from pneumoscope.scale.planning import Choices, make_plan
from pneumoscope.scale.pool import Pool
from pneumoscope.scale.query import parse_query
from pneumoscope.scale.summary import Scoring, summarise
from pneumoscope.scale.work import Job
from pneumoscope.scored.shards import list_shards
from pneumoscope.shipped import read_model


def score(
    bundle: Path | str | None,
    data: Path | str,
    output: Path | str,
    *,
    root: Path | str | None = None,
    operating_point: str | None = None,
    prevalence: float | None = None,
    gate: bool = True,
    policy: Path | str | None = None,
    sample: int | None = None,
    seed: int = SEED,
    keep_uids: bool = False,
    workers: int | None = None,
    shard: tuple[int, int] | None = None,
    ray: str | None = None,
    progress: Progress | None = None,
    wait: Callable[[str], None] | None = None,
) -> Scoring:
    """Scores all images of an archive into a folder of Parquet, one row for each image.

    The same call goes on where an earlier one has ended, however it ended: shards are whole or
    absent. A file that cannot be read gets a row that says so, and so does one that ends the
    process which reads it, time and again. Exact copies are scored once.

    Args:
        bundle: path of the bundle or of the run folder that holds it, or the name of a model; None
            for the default model.
        data: folder of images, at any depth; or a list of them, a CSV or Parquet file with the
            column `path` and, where they are known, `label`, `patient`, `subgroup`, `source`,
            `view`, `sex` and `age`; or the
            address of an archive by DICOMweb, with the matching keys ModalitiesInStudy, StudyDate
            or StudyDescription behind it, which is accessed as the environment variables of the
            node say (`PNEUMOSCOPE_DICOMWEB_TOKEN`, `_USER`, `_PASSWORD`, `_CA`).
        output: folder to write to: new, empty, or begun with the same settings.
        root: folder that holds all images of a list; by default that of the list.
        operating_point: name of the threshold that makes the labels; by default the bundle's
            first.
        prevalence: fraction of positive images where the model is used, for which probabilities
            are restated; by default they stay those of the model.
        gate: True to refuse images that the model cannot judge, if the bundle has a gate.
        policy: path of a TOML file with the action of each rule on header and pixels; by default
            the one that ships.
        sample: number of images to draw at random, for a trial; by default all.
        seed: seed of that draw.
        keep_uids: True to keep UIDs of DICOM files as they are, and not as keyed hashes.
        workers: number of processes, each with one thread; by default one for each core that this
            process may use; with Ray, as many shards are scored at a time.
        shard: number of a part of the work, from 1 on, and number of all parts: each may be done
            by another machine that reads and writes the same folders. By default all is done.
        ray: address of a Ray cluster that does the work, as host:port; "auto" for the one that this
            machine belongs to, "local" to start one here. Its machines share all folders, and the
            secret key of patients. By default processes of this machine do it.
        progress: function that is called with the numbers of images scored and of all that are to
            be scored here.
        wait: function that is called with a message while another process makes the plan.

    Returns:
        What the folder holds by then.

    Raises:
        BundleError: if the model cannot be used.
        DependencyError: if the extra `ray` is not installed, and asked for.
        PeerError: if the Ray cluster or the archive cannot be reached, or denies access.
        DataError: if there is no image, or a list is not valid or contradicts itself.
        SettingsError: if a setting makes no sense, the folder was begun with other settings or
            holds something else, or the processes end again and again.
        StorageError: if the folder cannot be written, or images cannot be listed.
    """
    if workers is not None and workers < 1:
        raise out_of_range("workers", workers, "1 or more")
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise out_of_range("shard", f"{shard[0]}/{shard[1]}", "I/N, with I from 1 to N")
    if sample is not None and sample < 1:
        raise out_of_range("sample", sample, "1 or more")
    choices = Choices(
        data=parse_query(f"{data}") if is_address(f"{data}") else Path(data),
        root=None if root is None else Path(root),
        operating_point=operating_point,
        prevalence=prevalence,
        gate=gate,
        policy=None if policy is None else Path(policy),
        sample=sample,
        seed=seed,
        keep_uids=keep_uids,
    )
    folder, model = Path(output), read_model(bundle)
    planned = make_plan(folder, model, choices, wait or (lambda _: None), look_again=shard is None)
    part, parts = shard or (1, 1)
    sizes = FrozenList(folder).sizes()
    mine = range(part - 1, len(sizes), parts)
    there = {*list_shards(folder)}
    missing = [number for number in mine if number not in there]
    count = _Count({number: sizes[number] for number in mine}, there, progress)
    job = Job(folder, model.root, choices.policy)
    if ray is None:
        Pool(job, workers or usable_cores(), count).score(missing)
    else:
        Cluster(job, ray, workers, count).score(missing)
    scored_now = sum(sizes[number] for number in missing)
    return summarise(
        folder, model, planned.plan, scored_now=scored_now, strays=planned.strays, new=planned.new
    )


class _Count:
    """Number of images that are scored, told on.

    Args:
        sizes: number of images of each shard that is to be scored here.
        there: shards that are there already.
        progress: function to tell on to; None for nobody.
    """

    def __init__(self, sizes: dict[int, int], there: set[int], progress: Progress | None) -> None:
        self._done = {number: size for number, size in sizes.items() if number in there}
        self._all = sum(sizes.values())
        self._scored = sum(self._done.values())
        self._progress = progress

    def __call__(self, shard: int, images: int) -> None:
        self._scored += images - self._done.get(shard, 0)
        self._done[shard] = images
        if self._progress:
            self._progress(self._scored, self._all)
