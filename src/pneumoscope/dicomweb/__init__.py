"""Archives that speak DICOMweb, as a client: how they are reached, and what they are asked."""
