"""What a model meets in service: counts of images, their drift from the training, and an alarm.

Nothing here holds pixels, or what identifies a patient: images are counted, and forgotten.
"""

from pneumoscope.monitor.counts import Counts
from pneumoscope.monitor.drift import Drift
from pneumoscope.monitor.monitor import Monitor
from pneumoscope.monitor.observe import Observation, observe
from pneumoscope.monitor.report import DriftReport
from pneumoscope.monitor.run import drift

__all__ = ["Counts", "Drift", "DriftReport", "Monitor", "Observation", "drift", "observe"]
