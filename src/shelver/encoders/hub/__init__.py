"""Any model of sentence-transformers or Hugging Face, by its name at a hub or its folder."""

from shelver.encoders.hub.encoder import HubEncoder, is_exported, open_model
from shelver.encoders.hub.source import is_model_name

__all__ = ["HubEncoder", "is_exported", "is_model_name", "open_model"]
