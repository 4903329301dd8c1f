"""From published files or folders of photos to prepared splits, and batches of them."""
