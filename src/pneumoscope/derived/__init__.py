"""DICOM objects derived from a radiograph and its prediction, for the archive that it came from."""
