"""How fast a recipe is fitted, by batch size and by how its batches are prepared."""
