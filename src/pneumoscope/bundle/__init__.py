"""The bundle: the folder that training makes and everything after it uses.

    bundle.json      what the model is, and the SHA-256 of every other file
    model.onnx       the network, for prediction: probabilities, class-activation maps, features
    model.keras      the same without the calibrations by source, for further training; not in
                     models that ship
    seen.json        keyed hashes of the images and patients that it was made with
    reference.json   distributions of its training images, scores, distances, refusals
    gate.npz         means and covariances of the descriptors of its training images
    MODEL_CARD.md    data, figures and limits of the model
    figures/         figures of its training

A bundle is whole or absent. Reading one checks every file and executes nothing of it.
"""

from pneumoscope.bundle.info import SCHEMA_VERSION, BundleInfo
from pneumoscope.bundle.parent import Parent, Site
from pneumoscope.bundle.read import Bundle, find_bundle, read_bundle, read_description
from pneumoscope.bundle.reference import (
    DISTANCE,
    NEGATIVE,
    POSITIVE,
    REASON,
    REFUSED,
    SCORE,
    WARNING,
    bin_by_class,
    make_reference,
    write_reference,
)
from pneumoscope.bundle.seen import Seen
from pneumoscope.bundle.summary import summarise_training
from pneumoscope.bundle.write import new_bundle, write_gate

__all__ = [
    "DISTANCE",
    "NEGATIVE",
    "POSITIVE",
    "REASON",
    "REFUSED",
    "SCHEMA_VERSION",
    "SCORE",
    "WARNING",
    "Bundle",
    "BundleInfo",
    "Parent",
    "Seen",
    "Site",
    "bin_by_class",
    "find_bundle",
    "make_reference",
    "new_bundle",
    "read_bundle",
    "read_description",
    "summarise_training",
    "write_gate",
    "write_reference",
]
