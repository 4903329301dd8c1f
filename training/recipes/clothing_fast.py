"""What the published tutorials reach, in a tenth of their time and less."""

from training.recipe import PatchNetwork, Recipe

RECIPE = Recipe(
    name="clothing-fast",
    model="clothing",
    what="squares of 4×4 pixels and one hidden layer; Adam, large batches, 3 epochs",
    expected="not measured",
    floor=0.87,
    dataset="fashion-mnist",
    preparation="garment/1",
    shape=(28, 28, 1),
    network=PatchNetwork(side=4, channels=48, units=96),
    epochs=3,
    batch_size=512,
    optimizer="adam",
    learning_rate=0.006,
    schedule="cosine",
    warmup_epochs=0.9,
    steps_per_call=20,
    precision="mixed_bfloat16",
)
