"""All measurements that a report shows, made in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pneumoscope.bundle import BundleInfo
from pneumoscope.dataset import Attribution, read_images
from pneumoscope.dataset.audit import (
    Audit,
    Examined,
    Unreadable,
    audit_examined,
    examine_source,
)
from pneumoscope.defaults import RESAMPLES, SEED
from pneumoscope.errors import ImageError
from pneumoscope.evaluation import Evaluation, GroupResult
from pneumoscope.evaluation.cohort import Cohort, CohortReader, Found
from pneumoscope.evaluation.folder import refuse_options_of_images
from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.heatmaps import HeatmapCheck, Location
from pneumoscope.evaluation.heatmaps.planted import locate_planted
from pneumoscope.evaluation.heatmaps.run import check_cohort
from pneumoscope.evaluation.refusals import Refusals, measure_refusals
from pneumoscope.evaluation.run import evaluate_cohort, evaluate_kept
from pneumoscope.evaluation.stress import ModelStress, Stress
from pneumoscope.evaluation.stress.run import stress_cohort
from pneumoscope.imaging import read_bytes
from pneumoscope.inference import Predictor
from pneumoscope.parallel import Progress, in_parallel
from pneumoscope.reporting.model import TrainedModel
from pneumoscope.scored.plan import is_scored
from pneumoscope.statistics import Resampling
from pneumoscope.types import Geometry, ImageRecord, OperatingPoint

# Images of 128x128 pixels, and how many predictions are made of each: with these a report takes
# less than a minute. Of larger images there are fewer.
_STRESSED = 250  # 22
_GRADED = 60  # 94
_CHECKED = 50  # 62
_SIDE, _FEWEST = 128, 25
_PLANTED = 100

Bars = Callable[[str], Progress]
"""Makes the progress display of a part of the work, given the name of that part."""


NOT_MEASURED = (
    "Not measured: the images were scored before, and this takes their pixels, which were not read"
)
"""What stands in the place of what takes pixels, in the report on a scored folder."""


@dataclass(frozen=True, eq=False)
class OfPixels:
    """The measurements that take the pixels of images, and not their scores alone.

    Attributes:
        audit: audit of all the data.
        stress: stress validation on the unseen images; on some of them if there are many.
        graded: stress validation at all severities of the changes, on fewer of these images.
        heatmaps: check of the heatmaps on some of the unseen images; where they lie is measured
            on new phantoms, and only for a model trained on phantoms alone.
    """

    audit: Audit
    stress: Stress
    graded: Stress
    heatmaps: HeatmapCheck

    @property
    def stressed(self) -> ModelStress:
        """Stress validation of this model."""
        return self.stress.models[0]


@dataclass(frozen=True, eq=False)
class Material:
    """All measurements of a model.

    Attributes:
        model: the model that the report is about, with its run.
        predictor: the loaded model.
        own_data: True if the data is the one that the model was trained on, so that its held-out
            patients are measured.
        evaluation: evaluation on the unseen images.
        points: each operating point with its measures on the unseen images.
        refusals: the decisions of the gate on the unseen images; None if the model can refuse
            nothing.
        pixels: what takes the pixels of the images; None of a scored folder, which has none.
    """

    model: TrainedModel
    predictor: Predictor
    own_data: bool
    evaluation: Evaluation
    points: tuple[tuple[OperatingPoint, GroupResult], ...]
    refusals: Refusals | None
    pixels: OfPixels | None

    @property
    def info(self) -> BundleInfo:
        """Description of the model, from its bundle."""
        return self.predictor.info

    @property
    def same_collection(self) -> bool:
        """True if other images of the same data made the model."""
        return self.own_data or self.evaluation.cohort.seen > 0

    @property
    def origin(self) -> str:
        """Where the images come from that the model was measured on."""
        if self.own_data:
            return "which the run held out"
        if seen := self.evaluation.cohort.seen:
            return (
                f"of a collection that the model was made with: {seen:,} images of patients that "
                "it has used are left out"
            )
        return "from data other than it was trained on"

    @property
    def attributions(self) -> tuple[Attribution, ...]:
        """The known data sets that the images come from, as far as that was looked at."""
        return self.pixels.audit.images.attributions if self.pixels else ()

    @property
    def held_out(self) -> dict[str, int]:
        """Number of images of each class that the run held out; empty if it is not recorded."""
        return dict(self.info.training_data.get("images", {}).get("test", {}))


def measure(
    model: TrainedModel,
    data: Path,
    *,
    root: Path | None = None,
    limit: int | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    bars: Bars | None = None,
) -> Material:
    """Audits the data, and measures the model on the images of it that are unseen.

    Args:
        model: the model that the report is about, with its run.
        data: the data set to measure on, or a scored folder, which has no pixels.
        root: the folder that holds all images of a CSV manifest; by default that of the manifest,
            or the one that the run was given with it.
        limit: about how many unseen images to measure on; by default all.
        resamples: number of bootstrap resamples behind the intervals.
        seed: seed of the bootstrap and the audit.
        bars: shows the progress of each part.

    Raises:
        BundleError: if the bundle cannot be used, or has other classes than the data.
        DataError: if the data cannot be used, or holds nothing that the model has not seen.
    """
    progress = bars or (lambda part: lambda done, total: None)
    predictor = Predictor(model.bundle)
    run = model.run
    own = run is not None and data.resolve() == run.data.resolve()
    root = root or (run.given.scanning.root if run and own else None)
    resampling = Resampling(resamples, seed)
    if is_scored(data):
        refuse_options_of_images(data, root=root, limit=limit)
        pixels, evaluation = None, evaluate_kept(predictor, data, resampling)
    else:
        audited, cohort = _read(
            data, predictor, root, limit, resampling, progress("reading and auditing")
        )
        evaluation = evaluate_cohort(predictor, cohort, progress("scoring"))
        pixels = _measure_pixels(predictor, audited, cohort, progress)
    points = tuple(
        (point, evaluate_all(replace(evaluation.scored, threshold=point.threshold), resampling))
        for point in predictor.info.operating_points
    )
    levels = predictor.info.gate
    return Material(
        model=model,
        predictor=predictor,
        own_data=own,
        evaluation=evaluation,
        points=points,
        refusals=measure_refusals(evaluation.scored, levels, resampling) if levels else None,
        pixels=pixels,
    )


def _measure_pixels(
    predictor: Predictor, audited: Audit, cohort: Cohort, progress: Bars
) -> OfPixels:
    size = predictor.info.geometry
    stress, graded = (
        stress_cohort(
            [(predictor.info.name, predictor)],
            cohort.draw(_affordable(most, size)),
            severities=severities,
            progress=progress(part),
        )
        for part, most, severities in (
            ("stressing", _STRESSED, False),
            ("stressing more and more", _GRADED, True),
        )
    )
    checked = cohort.draw(_affordable(_CHECKED, size))
    heatmaps = check_cohort(predictor, checked, progress=progress("checking heatmaps"))
    planted = _locate_planted(predictor, cohort.resampling)
    return OfPixels(audited, stress, graded, replace(heatmaps, location=planted))


def _read(
    data: Path,
    predictor: Predictor,
    root: Path | None,
    limit: int | None,
    resampling: Resampling,
    progress: Progress,
) -> tuple[Audit, Cohort]:
    """Reads each file once, for the audit and, if it is unseen, for the measurements."""
    reader = CohortReader([predictor])
    images = read_images(data, predictor.info.geometry, root=root)
    images = reader.draw(images, limit, resampling.seed)
    ordered = images.ordered_as(predictor.info.classes)
    predictor.info.require_classes(ordered.classes, data)

    def read(pair: tuple[ImageRecord, ImageRecord]) -> tuple[Examined | Unreadable, Found]:
        record, same = pair
        try:
            source = read_bytes(record.path)
        except ImageError as error:
            return Unreadable(record, str(error), error.code), error.to_notice()
        return examine_source(record, source), reader.read_source(same, source)

    pairs = list(zip(images.records, ordered.records, strict=True))
    examined, found = zip(*in_parallel(read, pairs, progress), strict=True)
    cohort = reader.collect(data, ordered, found, resampling)
    return audit_examined(data, images, examined, seed=resampling.seed), cohort


def _affordable(images: int, size: Geometry) -> int:
    """Returns how many images of a size take about as long as so many of 128x128 pixels."""
    share = _SIDE**2 / (size.height * size.width)
    return max(_FEWEST, round(images * min(1.0, share)))


def _locate_planted(predictor: Predictor, resampling: Resampling) -> Mapping[str, Location]:
    """Locates heatmaps on phantoms, for a model trained on phantoms alone; empty for others."""
    known = [each.get("name") for each in predictor.info.training_data.get("attributions", [])]
    if known != ["phantom"] or len(predictor.info.classes) != 2:
        return {}
    return locate_planted(predictor, _PLANTED, resampling)
