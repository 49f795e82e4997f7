"""The result of a calibration at a site, and the files of the bundle that are made for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pneumoscope.bundle import BundleInfo, Parent, Seen, Site
from pneumoscope.notices import Notice
from pneumoscope.site.gain import Gain
from pneumoscope.statistics import Bins, Estimate
from pneumoscope.statistics.prior_shift import PriorShift


@dataclass(frozen=True, kw_only=True)
class SiteCalibration:
    """A model that was calibrated on the images of a site, and what that is worth.

    Attributes:
        data: the local images.
        info: description of the site bundle: its `parent`, the images of its `site`, and
            calibration, operating points and gate as fitted to these.
        bundle: folder of the site bundle; None if none was written.
        auroc: AUROC on the local patients, which no calibration changes; None without labels.
        gains: what was gained on patients that it was not fitted to, by measure; empty without
            labels.
        shift: the estimated prevalence, and how well it explains the scores; None with labels.
        seen: number of images that were left out because they, or others of their patients, were
            used to make the model.
        refused: number of images that were left out as a rule on header or pixels refuses them.
        unreadable: reason why a file could not be read, for each such file.
        notices: notices about the data, and of what could not be fitted or chosen.
    """

    data: Path
    info: BundleInfo
    bundle: Path | None = None
    auroc: Estimate | None = None
    gains: Mapping[str, Gain] = field(default_factory=dict)
    shift: PriorShift | None = None
    seen: int = 0
    refused: int = 0
    unreadable: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def parent(self) -> Parent:
        """The model that the site bundle was made of."""
        assert self.info.parent is not None
        return self.info.parent

    @property
    def site(self) -> Site:
        """The local images that the site bundle was made with."""
        assert self.info.site is not None
        return self.info.site

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain JSON types."""
        described = asdict(self.info)
        made = ("name", "parent", "site", "calibration", "operating_points", "gate")
        return {
            "data": str(self.data),
            "bundle": self.bundle and str(self.bundle),
            **{name: described[name] for name in made},
            "auroc": self.auroc and asdict(self.auroc),
            "gains": {
                name: {**asdict(gain), "direction": gain.direction}
                for name, gain in self.gains.items()
            },
            "shift": self.shift and asdict(self.shift),
            "left_out": {
                "seen": self.seen,
                "refused": self.refused,
                "unreadable": [notice.to_dict() for notice in self.unreadable],
            },
            "notices": [notice.to_dict() for notice in self.notices],
        }


@dataclass(frozen=True)
class SiteFiles:
    """What a site bundle holds beside its description, its network and its card.

    Attributes:
        seen: what the parent has seen, and the local images.
        reference: distributions that drift is measured from, by quantity.
    """

    seen: Seen
    reference: Mapping[str, Bins]
