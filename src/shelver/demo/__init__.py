"""The main job on real input, played from no labels to all of them."""
