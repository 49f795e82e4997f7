"""The gate: which images a model may judge, and why another is refused or warned of.

rules, policy       what header and pixels alone say, and what follows from it
appearance          descriptors of an image beside the network's features
distance, levels    how far these lie from the training images, and what is too far
fit                 both, made of arrays; needs scikit-learn, and so is imported by itself
store               both, to and from a bundle
judge               all of it together: an image in, a judgement out
"""

from pneumoscope.gate.appearance import describe_images
from pneumoscope.gate.distance import TrainingDistance
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
    "read_policy",
]
