"""The DICOM node: receives radiographs from an archive, and returns what is derived from them."""
