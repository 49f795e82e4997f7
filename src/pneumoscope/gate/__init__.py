"""The gate: accepts or refuses an image before a model labels it, and gives reasons and warnings.

rules, policy       findings in header and pixels alone, and what follows from each
appearance          descriptors of an image beside the network's features
distance, levels    distances of these from the training images, and the levels that are too far
fit                 fit of distances and levels; needs scikit-learn, and so is imported by itself
store               distances and levels, to and from a bundle
judge               all of it together: an image in, a judgement out
"""

from pneumoscope.gate.appearance import describe_images
from pneumoscope.gate.distance import TrainingDistance
from pneumoscope.gate.header import projection_shown
from pneumoscope.gate.judge import Gate, Judgement
from pneumoscope.gate.levels import GateLevel, GateLevels
from pneumoscope.gate.policy import Policy, read_policy
from pneumoscope.gate.rules import RULES, Action, Facts, Rule
from pneumoscope.gate.titles import TITLES

__all__ = [
    "RULES",
    "TITLES",
    "Action",
    "Facts",
    "Gate",
    "GateLevel",
    "GateLevels",
    "Judgement",
    "Policy",
    "Rule",
    "TrainingDistance",
    "describe_images",
    "projection_shown",
    "read_policy",
]
