"""The picture of a prediction as a Secondary Capture, for viewers that show nothing else."""

from __future__ import annotations

import numpy as np
from highdicom import CoordinateSystemNames, PhotometricInterpretationValues
from highdicom.sc import SCImage
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from pneumoscope.derived.kinds import Kind
from pneumoscope.derived.material import Material
from pneumoscope.imaging import load_display
from pneumoscope.inference import overlay
from pneumoscope.inference.panel import draw_panel


def make_capture(material: Material) -> SCImage:
    """Draws radiograph and overlay side by side, with words: the radiograph alone where refused."""
    image, heatmap = load_display(material.source), material.explanation.heatmap
    panel = draw_panel(
        image,
        None if heatmap is None else overlay(image, heatmap),
        material.captions.caption(material.prediction),
        material.captions.about,
    )
    capture = SCImage(
        pixel_array=np.asarray(panel),
        photometric_interpretation=PhotometricInterpretationValues.RGB,
        bits_allocated=8,
        coordinate_system=CoordinateSystemNames.PATIENT,
        patient_orientation=("L", "F"),
        study_instance_uid=material.radiograph.header.StudyInstanceUID,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **material.common(Kind.CAPTURE),
    )
    capture.PatientOrientation = []  # of two pictures and words, there is none
    material.name_part(capture)
    capture.BurnedInAnnotation = "YES"
    capture.RecognizableVisualFeatures = "NO"
    capture.DateOfSecondaryCapture = capture.ContentDate
    capture.TimeOfSecondaryCapture = capture.ContentTime
    capture.DerivationDescription = "Radiograph, heatmap and prediction in words"
    capture.SourceImageSequence = [_reference(material)]
    return capture


def _reference(material: Material) -> Dataset:
    header = material.radiograph.header
    reference = Dataset()
    reference.ReferencedSOPClassUID = header.SOPClassUID
    reference.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return reference
