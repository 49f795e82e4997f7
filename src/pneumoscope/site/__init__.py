"""Site bundles: models whose probabilities and thresholds fit the images of one site.

run         what is called: a model and local images in, a site bundle out
fold        a calibration, appended to the graph of a network
labelled    local images with labels: calibration, operating points, levels of the gate, reference
gain        what that gained, on patients that it was not fitted to
unlabelled  local images without labels: the prevalence alone; `restate` moves thresholds along
enough      the least number of patients, and `left_out` the images that nothing is fitted to
result      what was found; `tables` and `card` word it, `write` makes a bundle of it
"""

from pneumoscope.errors import extra_needed

with extra_needed("calibrate", "Calibrating"):
    from pneumoscope.site.gain import Gain
    from pneumoscope.site.result import SiteCalibration
    from pneumoscope.site.run import calibrate
    from pneumoscope.site.tables import state_calibration, summarise_calibration
    from pneumoscope.statistics.prior_shift import PriorShift

__all__ = [
    "Gain",
    "PriorShift",
    "SiteCalibration",
    "calibrate",
    "state_calibration",
    "summarise_calibration",
]
