"""Photo-like versions of test photos, and real photos, posted to a gateway and scored."""
