"""One page of scores, plots and errors; the model card; TensorBoard events."""
