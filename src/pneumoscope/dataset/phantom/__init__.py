"""Synthetic chest radiographs, with shortcuts, copies and leakage planted on demand.

They show no patient and carry no disease. They serve tests and demonstrations, and show what
shortcuts, duplicates and leakage do to an evaluation.
"""

from pneumoscope.dataset.phantom.image import Phantom, draw_phantom
from pneumoscope.dataset.phantom.patient import Pattern, PhantomPatient, sample_patient
from pneumoscope.dataset.phantom.settings import Layout, PhantomSettings
from pneumoscope.dataset.phantom.write import SOFTWARE, make_phantoms

__all__ = [
    "SOFTWARE",
    "Layout",
    "Pattern",
    "Phantom",
    "PhantomPatient",
    "PhantomSettings",
    "draw_phantom",
    "make_phantoms",
    "sample_patient",
]
